"""A stack of real servers on this machine: a source MySQL, a destination that behaves like PolarDB, and Kafka.

`python -m deploy.local up` starts it, with Docker where a daemon answers and as plain processes otherwise. Every
stack has a name, ports of its own and one file, `stack.json`, that says how to reach it.
"""

from deploy.local.mysql import client, kill_mysql, mysql_pid, replicate, start_mysql, stop_mysql
from deploy.local.server import Account, Profile, Server
from deploy.local.stack import Stack, down, load, up

__all__ = [
    "Account",
    "Profile",
    "Server",
    "Stack",
    "client",
    "down",
    "kill_mysql",
    "load",
    "mysql_pid",
    "replicate",
    "start_mysql",
    "stop_mysql",
    "up",
]
