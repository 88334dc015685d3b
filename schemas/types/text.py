"""Character columns: CHAR, VARCHAR and the TEXTs, as UTF-8."""

from collections.abc import Callable

from runtime.errors import Fatal
from schemas.charsets import decoder, is_utf8, longest
from schemas.sql import text_literal
from schemas.table import Column
from schemas.types.annotation import primitive
from schemas.types.column import ColumnPlan, Exact, FromLog, FromText, Json, Malformed, ToLiteral, Type
from schemas.varint import long, sized, sized_at

LENGTH_BYTES = {
    "tinytext": 1, "text": 2, "mediumtext": 3, "longtext": 4,
    "tinyblob": 1, "blob": 2, "mediumblob": 3, "longblob": 4,
}  # fmt: skip


def _avro(column: Column) -> dict[str, Json]:
    return primitive(column, "string")


def _default(column: Column, text: str) -> Json:
    return text


def _size(column: Column) -> int:
    if column.data_type in LENGTH_BYTES:
        return LENGTH_BYTES[column.data_type]
    return 1 if column.length * longest(column.charset or "") < 256 else 2


def known_charset(column: Column) -> str:
    """The column's charset; Fatal when its bytes cannot be read with certainty."""
    charset = column.charset or "binary"
    if decoder(charset) is None:
        raise Fatal(
            f"column {column.name}: charset {charset} cannot be carried exactly",
            hint="convert the column to utf8mb4 at the source, or exclude the table",
        )
    return charset


def prefix_reader(size: int) -> Callable[[bytes, int], int]:
    """Reads the length, little-endian in `size` bytes, that precedes a value of variable size in a row image."""
    if size == 1:
        return lambda data, at: data[at]
    if size == 2:
        return lambda data, at: data[at] | data[at + 1] << 8
    return lambda data, at: int.from_bytes(data[at : at + size], "little")


def _log(column: ColumnPlan) -> FromLog:
    if not is_utf8(column.charset):
        return _converting_log(column)
    present = column.present
    if column.size == 1:

        def read_short(data: bytes, at: int, out: list[bytes], exact: list[Exact]) -> int:
            size = data[at]
            at += 1
            end = at + size
            out.append(present + long(size) + data[at:end])
            return end

        return read_short
    prefix, width = prefix_reader(column.size), column.size

    def read(data: bytes, at: int, out: list[bytes], exact: list[Exact]) -> int:
        size = prefix(data, at)
        at += width
        end = at + size
        out.append(present + long(size) + data[at:end])
        return end

    return read


def _convert(column: ColumnPlan) -> Callable[[bytes], bytes]:
    """From the column's bytes to Avro."""
    present, decode = column.present, decoder(column.charset)
    if decode is None:
        raise Fatal(f"column {column.name}: charset {column.charset}", hint="convert the column to utf8mb4")

    def convert(data: bytes) -> bytes:
        try:
            return present + sized(decode(data).encode())
        except UnicodeError as error:
            raise Malformed(f"column {column.name}: bytes that are no {column.charset} text") from error

    return convert


def _converting_log(column: ColumnPlan) -> FromLog:
    prefix, width, convert = prefix_reader(column.size), column.size, _convert(column)

    def read(data: bytes, at: int, out: list[bytes], exact: list[Exact]) -> int:
        end = at + width + prefix(data, at)
        out.append(convert(data[at + width : end]))
        return end

    return read


def _text(column: ColumnPlan) -> FromText:
    if is_utf8(column.charset):
        present = column.present

        def read(text: bytes, out: list[bytes], exact: list[Exact]) -> None:
            out.append(present + long(len(text)) + text)

        return read
    convert = _convert(column)

    def read_converting(text: bytes, out: list[bytes], exact: list[Exact]) -> None:
        out.append(convert(text))

    return read_converting


def quoted_text(column: ColumnPlan) -> ToLiteral:
    def write(data: bytes, at: int, out: list[str]) -> int:
        value, at = sized_at(data, at)
        out.append(text_literal(value.decode()))
        return at

    return write


TEXT = Type(avro=_avro, default=_default, size=_size, log=_log, text=_text, literal=quoted_text)
