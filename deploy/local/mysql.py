"""MySQL servers as processes of this machine: started, found again, stopped, by their directory.

A server keeps its port, its accounts and its options in its directory, so that starting it again after a kill gives
the same server with the same data.
"""

import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from pydantic import TypeAdapter

from control.daemon import Daemon, free_port
from control.files import locked, once
from control.files import replace as replace_file
from deploy.local import packages, packages56
from deploy.local.server import Profile, Server, new_accounts
from runtime.errors import Fatal, Transient
from runtime.mysql import connect

_START_SECONDS = 120.0
_STOP_SECONDS = 60.0
_AS_ROOT = ["--user=root"] if os.geteuid() == 0 else []
_EMPTY = ["--initialize-insecure", "--skip-log-bin", "--innodb-redo-log-capacity=8M"]  # nothing to copy in vain
_RECORD = TypeAdapter(Server)


def start_mysql(profile: Profile, directory: Path, options: Sequence[str] | None = None) -> Server:
    """The server of `directory`, started unless it runs; `options` go to mysqld (None: those it had before)."""
    directory = directory.absolute()
    with locked(directory / "server.lock"):
        server = _known(directory)
        if server is not None and _answers(server):
            return server
        if server is None:
            server = Server(profile=profile, port=free_port(), accounts=new_accounts(profile), directory=directory)
        server = replace(server, port=free_port(server.port))
        if options is not None:
            server = replace(server, options=tuple(options))
        server.write_files()
        _remember(server)
        _launch(server)
        if not _answers(server):
            raise _failed(server, "ended at once")
        return server


def stop_mysql(directory: Path) -> None:
    """Ends the server of `directory` and waits until it is gone; its data stay."""
    with locked(directory / "server.lock"):
        Daemon(directory.absolute(), "mysqld").stop(_STOP_SECONDS)


def kill_mysql(directory: Path) -> None:
    """Ends the server of `directory` with SIGKILL; its data stay."""
    Daemon(directory.absolute(), "mysqld").kill()


def mysql_pid(directory: Path) -> int | None:
    """The process of the server of `directory`; None when it does not run."""
    return Daemon(directory.absolute(), "mysqld").pid()


def client(server: Server, program: str = "mysql") -> list[str]:
    """The start of a command line that runs `mysql`, `mysqldump` or `mysqlbinlog` against `server` as admin."""
    if server.container is not None:
        inside = ["--defaults-file=/etc/penstock/client.cnf", "--port=3306"]
        return ["docker", "exec", "-i", server.container, program, *inside]
    tools = packages.fetch()
    return [
        *tools.program(program),
        f"--defaults-file={server.client_file}",
        f"--character-sets-dir={tools.charsets}",
        f"--plugin-dir={tools.plugins}",  # how MySQL 5.6 is logged in to
    ]


def replicate(source: Server, replica: Server) -> None:
    """Makes `replica`, a server with no data of its own, a native replica of `source`."""
    account = source.account("penstock")
    with connect(replica.endpoint("admin")) as connection:
        connection.execute(
            f"CHANGE REPLICATION SOURCE TO SOURCE_HOST='{source.host}', SOURCE_PORT={source.port}, "
            f"SOURCE_USER='{account.user}', SOURCE_PASSWORD='{account.password}', "
            "SOURCE_AUTO_POSITION=1, GET_SOURCE_PUBLIC_KEY=1"
        )
        connection.execute("START REPLICA")


def _daemon(server: Server) -> Daemon:
    return Daemon(server.directory, "mysqld")


def _launch(server: Server) -> None:
    data = server.directory / "data"
    mysqld, options = _program(server.profile)
    if not data.is_dir():
        unfinished = server.directory / "data.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        shutil.copytree(_empty_data(server.profile), unfinished)
        unfinished.chmod(0o700)  # its socket lets root in
        unfinished.rename(data)
    # After a kill its number may be taken, or not yet be released: mysqld would believe that it still runs.
    (data / "mysqld.sock.lock").unlink(missing_ok=True)
    # A server that starts removes every temporary table of its folder, those of others too: MySQL 5.6 dies of it.
    temporary = server.directory / "tmp"
    temporary.mkdir(exist_ok=True)
    _daemon(server).start(
        [
            *mysqld,
            *_AS_ROOT,
            f"--datadir={data}",
            f"--tmpdir={temporary}",
            f"--port={server.port}",
            f"--server-id={server.port}",
            f"--init-file={server.accounts_file}",
            "--bind-address=127.0.0.1",
            "--socket=mysqld.sock",  # relative to the data folder: a socket's path is limited to 107 bytes
            "--pid-file=mysqld.pid",
            *options,
            *server.options,
        ]
    )


def _program(profile: Profile) -> tuple[list[str], list[str]]:
    """How the command line of a profile's mysqld begins, and what it ends with."""
    if profile.is_56:
        return packages56.fetch().mysqld(profile.option_file), []
    return packages.fetch().mysqld(profile.option_file), ["--mysqlx=0", "--secure-file-priv="]


def _empty_data(profile: Profile) -> Path:
    """An empty data folder as the profile needs it: made once, copied for each server."""
    if profile.is_56:
        return packages56.fetch().empty_data
    programs = packages.fetch()
    told = subprocess.run([*programs.program("mysqld"), "--no-defaults", "--version"], capture_output=True, check=True)
    kind = hashlib.sha256(told.stdout + profile.option_file.read_bytes()).hexdigest()[:12]

    def build(folder: Path) -> None:
        print(f"making an empty {profile} (once) ...", file=sys.stderr, flush=True)
        done = subprocess.run(
            [*programs.mysqld(profile.option_file), *_AS_ROOT, f"--datadir={folder}", *_EMPTY],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            told = "\n".join(done.stderr.strip().splitlines()[-6:])
            raise Fatal(f"mysqld could not make an empty data folder: {told}", hint="mend what it names")
        (folder / "auto.cnf").unlink(missing_ok=True)  # the identity of one server

    return once(packages.cache() / f"mysql-{profile}-{kind}", build)


def _answers(server: Server) -> bool:
    """Waits until it answers; False when there is no process, or no more."""
    deadline = time.monotonic() + _START_SECONDS
    while _daemon(server).alive():
        with contextlib.suppress(Transient), connect(server.endpoint("admin"), timeout=5.0):
            return True
        if time.monotonic() > deadline:
            raise _failed(server, f"has not answered for {_START_SECONDS:.0f} seconds")
        time.sleep(0.05)
    return False


def _failed(server: Server, how: str) -> Fatal:
    daemon = _daemon(server)
    return Fatal(
        f"the {server.profile} MySQL in {server.directory} {how}:\n{daemon.tail()}",
        hint=f"mend what its log says; all of it is in {daemon.log}",
    )


def _known(directory: Path) -> Server | None:
    """What was remembered; None before the first start."""
    record = directory / "server.json"
    if not record.exists():
        return None
    return replace(_RECORD.validate_json(record.read_bytes()), directory=directory)  # it may have been moved


def _remember(server: Server) -> None:
    replace_file(server.directory / "server.json", _RECORD.dump_json(server, indent=1).decode())
