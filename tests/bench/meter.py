"""What a span of work costs each process: CPU seconds, and the most memory it ever held."""

import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import psutil

_SAMPLE_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Usage:
    """Of one span: its length, CPU seconds by role (user and system), and peak resident memory by role in MB."""

    seconds: float
    cpu_seconds: Mapping[str, float]
    peak_mb: Mapping[str, float]


class Meter:
    """Measures the processes of `roles` (role -> process id); a role in `parents` also gives its children as another.

    The children's CPU counts when they have ended, too: the kernel adds it to their parent's account.
    """

    def __init__(self, roles: Mapping[str, int], parents: Mapping[str, str]) -> None:
        self._processes = {role: psutil.Process(pid) for role, pid in roles.items()}
        self._children = {children: self._processes[role] for role, children in parents.items() if role in roles}
        self._peaks: dict[str, float] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._sample, name="meter")

    def __enter__(self) -> "Meter":
        self._before = self._cpu()
        self._began = time.monotonic()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def usage(self) -> Usage:
        """What was used since the beginning; while the processes still live."""
        after = self._cpu()
        seconds = time.monotonic() - self._began
        self._note_peaks()
        spent = {role: after[role] - self._before[role] for role in after}
        return Usage(seconds, spent, dict(self._peaks))

    def _cpu(self) -> dict[str, float]:
        found = {}
        for role, process in self._processes.items():
            times = process.cpu_times()
            found[role] = times.user + times.system
        for role, parent in self._children.items():
            times = parent.cpu_times()
            found[role] = times.children_user + times.children_system + sum(map(_cpu_of, _children(parent)))
        return found

    def _sample(self) -> None:
        while not self._stop.wait(_SAMPLE_SECONDS):
            self._note_peaks()

    def _note_peaks(self) -> None:
        held = [(role, process) for role, process in self._processes.items()]
        held += [(role, child) for role, parent in self._children.items() for child in _children(parent)]
        for role, process in held:
            self._peaks[role] = max(self._peaks.get(role, 0.0), _peak_mb(process.pid))


def _children(parent: psutil.Process) -> list[psutil.Process]:
    try:
        return parent.children()
    except psutil.NoSuchProcess:
        return []


def _cpu_of(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return times.user + times.system


def _peak_mb(pid: int) -> float:
    """VmHWM: the most resident memory since the process began (0.0 when it has ended)."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except OSError:
        return 0.0
    held = re.search(r"^VmHWM:\s+(\d+) kB", status, re.MULTILINE)
    return int(held[1]) * 1024 / 1e6 if held else 0.0
