"""The time zone that a schema change runs in: one that gives every moment it looks at the offset of its source's zone.

The source's zone may be one whose offset varies, and that the destination has by another name or not at all. So the
moments that matter are found first: that of the statement, those of its literals, and those of the rows that it may
convert, which the destination has as the source had them. Mostly they share one offset. Where they do not, the
destination must have a zone that agrees with the source's; else the statement is not run.
"""

import re
import zoneinfo
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from apply.context import Unlike
from apply.destination import Shape, find_shape, has_rows
from runtime.mysql import Connection
from schemas.ddl.lexer import Token, TokenKind
from schemas.names import TableName
from schemas.records import SchemaChange, TouchedTable
from schemas.sql import ON_PRIMARY, identifier, qualified, text_literal
from schemas.table import from_json
from schemas.variables import TIME_ZONE, TIMESTAMP
from schemas.wording import Wording
from schemas.zones import DAY, EVERYTHING, FIRST, LAST, NAME, OFFSETS, Interval, Zone, alike, known, read_zone, written

Row = tuple[bytes | None, ...]
Asked = Callable[[str], Generator[None, None, list[Row]]]


@dataclass(slots=True)
class Looked:
    """What a statement looks at in its zone."""

    literals: list[int] = field(default_factory=list)  # local times, in seconds since 1970
    columns: list[tuple[TableName, str]] = field(default_factory=list)  # of local times
    intervals: list[Interval] = field(default_factory=list)  # moments of both, and of TIMESTAMP columns
    unknown: bool = False  # and moments that cannot be told before it runs
    doubled: bool = False  # moments of a TIMESTAMP column whose local time comes twice

    def anything(self) -> "Looked":
        self.intervals.append(EVERYTHING)
        self.unknown = True
        return self


_OFFSET = re.compile(r"[+-]\d\d?:\d\d")
_CONVERTING = frozenset(("CREATE_TABLE", "ALTER_TABLE", "CREATE_INDEX"))
_CHANGING_COLUMNS = frozenset(("CHANGE", "MODIFY"))
# With one of these a server may make a new table and copy the rows; changes without them are made in place.
_COPYING = _CHANGING_COLUMNS | frozenset(
    (
        "CHECK",
        "CONVERT",
        "COPY",
        "ENCRYPTION",
        "ENGINE",
        "FOREIGN",
        "ORDER",
        "PARTITION",
        "PARTITIONING",
        "PRIMARY",
        "REFERENCES",
        "STORED",
    )
)
_TIMES = frozenset(("timestamp", "datetime", "date"))
# With these a statement makes moments that stand neither in its text nor in its rows.
_ARITHMETIC = frozenset(
    (
        "INTERVAL",
        "FROM_UNIXTIME",
        "FROM_DAYS",
        "MAKEDATE",
        "STR_TO_DATE",
        "CONVERT_TZ",
        "TIMESTAMPADD",
        "ADDDATE",
        "SUBDATE",
        "ADDTIME",
        "SUBTIME",
        "DATE_ADD",
        "DATE_SUB",
    )
)
_NAMES_AT_ONCE, _CANDIDATES_AT_ONCE = 300, 20
_LITERALS_AT_ONCE = 200


def zone_for(connection: Connection, change: SchemaChange, wording: Wording, ask: Asked) -> Generator[None, None, str]:
    """What to set time_zone to; `ask` puts the questions that may take long. The connection's own zone must be UTC."""
    named = change.session.get(TIME_ZONE.name, "+00:00")
    if OFFSETS not in change.session:
        if _OFFSET.fullmatch(named):
            return named
        raise Unlike(
            f"schema change {change.epoch} ran in the source's time zone {named}, and nothing tells what that means",
            hint="the topics were written by an older version of penstock: migrate anew with a new task name",
        )
    zone = Zone.parse(change.session[OFFSETS])
    looked = Looked()
    if wording.kind in _CONVERTING:
        looked = yield from _looked_at(connection, change, wording, zone, ask)
    offset = zone.only_offset([_moment(change), *looked.intervals])
    setting = None if offset is None else written(offset)
    return setting or (yield from _agreeing(connection, change, zone, looked, ask))


