"""One running `penstock` command: what it says, how it ends. It never outlives the test that started it."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

import psutil

ROOT = Path(__file__).parents[2]
_LAUNCH = (
    "import runpy, sys; from runtime.parent import die_with; die_with(int(sys.argv.pop(1))); "
    "runpy.run_module('control.cli', run_name='__main__', alter_sys=True)"
)
_PATIENCE_SECONDS = 60.0


class Process:
    """A child and the lines it writes; `log` holds those of stderr, `output` those of stdout."""

    def __init__(self, arguments: Sequence[str], environment: Mapping[str, str], folder: Path) -> None:
        self.arguments = tuple(arguments)
        self._changed = threading.Condition()
        self.log: list[str] = []
        self.output: list[str] = []
        self._child = subprocess.Popen(
            [sys.executable, "-c", _LAUNCH, str(os.getpid()), *arguments],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,  # its children end with it
        )
        assert self._child.stderr is not None and self._child.stdout is not None
        self._readers = [
            threading.Thread(target=self._read, args=(stream, lines), daemon=True)
            for stream, lines in ((self._child.stderr, self.log), (self._child.stdout, self.output))
        ]
        for reader in self._readers:
            reader.start()

    @property
    def pid(self) -> int:
        return self._child.pid

    @property
    def running(self) -> bool:
        return self._child.poll() is None

    @property
    def stderr(self) -> str:
        return "\n".join(self.log)

    @property
    def stdout(self) -> str:
        return "\n".join(self.output)

    def send(self, number: signal.Signals) -> None:
        self._child.send_signal(number)

    def kill(self) -> None:
        """Ends it and its children with SIGKILL."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self.exit_code()

    def terminate(self, seconds: float = 10.0) -> int:
        """Asks it to end, and waits until it has."""
        self.send(signal.SIGTERM)
        return self.exit_code(seconds)

    def exit_code(self, seconds: float = _PATIENCE_SECONDS) -> int:
        """Waits for its end; negative: the signal that ended it."""
        try:
            code = self._child.wait(seconds)
        except subprocess.TimeoutExpired as error:
            raise AssertionError(f"{self} still runs after {seconds:g} seconds; it said:\n{self.tail()}") from error
        for reader in self._readers:
            reader.join(_PATIENCE_SECONDS)
        for stream in (self._child.stdout, self._child.stderr):
            if stream is not None:
                stream.close()
        return code

    def wait_for(self, text: str, seconds: float = _PATIENCE_SECONDS) -> str:
        """The first line of its log with `text` in it, waiting for it."""
        with self._changed:
            self._changed.wait_for(lambda: self._line(text) is not None or not self.running, seconds)
            line = self._line(text)
        assert line is not None, f"{self} did not say {text!r}; it said:\n{self.tail()}"
        return line

    def wait_until_stopped(self, seconds: float = _PATIENCE_SECONDS) -> None:
        """Waits until it has stopped itself (SIGSTOP)."""
        self.until(lambda: psutil.Process(self.pid).status() == psutil.STATUS_STOPPED, "stop itself", seconds)

    def until(self, condition: Callable[[], bool], what: str, seconds: float = _PATIENCE_SECONDS) -> None:
        """Waits for a condition that this process brings about; fails as soon as it cannot any more."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert self.running and time.monotonic() < deadline, f"{self} did not {what}; it said:\n{self.tail()}"
            time.sleep(0.02)

    def events(self) -> list[Mapping[str, object]]:
        """Its log lines that are JSON."""
        return [json.loads(line) for line in self.log if line.startswith("{")]

    def tail(self) -> str:
        return "\n".join(self.log[-30:] + self.output[-10:])

    def __str__(self) -> str:
        return f"penstock {self.arguments[0]} (pid {self.pid})"

    def _line(self, text: str) -> str | None:
        return next((line for line in self.log if text in line), None)

    def _read(self, stream: IO[str], lines: list[str]) -> None:
        with stream:
            for line in stream:
                with self._changed:
                    lines.append(line.rstrip("\n"))
                    self._changed.notify_all()
        self._child.wait()
        with self._changed:
            self._changed.notify_all()
