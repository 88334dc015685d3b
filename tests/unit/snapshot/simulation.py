"""A capture that uses the real Interleave, beside a simulated source and its readers; and a scheduler.

After each action the topics must hold a part of the source's state at the stream's position: `Violation` otherwise.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from runtime.errors import Transient
from schemas.names import TableName
from schemas.plan import TablePlan
from schemas.position import GtidSet, LogPosition
from schemas.records import RangeRecord
from snapshot.interleave import Interleave
from snapshot.released import Replanned
from snapshot.settings import SnapshotSettings
from tests.unit.snapshot.simulated_readers import Pool
from tests.unit.snapshot.simulated_source import UUID, Marks, Source, position
from tests.unit.snapshot.simulated_tables import (
    KEYED,
    KEYLESS,
    KEYS,
    Change,
    Tables,
    beginning,
    decode,
    key_of,
    plan_of,
)


class Violation(AssertionError):
    """A consumer of the topics has seen something that was never so."""


@dataclass(slots=True)
class Durable:
    """What Kafka holds: a consumer's state, and the commit records."""

    tables: Tables
    streamed: int = 0  # transactions
    units: int = 0  # of the next transaction
    ranges: dict[str, RangeRecord] = field(default_factory=dict)
    released: list[tuple[TableName, int]] = field(default_factory=list)

    def copy(self) -> "Durable":
        tables = Tables(dict(self.tables.shapes), {name: dict(rows) for name, rows in self.tables.rows.items()})
        return replace(self, tables=tables, ranges=dict(self.ranges), released=list(self.released))


class Capture:
    """Streams, publishes and commits as capture does; `settings` bound the window."""

    def __init__(self, source: Source, marks: Marks, window_bytes: int = 1 << 20) -> None:
        self.source = source
        self._marks = marks
        self._settings = SnapshotSettings("sim", window_bytes=window_bytes)
        empty = beginning()
        for rows in empty.rows.values():
            rows.clear()
        self.durable = Durable(empty)
        for number, (table, lower, upper) in enumerate(
            [(KEYED, None, ("2",)), (KEYED, ("2",), None), (KEYLESS, None, None)], 1
        ):
            record = RangeRecord(id=str(number), database=table.database, table=table.name, lower=lower, upper=upper)
            self.durable.ranges[record.id] = record
        self.restart()

    def restart(self) -> None:
        """A crash: what is not committed is gone."""
        self.now = self.durable.copy()
        self._must_stay_open = False
        self.truth = beginning()
        for changes in self.source.log[: self.now.streamed]:
            for change in changes:
                self.truth.apply(change)
        for change in self.source.log[self.now.streamed][: self.now.units] if self.now.units else ():
            self.truth.apply(change)
        self.pool = Pool(self.source, self._marks)
        self.interleave = Interleave(self.pool, self._settings, self.now.ranges.values(), self._plan, self.published())

    def published(self) -> GtidSet:
        """Transactions that the topics hold, wholly or in part."""
        published = GtidSet.before(UUID, position(0, 0)) if self.source.by_place else GtidSet()
        for index in range(self.now.streamed + (1 if self.now.units else 0)):
            published.add(self.source.gtid(index))
        return published

    @property
    def position(self) -> LogPosition:
        return position(self.now.streamed, self.now.units)

    def stream(self) -> None:
        """One unit of the log."""
        if not self.now.units and not self.interleave.may_pass(self.position):
            return
        if self.now.streamed == len(self.source.log):
            return
        changes = self.source.log[self.now.streamed]
        if not changes:  # a marker
            self.now.streamed += 1
            return
        self._pass(changes[self.now.units], self.source.gtid(self.now.streamed))
        self.now.units += 1
        if self.now.units == len(changes):
            self.now.streamed, self.now.units = self.now.streamed + 1, 0
        self.check()

    def release(self) -> None:
        for release in self.interleave.release(self.position):
            table = release.range.name
            rows = self.now.tables.rows[table]
            for row, value in decode(release.rows).items():
                if release.plan.table.key == () and row in rows:
                    raise Violation(f"keyless row {row} is published twice")
                if (table, row) in self.now.released:
                    raise Violation(f"row {row} of {table} is released twice")
                rows[row] = value
                self.now.released.append((table, row))
            self.now.ranges[release.range.id] = release.range
            self._must_stay_open = release.more
            done = all(record.done for record in self.now.ranges.values() if record.name == table)
            if release.table_done != done:
                raise Violation(f"table_done of {table} is {release.table_done}")
            self.check()

    def commit(self) -> None:
        if not self._must_stay_open:
            self.durable = self.now.copy()

    def check(self) -> None:
        for table, rows in self.now.tables.rows.items():
            for row, value in rows.items():
                if self.truth.rows[table].get(row) != value:
                    raise Violation(
                        f"{table} at {self.position}: row {row} is {value}, not {self.truth.rows[table].get(row)}"
                    )

    def check_end(self) -> None:
        if not self.interleave.finished or self.now.tables.rows != self.truth.rows:
            raise Violation(f"lost: {self.now.tables.rows}, not {self.truth.rows}")

    def _plan(self, table: TableName) -> TablePlan:
        return plan_of(table, self.now.tables.shapes[table])

    def _pass(self, change: Change, gtid: str) -> None:
        self.truth.apply(change)
        table = change.table
        if change.truncates:
            self.now.tables.apply(change)
            self._replan(table, self.interleave.truncated(table, gtid))
        elif change.shape is not None:
            self.now.tables.apply(change)
            self._replan(table, self.interleave.schema_changed(table, gtid))
        elif not self.interleave.drops(table):
            self.now.tables.apply(change)
            if change.onto is not None:
                self._replan(table, self.interleave.moved(table, gtid))
            elif self.interleave.wants(table):
                self.interleave.touched(table, gtid, [key_of(change.row)])

    def _replan(self, table: TableName, replanned: Replanned) -> None:
        if replanned.ranges:
            self.now.released = [(name, row) for name, row in self.now.released if name != table]
        for record in replanned.ranges:
            self.now.ranges[record.id] = record
        if replanned.empties:
            self.now.tables.rows[table].clear()


