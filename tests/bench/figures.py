"""The figures: one per benchmark, as JSON for machines and as a table for people."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench.meter import Usage

ROLES = ("capture", "readers", "apply", "kafka", "source", "destination")
MOST_MB = 150  # of each of our own processes
_OURS = ("capture", "readers", "apply")


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """What one benchmark measured; `limits` says what reached how many rows per second on the same rows."""

    name: str
    rows: int
    usage: Usage
    limits: Mapping[str, float] = field(default_factory=dict)
    milliseconds: Mapping[str, float] = field(default_factory=dict)

    @property
    def rows_per_second(self) -> float:
        return self.rows / self.usage.seconds

    @property
    def cpu_us_per_row(self) -> dict[str, float]:
        return {role: self.usage.cpu_seconds.get(role, 0.0) * 1e6 / self.rows for role in ROLES}

    @property
    def too_large(self) -> dict[str, float]:
        """Those of our processes that held more memory than they may."""
        return {role: mb for role, mb in self.usage.peak_mb.items() if role in _OURS and mb > MOST_MB}

    def to_json(self) -> dict[str, object]:
        first = next(iter(self.limits.values()), None)
        return {
            "name": self.name,
            "rows": self.rows,
            "seconds": round(self.usage.seconds, 2),
            "rows_per_second": round(self.rows_per_second),
            "cpu_us_per_row": {role: round(value, 2) for role, value in self.cpu_us_per_row.items()},
            "peak_mb": {role: round(mb, 1) for role, mb in self.usage.peak_mb.items()},
            "limit_rows_per_second": None if first is None else round(first),
            "limits": {what: round(value) for what, value in self.limits.items()},
            **self.milliseconds,
        }


def write(figures: Iterable[Figure], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([figure.to_json() for figure in figures], indent=1) + "\n", encoding="utf-8")


def show(figures: Iterable[Figure]) -> None:
    """Prints the table to stdout."""
    table = Table(title="CPU in microseconds per row, peak memory in MB (capture / reader / apply)")
    for head in ("name", "rows", "rows/s", *ROLES, "MB", "limits in rows/s, latency in ms"):
        table.add_column(head, justify="left" if head in ("name", "MB") or "limits" in head else "right")
    for figure in figures:
        cpu = figure.cpu_us_per_row
        peaks = " / ".join(
            f"{figure.usage.peak_mb[role]:.0f}" if role in figure.usage.peak_mb else "-" for role in _OURS
        )
        notes = [f"{what} {value:,.0f}" for what, value in figure.limits.items()]
        notes += [f"{what} {value:g}" for what, value in figure.milliseconds.items()]
        table.add_row(
            figure.name,
            f"{figure.rows:,}",
            f"{figure.rows_per_second:,.0f}",
            *(f"{cpu[role]:.1f}" for role in ROLES),
            peaks,
            "\n".join(notes),
        )
    Console(width=170).print(table)
