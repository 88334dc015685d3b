"""What people read: findings, status and verification as text. Data goes to stdout; nothing here decides anything."""

import sys
from collections.abc import Iterable

from rich.console import Console
from rich.markup import escape
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from control.finding import Finding, Status
from control.report import Report, TargetStatus
from control.verify import TableResult, Verification

_WIDE = 200
_COLOURS = {Status.OK: "green", Status.WARNING: "yellow", Status.FAILED: "red"}


def output() -> Console:
    """Standard output; lines are not broken when it is a file or a pipe."""
    return Console(width=None if sys.stdout.isatty() else _WIDE, highlight=False, soft_wrap=not sys.stdout.isatty())


def show_findings(findings: Iterable[Finding]) -> None:
    console = output()
    counts = dict.fromkeys(Status, 0)
    for finding in findings:
        counts[finding.status] += 1
        status = f"[{_COLOURS[finding.status]}]{finding.status:<8}[/]"
        console.print(f"{status} {escape(finding.name)}: {escape(finding.message)}")
        if finding.repair:
            console.print(f"         repair: {escape(finding.repair)}")
    console.print(f"{counts[Status.OK]} ok, {counts[Status.WARNING]} warnings, {counts[Status.FAILED]} failed")


def show_status(report: Report) -> None:
    console = output()
    capture, snapshot = report.capture, report.snapshot
    console.print(f"task [bold]{escape(report.task)}[/]: [bold]{report.phase}[/], epoch {_or_unknown(report.epoch)}")
    console.print(
        f"source   captured to {report.source.position or 'unknown'} of {report.source.end_position or 'unknown'}"
    )
    state = "running" if capture.running else "not running"
    console.print(f"capture  {state}, {_lag(capture.lag_seconds, capture.caught_up)}")
    if snapshot.tables_total:
        console.print(
            f"snapshot {snapshot.tables_done} of {snapshot.tables_total} tables, "
            f"{snapshot.rows_done:,} of about {snapshot.rows_estimated:,} rows"
        )
    table = Table(box=None, pad_edge=False)
    for heading in ("target", "lag", "applied epoch", "workers", "offsets behind"):
        table.add_column(heading)
    for name, target in report.targets.items():
        table.add_row(name, *_target_cells(target))
    console.print(table)
    for problem in report.problems:
        console.print(f"[red]problem[/] {escape(problem.where)}: {escape(problem.error)}")
        console.print(f"        hint: {escape(problem.hint)}")


def _target_cells(target: TargetStatus) -> tuple[str, ...]:
    return (
        _lag(target.lag_seconds, target.caught_up),
        _or_unknown(target.applied_epoch),
        _or_unknown(target.workers),
        _or_unknown(target.offsets_behind),
    )


def _lag(seconds: float | None, caught_up: bool | None) -> str:
    if caught_up:
        return "caught up"
    return "lag unknown" if seconds is None else f"{seconds:.1f} s behind"


def _or_unknown(value: int | None) -> str:
    return "unknown" if value is None else str(value)


class Comparing:
    """Shows at a terminal how far a verification is; elsewhere nothing. A context manager."""

    def __init__(self) -> None:
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            TextColumn("{task.completed:,.0f} rows"),
            TextColumn("{task.speed:,.0f} rows/s"),
            TimeElapsedColumn(),
            console=Console(stderr=True),
            transient=True,
            disable=not sys.stderr.isatty(),
        )
        self._task = self._progress.add_task("comparing", total=None)

    def watch(self, table: str, rows: int) -> None:
        self._progress.update(self._task, description=escape(table), advance=rows)

    def __enter__(self) -> "Comparing":
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()


def show_verification(verification: Verification) -> None:
    console = output()
    for result in verification.tables:
        _show_table(console, result)
    rows = sum(result.rows for result in verification.tables)
    answer = "[green]equal[/]" if verification.equal else "[red]different[/]"
    speed = f", {rows / verification.seconds:,.0f} rows/s" if verification.seconds >= 1 else ""
    console.print(
        f"{answer}: source and target {escape(verification.target)}, {len(verification.tables)} tables, "
        f"{rows:,} rows in {verification.seconds:.1f} s{speed}"
    )


def _show_table(console: Console, result: TableResult) -> None:
    name = escape(result.table)
    if not result.differences:
        console.print(f"[green]equal[/]     {name}: {result.rows:,} rows")
        _show_notes(console, result)
        return
    console.print(f"[red]different[/] {name}: {result.rows:,} rows{'' if result.complete else ', not read to the end'}")
    for finding in result.differences:
        columns = f" in {', '.join(finding.columns)}" if finding.columns else ""
        doubt = "" if finding.proven else " (still changing when patience ended)"
        console.print(f"          {finding.kind}: {escape(finding.what)}{escape(columns)}{doubt}")
    if result.hidden:
        console.print(f"          and {result.hidden:,} more: --limit shows them")
    _show_notes(console, result)


def _show_notes(console: Console, result: TableResult) -> None:
    for note in result.notes:
        console.print(f"          note: {escape(note)}")
