"""The one MySQL connection module: connect, query, raw rows, raw packets. Nothing else imports the driver.

PyMySQL connects, authenticates and speaks TLS, over sockets that `runtime.line` waits for. What is per row never
passes through it: `raw_rows` and `packets` read with our own framing
(https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_basic_packets.html).
"""

import io
import socket
import struct
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import pymysql
from pymysql.constants import CLIENT, COMMAND

from runtime import login, stopping
from runtime.answer import Running, checked, rows_of
from runtime.errors import Fatal, Transient
from runtime.line import MAX_ALLOWED_PACKET, LastWords, Limited, Line, Packets, Patience, Unreachable
from runtime.login import Tls
from runtime.mysql_errors import Elsewhere, Locked, LockTimeout, Refused, errors_of, server_error
from runtime.stopping import Stopped

__all__ = [
    "COM_BINLOG_DUMP",
    "COM_BINLOG_DUMP_GTID",
    "MAX_ALLOWED_PACKET",
    "Connection",
    "Elsewhere",
    "Endpoint",
    "LockTimeout",
    "Locked",
    "Packets",
    "Refused",
    "Running",
    "connect",
    "server_error",
]

_COM_QUERY = COMMAND.COM_QUERY
COM_BINLOG_DUMP = COMMAND.COM_BINLOG_DUMP
COM_BINLOG_DUMP_GTID = COMMAND.COM_BINLOG_DUMP_GTID
_CONNECT_SECONDS = 8.0
_LOGIN_SECONDS = 60.0
_KILL_SECONDS = 3.0
_HEAD = 200  # characters by which a statement is known again
_READ_BYTES = 1 << 16


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


class WhileAlive:
    """For statements that work: as long as the server still answers somebody else."""

    ASK_AFTER_SECONDS = 20.0
    _SILENCES = 2  # questions without an answer, one after the other, that say it is gone

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._next = self.ASK_AFTER_SECONDS
        self._unanswered = 0

    def check(self, silent_seconds: float) -> None:
        stopping.check()
        if silent_seconds < self.ASK_AFTER_SECONDS:
            self._next, self._unanswered = self.ASK_AFTER_SECONDS, 0
        elif silent_seconds >= self._next:
            self._next = silent_seconds + self.ASK_AFTER_SECONDS
            self._unanswered = 0 if self._answers() else self._unanswered + 1
            if self._unanswered == self._SILENCES:
                raise Unreachable(f"{self._endpoint}: silent for {silent_seconds:.0f} seconds, to new connections too")

    def _answers(self) -> bool:
        try:
            _login(self._endpoint, Limited(_CONNECT_SECONDS)).close()
        except Unreachable:
            return False
        except (Transient, Fatal) as error:  # it does not let this one in, so it answers
            return not isinstance(error, Stopped)
        return True


