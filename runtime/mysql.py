"""The one MySQL connection module: connect, query, raw rows, raw packets. Nothing else imports the driver.

PyMySQL connects, authenticates and speaks TLS. What is per row never passes through it: `raw_rows` and `packets`
read the socket with our own framing (https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_basic_packets.html).
"""

import select
import socket
import ssl
import struct
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pymysql
from pymysql.constants import CLIENT, COMMAND

from runtime import login
from runtime.errors import Fatal, Transient
from runtime.login import Tls

MAX_ALLOWED_PACKET = 1 << 30
_WHOLE = 0xFFFFFF
_COM_QUERY = COMMAND.COM_QUERY
COM_BINLOG_DUMP = COMMAND.COM_BINLOG_DUMP
COM_BINLOG_DUMP_GTID = COMMAND.COM_BINLOG_DUMP_GTID

# Lost connections, restarts, locks, too many connections, a node that is read-only for the moment of a failover.
_TRANSIENT = frozenset(
    (
        1040,
        1053,
        1077,
        1079,
        1080,
        1152,
        1158,
        1159,
        1160,
        1161,
        1184,
        1203,  # too many connections of this account
        1226,  # a limit of the account: connections, or statements in an hour
        1317,
        1836,
        1927,
        2002,
        2003,
        2006,
        2013,
        2014,
        2055,
        3169,
        4031,
        8007,
    )
)
_LOCK_TIMEOUT = 1205
_DEADLOCK = 1213
_READ_ONLY = 1290  # also used for other options: the text says which


class Refused(Fatal):
    """The server refused a statement; `code` is MySQL's error number."""

    def __init__(self, message: str, hint: str, code: int) -> None:
        super().__init__(message, hint)
        self.code = code


class Elsewhere(Transient):
    """Another server answers at the address: a failover behind it."""


class Locked(Transient):
    """A lock was not granted; the session goes on, without what its transaction has done."""


class LockTimeout(Locked):
    """A lock was not granted in time; the session goes on."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One server and how to log in; `name` is what messages call it ("source", "target polar")."""

    name: str
    host: str
    port: int
    user: str
    password: str = field(repr=False)
    tls: Tls = field(default_factory=Tls)
    server_uuid: str = ""  # the only server that may answer there; empty: any

    def __str__(self) -> str:
        return f"{self.name} {self.user}@{self.host}:{self.port}"


