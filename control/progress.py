"""What a running migration shows: bars and lag at a terminal, a log line every few seconds elsewhere."""

import json
import sys
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from control.report import Phase, Report, TableProgress
from runtime.telemetry import log
from schemas.names import TableName

_LINE_SECONDS = 5.0
_SHOWN_TABLES = 8
_WINDOW_SECONDS = 10.0


class Display(Protocol):
    """Where a migration tells what it does."""

    def show(self, report: Report, tables: Mapping[TableName, TableProgress]) -> None: ...
    def relay(self, line: str) -> None: ...
    def close(self) -> None: ...


class LogLines:
    """For files and pipes: the children's lines as they are, and the state every few seconds."""

    def __init__(self) -> None:
        self._last = 0.0

    def show(self, report: Report, tables: Mapping[TableName, TableProgress]) -> None:
        if time.monotonic() - self._last < _LINE_SECONDS:
            return
        self._last = time.monotonic()
        log.info(
            "progress",
            phase=_phase(report),
            rows_done=report.snapshot.rows_done,
            rows_estimated=report.snapshot.rows_estimated,
            tables_done=report.snapshot.tables_done,
            tables_total=report.snapshot.tables_total,
            capture_lag_seconds=report.capture.lag_seconds,
            lag_seconds={name: target.lag_seconds for name, target in report.targets.items()},
        )

    def relay(self, line: str) -> None:
        sys.stderr.write(line + "\n")
        sys.stderr.flush()

    def close(self) -> None:
        pass


@dataclass(slots=True)
class Rate:
    """Rows per second over the last seconds."""

    seen: deque[tuple[float, int]] = field(default_factory=deque)

    def add(self, now: float, rows: int) -> float:
        self.seen.append((now, rows))
        while len(self.seen) > 2 and now - self.seen[0][0] > _WINDOW_SECONDS:
            self.seen.popleft()
        (before, first), (after, last) = self.seen[0], self.seen[-1]
        return (last - first) / (after - before) if after > before else 0.0


class Screen:
    """For a person at a terminal."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False)
        self._live = Live(Text("starting"), console=self._console, refresh_per_second=4, transient=True)
        self._rates: dict[str, Rate] = {}
        self._live.start()

    def show(self, report: Report, tables: Mapping[TableName, TableProgress]) -> None:
        parts: list[Text | Table] = [Text(f"{report.task}: {_phase(report)}, epoch {report.epoch or 0}", style="bold")]
        if tables and report.snapshot.tables_done < report.snapshot.tables_total:
            parts.append(self._bars(report, tables))
        parts.append(self._lags(report))
        parts.extend(Text(f"{problem.where}: {problem.error}", style="red") for problem in report.problems[:3])
        self._live.update(Group(*parts))

    def relay(self, line: str) -> None:
        self._console.print(readable(line), markup=False)

    def close(self) -> None:
        self._live.stop()

    def _bars(self, report: Report, tables: Mapping[TableName, TableProgress]) -> Table:
        grid = Table(box=None, pad_edge=False, show_header=False)
        snapshot = report.snapshot
        whole = f"{snapshot.tables_done} of {snapshot.tables_total} tables"
        grid.add_row(*self._bar(whole, snapshot.rows_done, snapshot.rows_estimated))
        under_way = [(name, table) for name, table in tables.items() if table.rows_done and not table.done]
        for name, table in under_way[:_SHOWN_TABLES]:
            grid.add_row(*self._bar(str(name), table.rows_done, table.rows_estimated))
        return grid

    def _lags(self, report: Report) -> Table:
        grid = Table(box=None, pad_edge=False, show_header=False)
        grid.add_row("capture", _lag(report.capture.lag_seconds, report.capture.caught_up))
        for name, target in report.targets.items():
            behind = target.offsets_behind or 0
            rate = self._rates.setdefault(f"target {name}", Rate()).add(time.monotonic(), -behind)
            rest = f"{behind:,} records to apply" if behind else ""
            speed = f"{rate:,.0f} records/s" if behind and rate > 0 else ""  # below 0 while more comes than is applied
            left = f"about {_duration(behind / rate)} left" if speed else ""
            grid.add_row(f"target {name}", _lag(target.lag_seconds, target.caught_up), rest, speed, left)
        return grid

    def _bar(self, name: str, done: int, estimated: int) -> tuple[str, ProgressBar, str, str, str]:
        rate = self._rates.setdefault(name, Rate()).add(time.monotonic(), done)
        rest = max(0, estimated - done) / rate if rate else None
        return (
            name,
            ProgressBar(total=max(1, estimated), completed=done, width=30),
            f"{done:,} of about {estimated:,} rows",
            f"{rate:,.0f} rows/s",
            "" if rest is None else f"about {_duration(rest)} left",
        )


def _phase(report: Report) -> str:
    """The facts say `stopped` until the processes that have just been started give their first sign of life."""
    return "starting" if report.phase is Phase.STOPPED else str(report.phase)


def _lag(seconds: float | None, caught_up: bool | None) -> str:
    if caught_up:
        return "caught up"
    return "lag unknown" if seconds is None else f"{seconds:.1f} s behind"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"


def readable(line: str) -> str:
    """A JSON log line as a person reads it; anything else as it is."""
    try:
        fields = json.loads(line)
    except ValueError:
        return line
    if not isinstance(fields, dict) or "event" not in fields:
        return line
    stamp = str(fields.pop("timestamp", ""))[11:19]
    head = [stamp, str(fields.pop("process", "")), str(fields.pop("event"))]
    fields.pop("level", None)
    return " ".join([*filter(None, head), *(f"{name}={value}" for name, value in fields.items())])
