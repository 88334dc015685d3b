"""Every value of every type on real servers: the log and a SELECT give the same bytes, Avro's own reader understands
them, and the literals made of them rebuild the same row at the destination."""

import io
import os
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import fastavro
import pytest

from apply.destination import SQL_MODE
from capture import events
from capture.definitions import read_tables
from capture.events import EventType
from capture.reader import LogReader
from deploy.local import Stack, up
from runtime.mysql import Connection, connect
from schemas import codec, registry
from schemas.avro import envelope_schema, text
from schemas.codec import Decoded, Messages, RowsImage, RowsKind
from schemas.names import TableName
from schemas.position import GtidSet
from schemas.sql import identifier, qualified
from schemas.table import Table
from schemas.table_map import parse_table_map, table_of
from tests.conformance.values import CASES, Case

_TASK = "codec"
_KEY_ID, _VALUE_ID = 20, 21
_KINDS = {
    EventType.WRITE_ROWS: RowsKind.INSERT,
    EventType.UPDATE_ROWS: RowsKind.UPDATE,
    EventType.DELETE_ROWS: RowsKind.DELETE,
}


@pytest.fixture(scope="module")
def stack() -> Stack:
    return up(os.environ.get("PENSTOCK_STACK", "dev"))


@pytest.fixture(scope="module")
def source(stack: Stack) -> Iterator[Connection]:
    with connect(stack.source.endpoint("admin")) as connection:
        connection.execute("SET SESSION sql_mode = 'ALLOW_INVALID_DATES', time_zone = '+00:00'")
        connection.execute("SET SESSION group_concat_max_len = 1000000, cte_max_recursion_depth = 100000")
        yield connection


@pytest.fixture(scope="module")
def destination(stack: Stack) -> Iterator[Connection]:
    with connect(stack.destination.endpoint("polar")) as connection:
        connection.execute(f"SET SESSION sql_mode = '{SQL_MODE}', time_zone = '+00:00'")
        yield connection


@pytest.fixture
def database(source: Connection, destination: Connection) -> Iterator[str]:
    name = f"codec_{uuid.uuid4().hex[:8]}"
    for connection in (source, destination):
        connection.execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
    yield name
    for connection in (source, destination):
        connection.execute(f"DROP DATABASE {name}")


@dataclass(frozen=True, slots=True)
class Logged:
    """What the log says of one table."""

    table: Table
    plan: codec.TablePlan
    messages: list[tuple[RowsKind, Messages]]

    @property
    def values(self) -> list[bytes]:
        return [value for _, messages in self.messages for value in messages.values]

    @property
    def keys(self) -> list[bytes | None]:
        return [key for _, messages in self.messages for key in messages.keys]


def _envelope(table: TableName) -> codec.Envelope:
    return codec.envelope(
        _TASK,
        table,
        snapshot="false",
        gtid="3e11fa47-71ca-11e1-9e33-c80aa9429562:23",
        file="binlog.000001",
        pos=4_000_000_000,
        server_id=1,
        thread=7,
        source_us=1_700_000_000_123_456,
        now_us=1_700_000_000_223_456,
        epoch=3,
    )


def _executed(source: Connection) -> GtidSet:
    return GtidSet.parse(source.value("SELECT @@GLOBAL.gtid_executed"))


def _log(stack: Stack, source: Connection, since: GtidSet, tracked: Table) -> Logged:
    """Every row change of one table after `since`, until now."""
    missing = _executed(source).minus(since)
    reader = LogReader(stack.source.endpoint("admin"), since, 900_001, 50)
    found: list[tuple[RowsKind, Messages]] = []
    table, plan, table_id, seen = tracked, codec.plan(_TASK, tracked, _KEY_ID, _VALUE_ID), -1, GtidSet()
    try:
        while True:
            event = reader.read()
            if event.type == EventType.GTID:
                if seen.covers(missing):
                    break
                seen.add(events.gtid(event.body).gtid)
            elif event.type == EventType.TABLE_MAP:
                map_ = parse_table_map(event.body)
                table_id = map_.table_id if map_.name == tracked.name else -1
                if table_id >= 0:
                    table = table_of(map_, tracked)
                    plan = codec.plan(_TASK, table, _KEY_ID, _VALUE_ID)
            elif event.type in _KINDS:
                head = events.rows(event.type, event.body)
                if head.table_id == table_id:
                    kind = _KINDS[EventType(event.type)]
                    image = RowsImage(kind, *head.images)
                    rows = event.body[head.start :]
                    found.append((kind, codec.encode_rows(plan, image, rows, _envelope(table.name), 0)))
            elif event.type in (EventType.HEARTBEAT, EventType.HEARTBEAT_V2) and seen.covers(missing):
                break
    finally:
        reader.close()
    return Logged(table, plan, found)