def run(schedule: Iterable[int], capture: Capture) -> None:
    """Takes one action for each number, then lets everything come to its end."""
    for number in schedule:
        _or_restart(capture, number)
    finish(capture)


def _or_restart(capture: Capture, number: int) -> None:
    """As the loop of a service: what may work in a moment is tried again from durable state."""
    try:
        act(capture, number)
    except Transient:
        capture.restart()


def act(capture: Capture, number: int) -> None:
    """The action that `number` stands for, if it can be taken now."""
    source, (number, choice) = capture.source, divmod(number, 17)
    match choice:
        case 0 | 1:
            _write(source, number)
        case 2 | 3:
            _reach(source.visible, range(len(source.log)), 0 if source.ordered else number)
        case 4 | 5:
            _reach(source.executed, sorted(source.visible), number)
        case 6 | 7 | 8:
            capture.stream()
        case 9 | 10 | 11 | 12:
            readers = list(capture.pool.readers.values())
            if readers:
                readers[number % len(readers)].step()
        case 13:
            capture.interleave.receive()
        case 14:
            capture.release()
        case _:
            _disturb(capture, number)


def _write(source: Source, number: int) -> None:
    latest = source.state(range(len(source.log)))
    number, kind = divmod(number, 16)
    number, row = divmod(number, len(KEYS))
    value = None if number % 3 == 0 else len(source.log) + 1
    match kind:
        case 0:
            shape = latest.shapes[KEYED]
            source.flush([Change(KEYED, shape=replace(shape, columns=shape.columns + 1))])
        case 1:
            shape = latest.shapes[KEYED]
            source.flush([Change(KEYED, shape=replace(shape, key=(0, shape.key + 1, shape.key)[number % 3]))])
        case 2:
            source.flush([Change((KEYED, KEYLESS)[number % 2], truncates=True)])
        case 3:
            shape = latest.shapes[KEYLESS]
            source.flush([Change(KEYLESS, shape=replace(shape, columns=shape.columns + 1))])
        case 4 | 5 | 6:
            source.flush([Change(KEYLESS, row, value)])
        case 7 | 8:
            source.flush(
                [Change(KEYED, row, value), Change(KEYED, number % len(KEYS), value), Change(KEYLESS, row, value)]
            )
        case 9 | 10 if row in latest.rows[KEYED] and (free := set(KEYS) - set(latest.rows[KEYED])):
            source.flush([Change(KEYED, row, onto=sorted(free)[number % len(free)])])
        case _:
            source.flush([Change(KEYED, row, value)])


def _reach(reached: set[int], candidates: Iterable[int], number: int) -> None:
    left = [index for index in candidates if index not in reached]
    if left:
        reached.add(left[number % len(left)])


def _disturb(capture: Capture, number: int) -> None:
    match number % 4:
        case 0:
            capture.restart()
        case 1 if capture.pool.readers:
            numbers = sorted(capture.pool.readers)
            capture.pool.kill(numbers[number // 4 % len(numbers)])
        case _:
            capture.commit()


def finish(capture: Capture) -> None:
    """All transactions become visible and executed, all is streamed and released."""
    source = capture.source
    for _ in range(1000):
        source.visible |= set(range(len(source.log)))
        source.executed |= set(range(len(source.log)))
        if capture.interleave.finished and capture.now.streamed == len(source.log):
            break
        try:
            _round(capture)
        except Transient:
            capture.restart()
    capture.check_end()


def _round(capture: Capture) -> None:
    capture.interleave.receive()
    capture.release()
    for reader in list(capture.pool.readers.values()):
        reader.step()
    capture.stream()
