"""Places in the source's log: GTID sets, and file with offset.

A GTID set is a map from a source id (`uuid`, or `uuid:tag` since 8.3) to disjoint, sorted intervals [first, end).
Text form: https://dev.mysql.com/doc/refman/8.4/en/replication-gtids-concepts.html

A server without GTIDs names no transactions. There a transaction is named by where it begins in that server's log,
`uuid/binlog.000003:1234`, and a set is everything that begins before one place, written alike; with a `+` behind it,
what begins at the place belongs to it too. Files and offsets count as one number, so that all that holds of GTID sets
holds of these; places in the logs of two servers never compare.
"""

import re
import struct
import uuid
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice

Interval = tuple[int, int]
_PART = re.compile(r"[0-9a-fA-F]{8}(?:-?[0-9a-fA-F]{4}){3}-?[0-9a-fA-F]{12}")
_TAG = re.compile(r"[a-z_][a-z0-9_]{0,31}")
_TAGGED = 1  # the encoding with tags
_PLACE = re.compile(rf"({_PART.pattern})/(.+)\.(\d+):(\d+)(\+?)")
_LAST = (1 << 63) - 1  # the server's own limit
_FILE = 1 << 48  # a place as a number: the file times this, and twice the offset; one more behind what begins there


class Naming(StrEnum):
    """How a task names the transactions of its source, from its first to its last."""

    GTID = "gtid"
    PLACE = "place"


class GtidSet:
    """A set of transactions. Mutable on purpose: capture adds one GTID per transaction; `copy` before you share."""

    __slots__ = ("_intervals",)

    def __init__(self, intervals: Mapping[str, Iterable[Interval]] | None = None) -> None:
        self._intervals: dict[str, list[Interval]] = {
            source: _merged(parts) for source, parts in (intervals or {}).items()
        }

    @classmethod
    def parse(cls, text: str) -> "GtidSet":
        """Reads MySQL's text form; ValueError says what is wrong."""
        found: dict[str, list[Interval]] = {}
        for part in "".join(text.split()).split(","):
            if not part:
                continue
            if place := _PLACE.fullmatch(part):
                end = int(place[3]) * _FILE + 2 * int(place[4]) + len(place[5])
                found[f"{uuid.UUID(place[1])}/{place[2]}"] = [(0, end)]
                continue
            source, *rest = part.split(":")
            if not _PART.fullmatch(source):
                raise ValueError(f"not a GTID set: {part!r}")
            name = str(uuid.UUID(source))
            key = name
            for piece in rest:
                if _TAG.fullmatch(piece.lower()):
                    key = f"{name}:{piece.lower()}"
                    continue
                first, _, last = piece.partition("-")
                start, end = int(first), int(last or first) + 1
                if start < 1 or end < start or end > _LAST:
                    raise ValueError(f"not a GTID interval: {piece!r}")
                if end > start:
                    found.setdefault(key, []).append((start, end))
        return cls(found)

    @classmethod
    def before(cls, server: str, place: "LogPosition") -> "GtidSet":
        """Everything that begins before a place in the log of a server without GTIDs."""
        return cls({f"{server}/{place.base}": [(0, place.number * _FILE + 2 * place.offset)]})

    @property
    def place(self) -> "LogPosition | None":
        """The end of a set of transactions without GTIDs; None for a set of GTIDs."""
        for source, parts in self._intervals.items():
            if "/" in source:
                number, rest = divmod(parts[-1][1], _FILE)
                return LogPosition(number, rest // 2, f"{source.partition('/')[2]}.{number:06}")
        return None

    @property
    def naming(self) -> Naming:
        return Naming.GTID if self.place is None else Naming.PLACE

    @property
    def server(self) -> str | None:
        """The server whose log `place` lies in."""
        return next((source.partition("/")[0] for source in self._intervals if "/" in source), None)

    def copy(self) -> "GtidSet":
        new = GtidSet()
        new._intervals = {source: list(parts) for source, parts in self._intervals.items()}
        return new

    def add(self, gtid: str) -> None:
        """Adds one transaction, `source:number`; adding it twice changes nothing. One that is named by its place brings
        all that begin before it."""
        source, value = _split(gtid)
        parts = self._intervals.setdefault(source, [])
        if "/" in source:
            self._intervals[source] = _merged([*parts, (0, value + 1)])
        elif parts and parts[-1][1] == value:
            parts[-1] = (parts[-1][0], value + 1)
        else:
            _put(parts, value)

    def contains(self, gtid: str) -> bool:
        source, value = _split(gtid)
        return _holds(self._intervals.get(source, ()), value)

    def covers(self, other: "GtidSet") -> bool:
        """True when every transaction of `other` is in this set."""
        return not other.minus(self)

    def union(self, other: "GtidSet") -> "GtidSet":
        new = self.copy()
        for source, parts in other._intervals.items():
            new._intervals[source] = _merged([*new._intervals.get(source, ()), *parts])
        return new

    def minus(self, other: "GtidSet") -> "GtidSet":
        new = GtidSet()
        for source, parts in self._intervals.items():
            rest = _subtract(parts, other._intervals.get(source, []))
            if rest:
                new._intervals[source] = rest
        return new

    def count(self) -> int:
        """The number of transactions."""
        return sum(end - start for parts in self._intervals.values() for start, end in parts)

    def encode(self) -> bytes:
        """The form that COM_BINLOG_DUMP_GTID sends.

        https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_binlog_dump_gtid.html; with a tag in the
        set, the form of 8.3 (Gtid_set::encode in sql/rpl_gtid_set.cc): a mark at both ends of the count, and behind
        each uuid the tag, its length doubled as mysql::serialization writes small numbers. Servers before 8.3 read
        only the older form, which sets without tags keep.
        """
        count, tagged = len(self._intervals), any(":" in source for source in self._intervals)
        parts = [struct.pack("<Q", _TAGGED << 56 | count << 8 | _TAGGED if tagged else count)]
        for source, intervals in sorted(self._intervals.items()):
            name, _, tag = source.partition(":")
            parts.append(uuid.UUID(name).bytes)
            if tagged:
                parts.append(bytes((len(tag) << 1,)) + tag.encode("ascii"))
            parts.append(struct.pack("<Q", len(intervals)))
            parts.extend(struct.pack("<QQ", start, end) for start, end in intervals)
        return b"".join(parts)

    def __str__(self) -> str:
        if (place := self.place) is not None:
            ((_, end),) = next(parts for source, parts in self._intervals.items() if "/" in source)
            return f"{self.server}/{place}{'+' * (end % 2)}"
        return ",".join(
            source + "".join(f":{start}" if end == start + 1 else f":{start}-{end - 1}" for start, end in parts)
            for source, parts in sorted(self._intervals.items())
            if parts
        )

    def __repr__(self) -> str:
        return f"GtidSet({str(self)!r})"

    def __bool__(self) -> bool:
        return any(self._intervals.values())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, GtidSet) and str(self) == str(other)

    __hash__ = None  # type: ignore[assignment]


