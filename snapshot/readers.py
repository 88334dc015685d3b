"""The pool of reader processes: starts them, talks to them over socket pairs, replaces those that die.

A reader owns nothing durable: it may be killed at any moment, here and by anybody. Nothing in this module blocks.
"""

import os
import socket
import subprocess
import sys
import time
from collections import deque
from itertools import count
from pathlib import Path

from pydantic import TypeAdapter

from runtime.errors import Fatal, Transient
from runtime.mysql import Endpoint
from runtime.service import Backoff
from runtime.telemetry import log
from schemas.position import Naming
from snapshot.messages import (
    Chunk,
    Command,
    Credit,
    Ended,
    Failed,
    Frames,
    Held,
    Kind,
    Login,
    Message,
    Report,
    Rest,
    Walk,
    pack,
)
from snapshot.settings import SnapshotSettings

_READ = 1 << 20
_PACKAGES = str(Path(__file__).resolve().parent.parent)


class Readers:
    """At most `settings.readers` processes; each that starts has a number of its own."""

    def __init__(self, source: Endpoint, naming: Naming, settings: SnapshotSettings) -> None:
        self._login = Login(TypeAdapter(Endpoint).dump_json(source).decode(), naming)
        self._most = settings.readers
        self._backoff = Backoff(settings.retry_minutes * 60, "snapshot")
        self._not_before = 0.0
        self._wanted = 0
        self._numbers = count(1)
        self._readers: dict[int, _Reader] = {}
        self._rested: list[int] = []

    def want(self, count: int) -> None:
        """There is work for `count` readers; without any, all are ended, and that is reported."""
        self._wanted = min(count, self._most)
        if count == 0:
            self._rested += self._readers
            self.close()

    def filenos(self) -> list[int]:
        """Readable when a reader has something to say."""
        return [reader.fileno() for reader in self._readers.values()]

    def send(self, reader: int, command: Command) -> None:
        """Queues a command; a reader that is gone needs none."""
        if reader in self._readers:
            self._readers[reader].send(command)

    def receive(self) -> list[tuple[int, Report | Ended]]:
        """What has come since the last call, in order; a reader that failed for good raises."""
        if len(self._readers) < self._wanted and time.monotonic() >= self._not_before:
            number = next(self._numbers)
            self._readers[number] = _Reader(self._login)
        came: list[tuple[int, Report | Ended]] = [(number, Ended()) for number in self._rested]
        self._rested = []
        for number, reader in list(self._readers.items()):
            reports = [self._checked(reader, message) for message in reader.receive()]
            came += [(number, report) for report in reports if report is not None]
            if reader.ended:
                self._replace(number, reader)
                came.append((number, Ended()))
        return came

    def close(self) -> None:
        """Ends all readers at once."""
        for reader in self._readers.values():
            reader.end()
        self._readers.clear()

    def __enter__(self) -> "Readers":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _checked(self, reader: "_Reader", message: Message) -> Report | None:
        """A report to be handed on; None for the last words of a reader that another one may replace."""
        match message:
            case Failed(Kind.FATAL, error, hint):
                raise Fatal(error, hint)
            case Failed(Kind.ELSEWHERE, error):
                raise Transient(error)
            case Failed(Kind.BUG, error):
                raise RuntimeError(f"a snapshot reader failed: {error}")
            case Failed():
                reader.failure = message.error
                return None
            case Login() | Walk() | Held() | Credit() | Rest():
                raise ValueError(f"{type(message).__name__} is no report")
            case Chunk():
                self._backoff.reset()
        return message

    def _replace(self, number: int, reader: "_Reader") -> None:
        """Takes a dead reader out; another one may start after a while."""
        del self._readers[number]
        status = reader.end()
        error = Transient(reader.failure or f"a snapshot reader was killed (exit status {status})")
        delay = self._backoff.after(error)
        self._not_before = time.monotonic() + delay
        log.warning("snapshot reader restarts", error=str(error), delay_seconds=round(delay, 2))


class _Reader:
    """One process and our end of its socket pair."""

    def __init__(self, login: Login) -> None:
        self.failure = ""
        self.ended = False
        self._frames = Frames()
        self._queue: deque[memoryview] = deque()
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        self._socket = ours
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "snapshot.reader", str(theirs.fileno()), str(os.getpid())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env={**os.environ, "PYTHONPATH": os.pathsep.join([_PACKAGES, os.environ.get("PYTHONPATH", "")])},
                pass_fds=[theirs.fileno()],
            )
        self.send(login)

    def fileno(self) -> int:
        return self._socket.fileno()

    def send(self, command: Command) -> None:
        self._queue.extend(memoryview(part) for part in pack(command))
        self._flush()

    def receive(self) -> list[Message]:
        """What has come; `ended` is true when nothing more can come."""
        self._flush()
        messages: list[Message] = []
        while not self.ended:
            try:
                data = self._socket.recv(_READ)
            except BlockingIOError:
                break
            except ConnectionError:
                data = b""
            if data:
                messages += self._frames.feed(data)
            else:
                self.ended = True
        return messages

    def end(self) -> int:
        """Kills the process; its exit status."""
        self._socket.close()
        self._process.kill()
        return self._process.wait()

    def _flush(self) -> None:
        try:
            while self._queue:
                sent = self._socket.send(self._queue[0])
                self._queue[0] = self._queue[0][sent:]
                if not self._queue[0]:
                    self._queue.popleft()
        except BlockingIOError:
            return
        except ConnectionError:  # it is gone: `receive` finds that out after what it said last
            self._queue.clear()
