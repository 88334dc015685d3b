"""Byte columns: BINARY, VARBINARY and the BLOBs."""

from schemas.sql import bytes_literal
from schemas.table import Column
from schemas.types.annotation import primitive
from schemas.types.column import ColumnPlan, Exact, FromLog, FromText, Json, ToLiteral, Type
from schemas.types.text import LENGTH_BYTES, prefix_reader
from schemas.varint import long, sized_at


def _avro(column: Column) -> dict[str, Json]:
    return primitive(column, "bytes")


def _default(column: Column, text: str) -> Json:
    """MySQL prints a default of bytes as 0x616263."""
    value = bytes.fromhex(text[2:]) if text.startswith("0x") else text.encode()
    if column.data_type == "binary":
        value = value.ljust(column.length, b"\0")
    return value.decode("latin-1")


def _size(column: Column) -> int:
    return LENGTH_BYTES.get(column.data_type) or (1 if column.length < 256 else 2)


def _log(column: ColumnPlan) -> FromLog:
    present, prefix, width = column.present, prefix_reader(column.size), column.size

    def read(data: bytes, at: int, out: list[bytes], exact: list[Exact]) -> int:
        size = prefix(data, at)
        at += width
        end = at + size
        out.append(present + long(size) + data[at:end])
        return end

    return read


def _padded_log(column: ColumnPlan) -> FromLog:
    """The log leaves out the zero bytes at the end of a BINARY(n)."""
    head, prefix, width, length = (
        column.present + long(column.length),
        prefix_reader(column.size),
        column.size,
        column.length,
    )

    def read(data: bytes, at: int, out: list[bytes], exact: list[Exact]) -> int:
        end = at + width + prefix(data, at)
        out.append(head + data[at + width : end].ljust(length, b"\0"))
        return end

    return read


def bytes_text(column: ColumnPlan) -> FromText:
    present = column.present

    def read(text: bytes, out: list[bytes], exact: list[Exact]) -> None:
        out.append(present + long(len(text)) + text)

    return read


def _literal(column: ColumnPlan) -> ToLiteral:
    def write(data: bytes, at: int, out: list[str]) -> int:
        value, at = sized_at(data, at)
        out.append(bytes_literal(value))
        return at

    return write


BINARY = Type(avro=_avro, default=_default, size=_size, log=_log, text=bytes_text, literal=_literal)
PADDED_BINARY = Type(avro=_avro, default=_default, size=_size, log=_padded_log, text=bytes_text, literal=_literal)