def _split(transaction: str) -> tuple[str, int]:
    """The source of a transaction and its number there."""
    source, _, number = transaction.rpartition(":")
    if "/" not in source:
        return source, int(number)
    log, _, file = source.rpartition(".")
    return log, int(file) * _FILE + 2 * int(number)


def _merged(parts: Iterable[Interval]) -> list[Interval]:
    merged: list[Interval] = []
    for start, end in sorted(parts):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _put(parts: list[Interval], value: int) -> None:
    """Adds one number in its place."""
    index = bisect_right(parts, value, key=lambda part: part[0])
    start, end = value, value + 1
    if index and value <= parts[index - 1][1]:
        if value < parts[index - 1][1]:
            return
        index -= 1
        start = parts.pop(index)[0]
    if index < len(parts) and parts[index][0] == end:
        end = parts.pop(index)[1]
    parts.insert(index, (start, end))


def _holds(parts: Iterable[Interval] | list[Interval], value: int) -> bool:
    listed = parts if isinstance(parts, list) else list(parts)
    index = bisect_right(listed, value, key=lambda part: part[0]) - 1
    return index >= 0 and value < listed[index][1]


def _subtract(parts: list[Interval], holes: list[Interval]) -> list[Interval]:
    rest: list[Interval] = []
    index = 0  # of the first hole that may reach into what is left
    for start, end in parts:
        at = start
        while index < len(holes) and holes[index][1] <= start:
            index += 1
        for first, after in islice(holes, index, None):
            if first >= end:
                break
            if first > at:
                rest.append((at, first))
            at = max(at, after)
        if at < end:
            rest.append((at, end))
    return rest


@dataclass(frozen=True, slots=True, order=True)
class LogPosition:
    """A byte offset in a log file. Order is by the file's number, then the offset."""

    number: int
    offset: int
    file: str

    @classmethod
    def of(cls, file: str, offset: int) -> "LogPosition":
        """`file` is named base.NNNNNN, as MySQL names logs."""
        return cls(int(file.rpartition(".")[2]), offset, file)

    @property
    def base(self) -> str:
        """What the names of all files of the log begin with."""
        return self.file.rpartition(".")[0]

    def reached(self, end: int) -> "LogPosition":
        """The place `end` in this file, at or behind this one; the log carries only the lower 32 bits of `end`."""
        offset = self.offset & ~0xFFFFFFFF | end
        if offset < self.offset:
            if self.offset - offset < 1 << 31:
                return self
            offset += 1 << 32
        return LogPosition(self.number, offset, self.file)

    def __str__(self) -> str:
        return f"{self.file}:{self.offset}"