def _moment(change: SchemaChange) -> Interval:
    second = int(change.session.get(TIMESTAMP.name, "0").partition(".")[0]) or change.source_us // 1_000_000
    return second, second


def _looked_at(
    connection: Connection, change: SchemaChange, wording: Wording, zone: Zone, ask: Asked
) -> Generator[None, None, Looked]:
    looked = Looked(literals=list(_literals(connection, wording)))
    for second in looked.literals:
        looked.intervals += _around(second, second)
    if wording.kind == "CREATE_TABLE":  # expressions are computed for the bounds of partitions alone
        return looked.anything() if "PARTITION" in wording.words and wording.words & _ARITHMETIC else looked
    for table in change.tables:
        shape = find_shape(connection, table.name)
        if shape is None or not has_rows(connection, table.name):
            continue
        if _converts(shape, table, wording):
            if wording.words & _ARITHMETIC or _comes_from_elsewhere(shape, table, wording):
                looked.anything()
            yield from _look_at_rows(shape, looked, ask)
        if wording.words & _COPYING:
            yield from _look_for_doubled(shape, zone, looked, ask)
    return looked


def _literals(connection: Connection, wording: Wording) -> Iterator[int]:
    """Those that the destination takes for times."""
    listed = [literal for token in wording.tokens if (literal := _literal(token)) is not None]
    for some in _parts(listed, _LITERALS_AT_ONCE):
        columns = (f"TIMESTAMPDIFF(SECOND, '1970-01-01', CAST({literal} AS DATETIME))" for literal in some)
        for seconds in connection.query("SELECT " + ", ".join(columns))[0]:
            if seconds is not None:
                yield int(seconds)


def _literal(token: Token) -> str | None:
    if token.kind is TokenKind.STRING and token.text.lstrip()[:1].isdigit():
        return text_literal(token.text)
    return token.text if token.kind is TokenKind.NUMBER and len(token.text) > 4 else None


def _around(first: int, last: int) -> Iterator[Interval]:
    """Local times may be a day away in UTC; beyond what a TIMESTAMP holds, nothing is converted."""
    if last + DAY >= FIRST and first - DAY <= LAST:
        yield max(first - DAY, FIRST), min(last + DAY, LAST)


def _converts(shape: Shape, table: TouchedTable, wording: Wording) -> bool:
    """Values of rows may go from local time to TIMESTAMP, or back."""
    if "FROM_UNIXTIME" in wording.words:
        return True
    after = {column.name.lower(): column for column in from_json(table.definition).columns} if table.definition else {}
    types = {field.type for field in shape.fields.values()} | {column.data_type for column in after.values()}
    if "timestamp" not in types and not any(word.endswith("TIMESTAMP") for word in wording.words):
        return False
    if wording.computes_values() or any(field.generated for field in shape.fields.values()):
        return True
    if not table.certain or not after or "CHANGE" in wording.words:
        return bool(wording.words & _CHANGING_COLUMNS)
    kept = [(field.type, after[name].data_type) for name, field in shape.fields.items() if name in after]
    return any(old != new and "timestamp" in (old, new) for old, new in kept)


def _comes_from_elsewhere(shape: Shape, table: TouchedTable, wording: Wording) -> bool:
    """A TIMESTAMP may be made of a column that holds no times: what it gives is not known before."""
    if not wording.words & _CHANGING_COLUMNS:
        return False
    if table.definition is None or not table.certain:
        return "TIMESTAMP" in wording.words
    for column in from_json(table.definition).columns:
        field = shape.fields.get(column.name.lower())
        made = "CHANGE" in wording.words if field is None else field.type not in _TIMES
        if column.data_type == "timestamp" and made:
            return True
    return False


