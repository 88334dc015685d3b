"""A server process that outlives whoever started it, and is found again by its directory alone.

The server holds a kernel lock on a file of its directory for as long as it lives, so a number in a pid file is
believed only while that lock is held: a process that merely got the same number later is never touched, whatever
happened to clocks or to the machine in between.
"""

import contextlib
import fcntl
import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

# The inner shell becomes the server; its number is in the file before that, so no kill leaves a nameless process.
_LAUNCH = """sh -c 'echo $$ >"$0.new" && mv "$0.new" "$0" && exec "$@"' "$0" "$@" &"""
# Below the range from which kernels take ports for outgoing connections: a stopped server finds its port free again.
_PORTS = range(15_000, 32_000)
_POLL_SECONDS = 0.02


class Daemon:
    """The process `name` of a directory: its lock, its pid file, its log."""

    def __init__(self, directory: Path, name: str) -> None:
        self.log = directory / f"{name}.log"
        self._pid_file = directory / f"{name}.pid"
        self._lock_file = directory / f"{name}.alive"

    def alive(self) -> bool:
        try:
            handle = self._lock_file.open("a")
        except FileNotFoundError:
            return False
        with handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False

    def pid(self) -> int | None:
        """The number of the living process; None when there is none."""
        while self.alive():
            with contextlib.suppress(FileNotFoundError):
                return int(self._pid_file.read_text())
            time.sleep(_POLL_SECONDS)  # it has its lock and is about to write its number
        return None

    def start(self, command: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
        """Starts `command` in a session of its own; one that is alive must have been ruled out under a lock."""
        self._lock_file.parent.mkdir(parents=True, exist_ok=True)
        with self._lock_file.open("a") as alive, self.log.open("ab") as log:
            fcntl.flock(alive, fcntl.LOCK_EX)
            self._pid_file.unlink(missing_ok=True)
            subprocess.run(
                ["sh", "-c", _LAUNCH, str(self._pid_file), *command],
                check=True,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **(environment or {})},
                pass_fds=[alive.fileno()],
                start_new_session=True,
            )

    def stop(self, patience_seconds: float) -> None:
        """SIGTERM, and SIGKILL for one that is still alive after `patience_seconds`; returns when it is gone."""
        self._signal(signal.SIGTERM)
        if not self._gone_within(patience_seconds):
            self.kill()

    def kill(self) -> None:
        """SIGKILL; returns when it is gone."""
        self._signal(signal.SIGKILL)
        while not self._gone_within(1.0):
            self._signal(signal.SIGKILL)

    def tail(self, lines: int = 15) -> str:
        """The end of its log, for an error message."""
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "\n".join(text.splitlines()[-lines:]) or "(its log is empty)"

    def _signal(self, number: signal.Signals) -> None:
        pid = self.pid()
        if pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def _gone_within(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while self.alive():
            if time.monotonic() > deadline:
                return False
            time.sleep(_POLL_SECONDS)
        return True


def free_port(wanted: int | None = None) -> int:
    """A port of 127.0.0.1 that nobody listens on: `wanted` if it is one."""
    candidates = random.sample(_PORTS, 100)
    for port in candidates if wanted is None else [wanted, *candidates]:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                probe.bind(("127.0.0.1", port))
                return port
    raise RuntimeError(f"none of 100 ports of 127.0.0.1 between {_PORTS.start} and {_PORTS.stop} is free")