class Packets:
    """Reads protocol packets from a connected socket through one large buffer."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._buffer = bytearray(1 << 18)
        self._view = memoryview(self._buffer)
        self._start = 0
        self._end = 0

    def fileno(self) -> int:
        return self._sock.fileno()

    def ready(self, seconds: float) -> bool:
        """True when a packet has begun to arrive; waits at most `seconds`."""
        if self._end > self._start:
            return True
        if isinstance(self._sock, ssl.SSLSocket) and self._sock.pending():
            return True
        return bool(select.select([self._sock], [], [], seconds)[0])

    def read(self) -> bytes:
        """The payload of the next packet; parts of 2^24-1 bytes are joined."""
        payload, whole = self.first()
        return payload if whole else b"".join((payload, *self.rest()))

    def first(self) -> tuple[bytes, bool]:
        """The first part of the next packet, and whether it is all of it."""
        payload, size = self._part()
        return payload, size < _WHOLE

    def rest(self) -> Iterator[bytes]:
        """The parts that follow a first one that was not all; to be read to the end."""
        total = size = _WHOLE
        while size == _WHOLE:
            payload, size = self._part()
            total += size
            if total > MAX_ALLOWED_PACKET + _WHOLE:
                raise Transient(f"a packet of over {MAX_ALLOWED_PACKET} bytes: the stream is out of step")
            yield payload

    def _part(self) -> tuple[bytes, int]:
        start = self._start
        if self._end - start < 4:
            self._fill(4)
            start = self._start
        buffer = self._buffer
        size = buffer[start] | buffer[start + 1] << 8 | buffer[start + 2] << 16
        whole = size + 4
        if self._end - start < whole:
            self._fill(whole)
            start = self._start
        self._start = start + whole
        return bytes(self._view[start + 4 : start + whole]), size

    def _fill(self, wanted: int) -> None:
        """Reads until `wanted` bytes lie in the buffer."""
        held = self._end - self._start
        if self._start + wanted > len(self._buffer):
            if wanted > len(self._buffer):
                buffer = bytearray(wanted + (1 << 16))
                buffer[:held] = self._view[self._start : self._end]
                self._buffer, self._view = buffer, memoryview(buffer)
            else:
                self._buffer[:held] = bytes(self._view[self._start : self._end])
            self._start, self._end = 0, held
        while self._end - self._start < wanted:
            try:
                count = self._sock.recv_into(self._view[self._end :])
            except TimeoutError as error:
                raise Transient("the server sent nothing within the read timeout") from error
            except OSError as error:
                raise Transient(f"lost the connection: {error}") from error
            if count == 0:
                raise Transient("the server closed the connection")
            self._end += count


class Running:
    """A statement without rows that was sent; the caller does something else until the server answers."""

    def __init__(self, endpoint: Endpoint, packets: Packets, sql: str) -> None:
        self._endpoint = endpoint
        self._packets = packets
        self._sql = sql
        self.rows = 0  # that it has changed

    def finished(self, seconds: float) -> bool:
        """True when the server has done it, within `seconds`; raises what it objects to."""
        if not self._packets.ready(seconds):
            return False
        answer = self._packets.read()
        if answer[:1] == b"\xff":
            raise server_error(self._endpoint, answer, self._sql)
        self.rows = _length_encoded(answer[1:10])
        return True


def _length_encoded(data: bytes) -> int:
    """https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_basic_dt_integers.html"""
    size = {0xFC: 2, 0xFD: 3, 0xFE: 8}.get(data[0])
    return data[0] if size is None else int.from_bytes(data[1 : 1 + size], "little")


class Connection:
    """A session on one server. Every error leaves as Transient, Fatal or Refused."""

    def __init__(self, endpoint: Endpoint, connection: "pymysql.connections.Connection[Any]", timeout: float) -> None:
        self.endpoint = endpoint
        self._connection = connection
        self._timeout = timeout

    @property
    def server_version(self) -> str:
        return str(self._connection.server_version)  # type: ignore[attr-defined]

    @property
    def thread_id(self) -> int:
        return int(self._connection.thread_id())  # type: ignore[no-untyped-call]

    def query(self, sql: str, arguments: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
        """All rows of a small result, as the driver's Python values."""
        with errors_of(self.endpoint, sql), self._connection.cursor() as cursor:
            cursor.execute(sql, arguments or None)
            return list(cursor.fetchall())

    def value(self, sql: str, arguments: tuple[object, ...] = ()) -> Any:
        """The first column of the first row, None when there is no row."""
        rows = self.query(sql, arguments)
        return rows[0][0] if rows else None

    def execute(self, sql: str | bytes) -> int:
        """Runs a statement that is complete as it is; returns the affected rows."""
        with errors_of(self.endpoint, sql):
            return int(self._connection.query(sql))

    def raw_rows(self, sql: str) -> bytes:
        """The rows of a result as the server sent them (text protocol), each after its length in 4 bytes (LE)."""
        parts: list[bytes] = []
        pack = struct.Struct("<I").pack
        for row in self.raw_stream(sql):
            parts.append(pack(len(row)))
            parts.append(row)
        return b"".join(parts)

    def raw_stream(self, sql: str) -> Iterator[bytes]:
        """The rows of a result as the server sent them, one by one; read it to its end, or close the connection."""
        packets = self._send(_COM_QUERY, sql.encode())
        first = packets.read()
        self._refuse(first, sql)
        for _ in range(_columns(first)):  # definitions
            packets.read()
        packets.read()  # EOF after the definitions: CLIENT_DEPRECATE_EOF is not set
        while True:
            row = packets.read()
            if row[:1] == b"\xfe" and len(row) < 9:
                return
            if row[:1] == b"\xff":
                self._refuse(row, sql)
            yield row

    def start(self, sql: str) -> Running:
        """Sends a statement without rows; nothing else may use the connection until it is finished."""
        return Running(self.endpoint, self._send(_COM_QUERY, sql.encode()), sql)

    def packets(self, command: int, payload: bytes) -> Packets:
        """Sends a command and hands the socket over: from here on the caller reads the answer's packets."""
        return self._send(command, payload)

    def abort(self) -> None:
        """Drops the connection at once, without a goodbye: for one whose answer is not read to its end."""
        self._connection._force_close()  # type: ignore[attr-defined]

    def close(self) -> None:
        if self._connection.open:
            self._connection.close()

    def __enter__(self) -> "Connection":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _send(self, command: int, payload: bytes) -> Packets:
        with errors_of(self.endpoint, payload):
            self._connection._execute_command(command, payload)  # type: ignore[attr-defined]
        sock: socket.socket = self._connection._sock  # type: ignore[attr-defined]
        sock.settimeout(self._timeout)
        self._connection._current_timeout = object()  # type: ignore[attr-defined]
        return Packets(sock)

    def _refuse(self, packet: bytes, sql: str) -> None:
        if packet[:1] == b"\xff":
            raise server_error(self.endpoint, packet, sql)


