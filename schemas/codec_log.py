"""From rows of the log to keys and values: the reference executor, in plain Python.

A rows event (version 2) holds, after its header, for each row one image (insert, delete) or two (update): a bitmap of
NULLs over the present columns, then the values.
https://dev.mysql.com/doc/dev/mysql-server/latest/classmysql_1_1binlog_1_1event_1_1Rows__event.html
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache

from runtime.errors import Fatal
from schemas.envelope import NO_EXACT, Envelope, exact_map, op
from schemas.keys import key_of
from schemas.plan import TablePlan
from schemas.registry import frame
from schemas.types import TYPES
from schemas.types.column import Exact, Malformed
from schemas.varint import long

_NONE, _SOME = b"\x00", b"\x02"  # branches of [null, Value]


class RowsKind(IntEnum):
    """What a rows event does."""

    INSERT = 1
    UPDATE = 2
    DELETE = 3


@dataclass(frozen=True, slots=True)
class RowsImage:
    """The kind of a rows event and its bitmaps of present columns (column n is bit n % 8 of byte n // 8): of the older
    image of an UPDATE or DELETE, and of the newer image of an UPDATE or INSERT; the other one is empty."""

    kind: RowsKind
    before: bytes
    after: bytes


@dataclass(frozen=True, slots=True)
class Messages:
    """Keys and values of a rows event, in order; `rows` counts its row changes, skipped ones included."""

    keys: list[bytes | None]
    values: list[bytes]
    rows: int


#: Reads the row image at a place: Avro of each column, what Avro does not hold, and where the image ends.
_Read = Callable[[bytes, int], tuple[list[bytes], list[Exact], int]]


def encode_rows(
    plan: TablePlan, image: RowsImage, rows: bytes, envelope: Envelope, skip: int, first: int = 0
) -> Messages:
    """Messages of every row after the first `skip`; `rows` is what follows the bitmaps of present columns, `first` the
    number of the first of these rows at its place in the log."""
    try:
        match image.kind:
            case RowsKind.INSERT:
                return _inserts(plan, _reader(plan, image.after), rows, envelope, skip, first)
            case RowsKind.UPDATE:
                read_before, read_after = _reader(plan, image.before), _reader(plan, image.after)
                return _updates(plan, read_before, read_after, rows, envelope, skip, first)
            case RowsKind.DELETE:
                return _deletes(plan, _reader(plan, image.before), rows, envelope, skip, first)
    except (LookupError, ValueError, OverflowError, struct.error) as error:
        raise Malformed(f"table {plan.table.name}: a row image does not fit the table's columns") from error


def _inserts(plan: TablePlan, read: _Read, rows: bytes, envelope: Envelope, skip: int, first: int) -> Messages:
    keys: list[bytes | None] = []
    values: list[bytes] = []
    key, head = key_of(plan), frame(plan.value_id) + _NONE + _SOME
    source, tail = envelope.source, envelope.rest + op("c") + envelope.times
    at, number = 0, first
    skip += first
    while at < len(rows):
        row, exact, at = read(rows, at)
        if number >= skip:
            keys.append(key(row, exact))
            last = exact_map(plan.columns, exact) if exact else NO_EXACT
            values.append(b"".join((head, *row, source, long(number), tail, last)))
        number += 1
    return Messages(keys, values, number - first)


def _deletes(plan: TablePlan, read: _Read, rows: bytes, envelope: Envelope, skip: int, first: int) -> Messages:
    keys: list[bytes | None] = []
    values: list[bytes] = []
    key, head = key_of(plan), frame(plan.value_id) + _SOME
    source, tail = _NONE + envelope.source, envelope.rest + op("d") + envelope.times
    at, number = 0, first
    skip += first
    while at < len(rows):
        row, exact, at = read(rows, at)
        if number >= skip:
            keys.append(key(row, exact))
            last = exact_map(plan.columns, exact) if exact else NO_EXACT
            values.append(b"".join((head, *row, source, long(number), tail, last)))
        number += 1
    return Messages(keys, values, number - first)


def _updates(
    plan: TablePlan, read_before: _Read, read_after: _Read, rows: bytes, envelope: Envelope, skip: int, first: int
) -> Messages:
    messages = Messages([], [], 0)
    update, key = _Update(plan, envelope), key_of(plan)
    at, number = 0, first
    skip += first
    while at < len(rows):
        before, exact_before, at = read_before(rows, at)
        after, exact_after, at = read_after(rows, at)
        if number >= skip:
            old, new = key(before, exact_before), key(after, exact_after)
            if old == new:
                messages.keys.append(new)
                messages.values.append(update.same_key(number, before, exact_before, after, exact_after))
            else:
                messages.keys.extend((old, new))
                messages.values.append(update.delete(number, before, exact_before))
                messages.values.append(update.create(number, after, exact_after))
        number += 1
    return Messages(messages.keys, messages.values, number - first)


class _Update:
    """The values that one updated row makes."""

    __slots__ = ("_columns", "_envelope", "_frame", "_tail")

    def __init__(self, plan: TablePlan, envelope: Envelope) -> None:
        self._columns = plan.columns
        self._envelope = envelope
        self._frame = frame(plan.value_id)
        self._tail = envelope.rest + op("u") + envelope.times

    def same_key(
        self, number: int, before: list[bytes], exact_before: list[Exact], after: list[bytes], exact_after: list[Exact]
    ) -> bytes:
        exact = exact_map(self._columns, exact_after, exact_before) if exact_after or exact_before else NO_EXACT
        source = self._envelope.source
        return b"".join((self._frame, _SOME, *before, _SOME, *after, source, long(number), self._tail, exact))

    def delete(self, number: int, row: list[bytes], exact: list[Exact]) -> bytes:
        common = self._envelope
        tail = (common.source, long(number), common.rest, op("d"), common.times, exact_map(self._columns, exact))
        return b"".join((self._frame, _SOME, *row, _NONE, *tail))

    def create(self, number: int, row: list[bytes], exact: list[Exact]) -> bytes:
        common = self._envelope
        tail = (common.source, long(number), common.rest, op("c"), common.times, exact_map(self._columns, exact))
        return b"".join((self._frame, _NONE, _SOME, *row, *tail))


def complete(plan: TablePlan, present: bytes) -> None:
    """Refuses images that lack a column."""
    bits = int.from_bytes(present, "little")
    missing = [column.name for column in plan.columns if not bits >> column.index & 1]
    if missing or bits >> len(plan.columns):
        raise Fatal(
            f"table {plan.table.name}: a row of the log lacks {', '.join(missing) or 'known columns'}",
            hint="SET GLOBAL binlog_row_image=FULL at the source and reconnect its clients",
        )


@lru_cache(4096)
def _reader(plan: TablePlan, present: bytes) -> _Read:
    """The reader of row images in which every column is present."""
    complete(plan, present)
    columns = [(TYPES[column.kind].log(column), column.absent) for column in plan.columns]
    readers = [read for read, _ in columns]
    bitmap_bytes, mask = (len(columns) + 7) // 8, (1 << len(columns)) - 1  # bits behind the last column mean nothing
    name = plan.table.name

    def read(data: bytes, at: int) -> tuple[list[bytes], list[Exact], int]:
        end = at + bitmap_bytes
        nulls = int.from_bytes(data[at:end], "little") & mask
        at = end
        out: list[bytes] = []
        exact: list[Exact] = []
        if nulls:
            for column, absent in columns:
                if not nulls & 1:
                    at = column(data, at, out, exact)
                elif absent is None:
                    raise Malformed(f"table {name}: NULL in a NOT NULL column")
                else:
                    out.append(absent)
                nulls >>= 1
        else:
            for column in readers:
                at = column(data, at, out, exact)
        if at > len(data):
            raise Malformed(f"table {name}: a row image ends {at - len(data)} bytes behind its event")
        return out, exact, at

    return read