class Connection:
    """A session on one server. Every error leaves as Transient, Fatal or Refused."""

    def __init__(self, endpoint: Endpoint, driver: "_Driver") -> None:
        self.endpoint = endpoint
        self._driver = driver
        self._last: str | bytes = ""  # statement

    @property
    def server_version(self) -> str:
        return str(self._driver.server_version)  # type: ignore[attr-defined]

    @property
    def thread_id(self) -> int:
        return int(self._driver.thread_id())  # type: ignore[no-untyped-call]

    def query(self, sql: str, arguments: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
        """All rows of a small result, as the driver's Python values."""
        with self._working(sql), self._driver.cursor() as cursor:
            cursor.execute(sql, arguments or None)
            return list(cursor.fetchall())

    def value(self, sql: str, arguments: tuple[object, ...] = ()) -> Any:
        """The first column of the first row, None when there is no row."""
        rows = self.query(sql, arguments)
        return rows[0][0] if rows else None

    def execute(self, sql: str | bytes) -> int:
        """Runs a statement that is complete as it is; returns the affected rows."""
        with self._working(sql):
            return int(self._driver.query(sql))

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
        with self._working(sql):
            packets = self._send(_COM_QUERY, sql.encode())
            header = checked(self.endpoint, packets.read(), sql)
            yield from rows_of(self.endpoint, packets, header, sql)

    def start(self, sql: str) -> Running:
        """Sends a statement; nothing else may use the connection until it is finished."""
        self._last = sql
        return Running(self.endpoint, self._send(_COM_QUERY, sql.encode()), sql)

    def packets(self, command: int, payload: bytes) -> Packets:
        """Sends a command and hands the socket over: from here on the caller reads the answer's packets."""
        return self._send(command, payload)

    def be_patient(self, patience: Patience) -> None:
        """From now on, a silent server is waited for so long."""
        self._driver.be_patient(patience)

    def abort(self) -> None:
        """Drops the connection at once, without a goodbye: for one whose answer is not read to its end."""
        self._driver._force_close()  # type: ignore[attr-defined]

    def kill(self) -> None:
        """Ends the session at the server too, whatever statement it is in the midst of."""
        number, last, port = self.thread_id, self._last, self._driver.port_here
        self.abort()
        head = (last.decode("utf-8", "replace") if isinstance(last, bytes) else last)[:_HEAD]
        with suppress(Transient, Fatal), _login(self.endpoint, LastWords(_KILL_SECONDS)) as other:
            for row in other.query("SHOW FULL PROCESSLIST"):  # a proxy may have led to a server with other sessions
                ours = str(row[2]).endswith(f":{port}") or str(row[7] or "").startswith(head)
                if int(row[0]) == number and ours:
                    other.execute(f"KILL {number}")

    def close(self) -> None:
        if self._driver.open:
            self._driver.close()

    def __enter__(self) -> "Connection":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _send(self, command: int, payload: bytes) -> Packets:
        with errors_of(self.endpoint, payload):
            self._driver._execute_command(command, payload)  # type: ignore[attr-defined]
            return Packets(self._driver.taken_over())

    @contextmanager
    def _working(self, sql: str | bytes) -> Generator[None]:
        """Nobody waits for a statement any more that a request to stop has broken off."""
        self._last = sql
        try:
            with errors_of(self.endpoint, sql):
                yield
        except (Stopped, KeyboardInterrupt):
            self.kill()
            raise


class _Driver(pymysql.connections.Connection):
    """Waits for its socket as a Line does. Tells MariaDB no password, and speaks of TLS to no server that has none:
    before 8.0 that is a bad handshake."""

    patience: Patience
    port_here = 0
    _line: Line | None = None
    _sock: socket.socket | None

    def _request_authentication(self) -> None:
        if "mariadb" in self.server_version.lower():  # type: ignore[attr-defined]
            raise Fatal(
                f"{self.host}:{self.port}: MariaDB {self.server_version} is not available as a source or target",  # type: ignore[attr-defined]
                hint="use MySQL, Percona Server or PolarDB for MySQL",
            )
        if not (self._ssl_required or self.server_capabilities & CLIENT.SSL):  # type: ignore[attr-defined]
            self.client_flag &= ~CLIENT.SSL
        self.taken_over().sock.settimeout(_CONNECT_SECONDS)  # for the handshake of TLS
        super()._request_authentication()  # type: ignore[misc]

    def _read_bytes(self, num_bytes: int) -> bytes:
        self.taken_over()
        return bytes(super()._read_bytes(num_bytes))  # type: ignore[misc]

    def _write_bytes(self, data: bytes) -> None:
        line = self.taken_over()
        try:
            line.send_all(data)
        except OSError as error:
            self._force_close()  # type: ignore[attr-defined]
            raise pymysql.err.OperationalError(2006, f"lost the connection: {error}") from error
        except BaseException:
            self._force_close()  # type: ignore[attr-defined]
            raise

    def taken_over(self) -> Line:
        """The socket, which is another one once it is encrypted."""
        if self._sock is None:
            raise pymysql.err.InterfaceError(0, "")
        if self._line is None or self._line.sock is not self._sock:
            self._line = Line(self._sock, self.patience)
            self.port_here = self._sock.getsockname()[1]
            self._rfile = io.BufferedReader(self._line, _READ_BYTES)
        return self._line

    def be_patient(self, patience: Patience) -> None:
        self.patience = self.taken_over().patience = patience


def connect(
    endpoint: Endpoint, *, database: str | None = None, timeout: float | None = 60.0, init: str | None = None
) -> Connection:
    """Opens a session in utf8mb4 with autocommit, otherwise as the server gives it (ours: `runtime.environment`).

    An answer is waited for `timeout` seconds; None: for as long as the server lives.
    """
    opened = _login(endpoint, Limited(_LOGIN_SECONDS if timeout is None else timeout), database, init)
    if endpoint.server_uuid:
        _require_server(opened)
    if timeout is None:
        opened.be_patient(WhileAlive(endpoint))
    return opened


def _login(endpoint: Endpoint, patience: Patience, database: str | None = None, init: str | None = None) -> Connection:
    options: dict[str, Any] = {}
    tls = endpoint.tls
    if tls.mode == "disabled":
        options["ssl_disabled"] = True
    else:
        options["ssl"] = login.context(tls, str(endpoint))
    with errors_of(endpoint, "connect"):
        driver = _Driver(
            host=endpoint.host,
            port=endpoint.port,
            user=endpoint.user,
            password=endpoint.password,
            database=database,
            charset="utf8mb4",
            autocommit=True,
            connect_timeout=int(_CONNECT_SECONDS),
            init_command=init,
            max_allowed_packet=MAX_ALLOWED_PACKET,
            program_name="penstock",
            defer_connect=True,
            auth_plugin_map=login.PLUGINS,
            **options,
        )
        driver.patience = patience
        if tls.mode == "preferred":
            driver._ssl_required = False  # type: ignore[attr-defined]
        driver.connect()
    return Connection(endpoint, driver)


def _require_server(connection: Connection) -> None:
    endpoint = connection.endpoint
    found = str(connection.value("SELECT @@GLOBAL.server_uuid"))
    if found != endpoint.server_uuid:
        connection.abort()
        raise Elsewhere(f"{endpoint}: reached server {found} instead of {endpoint.server_uuid}")