def _chunk(source: Connection, plan: codec.TablePlan) -> codec.ChunkRows:
    return codec.encode_chunk(plan, source.raw_rows(_select(plan.table)))


def _select(table: Table) -> str:
    order = ", ".join(map(identifier, table.key)) or "1"
    return f"SELECT {', '.join(codec.chunk_select(table))} FROM {qualified(table.name)} ORDER BY {order}"


def _as_read(value: bytes) -> bytes:
    """A created row's value as it would be had it been read: without its row number and with op r."""
    return re.sub(rb"\x02c(?=\x02)", b"\x02r", value)


def _decoded(table: Table, values: list[bytes]) -> list[Decoded]:
    entry = registry.Entry(_VALUE_ID, "subject", text(envelope_schema(_TASK, table)), table)
    plan = codec.literal_plan(entry, [column.name for column in table.columns])
    return [codec.decode(plan, value) for value in values]


def _insert(destination: Connection, table: Table, changes: list[Decoded]) -> None:
    names = ", ".join(identifier(column.name) for column in table.columns if not column.generated)
    for change in changes:
        mode = SQL_MODE if change.strict else SQL_MODE.replace("STRICT_ALL_TABLES,", "")
        destination.execute(f"SET SESSION sql_mode = '{mode}'")
        destination.execute(f"INSERT INTO {qualified(table.name)} ({names}) VALUES {change.after}")
    destination.execute(f"SET SESSION sql_mode = '{SQL_MODE}'")


def _create(source: Connection, destination: Connection, name: TableName, body: str) -> Table:
    for connection in (source, destination):
        connection.execute(f"CREATE TABLE {qualified(name)} ({body})")
    return read_tables(source, [name])[name]


def _read_avro(table: Table, value: bytes) -> dict[str, object]:
    schema = fastavro.parse_schema(envelope_schema(_TASK, table))
    stream = io.BytesIO(value[registry.FRAME_BYTES :])
    record = fastavro.schemaless_reader(stream, schema, None)
    assert stream.read() == b""
    assert isinstance(record, dict)
    return record


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.type[:50])
def test_log_and_snapshot_agree_and_rebuild_the_row(
    case: Case, stack: Stack, source: Connection, destination: Connection, database: str
) -> None:
    table = _create(
        source, destination, TableName(database, "t"), f"id INT PRIMARY KEY, v {case.type}, w {case.type} NOT NULL"
    )
    since = _executed(source)
    rows = [f"({number}, {value}, {value})" for number, value in enumerate(case.expressions)]
    rows.append(f"({len(rows)}, NULL, {case.expressions[0]})")
    for row in rows:
        source.execute(f"INSERT INTO {qualified(table.name)} VALUES {row}")

    logged = _log(stack, source, since, table)
    chunk = _chunk(source, logged.plan)

    assert logged.table == table
    assert len(logged.values) == len(rows)
    assert logged.keys == chunk.keys
    spliced = codec.splice(logged.plan, chunk.rows, chunk.exacts, _envelope(table.name))
    for log_value, read_value in zip(logged.values, spliced, strict=True):
        assert _as_read(log_value) == _as_read(read_value)
    for value in logged.values:
        assert _read_avro(table, value)["op"] == "c"
    _insert(destination, table, _decoded(table, logged.values))
    assert destination.raw_rows(_select(table)) == source.raw_rows(_select(table))
    everything = f"SELECT * FROM {qualified(table.name)} ORDER BY id"
    assert destination.raw_rows(everything) == source.raw_rows(everything)
