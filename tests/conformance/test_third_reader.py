"""The values suite read by mysql-replication from the same log: it sees what our records hold, with the exceptions that
are listed here by name. Each of them must still be one: what has been mended there is to be trusted.
"""

import datetime
import json
import struct
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Any

import pytest

from capture import events
from capture.definitions import read_tables
from capture.events import EventType
from capture.reader import LogReader
from deploy.local import Stack
from runtime.mysql import Connection
from schemas import codec
from schemas.codec import RowsImage, RowsKind
from schemas.names import TableName
from schemas.position import GtidSet
from schemas.table import SPATIAL_TYPES, Column, Table
from schemas.table_map import parse_table_map, table_of
from tests.conformance.paths import KEY_ID, TASK, VALUE_ID, common_parts, executed, read_avro
from tests.conformance.rounds.plain_values import TEXTS, UNTOLD, of_avro
from tests.conformance.rounds.readers import place_now
from tests.conformance.third_reader import Document, Unread, created, plain
from tests.conformance.values import CASES

#: the map of such a table ends its stream
_LEFT_OUT = "VECTOR"
_SPATIAL = frozenset((*SPATIAL_TYPES, "geometrycollection"))
_UTF8 = ("utf8mb4", "utf8mb3", "ascii")
_SAME = ("latin1", "cp1251", "gbk", "gb2312", "euckr")  # Python has them by the same names
_UNDEFINED = frozenset("\x81\x8d\x8f\x90\x9d")  # of Python's cp1252
_CASES = {f"t{number}": case for number, case in enumerate(CASES) if not case.type.startswith(_LEFT_OUT)}


@pytest.mark.filterwarnings("ignore:'(db|passwd)' is deprecated:DeprecationWarning")  # how it calls the driver
def test_it_sees_what_our_records_hold(stack: Stack, source: Connection, database: str) -> None:
    names = [TableName(database, name) for name in _CASES]
    for name, case in _CASES.items():
        source.execute(f"CREATE TABLE {database}.{name} (id INT PRIMARY KEY, v {case.type})")
    tables = read_tables(source, names)
    since, begin = executed(source), place_now(stack.source)
    for name, case in _CASES.items():
        source.execute("BEGIN")
        for number, expression in enumerate((*case.expressions, "NULL")):
            source.execute(f"INSERT INTO {database}.{name} VALUES ({number}, {expression})")
        source.execute("COMMIT")

    ours = _gathered(_records(stack, source, since, tables))
    theirs = _gathered(created(stack.source, begin, database))

    assert {name: len(values) for name, values in theirs.items()} == {
        name: len(values) for name, values in ours.items()
    }
    excused: Counter[str] = Counter()
    differing: Counter[str] = Counter()
    unexplained = []
    for table in tables.values():
        column = table.column("v")
        for mine, other in zip(ours[table.name.name], theirs[table.name.name], strict=True):
            seen = other if isinstance(other, Unread) else plain(column, other)
            why = _why_not(column, mine)
            excused[why] += 1
            differing[why] += mine != seen
            if not why and mine != seen:
                unexplained.append(f"{column.column_type[:60]}: our record has {mine!r:.200}, it sees {seen!r:.200}")
    assert not unexplained, "\n".join(unexplained)
    assert excused[""] > 1000, excused
    assert set(differing) == {"", *_REASONS}
    assert not [why for why in _REASONS if not differing[why]], differing


_REASONS = {
    "dates": "zero dates and dates with a zero in them are None, dates that do not exist end the row",
    "year": "YEAR 0 is 1900",
    "fractions": "fractions of negative times are told from the next second",
    "charset": "text in a charset that Python has not, or has in another byte order or edition, is garbage or bytes",
    "undefined": "bytes of latin1 that Python's cp1252 does not know end the row",
    "labels": "labels that are not UTF-8 in their column are empty, and so is ENUM's error value",
    "set": "a SET without members is None",
    "null": "the document null is NULL",
    "kinds": "DECIMAL, times and binary strings inside documents are floats, other times or text",
}


def _why_not(column: Column, ours: object) -> str:
    """The reason of `_REASONS` why it cannot be trusted with a value; empty: it is to be trusted."""
    match column.data_type:
        case _ if ours is None:
            return ""
        case "date" | "datetime":
            return "" if _in_calendar(str(ours)[:10]) else "dates"
        case "time":
            return "fractions" if str(ours).startswith("-") and column.fraction else ""
        case "year":
            return "" if ours else "year"
        case "enum" | "set" if column.charset not in _UTF8 or not ours:
            return "set" if column.data_type == "set" and not ours else "labels"
        case "json":
            return "kinds" if ours is UNTOLD else "null" if ours == Document(None) else ""
        case kind if kind in TEXTS and column.charset == "latin1" and _UNDEFINED & set(str(ours)):
            return "undefined"
        case kind if kind in TEXTS and column.charset not in (*_UTF8, *_SAME):
            return "charset"
    return ""


def _in_calendar(day: str) -> bool:
    try:
        datetime.date.fromisoformat(day)
    except ValueError:
        return False
    return True


def _gathered(pairs: Iterator[tuple[str, object]]) -> dict[str, list[object]]:
    found: dict[str, list[object]] = defaultdict(list)
    for name, value in pairs:
        found[name].append(value)
    return found


def _records(
    stack: Stack, source: Connection, since: GtidSet, tables: Mapping[TableName, Table]
) -> Iterator[tuple[str, object]]:
    """Every row as our records hold it: the table, and the plain value of its column `v`."""
    missing, seen = executed(source).minus(since), GtidSet()
    plan: codec.TablePlan | None = None
    with closing(LogReader(stack.source.endpoint("admin"), since, 900_004, 50)) as reader:
        while True:
            event = reader.read()
            if event.type in (EventType.GTID, EventType.HEARTBEAT, EventType.HEARTBEAT_V2) and seen.covers(missing):
                return
            if event.type == EventType.GTID:
                seen.add(events.gtid(event.body).gtid)
            elif event.type == EventType.TABLE_MAP:
                map_ = parse_table_map(event.body)
                plan = codec.plan(TASK, table_of(map_, tables[map_.name]), KEY_ID, VALUE_ID)
            elif event.type == EventType.WRITE_ROWS:
                assert plan is not None
                head = events.rows(event.type, event.body)
                image = RowsImage(RowsKind.INSERT, *head.images)
                rows = event.body[head.start :]
                (value,) = codec.encode_rows(plan, image, rows, common_parts(plan.table.name), 0).values
                record: Any = read_avro(plan.table, value)
                yield plan.table.name.name, _ours(plan.table.column("v"), record)


def _ours(column: Column, record: Any) -> object:
    value, exact = record["after"]["v"], (record["exact"] or {}).get("v")
    if value is not None and column.data_type in _SPATIAL:
        return struct.pack("<I", value["srid"] or 0) + value["wkb"]
    if value is not None and column.data_type in TEXTS:
        return UNTOLD if exact else value
    found = of_avro(column, value, exact)
    return Document(json.loads(found)) if column.data_type == "json" and isinstance(found, bytes) else found
