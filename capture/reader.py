"""Reads the source's log over the replication protocol, and owns the socket.

PyMySQL logs in and sends the command; framing, checksums, heartbeats and the meaning of errors are here. Every wait is
bounded: the server sends a heartbeat each second, so silence means that the connection is dead. After any error the
owner opens a new reader at its own durable position; nothing reconnects in secret.

What a compressed transaction holds comes out event by event, as if it were not compressed.
"""

import io
import struct
import time
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from itertools import chain
from typing import BinaryIO

from capture.approach import FIRST_OFFSET, Approach
from capture.events import HEADER, HEADER_SIZE, Event, EventType, checksummed, malformed, rotate, type_name
from capture.payload import unpacked
from capture.spool import checksum, spooled
from runtime.environment import open_session
from runtime.errors import Fatal, Transient
from runtime.mysql import (
    COM_BINLOG_DUMP,
    COM_BINLOG_DUMP_GTID,
    Connection,
    Endpoint,
    Packets,
    Refused,
    server_error,
)
from schemas.position import GtidSet, LogPosition

SILENCE_SECONDS = 15.0
#: that a dump can begin at
LARGEST_OFFSET = 0xFFFFFFFF
_PAUSE_SECONDS = 0.2
_PURGED = (
    "the source has purged what was not read yet: start again with a new task name, and keep logs longer "
    "(binlog_expire_logs_seconds)"
)
_HINTS = {
    "same server_uuid/server_id": "another process runs this task, or another tool reads the log as a replica with the "
    "same server_id, and each ends the other: keep one; a tool gets another server_id, or this task another name",
    "max_allowed_packet": "SET PERSIST max_allowed_packet = 1073741824 at the source",
    "purged": _PURGED,
    "Could not find first log": _PURGED,
}
_HEARTBEAT_V2 = 0x02  # heartbeats with 64 bits of the offset, from servers that know them (8.0.26)


