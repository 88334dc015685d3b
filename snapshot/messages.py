"""What capture and its snapshot readers say to each other, and how it lies in a stream of bytes.

A frame is <total: I><kind: B><header: I><header as JSON><body>. Only a chunk has a body: its keys, rows and exacts as
lengths and blobs, because a reader has encoded them and capture only splices. Pure.
"""

import json
import struct
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from schemas.codec import ChunkRows
from schemas.position import GtidSet, LogPosition
from snapshot.keyset import Bound

MAX_FRAME = 1 << 31
_PREFIX = struct.Struct("<IBI")


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """To a reader: read this range to its end, in chunks; it replaces what the reader was doing."""

    number: int
    task: str
    table: str  # schemas.table.to_json
    key_id: int
    value_id: int
    after: Bound | None
    until: Bound | None
    needs: str  # a GTID set that must be executed before anything is read
    chunk_bytes: int


@dataclass(frozen=True, slots=True)
class Held:
    """To a reader: the stream stands still, fix the position of the keyless table now."""

    walk: int


@dataclass(frozen=True, slots=True)
class Credit:
    """To a reader: a chunk of yours has left the window."""


@dataclass(frozen=True, slots=True)
class Ready:
    """From a reader: it is connected to this server."""

    server_uuid: str


@dataclass(frozen=True, slots=True)
class Chunk:
    """From a reader: rows that follow each other in the key's order; `last` is the key of the last one that was read."""

    walk: int
    low: GtidSet
    high: LogPosition
    rows: ChunkRows
    last: Bound | None
    final: bool  # the range ends here


@dataclass(frozen=True, slots=True)
class HoldWanted:
    """From a reader: it is about to lock a keyless table for a moment; the stream must stand still meanwhile."""

    walk: int


@dataclass(frozen=True, slots=True)
class HoldEnded:
    """From a reader: it did not get the lock in time and tries again later."""

    walk: int


@dataclass(frozen=True, slots=True)
class Located:
    """From a reader: the rows that come are the keyless table's at `high`."""

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
    FATAL = "fatal"
    BUG = "bug"


@dataclass(frozen=True, slots=True)
class Failed:
    """From a reader, the last thing that it says."""

    kind: Kind
    error: str
    hint: str = ""


Command = Walk | Held | Credit
Report = Ready | Chunk | HoldWanted | HoldEnded | Located | Changed | Failed
