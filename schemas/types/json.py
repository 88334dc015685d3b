"""JSON columns: the server's own text of the document; what a document is beyond its text is in `exact`."""

from schemas.sql import text_literal
from schemas.table import Column
from schemas.types import json_kinds
from schemas.types.annotation import named
from schemas.types.column import ColumnPlan, Exact, FromLog, FromText, Json, ToLiteral, Type
from schemas.types.jsonb import json_text, odd_leaves
from schemas.varint import sized, sized_at

_LENGTH_BYTES = 4


def _avro(column: Column) -> dict[str, Json]:
    return named(column, "string", "io.debezium.data.Json")


def _no_default(column: Column, text: str) -> Json:
    raise ValueError(text)


def _size(column: Column) -> int:
    return _LENGTH_BYTES


def _log(column: ColumnPlan) -> FromLog:
    present, index = column.present, column.index

    def read(data: bytes, at: int, out: list[bytes], exact: list[Exact]) -> int:
        start = at + _LENGTH_BYTES
        end = start + int.from_bytes(data[at:start], "little")
        document = data[start:end]
        text, odd = json_text(document)
        out.append(present + sized(text))
        if odd:
            exact.append((index, json_kinds.exact(odd_leaves(document))))
        return end

    return read


def _text(column: ColumnPlan) -> FromText:
    present, index = column.present, column.index

    def read(text: bytes, out: list[bytes], exact: list[Exact]) -> None:
        document, kinds = json_kinds.read(text)
        out.append(present + sized(document))
        if kinds:
            exact.append((index, kinds))

    return read


def _literal(column: ColumnPlan) -> ToLiteral:
    def write(data: bytes, at: int, out: list[str]) -> int:
        value, at = sized_at(data, at)
        out.append(f"CAST({text_literal(value.decode())} AS JSON)")
        return at

    return write


JSON = Type(
    avro=_avro,
    default=_no_default,
    size=_size,
    log=_log,
    text=_text,
    literal=_literal,
    select=json_kinds.select,
    exact_literal=json_kinds.rebuilt,
)
