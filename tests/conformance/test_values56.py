"""Every value of every type that MySQL 5.6 has: its log, which names no columns, and a SELECT give the same bytes, and
the literals made of them rebuild the same row in MySQL 9.7 and in 5.6."""

import re
import uuid
from collections.abc import Iterator
from contextlib import closing

import pytest

from apply.destination import SQL_MODE
from capture import events
from capture.definitions import read_tables
from capture.events import Event, EventType
from capture.naming import after
from capture.reader import LogReader
from deploy.local import Profile, Stack, start_mysql
from runtime.mysql import Connection, connect
from schemas import codec, registry
from schemas.avro import envelope_schema, text
from schemas.codec import Messages, RowsImage, RowsKind
from schemas.map_fit import misfit
from schemas.names import TableName
from schemas.position import GtidSet, LogPosition
from schemas.sql import qualified
from schemas.table import Table
from schemas.table_map import parse_table_map
from snapshot.marks import Marks, place_server
from tests.conformance.values import CASES, Case

_TASK, _KEY_ID, _VALUE_ID = "codec", 20, 21
_LAX = SQL_MODE.replace("STRICT_ALL_TABLES,", "")
_KINDS = {EventType.WRITE_ROWS: RowsKind.INSERT, EventType.WRITE_ROWS_V1: RowsKind.INSERT}
_AXES = ", 'axis-order=long-lat')"  # 5.6 knows no other order
#: types that came later
_LATER = ("JSON", "VECTOR", "gb18030", "SRID", "0900", "GENERATED")


@pytest.fixture(scope="module")
def source(stack: Stack) -> Iterator[Connection]:
    server = start_mysql(Profile.SOURCE56, stack.directory / Profile.SOURCE56)
    with connect(server.endpoint("admin")) as connection:
        connection.execute("SET SESSION sql_mode = 'ALLOW_INVALID_DATES', time_zone = '+00:00'")
        yield connection


@pytest.fixture(scope="module", params=["9.7", pytest.param("5.6", marks=pytest.mark.long)])
def destination(request: pytest.FixtureRequest, stack: Stack) -> Iterator[Connection]:
    server = stack.destination
    if request.param == "5.6":
        server = start_mysql(Profile.DESTINATION56, stack.directory / Profile.DESTINATION56)
    with connect(server.endpoint("polar")) as connection:
        connection.execute(f"SET SESSION sql_mode = '{SQL_MODE}', time_zone = '+00:00'")
        yield connection


@pytest.fixture
def database(source: Connection, destination: Connection) -> Iterator[str]:
    name = f"values_{uuid.uuid4().hex[:8]}"
    for connection in (source, destination):
        connection.execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci")
    yield name
    for connection in (source, destination):
        connection.execute(f"DROP DATABASE {name}")


def _events(source: Connection, since: LogPosition, end: LogPosition) -> Iterator[Event]:
    """What the log says between two places."""
    server = place_server(source, None)
    assert server is not None
    at = since
    with closing(LogReader(source.endpoint, GtidSet.before(server, since), 900_056, 50)) as reader:
        while at < end:
            event = reader.read()
            yield event
            at = after(event, at)


def _logged(source: Connection, since: LogPosition, table: Table) -> Messages:
    """Every row created in one table after `since`, as its tracked definition reads it."""
    plan = _plan(table)
    keys: list[bytes | None] = []
    values: list[bytes] = []
    table_id = -1
    for event in _events(source, since, Marks(source, None).high()):
        if event.type == EventType.TABLE_MAP:
            map_ = parse_table_map(event.body)
            table_id = map_.table_id if map_.name == table.name else -1
            assert table_id < 0 or misfit(map_, table) == ""
        elif event.type in _KINDS:
            head = events.rows(event.type, event.body)
            assert head.table_id == table_id
            image = RowsImage(_KINDS[EventType(event.type)], *head.images)
            found = codec.encode_rows(plan, image, event.body[head.start :], _envelope(table.name), 0)
            keys += found.keys
            values += found.values
    return Messages(keys, values, len(values))