class _Driver(pymysql.connections.Connection):
    """Tells MariaDB no password, and speaks of TLS to no server that has none: before 8.0 that is a bad handshake."""

    def _request_authentication(self) -> None:
        if "mariadb" in self.server_version.lower():  # type: ignore[attr-defined]
            raise Fatal(
                f"{self.host}:{self.port}: MariaDB {self.server_version} is not available as a source or target",  # type: ignore[attr-defined]
                hint="use MySQL, Percona Server or PolarDB for MySQL",
            )
        if not (self._ssl_required or self.server_capabilities & CLIENT.SSL):  # type: ignore[attr-defined]
            self.client_flag &= ~CLIENT.SSL
        super()._request_authentication()  # type: ignore[misc]


def server_error(endpoint: Endpoint, packet: bytes, statement: str | bytes) -> Exception:
    """What an ERR packet means (https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_basic_err_packet.html)."""
    code = struct.unpack_from("<H", packet, 1)[0]
    text = packet[9:] if packet[3:4] == b"#" else packet[3:]
    return _meaning(endpoint, code, text.decode("utf-8", "replace"), statement)


def connect(
    endpoint: Endpoint, *, database: str | None = None, timeout: float = 60.0, init: str | None = None
) -> Connection:
    """Opens a session in utf8mb4 with autocommit; `timeout` (seconds) bounds every read and write."""
    options: dict[str, Any] = {}
    tls = endpoint.tls
    if tls.mode == "disabled":
        options["ssl_disabled"] = True
    else:
        options["ssl"] = login.context(tls, str(endpoint))
    with errors_of(endpoint, "connect"):
        connection = _Driver(
            host=endpoint.host,
            port=endpoint.port,
            user=endpoint.user,
            password=endpoint.password,
            database=database,
            charset="utf8mb4",
            autocommit=True,
            connect_timeout=8,
            read_timeout=timeout,
            write_timeout=timeout,
            init_command=init,
            max_allowed_packet=MAX_ALLOWED_PACKET,
            program_name="penstock",
            defer_connect=True,
            auth_plugin_map=login.PLUGINS,
            **options,
        )
        if tls.mode == "preferred":
            connection._ssl_required = False  # type: ignore[attr-defined]
        connection.connect()
    connection._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # type: ignore[attr-defined]
    opened = Connection(endpoint, connection, timeout)
    if endpoint.server_uuid:
        _require_server(opened)
    return opened


def _require_server(connection: Connection) -> None:
    endpoint = connection.endpoint
    found = str(connection.value("SELECT @@GLOBAL.server_uuid"))
    if found != endpoint.server_uuid:
        connection.abort()
        raise Elsewhere(f"{endpoint}: reached server {found} instead of {endpoint.server_uuid}")


@contextmanager
def errors_of(endpoint: Endpoint, statement: str | bytes) -> Generator[None]:
    """Maps the driver's exceptions, once, to ours."""
    try:
        yield
    except pymysql.err.MySQLError as error:
        encryption = login.encryption_error(str(endpoint), getattr(error, "original_exception", None))
        if encryption is not None:
            raise encryption from error
        code = error.args[0] if error.args and isinstance(error.args[0], int) else 0
        text = str(error.args[1]) if len(error.args) > 1 else str(error)
        raise _meaning(endpoint, code, text, statement) from error
    except RuntimeError as error:  # the driver lacks a part that an authentication plugin needs
        raise Fatal(
            f"{endpoint}: cannot log in: {error}", hint="use TLS, or install the package that the message names"
        ) from error
    except OSError as error:
        raise login.encryption_error(str(endpoint), error) or Transient(f"{endpoint}: {error}") from error


def _meaning(endpoint: Endpoint, code: int, text: str, statement: str | bytes) -> Exception:
    if code == _LOCK_TIMEOUT:
        return LockTimeout(f"{endpoint}: {text} ({code})")
    if code == _DEADLOCK:
        return Locked(f"{endpoint}: {text} ({code})")
    if code in _TRANSIENT or (code == _READ_ONLY and "read-only" in text) or (code == 0 and not text.strip("() ,'\"0")):
        return Transient(f"{endpoint}: {text or 'connection lost'} ({code})")
    if code in login.HINTS:
        return Refused(f"{endpoint}: {text} ({code})", login.HINTS[code], code)
    if isinstance(statement, bytes):
        statement = statement[:200].decode("utf-8", "replace")
    head = " ".join(statement[:200].split())
    return Refused(f"{endpoint}: {text} ({code}); statement: {head}", "see the server's message", code)


def _columns(packet: bytes) -> int:
    """The column count of a result set header: a length-encoded integer."""
    first = packet[0]
    if first < 0xFB:
        return first
    return int.from_bytes(packet[1:3], "little")
