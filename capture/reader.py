"""Reads the source's log over the replication protocol, and owns the socket.

PyMySQL logs in and sends the command; framing, checksums, heartbeats and the meaning of errors are here. Every wait is
bounded: the server sends a heartbeat each second, so silence means that the connection is dead. After any error the
owner opens a new reader at its own durable position; nothing reconnects in secret.
"""

import struct
import zlib

from capture.events import HEADER, HEADER_SIZE, Event, EventType, rotate, type_name
from runtime.errors import Fatal, Transient
from runtime.mysql import (
    COM_BINLOG_DUMP,
    COM_BINLOG_DUMP_GTID,
    Connection,
    Endpoint,
    Packets,
    Refused,
    connect,
    server_error,
)
from schemas.position import GtidSet, LogPosition

SILENCE_SECONDS = 15.0


class LogReader:
    """The stream of events after a set of transactions."""

    def __init__(self, source: Endpoint, executed: GtidSet, server_id: int, heartbeat_ms: int) -> None:
        self._source = source
        self._heartbeat_ms = heartbeat_ms
        self._connection: Connection = connect(source, timeout=SILENCE_SECONDS + heartbeat_ms / 1000)
        try:
            self._checksum = self._agree(self._connection)
            self._packets: Packets = self._connection.packets(*self._command(executed, server_id))
            self.begin = self._begin()
        except BaseException:
            self._connection.abort()
            raise

    def fileno(self) -> int:
        return self._packets.fileno()

    def ready(self, seconds: float) -> bool:
        """True when an event has begun to arrive; waits at most `seconds`."""
        return self._packets.ready(seconds)

    def read(self) -> Event:
        """The next event; blocks at most until the next heartbeat."""
        packet = self._packets.read()
        if packet[0] != 0:
            raise self._ended(packet)
        timestamp, kind, server_id, size, end, flags = HEADER.unpack_from(packet, 1)
        stop = len(packet)
        if self._checksum:
            stop -= 4
            (expected,) = struct.unpack_from("<I", packet, stop)
            if zlib.crc32(memoryview(packet)[1:stop]) != expected:
                raise Fatal(
                    f"{self._source}: wrong checksum of {type_name(kind)} that ends at {end}",
                    hint="check the log file with mysqlbinlog --verify-binlog-checksum; if it is damaged, migrate anew",
                )
        if kind == EventType.FORMAT_DESCRIPTION and not self._checksum and packet[stop - 5] == 1:
            raise Fatal(
                f"{self._source}: the log file carries checksums although binlog_checksum is NONE now",
                hint="SET GLOBAL binlog_checksum = CRC32 at the source",
            )
        return Event(kind, timestamp, server_id, end, flags, size, packet[1 + HEADER_SIZE : stop])

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
        return COM_BINLOG_DUMP, dump_place(place, server_id)

    def _agree(self, connection: Connection) -> bool:
        """Sets the session up for the dump; true when events carry checksums."""
        checksum = str(connection.value("SELECT @@GLOBAL.binlog_checksum")).upper()
        connection.execute(
            "SET @source_binlog_checksum = @@GLOBAL.binlog_checksum, @master_binlog_checksum = @@GLOBAL.binlog_checksum"
        )
        beat = self._heartbeat_ms * 1_000_000
        # a keyless table's snapshot may keep the stream waiting for long: the server must not hang up meanwhile
        connection.execute("SET SESSION net_write_timeout = 86400")
        connection.execute(f"SET @source_heartbeat_period = {beat}, @master_heartbeat_period = {beat}")
        return checksum == "CRC32"

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
                return Fatal(
                    f"{self._source}: cannot read the log from the last position: {error}",
                    hint="the source has purged what was not read yet: start again with a new task name, "
                    "and keep logs longer (binlog_expire_logs_seconds)",
                )
            return error
        return Fatal(
            f"{self._source}: the server ended the log stream",
            hint="check that no other replica uses the same server_id",
        )


def dump_place(place: LogPosition, server_id: int) -> bytes:
    """The payload of COM_BINLOG_DUMP: everything behind a place.

    https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_binlog_dump.html
    """
    if place.offset >= 1 << 32:
        raise Fatal(
            f"the log cannot be read from {place}: without GTIDs a dump begins within the first 4 GB of a file",
            hint="migrate anew, with a new task name, when the transaction that made the file so large is over",
        )
    return struct.pack("<IHI", place.offset, 0, server_id) + place.file.encode()


def dump_gtid(executed: GtidSet, server_id: int) -> bytes:
    """The payload of COM_BINLOG_DUMP_GTID: everything but `executed`, from the oldest log that is needed.

    https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_binlog_dump_gtid.html
    """
    data = executed.encode()
    return struct.pack("<HII", 0x04, server_id, 0) + struct.pack("<QI", 4, len(data)) + data
