"""One table on both ways: what the log says of its rows, what a SELECT does, and the rows rebuilt from either."""

import io
import re
from dataclasses import dataclass

import fastavro

from apply.destination import SQL_MODE
from capture import events
from capture.definitions import read_tables
from capture.events import EventType
from capture.reader import LogReader
from deploy.local import Stack
from runtime.mysql import Connection
from schemas import codec, registry
from schemas.avro import envelope_schema, text
from schemas.codec import Decoded, Messages, RowsImage, RowsKind
from schemas.map_fit import misfit
from schemas.names import TableName
from schemas.position import GtidSet
from schemas.sql import identifier, qualified
from schemas.table import Table
from schemas.table_map import parse_table_map, table_of
from tests.unit.schemas.cut_maps import bare, minimal

LAX = SQL_MODE.replace("STRICT_ALL_TABLES,", "")
TASK = "codec"
KEY_ID, VALUE_ID = 20, 21
_KINDS = {
    EventType.WRITE_ROWS: RowsKind.INSERT,
    EventType.UPDATE_ROWS: RowsKind.UPDATE,
    EventType.DELETE_ROWS: RowsKind.DELETE,
}


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


def common_parts(table: TableName) -> codec.Envelope:
    return codec.envelope(
        TASK,
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


def executed(source: Connection) -> GtidSet:
    return GtidSet.parse(source.value("SELECT @@GLOBAL.gtid_executed"))


def read_log(stack: Stack, source: Connection, since: GtidSet, tracked: Table) -> Logged:
    """Every row change of one table after `since`, until now."""
    missing = executed(source).minus(since)
    reader = LogReader(stack.source.endpoint("admin"), since, 900_001, 50)
    found: list[tuple[RowsKind, Messages]] = []
    table, plan, table_id, seen = tracked, codec.plan(TASK, tracked, KEY_ID, VALUE_ID), -1, GtidSet()
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
                    assert misfit(minimal(map_), tracked) == misfit(bare(map_), tracked) == ""
                    plan = codec.plan(TASK, table, KEY_ID, VALUE_ID)
            elif event.type in _KINDS:
                head = events.rows(event.type, event.body)
                if head.table_id == table_id:
                    kind = _KINDS[EventType(event.type)]
                    image = RowsImage(kind, *head.images)
                    rows = event.body[head.start :]
                    found.append((kind, codec.encode_rows(plan, image, rows, common_parts(table.name), 0)))
            elif event.type in (EventType.HEARTBEAT, EventType.HEARTBEAT_V2) and seen.covers(missing):
                break
    finally:
        reader.close()
    return Logged(table, plan, found)


def read_chunk(source: Connection, plan: codec.TablePlan, order: str = "") -> codec.ChunkRows:
    return codec.encode_chunk(plan, source.raw_rows(select(plan.table, order)))


def select(table: Table, order: str = "") -> str:
    order = order or ", ".join(map(identifier, table.key)) or "1"
    return f"SELECT {', '.join(codec.chunk_select(table))} FROM {qualified(table.name)} ORDER BY {order}"


def as_read(value: bytes) -> bytes:
    """A created row's value as it would be had it been read: without its row number and with op r."""
    return re.sub(rb"\x02c(?=\x02)", b"\x02r", value)


def decoded(table: Table, values: list[bytes]) -> list[Decoded]:
    entry = registry.Entry(VALUE_ID, "subject", text(envelope_schema(TASK, table)), table)
    plan = codec.literal_plan(entry, [column.name for column in table.columns])
    return [codec.decode(plan, value) for value in values]


def insert(destination: Connection, table: Table, changes: list[Decoded]) -> None:
    names = ", ".join(identifier(column.name) for column in table.columns if not column.generated)
    for change in changes:
        destination.execute(f"SET SESSION sql_mode = '{SQL_MODE if change.strict else LAX}'")
        destination.execute(f"INSERT INTO {qualified(table.name)} ({names}) VALUES {change.after}")
    destination.execute(f"SET SESSION sql_mode = '{SQL_MODE}'")


def create(source: Connection, destination: Connection, name: TableName, body: str) -> Table:
    for connection in (source, destination):
        connection.execute(f"CREATE TABLE {qualified(name)} ({body})")
    return tracked_table(source, name)


def tracked_table(source: Connection, name: TableName) -> Table:
    return read_tables(source, [name])[name]


def read_avro(table: Table, value: bytes) -> dict[str, object]:
    schema = fastavro.parse_schema(envelope_schema(TASK, table))
    stream = io.BytesIO(value[registry.FRAME_BYTES :])
    record = fastavro.schemaless_reader(stream, schema, None)
    assert stream.read() == b""
    assert isinstance(record, dict)
    return record


def assert_same(
    stack: Stack, source: Connection, destination: Connection, since: GtidSet, tracked: Table, order: str
) -> Logged:
    """The rows inserted after `since`, in this order, are the same by the log and by a SELECT, Avro's own reader
    understands them, and what is made of them at the destination equals the source."""
    logged = read_log(stack, source, since, tracked)
    chunk = read_chunk(source, logged.plan, order)
    assert logged.table == tracked
    assert logged.keys == chunk.keys
    spliced = codec.splice(logged.plan, chunk.rows, chunk.exacts, common_parts(tracked.name))
    for log_value, read_value in zip(logged.values, spliced, strict=True):
        assert as_read(log_value) == as_read(read_value)
    for value in logged.values:
        assert read_avro(tracked, value)["op"] == "c"
    insert(destination, tracked, decoded(tracked, logged.values))
    everything = f"SELECT * FROM {qualified(tracked.name)} ORDER BY {order}"
    for rows in (select(tracked, order), everything):
        assert destination.raw_rows(rows) == source.raw_rows(rows)
    return logged
