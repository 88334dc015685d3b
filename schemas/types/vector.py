"""VECTOR (since 9.0): the column's bytes are the little-endian floats of Avro's array."""

from schemas.sql import bytes_literal
from schemas.table import Column
from schemas.types.annotation import source
from schemas.types.column import ColumnPlan, Exact, FromLog, FromText, Json, Malformed, ToLiteral, Type
from schemas.varint import long, long_at

_LENGTH_BYTES = 4
_FLOAT_BYTES = 4


def _avro(column: Column) -> dict[str, Json]:
    return {
        "type": "array",
        "items": "float",
        "connect.version": 1,
        "connect.parameters": source(column),
        "connect.name": "io.debezium.data.FloatVector",
    }


def _no_default(column: Column, text: str) -> Json:
    raise ValueError(text)


def _size(column: Column) -> int:
    return _LENGTH_BYTES


def _encode(column: ColumnPlan, data: bytes) -> bytes:
    count, rest = divmod(len(data), _FLOAT_BYTES)
    if rest:
        raise Malformed(f"column {column.name}: a vector of {len(data)} bytes")
    return column.present + long(count) + data + b"\x00" if count else column.present + b"\x00"


def _log(column: ColumnPlan) -> FromLog:
    def read(data: bytes, at: int, out: list[bytes], exact: list[Exact]) -> int:
        start = at + _LENGTH_BYTES
        end = start + int.from_bytes(data[at:start], "little")
        out.append(_encode(column, data[start:end]))
        return end

    return read


def _text(column: ColumnPlan) -> FromText:
    def read(text: bytes, out: list[bytes], exact: list[Exact]) -> None:
        out.append(_encode(column, text))

    return read


def floats_at(data: bytes, at: int) -> tuple[bytes, int]:
    """The floats of an array at `at`, and where it ends. A negative count is followed by the block's size in bytes."""
    found = b""
    while True:
        count, at = long_at(data, at)
        if count == 0:
            return found, at
        if count < 0:
            _, at = long_at(data, at)
        end = at + abs(count) * _FLOAT_BYTES
        if end > len(data):
            raise ValueError("an array beyond the end")
        found += data[at:end]
        at = end


def _literal(column: ColumnPlan) -> ToLiteral:
    def write(data: bytes, at: int, out: list[str]) -> int:
        found, at = floats_at(data, at)
        out.append(bytes_literal(found))
        return at

    return write


VECTOR = Type(avro=_avro, default=_no_default, size=_size, log=_log, text=_text, literal=_literal)
