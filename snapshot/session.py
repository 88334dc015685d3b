"""A reader's session on the source: its settings, its marks, and results bounded by bytes."""

import struct
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from runtime.dialect import dialect_of
from runtime.environment import open_session
from runtime.errors import Transient
from runtime.mysql import Connection, Endpoint, Refused
from runtime.service import Deadline
from schemas.position import GtidSet, LogPosition, Naming
from snapshot.marks import Marks

#: the table is not what the statement takes it for: no such database, column, table or index
_CHANGED = frozenset((1049, 1054, 1146, 1176))
_REBUILT = 1412  # since the consistent read has begun; the definition may be the same
_length = struct.Struct("<I")

# Zero and invalid dates must compare as they are; PAD_CHAR_TO_FULL_LENGTH must be off, as in the log.
_SETTINGS = {"sql_mode": "'ALLOW_INVALID_DATES'"}
_POLL_SECONDS = 0.01


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows as the server sent them, each after its length; not `complete`: the result goes on."""

    raw: bytes
    count: int
    last_at: int  # where the last row begins, behind its length
    complete: bool

    @property
    def last(self) -> bytes:
        """The last row."""
        return self.raw[self.last_at :]


class Session:
    """Autocommit: each SELECT alone is a consistent read."""

    def __init__(self, source: Endpoint, naming: Naming = Naming.GTID) -> None:
        self._source = source
        self._naming = naming
        self._connection = self._open()

    def low(self) -> GtidSet:
        """Transactions that every later SELECT sees."""
        return self._marks.low()

    def high(self) -> LogPosition:
        """A place behind every transaction that an earlier SELECT has seen."""
        return self._marks.high()

    def covers(self, needed: str, seconds: int) -> bool:
        """True when all of `needed` is visible; waits at most `seconds` for it."""
        if self._naming is Naming.GTID and self.dialect.waits_for_gtids:
            return bool(self._connection.value("SELECT WAIT_FOR_EXECUTED_GTID_SET(%s, %s) = 0", (needed, seconds)))
        wanted, deadline = GtidSet.parse(needed), Deadline(seconds)
        while not (covered := self.low().covers(wanted)) and not deadline.passed:
            time.sleep(_POLL_SECONDS)
        return covered

    @property
    def _marks(self) -> Marks:
        return Marks(self._connection, self._source.server_uuid if self._naming is Naming.PLACE else None)

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        return self._connection.query(sql)

    def execute(self, statement: str) -> None:
        self._connection.execute(statement)

    def rows(self, select: str, limit: int, most_bytes: int) -> Rows:
        """At most `limit` rows, as the SELECT says, and no more of them once they are `most_bytes`."""
        for rows in self._parts(select, limit, most_bytes):
            if not rows.complete:  # the rest is not read, at the cost of a new session
                self._connection.abort()
                self._connection = self._open()
            return rows
        raise AssertionError("a result has no end")

    def parts(self, select: str, part_bytes: int) -> Iterator[Rows]:
        """The result in parts of about `part_bytes`; only the last one is complete, and it may be empty."""
        return self._parts(select, sys.maxsize, part_bytes)

    def _parts(self, select: str, limit: int, part_bytes: int) -> Iterator[Rows]:
        parts: list[bytes] = []
        count = size = last_at = 0
        for row in self._stream(select):
            parts += (_length.pack(len(row)), row)
            last_at = size + _length.size
            size = last_at + len(row)
            count += 1
            if size >= part_bytes and count < limit:
                yield Rows(b"".join(parts), count, last_at, complete=False)
                parts, count, size, last_at = [], 0, 0, 0
        yield Rows(b"".join(parts), count, last_at, complete=True)

    def _stream(self, select: str) -> Iterator[bytes]:
        try:
            yield from self._connection.raw_stream(select)
        except Refused as error:
            if error.code == _REBUILT:
                raise Transient(str(error)) from error
            raise

    def abort(self) -> None:
        """Ends the session at once, whatever it is in the midst of."""
        self._connection.abort()

    def close(self) -> None:
        self._connection.close()

    def _open(self) -> Connection:
        connection = open_session(self._source, _SETTINGS)
        self.dialect = dialect_of(connection)
        return connection


def definition_changed(error: Refused) -> bool:
    """True when the table is no longer what the statement takes it for."""
    return error.code in _CHANGED
