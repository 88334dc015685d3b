"""A named stack: up, down, found again. Its directory is `run/<name>` in the cache; downloads lie beside `run`."""

import re
import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from control.broker import Broker
from control.files import locked, replace
from deploy.local import compose, packages
from deploy.local.mysql import start_mysql, stop_mysql
from deploy.local.server import Profile, Server
from runtime.errors import Fatal, Transient
from runtime.kafka import KafkaSettings, answers
from runtime.mysql import connect


@dataclass(frozen=True, slots=True)
class Stack:
    """Where a running stack is; `stack.json` holds exactly this."""

    name: str
    directory: Path
    source: Server
    destination: Server
    kafka: str  # host:port

    @property
    def kafka_pid(self) -> int | None:
        """The broker's process; None when it does not run, or runs in Docker."""
        return _broker(self.directory).pid()

    def kill_kafka(self) -> None:
        """Ends the broker with SIGKILL; its data stay."""
        if compose.holds(self.directory):
            compose.kill(self.name, self.directory, "kafka")
        else:
            _broker(self.directory).stop()

    def restart_kafka(self) -> None:
        """Starts the broker again at its address with its data."""
        if compose.holds(self.directory):
            compose.start(self.name, self.directory)
        else:
            _broker(self.directory).start()


_RECORD = TypeAdapter(Stack)
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")


def up(name: str = "default", options: Sequence[str] | None = None) -> Stack:
    """The stack `name`: what does not run is started on its data; `options` go to each mysqld that is started."""
    directory = _directory(name)
    with locked(directory.with_name(f"{name}.lock")):
        directory.mkdir(mode=0o700, exist_ok=True)
        if any(directory.glob("*/server.json")) or not compose.answers():
            stack = Stack(name, directory, *_processes(directory, options))
            _remember(stack)
            return stack
        if not (directory / "stack.json").exists():
            _remember(Stack(name, directory, *compose.prepare(name, directory, options or [])))
        compose.start(name, directory)
        return load(name)


def load(name: str = "default") -> Stack:
    """The stack `name` as the last `up` left it."""
    record = _directory(name) / "stack.json"
    if not record.exists():
        where = f"there is no stack {name!r} in {record.parents[1]}"
        raise Fatal(where, hint=f"python -m deploy.local up --name {name}")
    return _RECORD.validate_json(record.read_bytes())


def down(name: str = "default") -> None:
    """Ends the stack `name` and removes its data; downloads stay."""
    directory = _directory(name)
    with locked(directory.with_name(f"{name}.lock")):
        if not directory.exists():
            return
        if compose.holds(directory):
            compose.down(name, directory)
        else:
            with ThreadPoolExecutor() as pool:
                servers = [mark.parent for mark in directory.glob("*/mysqld.alive")]  # those of tests too
                stops = [pool.submit(stop_mysql, server) for server in servers]
                stops.append(pool.submit(_broker(directory).stop))
            for stop in stops:
                stop.result()
        removed = directory.with_name(f"{name}.removed")  # at once: half a stack must never be started
        shutil.rmtree(removed, ignore_errors=True)
        directory.rename(removed)
        shutil.rmtree(removed)


def names() -> list[str]:
    """The stacks that are up, or were when the machine went down."""
    return sorted(
        path.name for path in _directory("any").parent.glob("*") if path.is_dir() and _NAME.fullmatch(path.name)
    )


def answering(stack: Stack) -> dict[str, bool]:
    """Which servers of a stack answer, by name."""
    told = {str(server.profile): _answers(server) for server in (stack.source, stack.destination)}
    return {**told, "kafka": answers(KafkaSettings(stack.kafka), timeout=3.0)}


def purge() -> None:
    """Ends every stack of this cache and removes the downloads too."""
    for name in names():
        down(name)
    cache = packages.cache()
    for pattern in ("run", "mysql", "mysql-*", "mysql.*", "mysql56*", "kafka-*"):
        for path in cache.glob(pattern):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()


def _answers(server: Server) -> bool:
    try:
        connect(server.endpoint("admin"), timeout=3.0).close()
    except Transient:
        return False
    return True


def _remember(stack: Stack) -> None:
    replace(stack.directory / "stack.json", _RECORD.dump_json(stack, indent=1).decode())


def _processes(directory: Path, options: Sequence[str] | None) -> tuple[Server, Server, str]:
    with ThreadPoolExecutor() as pool:
        source = pool.submit(start_mysql, Profile.SOURCE, directory / Profile.SOURCE, options)
        destination = pool.submit(start_mysql, Profile.DESTINATION, directory / Profile.DESTINATION, options)
        kafka = pool.submit(_broker(directory).start)
    return source.result(), destination.result(), kafka.result()


def _broker(directory: Path) -> Broker:
    return Broker(directory / "kafka", packages.cache())


def _directory(name: str) -> Path:
    if not _NAME.fullmatch(name):
        raise Fatal(f"{name!r} cannot name a stack", hint="use lower-case letters, digits, - and _")
    return packages.cache() / "run" / name
