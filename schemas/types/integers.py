"""The integers, and tinyint(1) as a boolean with every other number in `exact`."""

import struct

from schemas.table import Column
from schemas.types.annotation import primitive
from schemas.types.column import ColumnPlan, Exact, FromLog, FromText, Json, ToLiteral, Type
from schemas.varint import long, long_at

_BYTES = {"tinyint": 1, "smallint": 2, "mediumint": 3, "int": 4, "bigint": 8}
_FORMAT = {1: "b", 2: "h", 4: "i", 8: "q"}
_HIGHEST = (1 << 63) - 1


def _integer_avro(column: Column) -> dict[str, Json]:
    size = _BYTES[column.data_type]
    avro = primitive(column, "long" if size == 8 or (size == 4 and column.unsigned) else "int")
    if size == 1 or (size == 2 and not column.unsigned):
        avro["connect.type"] = "int16"
    return avro


def _integer_default(column: Column, text: str) -> Json:
    return wrapped(int(text))


def _integer_size(column: Column) -> int:
    return _BYTES[column.data_type]


def wrapped(value: int) -> int:
    """A number of 64 bits as the signed number with the same bits."""
    return value if value <= _HIGHEST else value - (1 << 64)


def _integer_log(column: ColumnPlan) -> FromLog:
    present, size = column.present, column.size
    if size == 3:
        return _medium_log(column)
    letter = _FORMAT[size].upper() if column.unsigned else _FORMAT[size]
    unpack = struct.Struct("<" + letter).unpack_from
    if size == 8 and column.unsigned:
        return _wrapping_log(column)

    def read(data: bytes, at: int, out: list[bytes], exact: list[Exact]) -> int:
        out.append(present + long(unpack(data, at)[0]))
        return at + size

    return read


def _medium_log(column: ColumnPlan) -> FromLog:
    present, first_negative = column.present, (1 << 24) if column.unsigned else (1 << 23)

    def read(data: bytes, at: int, out: list[bytes], exact: list[Exact]) -> int:
        value = data[at] | data[at + 1] << 8 | data[at + 2] << 16
        if value >= first_negative:
            value -= 1 << 24
        out.append(present + long(value))
        return at + 3

    return read


def _wrapping_log(column: ColumnPlan) -> FromLog:
    present, index, unpack = column.present, column.index, struct.Struct("<Q").unpack_from

    def read(data: bytes, at: int, out: list[bytes], exact: list[Exact]) -> int:
        value: int = unpack(data, at)[0]
        if value > _HIGHEST:
            exact.append((index, str(value)))
            value -= 1 << 64
        out.append(present + long(value))
        return at + 8

    return read


def _integer_text(column: ColumnPlan) -> FromText:
    present, index = column.present, column.index

    def read(text: bytes, out: list[bytes], exact: list[Exact]) -> None:
        value = int(text)
        if value > _HIGHEST:
            exact.append((index, str(value)))
            value -= 1 << 64
        out.append(present + long(value))

    return read


def _integer_literal(column: ColumnPlan) -> ToLiteral:
    def write(data: bytes, at: int, out: list[str]) -> int:
        value, at = long_at(data, at)
        out.append(str(value))
        return at

    return write


def number_literal(exact: str, literal: str) -> str:
    return str(int(exact))


def _wrapped_key(column: ColumnPlan, exact: str) -> bytes:
    return long(wrapped(int(exact)))


INTEGER = Type(
    avro=_integer_avro,
    default=_integer_default,
    size=_integer_size,
    log=_integer_log,
    text=_integer_text,
    literal=_integer_literal,
    exact_literal=number_literal,
    exact_key=_wrapped_key,
)


def _boolean_avro(column: Column) -> dict[str, Json]:
    return primitive(column, "boolean")


def _boolean_default(column: Column, text: str) -> Json:
    return int(text) != 0


def _one(column: Column) -> int:
    return 1


def _boolean(column: ColumnPlan, value: int, out: list[bytes], exact: list[Exact]) -> None:
    if value not in (0, 1):
        exact.append((column.index, str(value)))
    out.append(column.present + (b"\x01" if value else b"\x00"))


def _boolean_log(column: ColumnPlan) -> FromLog:
    def read(data: bytes, at: int, out: list[bytes], exact: list[Exact]) -> int:
        byte = data[at]
        _boolean(column, byte - 256 if byte > 127 else byte, out, exact)
        return at + 1

    return read


def _boolean_text(column: ColumnPlan) -> FromText:
    def read(text: bytes, out: list[bytes], exact: list[Exact]) -> None:
        _boolean(column, int(text), out, exact)

    return read


def boolean_literal(column: ColumnPlan) -> ToLiteral:
    def write(data: bytes, at: int, out: list[str]) -> int:
        out.append("1" if data[at] else "0")
        return at + 1

    return write


BOOLEAN = Type(
    avro=_boolean_avro,
    default=_boolean_default,
    size=_one,
    log=_boolean_log,
    text=_boolean_text,
    literal=boolean_literal,
    exact_literal=number_literal,
)