def _plan(table: Table) -> codec.TablePlan:
    return codec.plan(_TASK, table, _KEY_ID, _VALUE_ID)


def _envelope(table: TableName) -> codec.Envelope:
    return codec.envelope(
        _TASK,
        table,
        snapshot="false",
        gtid=None,
        file="binlog.000001",
        pos=4_000_000_000,
        server_id=1,
        thread=7,
        source_us=1_700_000_000_123_456,
        now_us=1_700_000_000_223_456,
        epoch=3,
    )


def _as_read(value: bytes) -> bytes:
    """A created row's value as it would be had it been read: without its row number and with op r."""
    return re.sub(rb"\x02c(?=\x02)", b"\x02r", value)


def _select(table: Table) -> str:
    return f"SELECT {', '.join(codec.chunk_select(table))} FROM {qualified(table.name)} ORDER BY id"


def _chunk(source: Connection, plan: codec.TablePlan) -> codec.ChunkRows:
    return codec.encode_chunk(plan, source.raw_rows(_select(plan.table)))


def _insert(destination: Connection, table: Table, values: list[bytes]) -> None:
    entry = registry.Entry(_VALUE_ID, "subject", text(envelope_schema(_TASK, table)), table)
    plan = codec.literal_plan(entry, [column.name for column in table.columns])
    for change in (codec.decode(plan, value) for value in values):
        destination.execute(f"SET SESSION sql_mode = '{SQL_MODE if change.strict else _LAX}'")
        destination.execute(f"INSERT INTO {qualified(table.name)} VALUES {change.after}")


@pytest.mark.parametrize(
    "case", [case for case in CASES if not any(word in case.type for word in _LATER)], ids=lambda case: case.type[:50]
)
def test_log_and_snapshot_agree_and_rebuild_the_row(
    case: Case, source: Connection, destination: Connection, database: str
) -> None:
    name = TableName(database, "t")
    for connection in (source, destination):
        connection.execute(
            f"CREATE TABLE {qualified(name)} (id INT PRIMARY KEY, v {case.type}, w {case.type} NOT NULL)"
        )
    table = read_tables(source, [name])[name]
    since = Marks(source, None).high()
    expressions = [value.replace(_AXES, ")") for value in case.expressions]
    for number, value in enumerate((*expressions, "NULL")):
        source.execute(f"INSERT INTO {qualified(name)} VALUES ({number}, {value}, {expressions[0]})")

    logged = _logged(source, since, table)
    read = _chunk(source, _plan(table))

    assert len(logged.values) == len(case.expressions) + 1
    assert logged.keys == read.keys
    spliced = codec.splice(_plan(table), read.rows, read.exacts, _envelope(name))
    for log_value, read_value in zip(logged.values, spliced, strict=True):
        assert _as_read(log_value) == _as_read(read_value)
    _insert(destination, table, logged.values)
    assert destination.raw_rows(_select(table)) == source.raw_rows(_select(table))


def test_an_empty_geometry_is_carried(source: Connection, database: str) -> None:
    """What rows get when a NOT NULL column is added; no server of today stores it."""
    name = TableName(database, "t")
    source.execute(f"CREATE TABLE {qualified(name)} (id INT PRIMARY KEY, v POINT NOT NULL, w GEOMETRY NOT NULL)")
    table = read_tables(source, [name])[name]
    since = Marks(source, None).high()
    source.execute(f"INSERT IGNORE INTO {qualified(name)} (id) VALUES (1)")

    logged = _logged(source, since, table)
    read = _chunk(source, _plan(table))

    spliced = codec.splice(_plan(table), read.rows, read.exacts, _envelope(name))
    assert [_as_read(value) for value in logged.values] == [_as_read(value) for value in spliced]
    entry = registry.Entry(_VALUE_ID, "subject", text(envelope_schema(_TASK, table)), table)
    assert codec.decode(codec.literal_plan(entry, ["id", "v", "w"]), logged.values[0]).after == "(1,X'',X'')"
