"""Compares source and target exactly, schema and every row, while both are live.

Never writes. A difference is reported when it persisted (settle.py), or when patience ended before that was known.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace

from capture.definitions import read_tables
from control.compare_bags import Bag, BagEnd
from control.compare_rows import End, compare
from control.compare_schema import describe, differences
from control.config import TargetSettings, Task
from control.ends import Ends
from control.row_text import Row, shown, values
from control.settle import Difference
from runtime.mysql import Refused
from schemas.names import TableName
from schemas.selection import Pattern
from schemas.table import Table

Watch = Callable[[str, int], None]  # table, rows compared since the last call

_MANY_BYTES = 32 << 20  # suspects are settled as soon as their rows are about so long
_MOST_DIFFERENCES = 1000  # a table that differs more is not read on
_MOST_BAGGED = 50_000


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference of a table."""

    kind: str  # schema, or of a row or table: missing (at the target), extra (at the target), different
    what: str  # the aspect of the schema, the row's key, or the whole row of a table without a key
    columns: tuple[str, ...] = ()
    proven: bool = True  # False: it was still changing when patience ended


@dataclass(frozen=True, slots=True)
class TableResult:
    """One table; `rows` is how many of the source's rows were compared."""

    table: str
    rows: int
    differences: tuple[Finding, ...] = ()
    complete: bool = True  # False: it differs so much that it was not read to its end
    hidden: int = 0  # differences that are left out here


@dataclass(frozen=True, slots=True)
class Verification:
    """The answer."""

    target: str
    equal: bool
    seconds: float
    tables: tuple[TableResult, ...]

    def limited(self, most: int) -> "Verification":
        """The same with at most so many differences of each table."""
        tables = (
            replace(table, differences=table.differences[:most], hidden=max(0, len(table.differences) - most))
            for table in self.tables
        )
        return replace(self, tables=tuple(tables))

    def as_json(self) -> dict[str, object]:
        return asdict(self)


def verify(
    task: Task, target: TargetSettings, patterns: Sequence[str], patience_seconds: float, watch: Watch
) -> Verification:
    """Compares the selected tables that match one of `patterns` (all when there are none)."""
    began = time.monotonic()
    with closing(Ends(task, target, patience_seconds)) as ends:
        ends.caught_up()
        schemas = compare_schemas(ends, [Pattern.parse(text) for text in patterns])
        tables = read_tables(ends.source_catalog, [name for name, found in schemas.items() if not found])
        results = [TableResult(str(name), 0, found, complete=False) for name, found in schemas.items() if found]
        results += [compare_table(ends, table, watch) for table in tables.values()]
    equal = not any(result.differences for result in results)
    ordered = sorted(results, key=lambda result: result.table)
    return Verification(target.name, equal, round(time.monotonic() - began, 3), tuple(ordered))


def compare_schemas(ends: Ends, patterns: Sequence[Pattern]) -> dict[TableName, tuple[Finding, ...]]:
    """Every selected table of either end, with what differs in its definition."""

    def wanted(names: Iterable[TableName]) -> set[TableName]:
        return {name for name in names if not patterns or any(pattern.matches(name) for pattern in patterns)}

    def source(names: Iterable[TableName]) -> dict[TableName, dict[str, str]]:
        here = ends.source_tables()
        return {name: describe(here[name]) for name in names if name in here}

    def target(names: Iterable[TableName]) -> dict[TableName, dict[str, str]]:
        there = ends.target_tables()
        return {name: describe(there[ends.there(name)]) for name in names if ends.there(name) in there}

    here = ends.source_tables()
    known = {ends.there(name) for name in here}
    surplus = {name for name in ends.target_tables() if name not in known and ends.selects(name)}
    names = wanted([*here, *surplus])
    ours, theirs = source(names), target(names)
    found: dict[TableName, tuple[Finding, ...]] = dict.fromkeys(names, ())
    suspects = [name for name in names if ours.get(name) != theirs.get(name)]
    for difference in ends.settled(suspects, source, target):
        found[difference.key] = tuple(_schema_findings(difference))
    return found


