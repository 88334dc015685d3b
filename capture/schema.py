"""The source's schema at a known place of its log, without a lock.

information_schema tells what is now. What it tells belongs to a place of the log when no statement between the reading
and that place changed a selected table; this reads that piece of the log to be sure.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace

from capture.definitions import create_database, create_table, read_tables, selected_databases, selected_tables, views
from capture.events import HEARTBEATS, Event, EventType, begins
from capture.gtids import BEGINNINGS
from capture.naming import ANNOUNCED, after, begin_of, name_of
from capture.reader import LogReader
from capture.settings import CaptureSettings
from capture.statements import Statements, Understood
from runtime.errors import Transient
from runtime.mysql import Connection, Endpoint
from runtime.seams import seam
from runtime.telemetry import log
from schemas.ddl.statement import Kind, Statement
from schemas.names import TableName
from schemas.position import GtidSet, LogPosition
from schemas.records import RangeRecord
from schemas.table import Table
from snapshot.marks import Marks
from snapshot.planner import plan_ranges
from snapshot.ties import Ties

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
    views: tuple[TableName, ...] = ()


class SchemaSource:
    """Reads definitions of the source, and proves where in the log they belong."""

    def __init__(
        self, source: Endpoint, connection: Connection, marks: Marks, statements: Statements, settings: CaptureSettings
    ) -> None:
        self._source = source
        self._connection = connection
        self._marks = marks
        self._statements = statements
        self._settings = settings
        self._scanned = GtidSet()
        self._ahead: list[tuple[str, Understood]] = []  # schema changes in `scanned` that the stream has not reached

    def everything(self) -> Schema:
        """The whole selected schema; reads again while DDL runs at the same time."""
        while True:
            before = self._marks.low()
            definitions = tuple(self._definitions())
            found = tuple(views(self._connection, self._settings.selection))
            executed, position = self._marks.low(), self._marks.high()
            seam("capture.schema_read")
            if not any(True for _ in self._changes(before, executed)):
                return Schema(executed, position, definitions, found)
            log.info("schema_changed_while_reading")

    def tables_after(
        self, transaction: str, names: Iterable[TableName], position: GtidSet
    ) -> tuple[dict[TableName, Table], set[TableName]]:
        """Definitions of tables as they stand after `transaction`, which the stream has just read, and those of them
        that are certain.

        The log shows a statement before the server shows its effect, so this waits for the effect. A definition is
        certain when nothing has changed its table between `position` and the reading.
        """
        self._wait_until(lambda done: done.contains(transaction), f"{transaction} is")
        found = read_tables(self._connection, names)
        later = self._changes_later(position, self._marks.low())
        certain = {name for name in found if not any(touches(understood.statement, name) for understood in later)}
        return {name: table if name in certain else careful(table) for name, table in found.items()}, certain

    def shown(self, transaction: str, name: TableName, position: GtidSet) -> str | None:
        """SHOW CREATE TABLE as it stands after `transaction`; None when that is not certain any more."""
        self._wait_until(lambda done: done.contains(transaction), f"{transaction} is")
        text = create_table(self._connection, name)
        later = self._changes_later(position, self._marks.low())
        return None if any(touches(understood.statement, name) for understood in later) else text

    def present(self, name: TableName) -> str:
        """SHOW CREATE TABLE as it stands now; empty where there is no such table."""
        return create_table(self._connection, name) or ""

    def ranges(self, table: Table, ties: Ties, first_id: int) -> list[RangeRecord]:
        """Those that cover every row of a table, for a copy that begins now."""
        return plan_ranges(self._connection, [table], self._settings.readers, ties, first_id)

    def current(self, name: TableName, position: GtidSet) -> tuple[Table | None, list[str]]:
        """The table's definition now, and the statements on it that lie between `position` and now."""
        self._wait_until(lambda done: done.covers(position), f"{position} is")
        found = read_tables(self._connection, [name])
        later = self._changes_later(position, self._marks.low())
        return found.get(name), [understood.text for understood in later if touches(understood.statement, name)]

    def _changes_later(self, position: GtidSet, until: GtidSet) -> list[Understood]:
        """Every schema change in `until` behind `position`. The log is read ahead only once."""
        if not self._scanned.covers(position):
            self._scanned, self._ahead = position.copy(), []
        self._ahead = [(gtid_, understood) for gtid_, understood in self._ahead if not position.contains(gtid_)]
        self._ahead += self._changes(self._scanned, until)
        self._scanned = self._scanned.union(until)
        return [understood for _, understood in self._ahead]

    def _wait_until(self, holds: Callable[[GtidSet], bool], what: str) -> None:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not holds(self._marks.low()):
            if time.monotonic() > deadline:
                raise Transient(f"{self._source}: {what} in the log but not executed")
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

    def _changes(self, done: GtidSet, until: GtidSet) -> Iterator[tuple[str, Understood]]:
        """Schema changes in transactions of `until` that are not in `done`, read from the log."""
        missing = until.minus(done)
        if not missing:
            return
        settings = self._settings
        with closing(LogReader(self._source, done, settings.server_id ^ 1, settings.heartbeat_ms)) as reader:
            events = iter(reader.read, None)
            named = _by_gtid(events, missing) if done.place is None else _by_place(events, done, until)
            for transaction, event in named:
                if until.contains(transaction) and not done.contains(transaction) and begins(event.body) is None:
                    understood = self._statements.understand(self._statements.read(event.body))
                    statement = understood.statement
                    if self._statements.changes_schema(statement) or self._statements.names_views(statement):
                        yield transaction, understood


def _by_gtid(events: Iterator[Event], missing: GtidSet) -> Iterator[tuple[str, Event]]:
    """Statements with their transactions, until nothing of `missing` is missing."""
    current = ""
    while missing:
        event = next(events)
        if current and (event.type in BEGINNINGS or event.type in HEARTBEATS):
            missing, current = missing.minus(_single(current)), ""
        if event.type in BEGINNINGS:
            current = BEGINNINGS[event.type](event.body).gtid
        elif event.type == EventType.QUERY:
            yield current, event


def _by_place(events: Iterator[Event], done: GtidSet, until: GtidSet) -> Iterator[tuple[str, Event]]:
    """Statements with the places where their transactions begin, up to the place of `until`."""
    at, end, server = done.place, until.place, done.server
    if at is None or end is None or server is None:
        raise ValueError("places stand for the transactions of this task")
    begun: str | None = None
    while at < end:
        event = next(events)
        if event.type in ANNOUNCED:
            begun = name_of(server, begin_of(event, at))
        elif event.type == EventType.QUERY:
            name = begun or name_of(server, begin_of(event, at))
            yield name, event
            if begins(event.body) is not None:
                begun = name
            elif event.body.endswith(b"\x00COMMIT"):
                begun = None
        elif event.type == EventType.XID:
            begun = None
        at = after(event, at)


def touches(statement: Statement, name: TableName) -> bool:
    """True when the statement may change what the name stands for."""
    if statement.kind is Kind.VIEW:
        return name in statement.objects
    return name in statement.tables or (statement.kind is Kind.DROP_DATABASE and statement.database == name.database)


def careful(table: Table) -> Table:
    """A definition that is not certain. Row events correct names and types when they come; unique keys, which they do
    not tell, may not stand in for a primary key."""
    return table if table.primary_key else replace(table, unique_keys=())


def _single(transaction: str) -> GtidSet:
    only = GtidSet()
    only.add(transaction)
    return only
