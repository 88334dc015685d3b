"""Compares source and target exactly, schema and every row, while both are live.

Never writes. A difference is reported when it persisted (settle.py), or when patience ended before that was known.
"""

import time
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from typing import TypeVar

from capture.definitions import read_tables
from control.comparable import common_columns, uncomputable, without
from control.compare_bags import Bag, BagEnd
from control.compare_rows import End, compare
from control.config import TargetSettings, Task
from control.definitions import Told
from control.ends import Ends
from control.row_text import Row, shown, values
from control.settle import Difference, Reader
from runtime.errors import Fatal
from runtime.mysql import Refused
from schemas.ddl.shown import Aspects, differences
from schemas.names import TableName
from schemas.selection import Pattern
from schemas.sql import qualified
from schemas.table import Table
from snapshot.keyset import descending_columns

Watch = Callable[[str, int], None]  # table, rows compared since the last call

_MANY_BYTES = 32 << 20  # suspects are settled as soon as their rows are about so long
_MOST_DIFFERENCES = 1000  # a table that differs more is not read on
_MOST_BAGGED = 50_000
# Numbers that statements took and no row shows (rolled back, INSERT ... SELECT in advance) are not in the log.
_UNUSED = 100


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
    notes: tuple[str, ...] = ()  # what need not be a difference


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
        chosen = _chosen(ends, patterns)
        results = [_database(name, found) for name, found in compare_databases(ends, chosen, patterns).items() if found]
        schemas = compare_schemas(ends, chosen)
        tables = read_tables(ends.source_catalog, [name for name, found in schemas.items() if not _absent(found)])
        results += [
            TableResult(str(name), 0, tuple(found), complete=False)
            for name, found in schemas.items()
            if name not in tables and found
        ]
        for name, table in tables.items():
            result = compare_table(ends, table, schemas[name], watch)
            results.append(replace(result, differences=(*schemas[name], *result.differences)))
        results = _numbered(ends, results, tables)
    equal = not any(result.differences for result in results)
    ordered = sorted(results, key=lambda result: result.table)
    return Verification(target.name, equal, round(time.monotonic() - began, 3), tuple(ordered))


def _chosen(ends: Ends, patterns: Sequence[str]) -> set[TableName]:
    """Every selected table of either end that is asked for, by its name at the source; Fatal for a pattern in vain."""
    here = ends.source_names()
    known = {ends.there(name) for name in here}
    names = here | {name for name in ends.target_names() if name not in known and ends.selects(name)}
    parsed = [_pattern(text) for text in patterns]
    for text, pattern in zip(patterns, parsed, strict=True):
        if not any(pattern.matches(name) for name in names):
            raise Fatal(
                f"--tables {text}: no selected table of this name, at the source or at the target",
                hint="write database.table as the source spells it; * stands for any characters",
            )
    return {name for name in names if not parsed or any(pattern.matches(name) for pattern in parsed)}


def _pattern(text: str) -> Pattern:
    try:
        return Pattern.parse(text)
    except ValueError as error:
        raise Fatal(f"--tables {text}: {error}", hint="penstock verify --help") from error


def compare_databases(
    ends: Ends, chosen: Collection[TableName], patterns: Sequence[str]
) -> dict[str, tuple[Finding, ...]]:
    """The databases of the chosen tables (all that are selected, when everything is), with what differs of them."""
    mine = set(ends.databases())
    names = sorted(mine & {name.database for name in chosen} if patterns else mine)

    def source(wanted: Iterable[str]) -> dict[str, Aspects]:
        found = {name: ends.source_definitions.database(name) for name in wanted}
        return {name: aspects for name, aspects in found.items() if aspects is not None}

    def target(wanted: Iterable[str]) -> dict[str, Aspects]:
        spelled = {name: ends.there(TableName(name, "")).database for name in wanted}
        found = {name: ends.target_definitions.database(there) for name, there in spelled.items()}
        return {name: aspects for name, aspects in found.items() if aspects is not None}

    return _schema_findings(ends, names, source, target, "the database")


