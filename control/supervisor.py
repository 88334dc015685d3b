"""Child processes that run a task: started, started again, stopped. None of them outlives this process.

A child that dies is started again with growing pauses, unless it is a bug that comes back at once, again and again, or
an operator must help. Then capture ends everything with its error; a child of a target rests and is tried again now and
then, as an operator may have mended the target, and everything ends when all of them rest.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from runtime.errors import Exit, Fatal
from runtime.service import Deadline
from runtime.telemetry import log

ROOT = Path(__file__).parents[1]
_FIRST_PAUSE_SECONDS = 0.2
_LONGEST_PAUSE_SECONDS = 15.0
_STEADY_SECONDS = 60.0  # who ran this long starts over with short pauses
_BUGS = 5
_REST_SECONDS = 60.0
_POLL_SECONDS = 0.02


class Bug(Exception):
    """A child ended with a bug too often; the text holds its traceback."""


@dataclass(frozen=True, slots=True)
class Complaint:
    """The error that a child has written as its last word."""

    error: str
    hint: str


@dataclass(slots=True)
class Restarts:
    """When to start a child again after it ended with `code`, having run for some seconds."""

    failures: int = 0
    bugs: int = 0

    def after(self, name: str, code: int, ran_seconds: float, complaint: Complaint | None) -> float:
        """Seconds to wait; raises Fatal or Bug when it is not to be started again."""
        if code == Exit.OPERATOR:
            raise Fatal(
                f"{name}: {complaint.error}" if complaint else f"{name} needs an operator",
                hint=complaint.hint if complaint else "see its log above",
            )
        if ran_seconds > _STEADY_SECONDS:
            self.failures = self.bugs = 0
        self.bugs = self.bugs + 1 if code == Exit.BUG else 0
        if self.bugs >= _BUGS:
            raise Bug(f"{name} ended {_BUGS} times with a bug: {complaint.error if complaint else 'see its log above'}")
        pause = min(_LONGEST_PAUSE_SECONDS, _FIRST_PAUSE_SECONDS * 2.0**self.failures)
        self.failures += 1
        return pause


class Child:
    """One `penstock` command in a process group of its own, so that a terminal's Ctrl-C reaches it only through us."""

    def __init__(self, name: str, arguments: Sequence[str], relay: Callable[[str], None]) -> None:
        self.name = name
        self._arguments = list(arguments)
        self._relay = relay
        self._restarts = Restarts()
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None
        self._complaint: Complaint | None = None
        self._since = 0.0
        self._start_at = 0.0
        self._trouble: Fatal | Bug | None = None

    @property
    def trouble(self) -> Fatal | Bug | None:
        """Why it rests."""
        return self._trouble if self._process is None else None

    def rest(self, trouble: Fatal | Bug) -> None:
        """It has ended with this, and is started again a good while later."""
        self._trouble = trouble
        self._start_at = time.monotonic() + _REST_SECONDS
        self._restarts = Restarts()
        log.error("child_rests", child=self.name, reason=str(trouble), start_again_in_seconds=_REST_SECONDS)

    def step(self) -> None:
        """Starts it when it is due; judges how it ended."""
        if self._process is None:
            if time.monotonic() >= self._start_at:
                self._start()
            return
        code = self._process.poll()
        if code is None:
            return
        self._let_go()
        pause = self._restarts.after(self.name, code, time.monotonic() - self._since, self._complaint)
        self._start_at = time.monotonic() + pause
        log.warning("child_ended", child=self.name, code=code, start_again_in_seconds=round(pause, 1))

    def ask_to_stop(self) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.terminate()

    def kill(self) -> None:
        """Ends it and what it has started."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._let_go()

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def _let_go(self) -> None:
        """Of a process that has ended, when its last words are relayed."""
        if self._reader is not None:
            self._reader.join(1.0)
        self._process = None

    def _start(self) -> None:
        path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
        self._complaint = None
        self._since = time.monotonic()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "control.cli", *self._arguments, "--json", "--parent", str(os.getpid())],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            process_group=0,
            env={**os.environ, "PYTHONPATH": path},
        )
        self._reader = threading.Thread(target=self._read, args=(self._process,), daemon=True)
        self._reader.start()
        log.info("child_started", child=self.name, pid=self._process.pid)

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stderr is not None
        with process.stderr as told:
            for line in told:
                self._complaint = complaint_of(line) or self._complaint
                self._relay(line.rstrip("\n"))


def complaint_of(line: str) -> Complaint | None:
    """The error in a line of JSON, if it is one."""
    if not line.startswith("{"):
        return None
    try:
        fields = json.loads(line)
    except ValueError:
        return None
    if not isinstance(fields.get("error"), str) or not isinstance(fields.get("hint"), str):
        return None
    return Complaint(fields["error"], fields["hint"])


class Supervisor:
    """All children of one migration: those that all else needs, and those of each target."""

    def __init__(self, needed: Sequence[Child], targets: Mapping[str, Sequence[Child]]) -> None:
        self._needed = needed
        self._targets = targets
        self._children = [*needed, *(child for children in targets.values() for child in children)]

    def step(self) -> None:
        """To be called often; raises what must end the migration."""
        for child in self._needed:
            child.step()
        for children in self._targets.values():
            for child in children:
                try:
                    child.step()
                except (Fatal, Bug) as error:
                    child.rest(error)
        if self._targets:
            self.require_others(self._targets)

    def require_others(self, targets: Collection[str]) -> None:
        """Raises the troubles of the targets that rest when none of `targets` does anything."""
        rests = {name: found for name in self._targets if (found := self._troubles(name))}
        if not all(name in rests for name in targets):
            return
        troubles = [trouble for found in rests.values() for trouble in found]
        text = "; ".join(dict.fromkeys(map(str, troubles)))
        if bugs := [trouble for trouble in troubles if isinstance(trouble, Bug)]:
            raise Bug(text) from bugs[0]
        hints = dict.fromkeys(trouble.hint for trouble in troubles if isinstance(trouble, Fatal))
        raise Fatal(text, hint="; ".join(hints))

    def _troubles(self, target: str) -> list[Fatal | Bug]:
        """Of a target of which nothing runs."""
        found = [child.trouble for child in self._targets[target]]
        return [trouble for trouble in found if trouble is not None] if all(found) else []

    def restart(self) -> None:
        """Ends every child; `step` starts them again."""
        for child in self._children:
            child.kill()

    def stop(self, seconds: float) -> None:
        """Asks every child to end, and kills what has not ended in time."""
        deadline = Deadline(seconds)
        for child in self._children:
            child.ask_to_stop()
        while any(child.running for child in self._children) and not deadline.passed:
            time.sleep(_POLL_SECONDS)
        for child in self._children:
            child.kill()
