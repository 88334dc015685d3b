"""From values to SQL literals: the reference executor, in plain Python.

Literals are exact in a session with utf8mb4, time_zone '+00:00' and a strict sql_mode that holds ALLOW_INVALID_DATES
but neither NO_ZERO_DATE, NO_ZERO_IN_DATE nor NO_BACKSLASH_ESCAPES; ENUM's error value 0 is the one value that a strict
session refuses, see `Decoded.strict`.
"""

import struct
from collections.abc import Callable
from functools import lru_cache
from operator import add
from typing import Generic, NamedTuple, TypeVar

from schemas.envelope import split_name
from schemas.plan import LiteralPlan
from schemas.registry import FRAME_BYTES
from schemas.types import TYPES
from schemas.types.column import Kind, Malformed, Null
from schemas.types.vector import floats_at
from schemas.varint import long_at, sized_at

_NULL_BRANCH = {Null.FIRST: 0, Null.LAST: 1}
_NO_EXACT = b"\x00"


class Decoded(NamedTuple):
    """One change as SQL.

    `key` and `after` are "(literal,literal,...)" of the key's and of the written columns, the key that of the older
    image in a delete; where the plan compares a key's columns one by one, `key` is "(condition AND condition ...)".
    `before` is the written columns of the older image, for keyless tables alone; their `key` is "()".
    """

    op: str
    epoch: int
    source_us: int
    key: str
    after: str | None
    before: tuple[str, ...] | None
    strict: bool  # False: the row holds ENUM's value 0, which a session with a strict sql_mode refuses to store
    compared: tuple[str, ...] = ()  # of the newer image, the columns that the plan compares
    gone: tuple[str, str] | None = None  # of a row that went: the number of its counter, and the row like `after`


_Read = Callable[[bytes, int], tuple[list[str], int]]
_Skip = Callable[[bytes, int], int]


def decode(plan: LiteralPlan, value: bytes) -> Decoded:
    """Malformed when the value was not written with the plan's schema."""
    try:
        return _decode(plan, value)
    except (LookupError, ValueError, OverflowError, struct.error) as error:
        raise Malformed(f"table {plan.table}: a record does not fit its schema") from error


def _decode(plan: LiteralPlan, value: bytes) -> Decoded:
    read = _reader(plan)
    before: list[str] | None = None
    after: list[str] | None = None
    has_before, at = long_at(value, FRAME_BYTES)
    start = at
    if has_before:
        at = _skipper(plan)(value, at)
    has_after, at = long_at(value, at)
    if has_after:
        after, at = read(value, at)
    if has_before and not (has_after and plan.key):
        before, _ = read(value, start)
    source, rest = _parts(plan)
    source_us, at = source.read(value, at)
    (letter, epoch), at = rest.read(value, _long(value, at))
    strict = True
    if value[at:] != _NO_EXACT:
        strict = _put_exact(plan, value, at, before, after)
    image = before if after is None else after
    if image is None:
        raise ValueError("neither before nor after")
    return Decoded(
        op=letter,
        epoch=epoch,
        source_us=source_us,
        key=_key(plan, [image[index] for index in plan.key]),
        after=None if after is None else f"({','.join([after[index] for index in plan.written])})",
        before=None if plan.key or before is None else tuple([before[index] for index in plan.written]),
        strict=strict,
        compared=tuple([after[index] for index in plan.compared]) if plan.compared and after is not None else (),
        gone=_gone(plan, image) if after is None and plan.counter is not None else None,
    )


def _gone(plan: LiteralPlan, image: list[str]) -> tuple[str, str]:
    return image[plan.counter or 0], f"({','.join([image[index] for index in plan.written])})"


def _key(plan: LiteralPlan, literals: list[str]) -> str:
    if not plan.conditions:
        return f"({','.join(literals)})"
    return f"({' AND '.join(map(add, plan.conditions, literals))})"


@lru_cache(4096)
def _reader(plan: LiteralPlan) -> _Read:
    """The reader of a Value: the literal of each column."""
    columns = [(_NULL_BRANCH.get(column.null), TYPES[column.kind].literal(column)) for column in plan.columns]

    def read(data: bytes, at: int) -> tuple[list[str], int]:
        out: list[str] = []
        for null, column in columns:
            if null is not None:
                branch = data[at] >> 1
                at += 1
                if branch == null:
                    out.append("NULL")
                    continue
            at = column(data, at, out)
        return out, at

    return read


@lru_cache(4096)
def _skipper(plan: LiteralPlan) -> _Skip:
    """Finds the end of a Value without making literals."""
    columns = [(_NULL_BRANCH.get(column.null), _SKIPS[column.kind]) for column in plan.columns]

    def skip(data: bytes, at: int) -> int:
        for null, column in columns:
            if null is not None:
                branch = data[at] >> 1
                at += 1
                if branch == null:
                    continue
            at = column(data, at)
        return at

    return skip


