"""What is fuzzed: each target reads any bytes and may answer with a `Fatal` alone."""

import io
from collections.abc import Callable
from functools import cache

from capture import events
from capture.events import Event, EventType
from capture.gtids import tagged_gtid
from capture.payload import unpacked
from runtime.errors import Fatal
from schemas import codec, registry
from schemas.avro import envelope_schema, text
from schemas.codec import RowsImage, RowsKind
from schemas.ddl.lexer import SqlModes, tokens
from schemas.ddl.rewrite import for_version, without_start_transaction
from schemas.ddl.statement import understand
from schemas.names import TableName
from schemas.partial_rows import whole_rows
from schemas.position import GtidSet, LogPosition
from schemas.table import Table
from schemas.table_map import parse_table_map, table_of
from schemas.types.json_diff import patched
from schemas.types.jsonb import json_text
from tests.unit.schemas import golden

_PARTIAL = 0x7F
_ROWS = frozenset((23, 24, 25, 30, 31, 32, 39))
Target = Callable[[bytes], object]

_ENVELOPE = codec.envelope(
    "task",
    TableName("d", "t"),
    snapshot="false",
    gtid=None,
    file="binlog.000001",
    pos=4,
    server_id=1,
    thread=None,
    source_us=1,
    now_us=2,
    epoch=1,
)


def event(data: bytes) -> object:
    """The body of an event, whose type is the first byte."""
    kind, body = (data[0], data[1:]) if data else (0, b"")
    if kind == EventType.GTID:
        return events.gtid(body)
    if kind == EventType.GTID_TAGGED:
        return tagged_gtid(body)
    if kind == EventType.ROTATE:
        return LogPosition.of(*events.rotate(body))
    if kind == EventType.HEARTBEAT:
        return events.heartbeat(body)
    if kind == EventType.HEARTBEAT_V2:
        return events.heartbeat_v2(body)
    if kind == EventType.FORMAT_DESCRIPTION:
        return events.checksummed(body)
    if kind == EventType.QUERY:
        return events.begins(body), events.query(body)
    return events.rows(kind if kind in _ROWS else EventType.WRITE_ROWS, body)


def payload(data: bytes) -> object:
    """The body of a TRANSACTION_PAYLOAD event."""
    outer = Event(EventType.TRANSACTION_PAYLOAD, 1, 1, 4, 0, len(data), b"")
    return [inner.type for inner in unpacked(outer, io.BytesIO(data), len(data))]


def gtid_set(data: bytes) -> object:
    """The text form, and what it becomes on the wire."""
    try:
        found = GtidSet.parse(data.decode("utf-8", "replace"))
    except ValueError:  # what `parse` promises
        return None
    assert GtidSet.parse(str(found)) == found
    if found.place is not None:
        return None
    return found.encode()


def table_map(data: bytes) -> object:
    """A TABLE_MAP event, and the plan that is made of it."""
    return codec.plan("task", table_of(parse_table_map(data), None), 20, 21)


def row_image(data: bytes) -> object:
    """The rows of an event for one of the golden tables; two bytes choose table and kind."""
    if len(data) < 2:
        return None
    plan = _plans()[data[0] % len(_plans())]
    kind = RowsKind(1 + data[1] % 3)
    every = ((1 << len(plan.columns)) - 1).to_bytes((len(plan.columns) + 7) // 8, "little")
    before, after = (b"" if kind is RowsKind.INSERT else every), (b"" if kind is RowsKind.DELETE else every)
    image, rows = RowsImage(kind, before, after), data[2:]
    if kind is RowsKind.UPDATE and data[1] > _PARTIAL:
        rows = whole_rows(plan, image, rows)
    messages = codec.encode_rows(plan, image, rows, _ENVELOPE, 0)
    return [codec.decode(_literal_plan(plan.table), value) for value in messages.values]


def chunk(data: bytes) -> object:
    """A buffer of rows of the text protocol."""
    if not data:
        return None
    plan = _plans()[data[0] % len(_plans())]
    found = codec.encode_chunk(plan, data[1:])
    values = codec.splice(plan, found.rows, found.exacts, _ENVELOPE)
    return [codec.decode(_literal_plan(plan.table), value) for value in values]


def record(data: bytes) -> object:
    """A value of a table's topic."""
    if not data:
        return None
    table = _plans()[data[0] % len(_plans())].table
    return codec.decode(_literal_plan(table), data[1:])


def jsonb(data: bytes) -> object:
    return json_text(data)


def json_diff(data: bytes) -> object:
    """A document and its differences; the first two bytes say where the differences begin."""
    at = 2 + int.from_bytes(data[:2], "big")
    return json_text(patched(data[2:at], data[at:]))


def statement(data: bytes) -> object:
    """The text of a statement; the first byte holds its modes."""
    sql = data[1:].decode("utf-8", "replace")
    modes = SqlModes(bool(data[:1] > b"\x7f"), bool(data[:1] > b"\xbf"))
    end = 0
    for token in tokens(sql, modes):
        assert end <= token.start <= token.end
        end = token.end
    return understand(sql, "shop", modes), without_start_transaction(sql, modes), for_version(sql, modes, 50640)


TARGETS: dict[str, Target] = {
    target.__name__: target
    for target in (event, payload, gtid_set, table_map, row_image, chunk, record, jsonb, json_diff, statement)
}


def run(name: str, data: bytes) -> None:
    """Raises what no input may raise."""
    try:
        TARGETS[name](data)
    except Fatal as error:
        assert error.hint


@cache
def _plans() -> tuple[codec.TablePlan, ...]:
    tables = golden.tables()
    return tuple(codec.plan("task", table, 20, 21) for table in tables)


@cache
def _literal_plan(table: Table) -> codec.LiteralPlan:
    entry = registry.Entry(21, "value", text(envelope_schema("task", table)), table)
    return codec.literal_plan(entry, [column.name for column in table.columns])
