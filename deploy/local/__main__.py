"""`python -m deploy.local up|down|status|client|purge`: the stack of real servers, by hand."""

import argparse
import os
import sys
import time

from deploy.local import packages, stack
from deploy.local.mysql import client
from runtime import telemetry
from runtime.errors import Exit, Fatal


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m deploy.local", description="Real servers on this machine.")
    verbs = parser.add_subparsers(dest="verb", required=True)
    for verb, text in (
        ("up", "start the stack, or what of it does not run"),
        ("down", "end the stack and remove its data"),
        ("status", "say which servers answer"),
        ("client", "run mysql, mysqldump or mysqlbinlog as admin: client source mysql -e 'SELECT 1'"),
    ):
        added = verbs.add_parser(verb, help=text, description=text)
        added.add_argument("--name", default="default", help="the stack (default: default)")
        if verb == "up":
            added.add_argument("--mysqld", action="append", metavar="--OPTION=VALUE", help="an option for both servers")
        if verb == "client":
            added.add_argument("server", choices=["source", "destination"])
            added.add_argument("program", choices=["mysql", "mysqldump", "mysqlbinlog"])
            added.add_argument("arguments", nargs=argparse.REMAINDER)
    verbs.add_parser("purge", help="end every stack and remove the downloads too")
    asked = parser.parse_args()
    telemetry.configure(as_json=False)
    try:
        return _run(asked)
    except Fatal as error:
        print(f"error: {error}\nhint: {error.hint}", file=sys.stderr)
        return Exit.OPERATOR


def _run(asked: argparse.Namespace) -> int:
    if asked.verb == "up":
        return _up(asked.name, asked.mysqld)
    if asked.verb == "down":
        stack.down(asked.name)
    elif asked.verb == "status":
        return _status(asked.name)
    elif asked.verb == "client":
        servers = stack.load(asked.name)
        server = servers.source if asked.server == "source" else servers.destination
        command = [*client(server, asked.program), *asked.arguments]
        os.execvp(command[0], command)
    else:
        stack.purge()
    return Exit.DONE


def _up(name: str, options: list[str] | None) -> int:
    started = time.monotonic()
    print(f"starting stack {name} in {packages.cache()} ...", file=sys.stderr, flush=True)
    up = stack.up(name, options)
    print(f"up after {time.monotonic() - started:.1f} s: {up.directory / 'stack.json'}", file=sys.stderr)
    return _print(up)


def _status(name: str) -> int:
    return _print(stack.load(name))


def _print(up: stack.Stack) -> int:
    told = stack.answering(up)
    where = [f"{server.host}:{server.port}" for server in (up.source, up.destination)]
    for (name, answers), address in zip(told.items(), [*where, up.kafka], strict=True):
        print(f"{name:<12} {address:<22} {'answers' if answers else 'does not answer'}")
    return Exit.DONE if all(told.values()) else Exit.NO


if __name__ == "__main__":
    sys.exit(main())