def _look_at_rows(shape: Shape, looked: Looked, ask: Asked) -> Generator[None]:
    """From the first to the last time in each column."""
    fields = [field for field in shape.fields.values() if field.type in _TIMES]
    if not fields:
        return
    ends = ", ".join(
        f"TIMESTAMPDIFF(SECOND, '1970-01-01', {end}(IF({name} >= '1970-01-01', {name}, NULL)))"
        for name in (identifier(field.name) for field in fields)
        for end in ("MIN", "MAX")
    )
    (row,) = yield from ask(f"{ON_PRIMARY}SELECT {ends} FROM {qualified(shape.name)}")
    for found, first, last in zip(fields, row[::2], row[1::2], strict=True):
        if first is not None and last is not None and found.type == "timestamp":
            looked.intervals.append((int(first), int(last)))
        elif first is not None and last is not None:
            looked.intervals += _around(int(first), int(last))
            looked.columns.append((shape.name, found.name))


def _look_for_doubled(shape: Shape, zone: Zone, looked: Looked, ask: Asked) -> Generator[None]:
    """A server copies rows by their local times: of two moments that have the same one, it makes one."""
    names = [identifier(field.name) for field in shape.fields.values() if field.type == "timestamp"]
    doubled = zone.doubled()
    inside = [
        f"{name} BETWEEN {_local(first)} AND {_local(last, '.999999')}" for name in names for first, last in doubled
    ]
    if not inside:
        return
    if (yield from ask(f"{ON_PRIMARY}SELECT 1 FROM {qualified(shape.name)} WHERE {' OR '.join(inside)} LIMIT 1")):
        looked.intervals += doubled
        looked.doubled = True


def _agreeing(
    connection: Connection, change: SchemaChange, zone: Zone, looked: Looked, ask: Asked
) -> Generator[None, None, str]:
    for name, found in agreeing(connection, change.session.get(NAME, "SYSTEM"), zone):
        if not (yield from _dispute(zone.disputed(found), looked, ask)):
            return name
    raise Unlike(
        f"schema change {change.epoch} depends on the source's time zone, whose offset is not the same for all times"
        " that it may convert, and the destination has no zone that agrees with it",
        hint="load the time zones into the destination (mysql_tzinfo_to_sql), of the same edition as the source's, or"
        " run there by hand what gives the same definition and values; then start again",
    )


def _dispute(disputed: Sequence[Interval], looked: Looked, ask: Asked) -> Generator[None, None, bool]:
    """Whether the statement may look at a local time of which two zones that agree make two moments."""
    if not disputed:
        return False
    if looked.unknown or looked.doubled:
        return True
    if any(first <= second < last for second in looked.literals for first, last in disputed):
        return True
    for table, column in looked.columns:
        name = identifier(column)
        inside = " OR ".join(f"{name} >= {_local(first)} AND {name} < {_local(last)}" for first, last in disputed)
        if (yield from ask(f"{ON_PRIMARY}SELECT 1 FROM {qualified(table)} WHERE {inside} LIMIT 1")):
            return True
    return False


def _local(second: int, fraction: str = "") -> str:
    return f"'{datetime.fromtimestamp(second, UTC):%Y-%m-%d %H:%M:%S}{fraction}'"


def agreeing(connection: Connection, name: str, zone: Zone) -> Iterator[tuple[str, Zone]]:
    """The zones of a destination that give every moment the offset that `zone` gives, which the source calls `name`."""
    for candidate in _candidates(connection, name, zone):
        found = read_zone(connection.query, candidate)
        if found is not None and zone.agrees(found):
            yield candidate, found


def _candidates(connection: Connection, name: str, zone: Zone) -> Iterator[str]:
    names = list(dict.fromkeys((name, "SYSTEM", *sorted(zoneinfo.available_timezones()))))
    there = [each for some in _parts(names, _NAMES_AT_ONCE) for each in known(connection.query, some)]
    for some in _parts(there, _CANDIDATES_AT_ONCE):
        yield from alike(connection.query, zone, some)


def _parts(listed: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    for start in range(0, len(listed), size):
        yield listed[start : start + size]
