"""From rows of a SELECT to keys, rows and values: the reference executor, in plain Python.

A row of the text protocol is one length-encoded string per column, 0xFB for NULL:
https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_query_response_text_resultset_row.html
The same row gives the same bytes here and in `codec_log`.
"""

import struct
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache

from schemas.envelope import NO_EXACT, Envelope, exact_map, op
from schemas.keys import key_of
from schemas.plan import TablePlan
from schemas.registry import frame
from schemas.sql import identifier
from schemas.table import Column, Table
from schemas.types import TYPES, kind_of
from schemas.types.column import ColumnPlan, Exact, Kind, Malformed
from schemas.varint import long

_NULL_IN_AVRO = frozenset((Kind.DATE, Kind.TIME, Kind.DATETIME, Kind.TIMESTAMP))
_LENGTH = struct.Struct("<I")
_NULL, _TWO, _THREE, _EIGHT = 0xFB, 0xFC, 0xFD, 0xFE


@dataclass(frozen=True, slots=True)
class ChunkRows:
    """The rows of a chunk: their keys, the Avro of their columns, and their field `exact`."""

    keys: list[bytes | None]
    rows: list[bytes]
    exacts: list[bytes]


_Read = Callable[[bytes, int, int], tuple[list[bytes], list[Exact]]]


def chunk_select(table: Table, without: Collection[str] = ()) -> list[str]:
    """For each column the expression to select, so that its text is exact; NULL, or else nothing much, for columns that
    are left out (`without`).

    The session reads in utf8mb4, with time_zone '+00:00', without PAD_CHAR_TO_FULL_LENGTH and with the largest
    group_concat_max_len.
    """
    return [
        _stand_in(column, kind_of(column, table.key))
        if column.name in without
        else _expression(column, kind_of(column, table.key))
        for column in table.columns
    ]


def _stand_in(column: Column, kind: Kind) -> str:
    if column.nullable or kind in _NULL_IN_AVRO:
        return "NULL"
    return "'null'" if kind is Kind.JSON else "''" if kind in (Kind.TEXT, Kind.BINARY) else "0"


def _expression(column: Column, kind: Kind) -> str:
    name = identifier(column.name)
    if kind is Kind.TEXT and column.charset != "utf8mb4":
        return f"CAST({name} AS BINARY)"  # the column's own bytes, read as those of the log are
    return TYPES[kind].select(name)


def encode_chunk(plan: TablePlan, raw: bytes) -> ChunkRows:
    """`raw`: each row after its length in four little-endian bytes, its columns as `chunk_select` says."""
    chunk = ChunkRows([], [], [])
    read, key = _reader(plan), key_of(plan)
    at, size = 0, len(raw)
    try:
        while at < size:
            start = at + _LENGTH.size
            at = start + _LENGTH.unpack_from(raw, at)[0]
            row, exact = read(raw, start, at)
            chunk.keys.append(key(row, exact))
            chunk.rows.append(b"".join(row))
            chunk.exacts.append(exact_map(plan.columns, exact) if exact else NO_EXACT)
    except (LookupError, ValueError, OverflowError, struct.error) as error:
        raise Malformed(f"table {plan.table.name}: a row of its SELECT cannot be read") from error
    return chunk


def splice(plan: TablePlan, rows: Sequence[bytes], exacts: Sequence[bytes], envelope: Envelope) -> list[bytes]:
    """The values (op r) of rows of a chunk."""
    head = frame(plan.value_id) + b"\x00\x02"  # no `before`; `after` follows
    middle = envelope.source + long(0) + envelope.rest + op("r") + envelope.times
    return [b"".join((head, row, middle, exact)) for row, exact in zip(rows, exacts, strict=True)]


def last_row(raw: bytes) -> bytes:
    """The last row of a chunk, without its length; empty for an empty chunk."""
    at, row = 0, b""
    while at < len(raw):
        start = at + _LENGTH.size
        at = start + _LENGTH.unpack_from(raw, at)[0]
        row = raw[start:at]
    return row


def key_literals(plan: TablePlan, raw_last_row: bytes) -> tuple[str, ...]:
    """The key of a row as SQL literals, for the condition that continues behind it.

    ENUM and SET as the numbers that they are ordered by; text, numbers and times as `decode` writes them.
    """
    row, exact = _reader(plan)(raw_last_row, 0, len(raw_last_row))
    texts = dict(exact)
    return tuple(_key_literal(plan.columns[index], row[index], texts.get(index), raw_last_row) for index in plan.key)


def _key_literal(column: ColumnPlan, avro: bytes, exact: str | None, raw_row: bytes) -> str:
    if column.kind in (Kind.ENUM, Kind.SET):
        return str(int(_field(raw_row, column.index)))
    known = TYPES[column.kind]
    if exact is not None:
        return known.exact_literal(exact, "NULL")
    out: list[str] = []
    known.literal(column)(avro, 0, out)
    return out[0]


def _field(row: bytes, index: int) -> bytes:
    at = 0
    for _ in range(index):
        start, size = _bounds(row, at)
        at = start + size
    start, size = _bounds(row, at)
    return row[start : start + size]


def _bounds(row: bytes, at: int) -> tuple[int, int]:
    """Where the bytes of the length-encoded string at `at` start, and their number."""
    first = row[at]
    if first <= _NULL:
        return at + 1, first if first < _NULL else 0
    width = {_TWO: 2, _THREE: 3, _EIGHT: 8}[first]
    start = at + 1 + width
    return start, int.from_bytes(row[at + 1 : start], "little")


@lru_cache(4096)
def _reader(plan: TablePlan) -> _Read:
    columns = [(TYPES[column.kind].text(column), column.absent) for column in plan.columns]
    name = plan.table.name

    def read(raw: bytes, at: int, end: int) -> tuple[list[bytes], list[Exact]]:
        out: list[bytes] = []
        exact: list[Exact] = []
        for column, absent in columns:
            size = raw[at]
            at += 1
            if size == _NULL:
                if absent is None:
                    raise Malformed(f"table {name}: NULL in a NOT NULL column")
                out.append(absent)
                continue
            if size > _NULL:
                at, size = _bounds(raw, at - 1)
            stop = at + size
            if stop > end:
                raise Malformed(f"table {name}: a value ends {stop - end} bytes behind its row")
            column(raw[at:stop], out, exact)
            at = stop
        if at != end:
            raise Malformed(f"table {name}: a row has {end - at} bytes more than its columns")
        return out, exact

    return read
