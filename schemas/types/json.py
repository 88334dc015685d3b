"""JSON columns: the server's own text of the document."""

import json
import re
from collections.abc import Iterator

from schemas.sql import text_literal
from schemas.table import Column
from schemas.types.annotation import named
from schemas.types.binary import bytes_text
from schemas.types.column import ColumnPlan, Exact, FromLog, Json, ToLiteral, Type
from schemas.types.jsonb import double_text, json_text
from schemas.varint import sized, sized_at

_LENGTH_BYTES = 4
_SMALLEST, _LARGEST = -(1 << 63), (1 << 64) - 1
#: A DECIMAL that reads back as another number ends in a zero, or has more digits than a DOUBLE.
_ENDS_IN_ZERO = re.compile(r"\.[0-9]+0(?![0-9])")
_LONG = re.compile(r"[0-9][0-9.]{16}")


def _avro(column: Column) -> dict[str, Json]:
    return named(column, "string", "io.debezium.data.Json")


def _no_default(column: Column, text: str) -> Json:
    raise ValueError(text)


def _size(column: Column) -> int:
    return _LENGTH_BYTES


def _log(column: ColumnPlan) -> FromLog:
    present = column.present

    def read(data: bytes, at: int, out: list[bytes], exact: list[Exact]) -> int:
        start = at + _LENGTH_BYTES
        end = start + int.from_bytes(data[at:start], "little")
        out.append(present + sized(json_text(data[start:end])))
        return end

    return read


class _Decimal(str):
    """The text of a number that is no INTEGER and no DOUBLE."""

    __slots__ = ()


def _integer(text: str) -> str:
    return "" if _SMALLEST <= int(text) <= _LARGEST else _Decimal(text)


def _real(text: str) -> str:
    return "" if double_text(float(text)) == text else _Decimal(text)


def _decimals(value: object, path: str) -> Iterator[tuple[str, str]]:
    """(path, text) of each DECIMAL in a document."""
    if isinstance(value, _Decimal):
        yield path, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _decimals(inner, f"{path}.{json.dumps(key, ensure_ascii=False)}")
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _decimals(inner, f"{path}[{number}]")


def json_literal(text: str) -> str:
    """An expression of type JSON that prints as `text`.

    A document read from text holds no DECIMAL (1.10 becomes 1.1), so those are put in one by one.
    """
    if _ENDS_IN_ZERO.search(text) or _LONG.search(text):
        found = list(_decimals(json.loads(text, parse_int=_integer, parse_float=_real), "$"))
        if found and found[0][0] == "$":
            return f"CAST({found[0][1]} AS JSON)"
        if found:
            replaced = ",".join(f"{text_literal(path)},{number}" for path, number in found)
            return f"JSON_REPLACE({text_literal(text)},{replaced})"
    return f"CAST({text_literal(text)} AS JSON)"


def _literal(column: ColumnPlan) -> ToLiteral:
    def write(data: bytes, at: int, out: list[str]) -> int:
        value, at = sized_at(data, at)
        out.append(json_literal(value.decode()))
        return at

    return write


JSON = Type(avro=_avro, default=_no_default, size=_size, log=_log, text=bytes_text, literal=_literal)
