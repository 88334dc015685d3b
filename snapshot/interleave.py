"""What capture calls: tables are copied while the log streams, and each chunk comes out where it is exact.

Promises, for every crash and every DDL: a row that a release holds is the row's state at the position of the release;
each row of a range is released once; nothing is held that the commit records do not hold, so a new Interleave made
from them goes on where the topics end. Never writes anywhere.
"""

from collections.abc import Callable, Collection, Generator, Iterable, Sequence
from contextlib import contextmanager
from itertools import count
from typing import Protocol

from runtime.errors import Fatal, Transient
from runtime.mysql import Endpoint
from runtime.telemetry import log
from schemas.codec import ChunkRows
from schemas.names import TableName
from schemas.plan import TablePlan
from schemas.position import GtidSet, LogPosition
from schemas.records import RangeRecord
from snapshot import keyset
from snapshot.hold import Hold
from snapshot.ledger import Ledger, Order
from snapshot.messages import (
    Changed,
    Chunk,
    Command,
    Credit,
    Ended,
    Held,
    HoldEnded,
    HoldWanted,
    Located,
    Ready,
    Report,
    Rest,
)
from snapshot.readers import Readers
from snapshot.released import Release, Replanned, untouched
from snapshot.settings import SnapshotSettings
from snapshot.ties import Free, Ties
from snapshot.waiting import Waiting
from snapshot.walking import Walking
from snapshot.window import Window

_LEAST_CHUNK_BYTES = 32 << 10
_OPEN_TRANSACTIONS = "one that has written the table is open at the source: SHOW PROCESSLIST and XA RECOVER tell which"


class Pool(Protocol):
    """The reader processes, or what stands for them."""

    def want(self, count: int) -> None: ...
    def receive(self) -> list[tuple[int, Report | Ended]]: ...
    def send(self, reader: int, command: Command) -> None: ...
    def filenos(self) -> list[int]: ...


@contextmanager
def opened(
    source: Endpoint,
    settings: SnapshotSettings,
    records: Iterable[RangeRecord],
    plans: Callable[[TableName], TablePlan],
    published: GtidSet,
    ties: Ties | None = None,
) -> Generator["Interleave"]:
    """An Interleave with reader processes of its own; they end with it. `source` names its server_uuid: marks of two
    servers do not go together."""
    with Readers(source, published.naming, settings) as readers:
        yield Interleave(readers, settings, records, plans, published, ties)


