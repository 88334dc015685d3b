"""A table of orders: row images as the log has them, and records as consumers read them."""

import io
import struct
from collections.abc import Sequence

import fastavro

from schemas import codec
from schemas.avro import envelope_schema, key_schema, text
from schemas.codec import Decoded, Messages, RowsImage, RowsKind
from schemas.names import TableName
from schemas.registry import FRAME_BYTES, Entry, frame
from schemas.table import Column, Table
from schemas.types.column import Json

NAME = TableName("shop", "orders")
KEY_ID, VALUE_ID = 20, 21
EPOCH = 5
SOURCE_US, NOW_US = 1_700_000_000_123_456, 1_700_000_000_200_000

ID = Column(name="id", data_type="int", column_type="int", nullable=False)
DAY = Column(name="day", data_type="date", column_type="date", nullable=False)
SIZE = Column(name="size", data_type="bigint", column_type="bigint unsigned", nullable=True, unsigned=True)
WORDS = Column(
    name="words", data_type="varchar", column_type="varchar(50)", nullable=True, length=50, charset="utf8mb4"
)
MOOD = Column(
    name="mood", data_type="enum", column_type="enum('glad','')", nullable=True, charset="utf8mb4", labels=("glad", "")
)
TABLE = Table(name=NAME, columns=(ID, WORDS, SIZE), primary_key=("id",))
BIG = 18_446_744_073_709_551_615


def plan_of(table: Table) -> codec.TablePlan:
    return codec.plan("task", table, KEY_ID if table.key else 0, VALUE_ID)


def envelope(snapshot: str = "false", gtid: str | None = "u:1") -> codec.Envelope:
    return codec.envelope(
        "task",
        NAME,
        snapshot=snapshot,
        gtid=gtid,
        file="binlog.000007",
        pos=4_294_967_296,
        server_id=1,
        thread=9,
        source_us=SOURCE_US,
        now_us=NOW_US,
        epoch=EPOCH,
    )


def int_of(value: int) -> bytes:
    return struct.pack("<i", value)


def long_of(value: int) -> bytes:
    return struct.pack("<Q", value)


def string_of(value: str) -> bytes:
    return bytes((len(value.encode()),)) + value.encode()


def date_of(year: int, month: int, day: int) -> bytes:
    return (year << 9 | month << 5 | day).to_bytes(3, "little")


def image(*values: bytes | None) -> bytes:
    """A row image: the bitmap of NULLs, whose bits behind the last column MySQL sets, then the values."""
    nulls = sum(1 << index for index, value in enumerate(values) if value is None) | 0xFF << len(values) & 0xFF
    return bytes((nulls,)) + b"".join(value for value in values if value is not None)


def encode(table: Table, kind: RowsKind, rows: bytes, skip: int = 0) -> Messages:
    present = bytes(((1 << len(table.columns)) - 1,))
    image = RowsImage(kind, b"" if kind is RowsKind.INSERT else present, b"" if kind is RowsKind.DELETE else present)
    return codec.encode_rows(plan_of(table), image, rows, envelope(), skip)


def read(table: Table, value: bytes) -> dict[str, Json]:
    assert value.startswith(frame(VALUE_ID))
    stream = io.BytesIO(value[FRAME_BYTES:])
    record = fastavro.schemaless_reader(stream, fastavro.parse_schema(envelope_schema("task", table)), None)
    assert stream.read() == b""
    assert isinstance(record, dict)
    return record


def read_key(table: Table, key: bytes | None) -> Json:
    schema = key_schema("task", table)
    assert schema is not None
    assert key is not None
    assert key.startswith(frame(KEY_ID))
    record: Json = fastavro.schemaless_reader(  # type: ignore[assignment]
        io.BytesIO(key[FRAME_BYTES:]), fastavro.parse_schema(schema), None
    )
    return record


def decode(table: Table, values: Sequence[bytes], written: Sequence[str] | None = None) -> list[Decoded]:
    entry = Entry(VALUE_ID, "s", text(envelope_schema("task", table)), table)
    plan = codec.literal_plan(entry, written or [column.name for column in table.columns])
    return [codec.decode(plan, value) for value in values]
