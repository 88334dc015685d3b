"""One task on the stack: its file, its commands, the processes that run for it."""

import itertools
import json
import shlex
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from control.config import TargetSettings, load
from control.config import Task as Settings
from deploy.local import Stack
from runtime.errors import Exit
from runtime.kafka import KafkaSettings
from runtime.mysql import Endpoint
from tests.pipeline.compare import differences
from tests.pipeline.process import Process

_CHUNK_BYTES = 64 << 10  # small chunks: a small table has many
_SESSION = {"session.timeout.ms": "2000", "heartbeat.interval.ms": "300"}  # the dead leave their group soon


@dataclass(frozen=True, slots=True)
class Place:
    """Where a process is to be killed or stopped: a seam, the how many-th pass, what to do there."""

    seam: str
    occurrence: int = 1
    action: str = "kill"

    def __str__(self) -> str:
        return f"{self.seam}:{self.occurrence}:{self.action}"

    def once(self, mark: Path) -> "Place":
        """The same, but only the first process that comes by is killed: children that inherit the order share it."""
        script = f"mkdir {shlex.quote(str(mark))} && kill -9 $PPID || true"
        return Place(self.seam, self.occurrence, f"sh -c {shlex.quote(script)}")


class Task:
    """A task file in `folder` and what was started with it; a context manager that leaves no process behind."""

    def __init__(
        self,
        stack: Stack,
        folder: Path,
        *,
        include: Sequence[str] = ("*.*",),
        source: Endpoint | None = None,
        destination: Endpoint | None = None,
        overrides: Mapping[str, Any] | None = None,
    ) -> None:
        self.name = f"t-{uuid.uuid4().hex[:8]}"
        self.stack = stack
        self.folder = folder
        self.file = folder / f"{self.name}.yaml"
        self.source = source or stack.source.endpoint("penstock")
        self.destination = destination or stack.destination.endpoint("polar")
        self.kafka = KafkaSettings(stack.kafka)
        self.processes: list[Process] = []
        self._environment = {"SOURCE_PASSWORD": self.source.password, "TARGET_PASSWORD": self.destination.password}
        self._marks = itertools.count(1)
        content: dict[str, Any] = {
            "task": self.name,
            "source": _server(self.source, "${SOURCE_PASSWORD}"),
            "kafka": {"bootstrap_servers": stack.kafka, "properties": dict(_SESSION)},
            "objects": {"include": list(include)},
            "snapshot": {"readers": 2, "chunk_bytes": _CHUNK_BYTES},
            "targets": {"polar": _server(self.destination, "${TARGET_PASSWORD}")},
        }
        self._content = content
        self.rewrite(overrides or {})

    def rewrite(self, overrides: Mapping[str, Any]) -> None:
        """Lays `overrides` over what the file says."""
        self._content = _merged(self._content, overrides)
        self.file.write_text(yaml.safe_dump(self._content, sort_keys=False), encoding="utf-8")

    @property
    def content(self) -> dict[str, Any]:
        """What the file says, to be changed and written again with `rewrite`."""
        return self._content

    def target(self, name: str) -> TargetSettings:
        """One target, as the task file describes it."""
        return self.loaded().target(name)

    def loaded(self) -> Settings:
        """The task file as commands read it."""
        return load(self.file, self._environment)

    def start(self, verb: str, *arguments: str, dies_at: Place | None = None) -> Process:
        """Starts a command; `dies_at` arms a seam in it and in its children."""
        environment = dict(self._environment)
        if dies_at is not None:
            environment["PENSTOCK_SEAM"] = str(dies_at)
        process = Process([verb, "--config", str(self.file), *arguments], environment, self.folder)
        self.processes.append(process)
        return process

    def mark(self) -> Path:
        """A path that does not exist yet, for `Place.once`."""
        return self.folder / f"{self.name}-mark-{next(self._marks)}"

    def run(self, verb: str, *arguments: str, expected: int = Exit.DONE, seconds: float = 120.0) -> Process:
        """Runs a command to its end, which must be `expected`."""
        process = self.start(verb, *arguments)
        code = process.exit_code(seconds)
        assert code == expected, f"{process} ended with {code}, not {expected}; it said:\n{process.tail()}"
        return process

    def wait(self, seconds: float = 150.0) -> None:
        """Waits until every target has what the source has now."""
        asked = self.start("wait", "--timeout", str(int(seconds)))
        code = asked.exit_code(seconds + 30)
        assert code == Exit.DONE, f"{asked} ended with {code}: {asked.tail()}\n{self.told()}"

    def status(self) -> Any:
        """What `penstock status --json` says."""
        return json.loads(self.run("status", "--json").stdout)

    def assert_equal(self) -> None:
        """The destination is equal to the source, byte for byte."""
        found = differences(self.stack_source, self.stack_destination)
        assert not found, "\n".join([*found, self.told()])

    @property
    def stack_source(self) -> Endpoint:
        return self.stack.source.endpoint("admin")

    @property
    def stack_destination(self) -> Endpoint:
        return self.stack.destination.endpoint("admin")

    def told(self) -> str:
        """The last words of every process that was started."""
        return "\n".join(f"--- {process}\n{process.tail()}" for process in self.processes[-6:])

    def close(self) -> None:
        """Ends what still runs; no process may have told a password."""
        for process in self.processes:
            process.kill()
        for process in self.processes:
            for secret in self._environment.values():
                assert secret not in process.stderr + process.stdout, f"{process} told a password"

    def __enter__(self) -> "Task":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _server(endpoint: Endpoint, password: str) -> dict[str, object]:
    tls = {"tls": {"mode": endpoint.tls.mode}} if endpoint.tls.mode != "preferred" else {}
    return {"host": endpoint.host, "port": endpoint.port, "user": endpoint.user, "password": password, **tls}


def _merged(content: Mapping[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
    """`overrides` laid over `content`, group by group."""
    merged = dict(content)
    for key, value in overrides.items():
        below = merged.get(key)
        merged[key] = _merged(below, value) if isinstance(below, dict) and isinstance(value, Mapping) else value
    return merged