class Interleave:
    """The unfinished ranges of a task, and the rows on their way into its topics.

    `plans` gives a table's plan at the stream's position; `published` is every transaction of which the topics may
    hold something; `ties` are the foreign keys of a source whose log is silent about them.
    """

    def __init__(
        self,
        readers: Pool,
        settings: SnapshotSettings,
        records: Iterable[RangeRecord],
        plans: Callable[[TableName], TablePlan],
        published: GtidSet,
        ties: Ties | None = None,
    ) -> None:
        self._ties = ties or Free()
        self._readers = readers
        self._settings = settings
        self._plans = plans
        self._window = Window(published, settings.window_bytes)
        self._ledger = Ledger(self._order)
        self._walks: dict[int, Walking] = {}
        self._numbers = count(1)
        self._idle: list[int] = []
        self._least: dict[TableName, int] = {}  # bytes of the chunks of tables whose chunks were worth nothing
        self._hold: Hold | None = None
        self._ledger.enter(records)
        self._waiting = Waiting(self._ties, self._ledger)
        self._waiting.look()

    # -- the stream ----------------------------------------------------------------------------------------------

    def filenos(self) -> list[int]:
        """What to select on, beside the log."""
        return self._readers.filenos()

    def receive(self) -> None:
        """Takes what the readers have sent and gives them work; never blocks."""
        self._readers.want(self._ledger.waiting + sum(walk.reading for walk in self._walks.values()))
        for reader, report in self._readers.receive():
            self._take(reader, report)
        self._hand_out()

    def wants(self, table: TableName) -> bool:
        """True when the stream's changes of the table must be told to `touched`."""
        return self._ledger.by_key(table)

    def drops(self, table: TableName) -> bool:
        """True when the stream must not publish changes of the table: the read to come covers them."""
        return self._ledger.at_once(table) or table in self._waiting

    def touched(self, table: TableName, gtid: str, keys: Sequence[bytes]) -> None:
        """The stream has met changes of these keys."""
        if table in self._waiting:
            self.followed(table, gtid)
        else:
            self._window.touched(table, gtid, keys)

    def followed(self, table: TableName, gtid: str) -> None:
        """Rows have changed or gone whose keys are not told, by a transaction of the stream."""
        statement = GtidSet()
        statement.add(gtid)
        self._window.forget(table, statement)

    def moved(self, table: TableName, gtid: str) -> Replanned:
        """Rows have got other keys, and none of them is told: they may lie now where the copy has been already."""
        self.followed(table, gtid)
        return self.reread(table, gtid) if self._ledger.begun(table) else Replanned(())

    def may_pass(self, position: LogPosition) -> bool:
        """True when the stream, between two transactions at `position`, may process the next one."""
        hold = self._hold
        if hold is None or hold.may_pass(position):
            return True
        if hold.tell():
            self._readers.send(self._walks[hold.walk].reader, Held(hold.walk))
        return False

    def release(self, position: LogPosition) -> list[Release]:
        """What is exact at `position`; all of the log before it has been told."""
        hold = self._hold
        releases = [] if hold is not None and hold.handed_over else self._chunks(position)
        if hold is not None:
            releases += self._parts(hold, position)
        for walk in self._walks.values():
            if walk.refused is not None and walk.refused.high <= position:
                raise Fatal(
                    f"source: {walk.table} cannot be read as the log describes it: {walk.refused.error}",
                    hint="compare the table's definition at the source with the one in the task's schema topic",
                )
        return releases

    # -- DDL: each call comes when the stream passes the statement ----------------------------------------------

    def schema_changed(self, table: TableName, gtid: str) -> Replanned:
        """The definition has changed; `plans` gives the new one."""
        self._cut(table, gtid)
        self._waiting.refuse_new_tie(table)
        self._waiting.look()
        if not self._ledger.unfinished(table):
            return Replanned(())
        old, new = self._ledger.reorder(table)
        if old == new:
            return Replanned(())
        return Replanned(self._ledger.restart(table), empties=bool(old) and not new)

    def truncated(self, table: TableName, gtid: str) -> Replanned:
        """Rows have gone without row events."""
        self._cut(table, gtid)
        return Replanned(())

    def reread(self, table: TableName, gtid: str) -> Replanned:
        """Rows have come without row events."""
        self._cut(table, gtid)
        return Replanned(self._ledger.restart(table) if self._ledger.unfinished(table) else ())

    def unfinished(self, table: TableName) -> bool:
        """True while some of its rows are still to be released."""
        return self._ledger.unfinished(table)

    def with_followers(self, tables: Collection[TableName]) -> set[TableName]:
        """These and the tables of which no row may come before these are complete."""
        return set(tables).union(*map(self._ties.behind, tables))

    def copied_anew(self, table: TableName, gtid: str) -> Replanned:
        """All its rows come again, those of a finished table too; the caller empties what is published of it."""
        self._cut(table, gtid)
        if self._ledger.unfinished(table):
            self._ledger.reorder(table)
            ranges = self._ledger.restart(table)
        else:
            ranges = self._ledger.again(table)
        self._waiting.look()
        return Replanned(ranges)

    def dropped(self, table: TableName, gtid: str) -> Replanned:
        """The table is gone, or selected no more."""
        self._cut(table, gtid)
        ended = self._ledger.drop(table)
        self._waiting.look()
        return Replanned(ended)

    def renamed(self, old: TableName, new: TableName, gtid: str) -> Replanned:
        """The table has another name; `plans` knows it."""
        self._cut(old, gtid)
        self._window.forget(new, self._window.needed(old))
        moved = self._ledger.rename(old, new)
        self._waiting.look()
        return Replanned(moved)

    def add(self, records: Sequence[RangeRecord], published: GtidSet) -> Replanned:
        """Copies tables (again) from here on; the records have ids of their own."""
        for table in {record.name for record in records}:
            if self._ledger.unfinished(table):
                raise ValueError(f"{table} is being copied already")
            self._window.forget(table, published)
        self._ledger.enter(records)
        self._waiting.look()
        return Replanned(tuple(records), empties=any(self.drops(record.name) for record in records))

    # -- progress ------------------------------------------------------------------------------------------------

    @property
    def finished(self) -> bool:
        """True when no range is left."""
        return self._ledger.finished

    def progress(self) -> tuple[RangeRecord, ...]:
        """Every range, as far as it has been released."""
        return self._ledger.all()

    def next_id(self) -> int:
        """The first number that no range has had for an id."""
        return self._ledger.next_id()

    def _order(self, table: TableName) -> Order:
        """What its key's order depends on; nothing for a table whose rows all come at one place: it has no key, or no
        SELECT of it is a consistent read."""
        definition = self._plans(table).table
        return () if self._ties.at_once(table) or not definition.reads_consistently else keyset.order(definition)

    # -- ranges and readers --------------------------------------------------------------------------------------

    def _take(self, reader: int, report: Report | Ended) -> None:
        if isinstance(report, Ready):
            self._idle.append(reader)
            return
        if isinstance(report, Ended):
            self._lost(reader)
            return
        walk = self._walks.get(report.walk)
        if walk is None:
            if isinstance(report, Chunk):
                self._readers.send(reader, Credit())
            return
        match report:
            case Chunk():
                self._take_chunk(walk, report)
            case HoldWanted():
                self._held(walk).wanted()
            case HoldEnded():
                log.warning("waits_for_open_transactions", table=str(walk.table), hint=_OPEN_TRANSACTIONS)
                self._lift(walk)
            case Located():
                self._held(walk).located(report.high)
                self._window.saw(reader, report.low)
            case Changed():
                walk.refused = report
                self._lift(walk)
                self._rest(walk)

    def _take_chunk(self, walk: Walking, chunk: Chunk) -> None:
        if not walk.at_once:
            self._window.put(walk.reader, walk.table, chunk)
        else:
            self._held(walk).put(chunk)
        if chunk.final:
            self._rest(walk)

    def _held(self, walk: Walking) -> Hold:
        if self._hold is None or self._hold.walk != walk.number:
            raise ValueError(f"{walk.table} is not the table that is being read at once")
        return self._hold

    def _rest(self, walk: Walking) -> None:
        """The walk's reader has nothing more to read for it."""
        walk.reading = False
        self._window.rests(walk.reader)
        self._idle.append(walk.reader)

    def _lost(self, reader: int) -> None:
        """A reader has died: what it had not read to the end is read again from its last released key."""
        if reader in self._idle:
            self._idle.remove(reader)
        for walk in [walk for walk in self._walks.values() if walk.reader == reader and walk.reading]:
            walk.reading = False
            self._window.rests(reader)
            self._interrupt(walk)

    def _hand_out(self) -> None:
        while self._idle:
            record = self._ledger.take(at_once_too=self._hold is None, but=self._waiting.tables)
            if record is None:
                return
            self._start(record, self._idle.pop(0))

    def _start(self, record: RangeRecord, reader: int) -> None:
        plan = self._plans(record.name)
        walk = Walking(next(self._numbers), record.id, plan, reader, self._ledger.at_once(record.name))
        self._walks[walk.number] = walk
        if not walk.at_once:
            self._window.reads(reader)
        elif self._hold is None:
            self._hold = Hold(walk.number)
        else:
            raise ValueError(f"{record.name} has lost its key, and the stream has not said so")
        chunk_bytes = self._least.get(record.name, self._settings.chunk_bytes)
        command = walk.command(self._settings.task, record, self._window.needed(record.name), chunk_bytes)
        self._readers.send(reader, command)

    def _interrupt(self, walk: Walking) -> None:
        """Gives the walk up; its range waits for a reader again."""
        del self._walks[walk.number]
        self._ledger.give_back(walk.range_id)
        for reader in self._window.discard(walk.number):
            self._readers.send(reader, Credit())
        if walk.reading:
            self._readers.send(walk.reader, Rest())
            self._rest(walk)
        self._lift(walk)
        if self._hold is not None and self._hold.walk == walk.number:
            self._hold = None

    def _lift(self, walk: Walking) -> None:
        """The stream need not stand still for this walk."""
        hold = self._hold
        if hold is None or hold.walk != walk.number:
            return
        if hold.handed_over:
            raise Transient(f"the read of {walk.table} broke off when a part of it was handed over")
        for _ in range(hold.lift()):
            self._readers.send(walk.reader, Credit())

    # -- releases ------------------------------------------------------------------------------------------------

    def _chunks(self, position: LogPosition) -> list[Release]:
        releases = []
        for passed in self._window.release(position):
            self._readers.send(passed.reader, Credit())
            walk = self._walks.get(passed.chunk.walk)
            if walk is None:
                continue
            if passed.exact:
                releases.append(self._released(walk, passed.chunk, untouched(passed)))
            else:
                self._interrupt(walk)
                # A smaller chunk is sooner read: where such transactions are frequent, it comes through.
                least = self._least.get(walk.table, self._settings.chunk_bytes)
                self._least[walk.table] = min(least, max(_LEAST_CHUNK_BYTES, least // 2))
        return releases

    def _parts(self, hold: Hold, position: LogPosition) -> list[Release]:
        walk = self._walks[hold.walk]
        parts = hold.take(position)
        for _ in parts:
            self._readers.send(walk.reader, Credit())
        return [self._released(walk, part, part.rows) for part in parts]

    def _released(self, walk: Walking, chunk: Chunk, rows: ChunkRows) -> Release:
        record = self._ledger.advance(walk.range_id, len(chunk.rows.rows), chunk.last, chunk.final)
        if chunk.final:
            self._end(walk)
        table_done = chunk.final and not self._ledger.unfinished(walk.table)
        if table_done:
            self._waiting.look()
        return Release(record, walk.plan, rows, more=walk.at_once and not chunk.final, table_done=table_done)

    def _end(self, walk: Walking) -> None:
        del self._walks[walk.number]
        self._least.pop(walk.table, None)
        if self._hold is not None and self._hold.walk == walk.number:
            self._hold = None

    # -- DDL -----------------------------------------------------------------------------------------------------

    def _cut(self, table: TableName, gtid: str) -> None:
        """Nothing that was read before this transaction is worth anything."""
        statement = GtidSet()
        statement.add(gtid)
        self._window.forget(table, statement)
        for walk in [walk for walk in self._walks.values() if walk.table == table]:
            self._interrupt(walk)
