"""Character columns: CHAR, VARCHAR and the TEXTs, as UTF-8.

Where the text would not lead back to the same bytes, `exact` holds these: `_sjis 0x815f`, as MySQL writes a literal.
"""

import re
from collections.abc import Callable

from runtime.errors import Fatal
from schemas.charsets import MARK, decoder, is_utf8, keeps_ascii, known, longest, shortest, text_of, trimmed
from schemas.sql import text_literal
from schemas.table import Column
from schemas.types.annotation import primitive
from schemas.types.column import ColumnPlan, Exact, FromLog, FromText, Json, Malformed, ToLiteral, Type
from schemas.varint import long, sized, sized_at
from schemas.varint import text as avro_text

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
    """The column's charset; Fatal when nothing is known of it."""
    charset = column.charset or "binary"
    if not known(charset):
        raise Fatal(
            f"column {column.name}: charset {charset} is not known",
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
    put = _text(column)
    if column.size > 1:
        prefix, width = prefix_reader(column.size), column.size
        present, ascii_too = column.present, keeps_ascii(column.charset)

        def read(data: bytes, at: int, out: list[bytes], exact: list[Exact]) -> int:
            size = prefix(data, at)
            start = at + width
            end = start + size
            value = data[start:end]
            if ascii_too and value.isascii():
                out.append(present + long(size) + value)
            else:
                put(value, out, exact)
            return end

        return read
    if not keeps_ascii(column.charset):

        def read_short(data: bytes, at: int, out: list[bytes], exact: list[Exact]) -> int:
            start = at + 1
            end = start + data[at]
            put(data[start:end], out, exact)
            return end

        return read_short
    heads = [column.present + long(size) for size in range(256)]

    def read_short_ascii(data: bytes, at: int, out: list[bytes], exact: list[Exact]) -> int:
        size = data[at]
        start = at + 1
        end = start + size
        value = data[start:end]
        if value.isascii():
            out.append(heads[size] + value)
        else:
            put(value, out, exact)
        return end

    return read_short_ascii


def _text(column: ColumnPlan) -> FromText:
    present, index, charset = column.present, column.index, column.charset
    decode, same, ascii_too = decoder(charset), is_utf8(charset), keeps_ascii(charset)
    padded = column.padded

    def put(value: bytes, out: list[bytes], exact: list[Exact]) -> None:
        if ascii_too and value.isascii():
            out.append(present + long(len(value)) + value)
            return
        text = decode(value)
        if text is None:
            if padded:  # a server cannot count the characters of a lone surrogate: its log has the CHAR filled up
                value = trimmed(charset, value)
            exact.append((index, f"_{charset} 0x{value.hex()}"))
            out.append(present + sized(text_of(charset, value).encode()))
        else:
            out.append(present + sized(value if same else text.encode()))

    return put


_EXACT = re.compile(r"_([a-z0-9]+) 0x((?:[0-9a-f]{2})*)")


def _exact_literal(exact: str, literal: str) -> str:
    found = _EXACT.fullmatch(exact)
    if found is None:
        raise Malformed(f"`exact` holds {exact[:40]!r} for a character column")
    charset, digits = found.groups()
    if len(digits) // 2 % shortest(charset):  # the server would fill it up with zeros
        raise Fatal(
            f"a value of {len(digits) // 2} bytes is no {charset} text, and no statement can store it: 0x{digits[:80]}",
            hint="correct the row at the source, let `penstock capture` publish that, then start again",
        )
    return f"_{charset} X'{digits}'"


def _exact_key(column: ColumnPlan, exact: str) -> bytes:
    """No certain text begins so."""
    return avro_text(MARK + exact)


def quoted_text(column: ColumnPlan) -> ToLiteral:
    def write(data: bytes, at: int, out: list[str]) -> int:
        value, at = sized_at(data, at)
        out.append(text_literal(value.decode()))
        return at

    return write


TEXT = Type(
    avro=_avro,
    default=_default,
    size=_size,
    log=_log,
    text=_text,
    literal=quoted_text,
    exact_literal=_exact_literal,
    exact_key=_exact_key,
)