def _schema_findings(difference: Difference[TableName, dict[str, str]]) -> Iterable[Finding]:
    if difference.target is None:
        return [Finding("missing", "the table", proven=difference.proven)]
    if difference.source is None:
        return [Finding("extra", "the table", proven=difference.proven)]
    lines = differences(difference.source, difference.target)
    return [Finding("schema", line, proven=difference.proven) for line in lines]


def compare_table(ends: Ends, table: Table, watch: Watch) -> TableResult:
    """The rows of a table whose definition is the same at both ends."""
    try:
        return _keyed(ends, table, watch) if table.key else _keyless(ends, table, watch)
    except Refused as error:  # its definition changed meanwhile
        finding = Finding("schema", f"its rows cannot be read: {error}", proven=False)
        return TableResult(str(table.name), 0, (finding,), complete=False)


def _keyed(ends: Ends, table: Table, watch: Watch) -> TableResult:
    source = End(ends.source, table, ends.document)
    target = End(ends.target, replace(table, name=ends.there(table.name)), ends.document)
    suspects: set[Row] = set()
    found: list[Finding] = []
    count = 0
    for part in compare(source, target):
        count += part.rows
        suspects |= part.suspects
        watch(str(table.name), part.rows)
        if len(suspects) * max(1, part.size // max(1, part.rows)) > _MANY_BYTES:
            found += _row_findings(table, ends.settled(suspects, source.pick, target.pick))
            suspects.clear()
        if len(found) >= _MOST_DIFFERENCES:
            return TableResult(str(table.name), count, tuple(found), complete=False)
    found += _row_findings(table, ends.settled(suspects, source.pick, target.pick))
    return TableResult(str(table.name), count, tuple(found))


def _row_findings(table: Table, found: Iterable[Difference[Row, bytes]]) -> list[Finding]:
    lines = []
    for difference in found:
        key = ", ".join(
            shown(table.columns[index], value) for index, value in zip(table.key_indexes, difference.key, strict=True)
        )
        if difference.target is None:
            lines.append(Finding("missing", key, proven=difference.proven))
        elif difference.source is None:
            lines.append(Finding("extra", key, proven=difference.proven))
        else:
            sides = zip(table.columns, values(difference.source), values(difference.target), strict=True)
            columns = tuple(column.name for column, here, there in sides if here != there)
            lines.append(Finding("different", key, columns, proven=difference.proven))
    return sorted(lines, key=lambda line: line.what)


def _keyless(ends: Ends, table: Table, watch: Watch) -> TableResult:
    source = BagEnd(ends.source, table, ends.document)
    target = BagEnd(ends.target, replace(table, name=ends.there(table.name)), ends.document)
    count, sums = source.sums()
    watch(str(table.name), count)
    _, there = target.sums()
    suspects = [bucket for bucket, both in enumerate(zip(sums, there, strict=True)) if both[0] != both[1]]
    unequal = ends.settled(suspects, source.sums_of, target.sums_of)
    if not unequal:
        return TableResult(str(table.name), count)
    buckets = {difference.key for difference in unequal}
    here, beyond = source.bag(buckets, _MOST_BAGGED), target.bag(buckets, _MOST_BAGGED)
    proven = all(difference.proven for difference in unequal)
    found = [
        *_bag_findings("missing", table, here, beyond, proven),
        *_bag_findings("extra", table, beyond, here, proven),
    ]
    return TableResult(str(table.name), count, tuple(found), complete=not (here.cut or beyond.cut))


def _bag_findings(kind: str, table: Table, more: Bag, less: Bag, proven: bool) -> Iterable[Finding]:
    for digest, times in (more.counts - less.counts).items():
        row = ", ".join(
            shown(column, value) for column, value in zip(table.columns, values(more.samples[digest]), strict=True)
        )
        yield Finding(kind, row if times == 1 else f"{times} times {row}", proven=proven)