class LogReader:
    """The stream of events after a set of transactions."""

    def __init__(self, source: Endpoint, executed: GtidSet, server_id: int, heartbeat_ms: int) -> None:
        self._source = source
        self._server_id = server_id
        self._heartbeat_ms = heartbeat_ms
        self._heard = time.monotonic()
        self._approach: Approach | None = None  # to a place that is not reached yet
        self._inner: Iterator[Event] = iter(())  # of a compressed transaction
        self._next: Event | None = None  # the next of them
        self._connection: Connection = open_session(source, timeout=SILENCE_SECONDS + heartbeat_ms / 1000)
        try:
            self._checksum = self._agree(self._connection)
            self._packets: Packets = self._connection.packets(*self._command(executed, server_id))
            self.begin = self._begin()
            place = executed.place
            if place is not None and place.offset > LARGEST_OFFSET:
                self._approach, self.begin = Approach(place), place
        except BaseException:
            self._connection.abort()
            raise

    def fileno(self) -> int:
        return self._packets.fileno()

    def ready(self, seconds: float) -> bool:
        """True when an event has begun to arrive; waits at most `seconds`. Transient for a connection that is dead
        although nobody has said so: not even heartbeats come."""
        now = time.monotonic()
        if self._next is not None or self._packets.ready(seconds):
            self._heard = now
            return True
        silent = now - self._heard
        if silent > SILENCE_SECONDS + self._heartbeat_ms / 1000:
            raise Transient(f"{self._source}: the log stream is silent for {silent:.0f} seconds, without a heartbeat")
        return False

    @property
    def approaching(self) -> bool:
        """True while the place where reading begins is not reached yet."""
        return self._approach is not None

    def approach(self) -> Iterator[None]:
        """Passes events by until the place is reached where reading begins, and yields now and then: it takes as long
        as reading the file does. Nothing to do for places that a dump can begin at."""
        pause = 0.0
        while self._approach is not None:
            if time.monotonic() > pause:
                yield
                pause = time.monotonic() + _PAUSE_SECONDS
            self._pass_by(self._approach)

    def _pass_by(self, approach: Approach) -> None:
        packet, whole = self._head()
        _, kind, _, size, end, _ = HEADER.unpack_from(packet, 1)
        if not whole:
            for _ in self._packets.rest():
                pass
        elif kind == EventType.FORMAT_DESCRIPTION:
            self._checksum = bool(checksummed(packet[1 + HEADER_SIZE :]))
        approach.pass_by(kind, size, end)
        if approach.arrived:
            self._approach = None

    def read(self) -> Event:
        """The next event; blocks at most until the next heartbeat, and for as long as `approach` has to go."""
        if self._approach is not None:
            for _ in self.approach():
                pass
        inner = self._next
        if inner is not None:
            self._next = next(self._inner, None)
            return inner
        packet, whole = self._head()
        timestamp, kind, server_id, size, end, flags = HEADER.unpack_from(packet, 1)
        if kind == EventType.TRANSACTION_PAYLOAD:
            return self._open(Event(kind, timestamp, server_id, end, flags, size, b""), packet, whole)
        if not whole:
            packet = b"".join((packet, *self._packets.rest()))
        if kind == EventType.FORMAT_DESCRIPTION:
            self._checksum = bool(checksummed(packet[1 + HEADER_SIZE :]))
        stop = len(packet)
        if stop != size + 1:
            raise malformed(kind)
        if self._checksum:
            stop -= 4
            self._compare(kind, end, zlib.crc32(memoryview(packet)[1:stop]), packet[stop:])
        return Event(kind, timestamp, server_id, end, flags, size, packet[1 + HEADER_SIZE : stop])

    def _head(self) -> tuple[bytes, bool]:
        """The first part of the next event's packet, and whether it is all of it."""
        packet, whole = self._packets.first()
        if packet[:1] != b"\x00":
            raise self._ended(packet)
        if len(packet) <= HEADER_SIZE:
            raise malformed(0)
        return packet, whole

    def _open(self, outer: Event, packet: bytes, whole: bool) -> Event:
        """The first event of a compressed transaction. One of several packets waits on disk for its checksum: nothing
        of it may be published before."""
        with ExitStack() as opened:
            file: BinaryIO = io.BytesIO(packet) if whole else spooled(chain((packet,), self._packets.rest()))
            opened.enter_context(file)
            stop = outer.size + 1
            if file.seek(0, io.SEEK_END) != stop:
                raise malformed(outer.type)
            if self._checksum:
                stop -= 4
                self._compare(outer.type, outer.end, checksum(file, 1, stop), file.read(4))
                file.truncate(stop)
            file.seek(1 + HEADER_SIZE)
            self._inner = unpacked(outer, file, stop - 1 - HEADER_SIZE)
            first = next(self._inner, None)
            if first is None:
                raise malformed(outer.type)
            opened.pop_all()
        self._next = next(self._inner, None)
        return first

    def _compare(self, kind: int, end: int, actual: int, expected: bytes) -> None:
        if actual.to_bytes(4, "little") != expected:
            raise Fatal(
                f"{self._source}: wrong checksum of {type_name(kind)} that ends at {end}",
                hint="check the log file with mysqlbinlog --verify-binlog-checksum; if it is damaged, migrate anew",
            )

    def close(self) -> None:
        self._connection.abort()

    def _command(self, executed: GtidSet, server_id: int) -> tuple[int, bytes]:
        """The dump command and its payload."""
        place = executed.place
        if place is None:
            return COM_BINLOG_DUMP_GTID, dump_gtid(executed, server_id)
        found = str(self._connection.value("SELECT @@GLOBAL.server_uuid"))
        if found != executed.server:
            raise Fatal(
                f"{self._source}: is server {found} now, and the task reads the log of server {executed.server} by file"
                " and offset",
                hint="connect it to the server that it began with; without GTIDs no other server can take its place: "
                "else migrate anew, with a new task name",
            )
        if place.offset <= LARGEST_OFFSET:
            return COM_BINLOG_DUMP, dump_place(place, server_id)
        return COM_BINLOG_DUMP, dump_place(replace(place, offset=FIRST_OFFSET), server_id)

    def _agree(self, connection: Connection) -> bool:
        """Sets the session up for the dump; true when what comes before the first file's description has a checksum.

        Whether later events have one, each file says for itself: binlog_checksum may have changed in between.
        """
        known = bool(connection.query("SHOW GLOBAL VARIABLES LIKE 'binlog_checksum'"))
        if known:
            connection.execute("SET @source_binlog_checksum = 'CRC32', @master_binlog_checksum = 'CRC32'")
        beat = self._heartbeat_ms * 1_000_000
        # a table that is read at once may keep the stream waiting for long: the server must not hang up meanwhile
        connection.execute("SET SESSION net_write_timeout = 86400")
        connection.execute(f"SET @source_heartbeat_period = {beat}, @master_heartbeat_period = {beat}")
        return known

    def _begin(self) -> LogPosition:
        """Where the stream begins, by this server's names: the first event, made up for the stream, tells it.

        A place that another server has told says nothing here.
        """
        event = self.read()
        if event.type != EventType.ROTATE:
            raise Transient(f"{self._source}: the log stream began with {type_name(event.type)}")
        return LogPosition.of(*rotate(event.body))

    def _ended(self, packet: bytes) -> Exception:
        if packet[0] == 0xFF:
            error = server_error(self._source, packet, "read the log")
            if isinstance(error, Refused) and error.code in (1236, 1789):
                return Fatal(f"{self._source}: cannot read the log from the last position: {error}", _hint(str(error)))
            return error
        # A server before 8.0 says no more when it shuts down, nor to a reader whose server_id another one has.
        return Transient(
            f"{self._source}: the server ended the log stream: it is being shut down,"
            f" or another replica uses the server_id {self._server_id}"
        )


def _hint(error: str) -> str:
    """What to do about error 1236, which stands for all that may end a dump."""
    return next((hint for text, hint in _HINTS.items() if text in error), "see the server's message")


def dump_place(place: LogPosition, server_id: int) -> bytes:
    """The payload of COM_BINLOG_DUMP: everything behind a place.

    https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_binlog_dump.html
    """
    return struct.pack("<IHI", place.offset, 0, server_id) + place.file.encode()


def dump_gtid(executed: GtidSet, server_id: int) -> bytes:
    """The payload of COM_BINLOG_DUMP_GTID: everything but `executed`, from the oldest log that is needed.

    https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_binlog_dump_gtid.html
    """
    data = executed.encode()
    return struct.pack("<HII", _HEARTBEAT_V2, server_id, 0) + struct.pack("<QI", 4, len(data)) + data
