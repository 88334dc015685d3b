"""What capture and its snapshot readers say to each other, and how it lies in a stream of bytes.

A frame is <total: I><kind: B><header: I><header as JSON><body>. Only a chunk has a body: its keys, rows and exacts as
lengths and blobs, because a reader has encoded them and capture only splices. Pure.
"""

import json
import struct
from array import array
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import accumulate, pairwise
from typing import Any

from schemas.codec import ChunkRows
from schemas.position import GtidSet, LogPosition, Naming
from snapshot.keyset import Bound

MAX_FRAME = 1 << 31
_PREFIX = struct.Struct("<IBI")


@dataclass(frozen=True, slots=True)
class Login:
    """To a reader, first of all: its server, as JSON of runtime.mysql.Endpoint."""

    endpoint: str = field(repr=False)
    naming: Naming


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """To a reader: read this range to its end, in chunks; it replaces what the reader was doing."""

    number: int
    task: str
    table: str  # schemas.table.to_json
    key_id: int
    value_id: int
    at_once: bool  # all rows as they are at one position
    after: Bound | None
    until: Bound | None
    descending: tuple[str, ...]  # columns of the key, see keyset.Span
    needs: str  # a GTID set that must be executed before anything is read
    chunk_bytes: int


@dataclass(frozen=True, slots=True)
class Held:
    """To a reader: the stream stands still, fix the position of the table that is read at once."""

    walk: int


@dataclass(frozen=True, slots=True)
class Credit:
    """To a reader: a chunk of yours has left the window."""


@dataclass(frozen=True, slots=True)
class Rest:
    """To a reader: read nothing more of what you are reading."""


@dataclass(frozen=True, slots=True)
class Ready:
    """From a reader: it is connected."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """From a reader: rows that follow each other in the key's order; `last` is the key of the last one."""

    walk: int
    low: GtidSet
    high: LogPosition
    rows: ChunkRows
    last: Bound | None
    final: bool  # the range ends here


@dataclass(frozen=True, slots=True)
class HoldWanted:
    """From a reader: it is about to lock a table for a moment; the stream must stand still meanwhile."""

    walk: int


@dataclass(frozen=True, slots=True)
class HoldEnded:
    """From a reader: it did not get the lock in time and tries again later."""

    walk: int


@dataclass(frozen=True, slots=True)
class Located:
    """From a reader: the rows that come are the table's at `high`."""

    walk: int
    low: GtidSet
    high: LogPosition


@dataclass(frozen=True, slots=True)
class Changed:
    """From a reader: the server's definition of the table does not fit the plan; the change lies before `high`."""

    walk: int
    high: LogPosition
    error: str


class Kind(StrEnum):
    """Kinds of failure, as in runtime.errors."""

    TRANSIENT = "transient"
    ELSEWHERE = "elsewhere"
    FATAL = "fatal"
    BUG = "bug"


@dataclass(frozen=True, slots=True)
class Failed:
    """From a reader, the last thing that it says."""

    kind: Kind
    error: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Ended:
    """In place of a report: the reader is gone."""


Command = Login | Walk | Held | Credit | Rest
Report = Ready | Chunk | HoldWanted | HoldEnded | Located | Changed
Message = Command | Report | Failed

_CLASSES: tuple[type[Message], ...] = (
    Login, Walk, Held, Credit, Rest, Ready, Chunk, HoldWanted, HoldEnded, Located, Changed, Failed,
)  # fmt: skip


def pack(message: Message) -> list[bytes]:
    """A message as buffers to be written one after the other."""
    fields: dict[str, object] = {name: getattr(message, name) for name in message.__slots__}
    body: list[bytes] = []
    if isinstance(message, Chunk):
        rows = message.rows
        fields["rows"] = len(rows.rows)
        exact_once = len(set(rows.exacts)) == 1  # nearly always: few values need a text beside them
        exacts = rows.exacts[:1] if exact_once else rows.exacts
        keys = [key for key in rows.keys if key is not None]
        for blobs in (keys, rows.rows, exacts):
            body += [struct.pack("<I", len(blobs)), array("I", map(len, blobs)).tobytes(), b"".join(blobs)]
    header = json.dumps(fields, default=_plain).encode()
    total = len(header) + sum(map(len, body))
    if total > MAX_FRAME:
        raise ValueError(f"a message of {total} bytes")
    return [_PREFIX.pack(total, _CLASSES.index(type(message)), len(header)) + header, *body]


class Frames:
    """Cuts a stream of bytes into messages."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes | memoryview) -> list[Message]:
        """The messages that are complete with `data`."""
        buffer = self._buffer
        buffer += data
        messages: list[Message] = []
        at = 0
        with memoryview(buffer) as view:
            while len(buffer) - at >= _PREFIX.size:
                total, kind, header = _PREFIX.unpack_from(buffer, at)
                if total > MAX_FRAME or header > total or kind >= len(_CLASSES):
                    raise ValueError("the stream of messages is out of step")
                start = at + _PREFIX.size
                if len(buffer) - start < total:
                    break
                at = start + total
                messages.append(
                    _unpack(_CLASSES[kind], bytes(view[start : start + header]), bytes(view[start + header : at]))
                )
        del buffer[:at]
        return messages


def _unpack(message: type[Message], header: bytes, body: bytes) -> Message:
    fields = {name: _restored(name, value) for name, value in json.loads(header).items()}
    if message is Chunk:
        fields["rows"] = _rows(int(fields["rows"]), body)
    return message(**fields)


def _rows(count: int, body: bytes) -> ChunkRows:
    keys, at = _blobs(body, 0)
    rows, at = _blobs(body, at)
    exacts, at = _blobs(body, at)
    if len(rows) != count or at != len(body):
        raise ValueError("the stream of messages is out of step")
    return ChunkRows([*keys] or [None] * count, rows, exacts * count if len(exacts) == 1 else exacts)


def _blobs(body: bytes, at: int) -> tuple[list[bytes], int]:
    (count,) = struct.unpack_from("<I", body, at)
    start = at + 4 + 4 * count
    lengths = array("I", body[at + 4 : start])
    ends = list(accumulate(lengths, initial=start))
    return [body[first:end] for first, end in pairwise(ends)], ends[-1]


def _plain(value: object) -> object:
    match value:
        case GtidSet():
            return str(value)
        case LogPosition():
            return [value.file, value.offset]
    raise TypeError(f"{value!r} is no part of a message")


def _restored(name: str, value: Any) -> Any:
    match name:
        case "low":
            return GtidSet.parse(value)
        case "high":
            return LogPosition.of(*value)
        case "after" | "until" | "last" | "descending":
            return None if value is None else tuple(value)
        case "kind":
            return Kind(value)
        case "naming":
            return Naming(value)
    return value
