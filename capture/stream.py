"""Log events in, published records out: the one place that knows in which order things happen.

A source transaction is published row event by row event; its place in the log is taken over only at its end. A unit is
one row change of a selected table, one schema change or one cascade: `units_done` of the position counts them inside a
transaction that is published in part, so that a new session skips exactly these.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache

from prometheus_client import Counter

from capture.cascades import Cascades
from capture.catalog import Catalog, Misfit, Shape
from capture.epochs import Epochs
from capture.events import (
    HEARTBEATS,
    Event,
    EventType,
    begins,
    heartbeat,
    heartbeat_v2,
    rotate,
    rows,
)
from capture.evolution import Evolution
from capture.gtids import BEGINNINGS
from capture.naming import ANNOUNCED, begin_of, name_of
from capture.publisher import Publisher
from capture.scope import Part, Scope
from capture.settings import CaptureSettings
from capture.statements import Statements, Understood
from capture.unhandled import pass_by
from runtime.discretion import statement_head
from runtime.errors import Fatal
from runtime.seams import seam
from runtime.telemetry import capture_lag, published_rows
from schemas.codec import Messages, RowsImage, RowsKind, encode_rows, envelope, whole_rows
from schemas.ddl.statement import Kind
from schemas.names import TableName
from schemas.position import GtidSet, LogPosition
from schemas.records import PositionRecord, TouchedTable
from schemas.sql import qualified
from snapshot.interleave import Interleave

_ROWS: dict[int, RowsKind] = {
    EventType.WRITE_ROWS: RowsKind.INSERT,
    EventType.UPDATE_ROWS: RowsKind.UPDATE,
    EventType.DELETE_ROWS: RowsKind.DELETE,
    EventType.WRITE_ROWS_V1: RowsKind.INSERT,
    EventType.UPDATE_ROWS_V1: RowsKind.UPDATE,
    EventType.PARTIAL_UPDATE_ROWS: RowsKind.UPDATE,
    EventType.DELETE_ROWS_V1: RowsKind.DELETE,
}
_ROTATE, _PARTIAL = int(EventType.ROTATE), int(EventType.PARTIAL_UPDATE_ROWS)


@lru_cache(4096)
def _published(name: TableName, kind: RowsKind) -> Counter:
    return published_rows.labels(str(name), kind.name.lower())


@dataclass(slots=True)
class Transaction:
    """The source transaction that is being read."""

    gtid: str = ""  # or the place that names it; empty: none
    told: str | None = None  # its GTID, as consumers see it
    commit_us: int = 0
    units: int = 0
    skip: int = 0  # units that an earlier session has published
    open: bool = False  # between BEGIN and its commit
    thread_id: int | None = None
    place: int = 0  # where the last row event lies; all of a compressed transaction lies at one place,
    row: int = 0  # so its rows are counted on
    maps: dict[int, Shape | None] = field(default_factory=dict)


class Stream:
    """Handles events one by one; `position` says at any time how far the topics are."""

    def __init__(
        self,
        settings: CaptureSettings,
        publisher: Publisher,
        catalog: Catalog,
        interleave: Interleave,
        statements: Statements,
        evolution: Evolution,
        scope: Scope,
        cascades: Cascades,
        start: PositionRecord,
    ) -> None:
        self._settings = settings
        self._publisher = publisher
        self._catalog = catalog
        self._interleave = interleave
        self._statements = statements
        self._evolution = evolution
        self._scope = scope
        self._cascades = cascades
        self._resume = start
        self._transaction = Transaction()
        self._source_us = start.source_us
        self._epochs = Epochs(publisher, start.epoch)
        self.executed = GtidSet.parse(start.gtid_set)
        self._server = self.executed.server  # None: transactions have GTIDs
        self.log = self.executed.place or LogPosition.of(start.file, start.offset)
        self.moved = False  # the position has changed since the last commit record
        self._handlers: dict[int, Callable[[Event], None]] = {
            EventType.TABLE_MAP: self._table_map,
            **dict.fromkeys(BEGINNINGS, self._gtid),
            EventType.XID: self._commit,
            EventType.QUERY: self._query,
            EventType.ROTATE: self._rotate,
            **dict.fromkeys(HEARTBEATS, self._heartbeat),
            **dict.fromkeys(_ROWS, self._rows),
        }
        if self._server is not None:
            self._handlers[EventType.ANONYMOUS_GTID] = self._gtid

    @property
    def between_transactions(self) -> bool:
        """True when nothing of a source transaction is pending: chunks may be published here."""
        return not self._transaction.gtid

    @property
    def epoch(self) -> int:
        return self._epochs.last

    @property
    def source_us(self) -> int:
        return self._source_us

    def position(self, stopped: bool = False) -> PositionRecord:
        """The commit record for what is published so far."""
        self.moved = False
        split = self._transaction.gtid and self._transaction.units
        return PositionRecord(
            gtid_set=str(self.executed),
            file=self.log.file,
            offset=self.log.offset,
            gtid=self._transaction.gtid if split else None,
            units_done=self._transaction.units if split else 0,
            selection=self._settings.fingerprint,
            epoch=self.epoch,
            source_us=self._source_us,
            time_us=time.time_ns() // 1000,
            stopped=stopped,
        )

    def handle(self, event: Event) -> None:
        """Takes the next event of the log."""
        handler = self._handlers.get(event.type)
        if handler is None:
            pass_by(event, self.log)
        else:
            handler(event)
        if event.end and event.type != _ROTATE:  # that one's end is in the file before
            self._advance(event.end)
        if self._server is not None and not self._transaction.gtid:
            self._reach(self._server)

    def _gtid(self, event: Event) -> None:
        if self._transaction.gtid:  # one that ended without a commit event: an account statement, a flush
            self._finish()
        found = ANNOUNCED[event.type](event.body)
        if self._server is None:
            self._begin(event, found.gtid, found.gtid, found.commit_us)
        else:
            self._begin(event, name_of(self._server, begin_of(event, self.log)), None, found.commit_us)

    def _begin(self, event: Event, name: str, told: str | None, commit_us: int) -> None:
        skip = self._resume.units_done if name == self._resume.gtid else 0
        if skip and self._resume.selection != self._settings.fingerprint:
            raise Fatal(
                f"objects were selected anew while the transaction {name} was published in part",
                hint="start once with the selection as it was, wait a moment, then change it",
            )
        self._transaction = Transaction(name, told, commit_us or event.timestamp * 1_000_000, skip=skip)

    def _commit(self, event: Event) -> None:
        self._advance(event.end)
        self._finish()

    def _finish(self) -> None:
        done = self._transaction
        self._transaction = Transaction()
        if not done.gtid:
            return
        if self._server is None:
            self.executed.add(done.gtid)
        else:
            self._reach(self._server)
        self._source_us = done.commit_us
        self.moved = True
        capture_lag.set(max(0.0, time.time() - done.commit_us / 1e6))

    def _table_map(self, event: Event) -> None:
        try:
            shape = self._catalog.shape(event.body)
        except Misfit as misfit:
            self._evolution.adopt(misfit, self._transaction.gtid, self.executed)
            shape = self._catalog.shape(event.body)
        self._transaction.maps[int.from_bytes(event.body[:6], "little")] = shape

    def _rows(self, event: Event) -> None:
        transaction = self._transaction
        head = rows(event.type, event.body)
        try:
            shape = transaction.maps[head.table_id]
        except KeyError as error:
            raise Fatal(
                f"rows of table id {head.table_id} came without a table map in {transaction.gtid}",
                hint="check the log with mysqlbinlog",
            ) from error
        if shape is None:
            return
        name, kind = shape.table.name, _ROWS[event.type]
        place = self.log.reached(event.end).offset - event.size
        first = transaction.row if place == transaction.place else 0
        common = envelope(
            self._settings.task,
            shape.table.name,
            snapshot="false",
            gtid=transaction.told,
            file=self.log.file,
            pos=place,
            server_id=event.server_id,
            thread=transaction.thread_id,
            source_us=transaction.commit_us,
            now_us=time.time_ns() // 1000,
            epoch=self.epoch,
        )
        image = RowsImage(kind, *head.images)
        skip = max(0, transaction.skip - transaction.units)
        data = event.body[head.start :]
        if event.type == _PARTIAL:
            data = whole_rows(shape.plan, image, data)
        messages = encode_rows(shape.plan, image, data, common, skip, first)
        transaction.units += messages.rows
        transaction.place, transaction.row = place, first + messages.rows
        if self._interleave.wants(name):
            self._interleave.touched(name, transaction.gtid, [key for key in messages.keys if key is not None])
        if messages.values and not self._interleave.drops(name):
            self._publisher.send(shape.topic, messages.keys, messages.values)
            _published(name, kind).inc(messages.rows)
            self.moved = True
        if head.foreign_keys and self._cascades.keys.followed(name, kind):
            self._cascade(shape, kind, encode_rows(shape.plan, image, data, common, 0, first) if skip else messages)

    def _cascade(self, shape: Shape, kind: RowsKind, messages: Messages) -> None:
        """Publishes what follows rows, and the log does not hold, between the records before and after it."""
        transaction = self._transaction
        followed = self._cascades.followed(shape, kind, messages)
        if followed is None:
            return
        if transaction.units < transaction.skip:
            transaction.units += 1
            return
        if not self._cascades.stand(followed):
            self._close_rows()
        seam("capture.cascade_before")
        tables = self._cascades.tables(followed)
        self._epochs.cascade(transaction.told, self.log, transaction.commit_us, followed, tables)
        self._cascades.read_again(followed, transaction.gtid)
        transaction.units += 1
        self.moved = True
        seam("capture.cascade_after")

    def _close_rows(self) -> None:
        """Ends the Kafka transaction: barriers are counted from what is committed."""
        if self._publisher.open:
            self._publisher.commit(self.position())

    # ---- statements

    def _query(self, event: Event) -> None:
        if self._server is not None and not self._transaction.gtid:  # MySQL 5.6: nothing announced it
            self._begin(event, name_of(self._server, begin_of(event, self.log)), None, 0)
        transaction = self._transaction
        thread_id = begins(event.body)
        if thread_id is not None:
            transaction.open, transaction.thread_id = True, thread_id
            return
        found = self._statements.read(event.body)
        logged = self._statements.understand(found)
        understood = self._evolution.meant(self._scope.as_meant(logged, found.thread_id, event.flags))
        statement = understood.statement
        if statement.kind is Kind.COMMIT:
            self._commit(event)
            return
        if self._statements.changes_rows(statement):
            raise Fatal(
                f"{transaction.gtid}: a statement that may change selected tables is logged as text: "
                f"{statement_head(understood.text)}",
                hint="the session that ran it uses binlog_format=STATEMENT or MIXED: set it to ROW everywhere, "
                "then migrate anew with a new task name; its rows are not in the log",
            )
        if statement.kind in (Kind.ROLLBACK, Kind.ROLLBACK_TO_SAVEPOINT) and transaction.units:
            raise Fatal(
                f"{transaction.gtid}: rows are taken back inside the log: {statement_head(understood.text)}",
                hint="a session that ran it used binlog_format=STATEMENT or MIXED: set it to ROW everywhere, "
                "then migrate anew with a new task name",
            )
        if statement.kind is Kind.XA:
            raise Fatal(
                f"{transaction.gtid}: an XA statement out of its order: {statement_head(understood.text)}",
                hint="check the log with mysqlbinlog",
            )
        if self._statements.changes_schema(statement):
            if transaction.units >= transaction.skip:
                database = found.database if statement.database is None else statement.database
                session = self._statements.carried(found, event.timestamp)
                self._schema_change(event, database, understood, session)
            else:
                transaction.units += 1
            transaction.open = transaction.open or statement.starts_transaction
        elif self._scope.passed(understood, found.thread_id):
            self._publisher.names(self._scope.record())
        if not transaction.open:
            self._commit(event)

    def _schema_change(
        self, event: Event, database: str | None, understood: Understood, session: dict[str, str]
    ) -> None:
        """Publishes a statement between the rows before and after it, and takes over the new definitions."""
        concern = self._scope.concern(understood.statement)
        if concern.idle:
            self._transaction.units += 1
            return
        self._close_rows()
        seam("capture.ddl_before")
        self._transaction.units += 1
        transaction, told, executed = self._transaction.gtid, self._transaction.told, self.executed.copy()
        if not understood.statement.starts_transaction and not self._transaction.open:
            self._commit(event)  # so that the commit record below covers the statement's transaction
        for part in self._scope.parts(concern, understood, database, session, self._cascades.keys):
            self._publish(part, told, transaction, executed)
        self._scope.follow(concern, understood.statement)
        for part in self._scope.newcomers(concern, transaction, executed):
            self._publish(part, told, transaction, executed)
        self._publisher.names(self._scope.record())
        self._publisher.commit(self.position())
        seam("capture.ddl_after")

    def _publish(self, part: Part, told: str | None, transaction: str, executed: GtidSet) -> None:
        understood, place, source_us = part.understood, self.log, self._source_us
        change = self._evolution.read(understood, transaction, executed)
        self._empty(told, change.anew)
        session = part.session | self._evolution.shown(understood, transaction, executed)
        for text, kind in self._evolution.at_targets(understood, change):
            self._epochs.change(told, place, source_us, kind, text, part.database, session, change.tables)
        self._cascades.keys.changed(understood.text, understood.statement, understood.session)
        self._empty(told, self._evolution.take_over(understood, transaction, change))
        if part.copied is not None:
            self._evolution.copy(part.copied, transaction, executed, self._cascades.keys)

    def _empty(self, told: str | None, tables: Iterable[TouchedTable]) -> None:
        """Publishes that nothing is left of tables, because all their rows come again."""
        for table in tables:
            text, kind = f"TRUNCATE TABLE {qualified(table.name)}", Kind.TRUNCATE_TABLE
            self._epochs.change(told, self.log, self._source_us, kind, text, table.database, {}, (table,))

    # ---- the log itself

    def _rotate(self, event: Event) -> None:
        file, offset = rotate(event.body)
        self.log = LogPosition.of(file, offset)

    def _heartbeat(self, event: Event) -> None:
        """A sign of life; after skipped transactions also the only word on how far the log was read."""
        if event.type == EventType.HEARTBEAT:
            file, offset = heartbeat(event.body), event.end
            if file == self.log.file:
                offset = self.log.reached(offset).offset
        else:
            file, offset = heartbeat_v2(event.body)
        if self._transaction.gtid and not self._transaction.open:
            self._finish()
        if self.between_transactions and file:
            self.log = max(self.log, LogPosition.of(file, offset))

    def _advance(self, end: int) -> None:
        """Moves the offset in the current file."""
        self.log = self.log.reached(end)

    def _reach(self, server: str) -> None:
        """Without GTIDs, everything before the place between two transactions is done."""
        reached = GtidSet.before(server, self.log)
        self.moved = self.moved or not self.executed.covers(reached)
        self.executed = reached