def _put_exact(plan: LiteralPlan, value: bytes, at: int, before: list[str] | None, after: list[str] | None) -> bool:
    """Puts in the values that only the field `exact` holds; false when ENUM's value 0 is among those to be stored."""
    branch, at = long_at(value, at)
    strict = True
    positions = _positions(plan)
    while branch:
        count, at = long_at(value, at)
        if count == 0:
            break
        if count < 0:
            _, at = long_at(value, at)
        for _ in range(abs(count)):
            name, at = sized_at(value, at)
            text, at = sized_at(value, at)
            older, plain = split_name(name.decode())
            image = before if older or after is None else after
            column = plan.columns[positions[plain]]
            if image is not None:
                image[column.index] = TYPES[column.kind].exact_literal(text.decode(), image[column.index])
            if image is after and column.kind is Kind.ENUM and text == b"0":
                strict = False
    if at != len(value):
        raise ValueError("bytes behind the end")
    return strict


@lru_cache(1024)
def _positions(plan: LiteralPlan) -> dict[str, int]:
    return {column.name: column.index for column in plan.columns}


_T = TypeVar("_T")


class _Repeated(Generic[_T]):
    """A part of records that neighbours repeat byte for byte: what the last one meant is kept."""

    __slots__ = ("_last", "_parse")

    def __init__(self, parse: Callable[[bytes, int], tuple[_T, int]]) -> None:
        self._parse = parse
        self._last: tuple[bytes, _T] | None = None

    def read(self, data: bytes, at: int) -> tuple[_T, int]:
        """What the part at `at` means, and where it ends."""
        if self._last is not None and data.startswith(self._last[0], at):
            return self._last[1], at + len(self._last[0])
        meaning, end = self._parse(data, at)
        self._last = (data[at:end], meaning)
        return meaning, end


@lru_cache(4096)
def _parts(plan: LiteralPlan) -> tuple[_Repeated[int], _Repeated[tuple[str, int]]]:
    """The readers of what precedes and follows the field `row`."""
    return _Repeated(_source), _Repeated(_rest)


def _source(data: bytes, at: int) -> tuple[int, int]:
    """`source.ts_us`, and where the field `row` begins."""
    at = _sized(data, _sized(data, _sized(data, at)))  # version, connector, name
    at = _sized(data, _long(data, at) + 1)  # ts_ms; snapshot, whose first branch is the string
    at = _optional_sized(data, _sized(data, at))  # db, sequence
    branch, at = long_at(data, at)
    source_us = 0
    if branch:
        source_us, at = long_at(data, at)
    at = _optional_sized(data, _optional_long(data, at))  # ts_ns, table
    at = _optional_sized(data, _long(data, at))  # server_id, gtid
    return source_us, _long(data, _sized(data, at))  # file, pos


def _rest(data: bytes, at: int) -> tuple[tuple[str, int], int]:
    """The operation and the epoch, and where the field `exact` begins."""
    at = _optional_sized(data, _optional_long(data, at))  # thread, query
    branch, at = long_at(data, at)
    if branch:  # transaction: id, total_order, data_collection_order
        at = _long(data, _long(data, _sized(data, at)))
    letter, at = sized_at(data, at)
    at = _optional_long(data, _optional_long(data, _optional_long(data, at)))  # ts_ms, ts_us, ts_ns
    epoch, at = long_at(data, at)
    return (letter.decode(), epoch), at


# --- what is passed over ----------------------------------------------------------------------------------------------


def _long(data: bytes, at: int) -> int:
    while data[at] > 127:
        at += 1
    return at + 1


def _sized(data: bytes, at: int) -> int:
    size = data[at]
    if size < 128:
        return at + 1 + (size >> 1)
    size, at = long_at(data, at)
    if size < 0:
        raise ValueError("a negative length")
    return at + size


def _optional_long(data: bytes, at: int) -> int:
    return _long(data, at + 1) if data[at] else at + 1


def _optional_sized(data: bytes, at: int) -> int:
    return _sized(data, at + 1) if data[at] else at + 1


def _byte(data: bytes, at: int) -> int:
    return at + 1


def _four(data: bytes, at: int) -> int:
    return at + 4


def _eight(data: bytes, at: int) -> int:
    return at + 8


def _geometry(data: bytes, at: int) -> int:
    return _optional_long(data, _sized(data, at))


def _point(data: bytes, at: int) -> int:
    return _optional_long(data, _optional_sized(data, at + 16))


def _array(data: bytes, at: int) -> int:
    return floats_at(data, at)[1]


_SKIPS: dict[Kind, _Skip] = {
    **dict.fromkeys((Kind.INTEGER, Kind.YEAR, Kind.DATE, Kind.TIME, Kind.DATETIME), _long),
    **dict.fromkeys((Kind.BOOLEAN, Kind.BIT), _byte),
    **dict.fromkeys(
        (
            Kind.DECIMAL,
            Kind.BITS,
            Kind.TIMESTAMP,
            Kind.TEXT,
            Kind.BINARY,
            Kind.PADDED_BINARY,
            Kind.JSON,
            Kind.ENUM,
            Kind.SET,
        ),
        _sized,
    ),
    Kind.FLOAT: _four,
    Kind.DOUBLE: _eight,
    Kind.GEOMETRY: _geometry,
    Kind.POINT: _point,
    Kind.VECTOR: _array,
}