def compare_schemas(ends: Ends, names: Collection[TableName]) -> dict[TableName, tuple[Finding, ...]]:
    """The chosen tables, with what differs of their definitions."""

    def source(wanted: Iterable[TableName]) -> dict[TableName, Aspects]:
        return {name: told.aspects for name, told in ends.source_definitions.tables(wanted).items()}

    def target(wanted: Iterable[TableName]) -> dict[TableName, Aspects]:
        found = {name: ends.target_definitions.table(ends.there(name)) for name in wanted}
        return {name: told.aspects for name, told in found.items() if told is not None}

    return _schema_findings(ends, sorted(names), source, target, "the table")


_Name = TypeVar("_Name", TableName, str)


def _schema_findings(
    ends: Ends, names: Sequence[_Name], source: Reader[_Name, Aspects], target: Reader[_Name, Aspects], what: str
) -> dict[_Name, tuple[Finding, ...]]:
    ours, theirs = source(names), target(names)
    found: dict[_Name, tuple[Finding, ...]] = dict.fromkeys(names, ())
    suspects = [
        name for name in names if name not in ours or name not in theirs or differences(ours[name], theirs[name])
    ]
    for difference in ends.settled(suspects, source, target):
        if difference.source is None or difference.target is None:
            kind = "missing" if difference.target is None else "extra"
            found[difference.key] = (Finding(kind, what, proven=difference.proven),)
        else:
            lines = differences(difference.source, difference.target)
            found[difference.key] = tuple(Finding("schema", line, proven=difference.proven) for line in lines)
    return found


def _absent(found: Sequence[Finding]) -> bool:
    return any(finding.kind in ("missing", "extra") for finding in found)


def _database(name: str, found: tuple[Finding, ...]) -> TableResult:
    return TableResult(f"database {name}", 0, found, complete=False)


def _numbered(ends: Ends, results: list[TableResult], tables: Collection[TableName]) -> list[TableResult]:
    """With what is wrong of AUTO_INCREMENT: the target may be ahead, never behind."""
    here = {name: told for name, told in ends.source_definitions.tables(tables).items() if told.next_number > 1}
    ends.caught_up()
    lines: dict[str, str] = {}
    grave: set[str] = set()
    for name, told in here.items():
        there = ends.target_definitions.table(ends.there(name))
        if there is not None and there.next_number < told.next_number:
            lines[str(name)] = _behind(ends.there(name), told, there)
            if told.next_number > 2 * there.next_number + _UNUSED:
                grave.add(str(name))
    found = {name: (Finding("schema", lines[name]),) for name in grave}
    return [
        replace(
            result,
            notes=(*result.notes, *([lines[result.table]] if result.table in lines.keys() - grave else [])),
            differences=(*found.get(result.table, ()), *result.differences),
        )
        for result in results
    ]


def _behind(name: TableName, here: Told, there: Told) -> str:
    repair = f"ALTER TABLE {qualified(name)} AUTO_INCREMENT = {here.next_number}"
    return f"AUTO_INCREMENT: source {here.next_number}, target {there.next_number} ({repair})"


def compare_table(ends: Ends, table: Table, schema: Sequence[Finding], watch: Watch) -> TableResult:
    """The rows, as far as both ends have the same columns, and without virtual ones that the source cannot compute."""
    try:
        if schema:
            there = ends.there(table.name)
            found = read_tables(ends.target_catalog, [there]).get(there)
            table = table if found is None else common_columns(table, found)
        if not table.columns:
            return TableResult(str(table.name), 0, complete=False)
        return _compare(ends, table, watch)
    except Refused as error:  # its definition changed meanwhile
        finding = Finding("schema", f"its rows cannot be read: {error}", proven=False)
        return TableResult(str(table.name), 0, (finding,), complete=False)


def _compare(ends: Ends, table: Table, watch: Watch) -> TableResult:
    compare_rows = _keyed if table.key else _keyless
    try:
        return compare_rows(ends, table, watch)
    except Refused:
        names = uncomputable(table, ends.source, table.name) | uncomputable(table, ends.target, ends.there(table.name))
        if not names:
            raise
        note = f"without {', '.join(sorted(names))}, of which a server cannot compute every value"
        return replace(compare_rows(ends, without(table, names), watch), notes=(note,))


def _keyed(ends: Ends, table: Table, watch: Watch) -> TableResult:
    descending = descending_columns(table, ends.source_catalog.query(f"SHOW INDEX FROM {qualified(table.name)}"))
    source = End(ends.source, table, ends.document, descending)
    target = End(ends.target, replace(table, name=ends.there(table.name)), ends.document, descending)
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
