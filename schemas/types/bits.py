"""BIT(1) as boolean, BIT(n) as little-endian bytes."""

from schemas.table import Column
from schemas.types.annotation import named, primitive
from schemas.types.column import ColumnPlan, Exact, FromLog, FromText, Json, ToLiteral, Type
from schemas.types.integers import boolean_literal
from schemas.varint import long, sized_at


def _bytes(column: Column) -> int:
    return (column.length + 7) // 8


def _bits(text: str) -> int:
    """MySQL prints a default as b'101'."""
    if not (text.startswith("b'") and text.endswith("'")):
        raise ValueError(text)
    return int(text[2:-1], 2)


def _bit_avro(column: Column) -> dict[str, Json]:
    return primitive(column, "boolean")


def _bit_default(column: Column, text: str) -> Json:
    return _bits(text) != 0


def _bit_log(column: ColumnPlan) -> FromLog:
    present = column.present

    def read(data: bytes, at: int, out: list[bytes], exact: list[Exact]) -> int:
        out.append(present + (b"\x01" if data[at] else b"\x00"))
        return at + 1

    return read


def _bit_text(column: ColumnPlan) -> FromText:
    present = column.present

    def read(text: bytes, out: list[bytes], exact: list[Exact]) -> None:
        out.append(present + (b"\x01" if text[0] else b"\x00"))

    return read


BIT = Type(avro=_bit_avro, default=_bit_default, size=_bytes, log=_bit_log, text=_bit_text, literal=boolean_literal)


def _bits_avro(column: Column) -> dict[str, Json]:
    return named(column, "bytes", "io.debezium.data.Bits", {"length": str(column.length)})


def _bits_default(column: Column, text: str) -> Json:
    return _bits(text).to_bytes(_bytes(column), "little").decode("latin-1")


def _bits_log(column: ColumnPlan) -> FromLog:
    head, size = column.present + long(column.size), column.size

    def read(data: bytes, at: int, out: list[bytes], exact: list[Exact]) -> int:
        end = at + size
        out.append(head + data[at:end][::-1])
        return end

    return read


def _bits_text(column: ColumnPlan) -> FromText:
    head = column.present + long(column.size)

    def read(text: bytes, out: list[bytes], exact: list[Exact]) -> None:
        out.append(head + text[::-1])

    return read


def _bits_literal(column: ColumnPlan) -> ToLiteral:
    def write(data: bytes, at: int, out: list[str]) -> int:
        value, at = sized_at(data, at)
        out.append(str(int.from_bytes(value, "little")))
        return at

    return write


BITS = Type(avro=_bits_avro, default=_bits_default, size=_bytes, log=_bits_log, text=_bits_text, literal=_bits_literal)
