"""The source's schema at a known place of its log, without a lock.

information_schema tells what is now. What it tells belongs to a place of the log when no statement between the reading
and that place changed a selected table: `changes_between` reads that piece of the log to be sure.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from capture.definitions import create_database, create_table, read_tables, selected_databases, selected_tables
from capture.events import EventType, gtid, query
from capture.reader import LogReader
from capture.settings import CaptureSettings
from capture.statements import Statements
from runtime.errors import Transient
from runtime.mysql import Connection, Endpoint
from runtime.seams import seam
from runtime.telemetry import log
from schemas.ddl.statement import Kind, Statement
from schemas.names import TableName
from schemas.position import GtidSet, LogPosition
from schemas.table import Table

_PATIENCE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Definition:
    """One object of the schema migration: its CREATE statement, and the table it makes."""

    kind: Kind
    database: str
    statement: str
    table: Table | None


@dataclass(frozen=True, slots=True)
class Schema:
    """Every selected definition as it stood at `executed`."""

    executed: GtidSet
    position: LogPosition
    definitions: tuple[Definition, ...]


class SchemaSource:
    """Reads definitions of the source, and proves where in the log they belong."""

    def __init__(
        self, source: Endpoint, connection: Connection, statements: Statements, settings: CaptureSettings
    ) -> None:
        self._source = source
        self._connection = connection
        self._statements = statements
        self._settings = settings

    def everything(self) -> Schema:
        """The whole selected schema; reads again while DDL runs at the same time."""
        while True:
            before = executed(self._connection)
            definitions = tuple(self._definitions())
            after, position = executed(self._connection), log_end(self._connection)
            seam("capture.schema_read")
            if not self._changed(before, after, self._statements.changes_schema):
                return Schema(after, position, definitions)
            log.info("schema_changed_while_reading")

    def tables_after(self, transaction: str, names: Iterable[TableName], position: GtidSet) -> dict[TableName, Table]:
        """Definitions of tables as they stand after `transaction`, which has just been read from the log.

        The log shows a statement before the server shows its effect, so this waits for the effect. Definitions may
        already be newer: row events correct names and types. A table without a primary key is only as sure as its
        unique keys are, so these are kept only if nothing has changed them up to the reading.
        """
        self._wait_for(transaction)
        found = read_tables(self._connection, names)
        unsure = {name for name, table in found.items() if not table.primary_key and table.unique_keys}
        if unsure and self._changed(
            position, executed(self._connection), lambda statement: not unsure.isdisjoint(statement.tables)
        ):
            for name in unsure:
                found[name] = without_unique_keys(found[name])
        return found

    def _wait_for(self, transaction: str) -> None:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not executed(self._connection).contains(transaction):
            if time.monotonic() > deadline:
                raise Transient(f"{self._source}: {transaction} is in the log but not in gtid_executed")
            time.sleep(0.002)

    def _definitions(self) -> Iterable[Definition]:
        for database in selected_databases(self._connection, self._settings.selection):
            yield Definition(Kind.CREATE_DATABASE, database, create_database(self._connection, database), None)
        names = selected_tables(self._connection, self._settings.selection)
        tables = read_tables(self._connection, names)
        for name in names:
            statement = create_table(self._connection, name)
            if statement is not None and name in tables:
                yield Definition(Kind.CREATE_TABLE, name.database, statement, tables[name])

    def _changed(self, after: GtidSet, until: GtidSet, matters: Callable[[Statement], bool]) -> bool:
        """True when the log holds a statement that matters in transactions of `until` that are not in `after`."""
        missing = until.minus(after)
        if not missing:
            return False
        reader = LogReader(self._source, after, self._settings.server_id ^ 1, self._settings.heartbeat_ms)
        try:
            current = ""
            while missing:
                event = reader.read()
                if event.type == EventType.GTID:
                    if current:
                        missing = missing.minus(_single(current))
                    current = gtid(event.body).gtid
                elif event.type == EventType.QUERY and until.contains(current):
                    if matters(self._statements.understand(query(event.body)).statement):
                        return True
                elif event.type == EventType.HEARTBEAT and current:
                    missing = missing.minus(_single(current))
            return False
        finally:
            reader.close()


def executed(connection: Connection) -> GtidSet:
    """Everything that is visible to a read that begins now."""
    return GtidSet.parse(str(connection.value("SELECT @@GLOBAL.gtid_executed")))


def log_end(connection: Connection) -> LogPosition:
    """Everything that a read which has ended saw lies before this place."""
    status = connection.query("SHOW BINARY LOG STATUS")
    return LogPosition.of(str(status[0][0]), int(status[0][1]))


def without_unique_keys(table: Table) -> Table:
    return Table(
        name=table.name,
        columns=table.columns,
        primary_key=table.primary_key,
        charset=table.charset,
        comment=table.comment,
    )


def _single(transaction: str) -> GtidSet:
    only = GtidSet()
    only.add(transaction)
    return only
