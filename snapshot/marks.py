"""The two marks of a read, as one session of the source takes them (docs/snapshot-window.md).

With GTIDs both are read. Without them *low* costs one small write: the end of the log is noted, then a row of
penstock's heartbeat table is written. Its commit stands behind that place in the log, and the server commits in the
log's order (binlog_order_commits): when it has returned, all that begins before the place is visible.
"""

from runtime.dialect import dialect_of
from runtime.errors import Fatal
from runtime.mysql import Connection, Refused
from schemas.position import GtidSet, LogPosition
from schemas.selection import HEARTBEAT_DATABASE, HEARTBEAT_TABLE

_TABLE = f"{HEARTBEAT_DATABASE}.{HEARTBEAT_TABLE}"
_MAKE = (
    f"CREATE DATABASE IF NOT EXISTS {HEARTBEAT_DATABASE}",
    f"CREATE TABLE IF NOT EXISTS {_TABLE} (reader INT UNSIGNED NOT NULL PRIMARY KEY, beats BIGINT UNSIGNED NOT NULL)"
    " ENGINE=InnoDB",
)
# A row for each of several readers, so that none waits for another; the value always changes, else nothing is logged.
_BEAT = (
    f"INSERT INTO {_TABLE} (reader, beats) VALUES (CONNECTION_ID() % 256, 1) ON DUPLICATE KEY UPDATE beats = beats + 1"
)
_DENIED = frozenset((1044, 1142, 1143, 1227))
_MISSING = frozenset((1049, 1146))
HINT = (
    "a source without GTIDs needs a small write per chunk: "
    f"CREATE DATABASE {HEARTBEAT_DATABASE}; GRANT CREATE, SELECT, INSERT, UPDATE ON {HEARTBEAT_DATABASE}.* TO the "
    "account; or set gtid_mode = ON, then nothing is written"
)


class Marks:
    """`server`: the source's uuid when places stand for GTIDs; None: by GTID."""

    def __init__(self, connection: Connection, server: str | None) -> None:
        self._connection = connection
        self._server = server
        self._log_status = dialect_of(connection).log_status

    def low(self) -> GtidSet:
        """Transactions that every later SELECT sees."""
        if self._server is None:
            return GtidSet.parse(str(self._connection.value("SELECT @@GLOBAL.gtid_executed")))
        place = self.high()
        self._beat()
        return GtidSet.before(self._server, place)

    def high(self) -> LogPosition:
        """A place behind every transaction that an earlier SELECT has seen."""
        rows = self._connection.query(self._log_status)
        if not rows:
            raise Fatal(
                f"{self._connection.endpoint}: the server writes no log", hint="start the source with --log-bin"
            )
        return LogPosition.of(str(rows[0][0]), int(rows[0][1]))

    def _beat(self) -> None:
        try:
            self._connection.execute(_BEAT)
        except Refused as error:
            if error.code in _MISSING:
                self._make()
                return self._beat()
            if error.code in _DENIED:
                raise Fatal(f"{self._connection.endpoint}: may not write {_TABLE}: {error}", hint=HINT) from error
            raise

    def _make(self) -> None:
        for statement in _MAKE:
            try:
                self._connection.execute(statement)
            except Refused as error:
                raise Fatal(f"{self._connection.endpoint}: cannot make {_TABLE}: {error}", hint=HINT) from error


def place_server(connection: Connection, executed: GtidSet | None) -> str | None:
    """The `server` of Marks: as the task has begun (`executed`), for a new one (None) as the source is set up."""
    server = str(connection.value("SELECT @@GLOBAL.server_uuid"))
    if executed is not None:
        return server if executed.place is not None else None
    return None if str(connection.value("SELECT @@GLOBAL.gtid_mode")).upper() == "ON" else server
