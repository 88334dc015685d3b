"""A source whose commit has three moments, readers and a capture that use the real Interleave, and a scheduler.

A transaction is *flushed* (in the log, so capture may stream it), then *visible* (to SELECT), then *executed* (in
gtid_executed). Nothing orders the moments of different transactions: a harsher server than MySQL, which at least
keeps rows locked until they are visible. A source without GTIDs is `ordered`: there transactions become visible in the
log's order, and readers write markers, which are transactions like all others. After each action the topics must hold
a part of the source's state at the stream's position: `Violation` otherwise.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import cache

from runtime.errors import Transient
from schemas.codec import ChunkRows
from schemas.names import TableName
from schemas.plan import TablePlan, plan
from schemas.position import GtidSet, LogPosition
from schemas.records import RangeRecord
from schemas.table import Column, Table, from_json
from snapshot.interleave import Interleave, Replanned
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
    Walk,
)
from snapshot.settings import SnapshotSettings

UUID = "00000000-0000-0000-0000-000000000001"
KEYED = TableName("d", "keyed")
KEYLESS = TableName("d", "keyless")
KEYS = range(6)


class Violation(AssertionError):
    """A consumer of the topics has seen something that was never so."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A table's definition: `columns` beside its id, and the type of its key (0: it has none)."""

    columns: int
    key: int


@dataclass(frozen=True, slots=True)
class Change:
    """One unit of a transaction: a row set (`value`) or deleted (None), or a new definition, or TRUNCATE; or a row that
    gets the key `onto`, which the log does not say."""

    table: TableName
    row: int = 0
    value: int | None = None
    shape: Shape | None = None
    truncates: bool = False
    onto: int | None = None


Rows = dict[int, tuple[int, int]]  # row -> its value and the number of its columns


@dataclass(slots=True)
class Tables:
    """The state of both tables: the truth, or what a consumer has made of the topics."""

    shapes: dict[TableName, Shape]
    rows: dict[TableName, Rows]

    def apply(self, change: Change) -> None:
        rows = self.rows[change.table]
        if change.truncates:
            rows.clear()
        elif change.shape is not None:
            self.shapes[change.table] = change.shape
            self.rows[change.table] = {row: (value, change.shape.columns) for row, (value, _) in rows.items()}
        elif change.onto is not None:
            if change.row in rows:
                rows[change.onto] = rows.pop(change.row)
        elif change.value is None:
            rows.pop(change.row, None)
        else:
            rows[change.row] = (change.value, self.shapes[change.table].columns)


def beginning() -> Tables:
    first = Shape(1, 1)
    return Tables(
        {KEYED: first, KEYLESS: replace(first, key=0)},
        {KEYED: dict.fromkeys(KEYS, (0, 1)), KEYLESS: dict.fromkeys((0, 1, 2), (0, 1))},
    )


@dataclass(slots=True)
class Marks:
    """How a reader takes its marks; the wrong ways are there to show that they are found out.

    low: "executed"; "flushed" is wrong. Without GTIDs "marker": the log's end, noted before a marker that is waited
    for; "unwaited" and "noted late" are wrong.
    """

    low: str = "executed"
    high: str = "flushed"

    @property
    def by_place(self) -> bool:
        return self.low not in ("executed", "flushed")


class Source:
    def __init__(self, by_place: bool = False, ordered: bool = False) -> None:
        self.by_place = by_place
        self.ordered = ordered
        self.log: list[tuple[Change, ...]] = []
        self.visible: set[int] = set()
        self.executed: set[int] = set()

    def gtid(self, index: int) -> str:
        return f"{UUID}/{position(index, 0)}" if self.by_place else f"{UUID}:{index + 1}"

    def mark(self) -> int:
        """A marker is flushed; its number in the log."""
        self.flush(())
        return len(self.log) - 1

    def flush(self, changes: Iterable[Change]) -> None:
        self.log.append(tuple(changes))

    def state(self, transactions: Iterable[int]) -> Tables:
        tables = beginning()
        for index in sorted(transactions):
            for change in self.log[index]:
                tables.apply(change)
        return tables

    def lockable(self, table: TableName) -> bool:
        """True when no transaction that has written the table is still on its way."""
        return all(
            index in self.visible for index, changes in enumerate(self.log) if any(c.table == table for c in changes)
        )

    def low(self, marks: Marks) -> GtidSet:
        if self.by_place:
            return GtidSet.before(UUID, position(len(self.log), 0))
        low = GtidSet()
        for index in range(len(self.log)) if marks.low == "flushed" else self.executed:
            low.add(self.gtid(index))
        return low

    def high(self, marks: Marks) -> LogPosition:
        if marks.high == "executed":
            return position(max(self.executed, default=-1) + 1, 0)
        return position(len(self.log), 0)


def position(transactions: int, units: int) -> LogPosition:
    return LogPosition.of("binlog.000001", 100 * transactions + units)


class Reader:
    """A reader process, one moment at a time."""

    def __init__(self, source: Source, marks: Marks) -> None:
        self._source = source
        self._marks = marks
        self.commands: list[Command] = []
        self.reports: list[Report | Ended] = [Ready()]
        self._credits = 2
        self._held = False
        self._walk: Walk | None = None
        self._table: Table
        self._next: Callable[[], None] | None = None
        self._low = GtidSet()
        self._mark: tuple[GtidSet, int] | None = None
        self._seen: tuple[ChunkRows, tuple[str, ...] | None, bool] | None = None
        self._parts: list[int] = []
        self._lowest: GtidSet | None = None
        self._located: Located | None = None

    def step(self) -> None:
        if self._next is not None:
            self._next()
            return
        while self.commands:
            self._obey(self.commands.pop(0))
        if self._walk is not None:
            self._begin(self._walk)

    def _obey(self, command: Command) -> None:
        match command:
            case Walk():
                self._walk, self._held, self._located, self._parts = command, False, None, []
                self._lowest = None
                self._table = from_json(command.table)
                if not self._table.key:
                    self.reports.append(HoldWanted(command.number))
            case Rest():
                self._walk = None
            case Credit():
                self._credits += 1
            case Held():
                self._held = True

    def _begin(self, walk: Walk) -> None:
        table = self._table
        if not table.key:
            self._keyless(walk, table)
        elif self._credits:
            low = self._take_low()
            if low is not None and low.covers(GtidSet.parse(walk.needs)):
                self._low = low
                self._next = lambda: self._select(walk, table)

    def _take_low(self) -> GtidSet | None:
        """None: the marker's commit has not returned."""
        if not self._marks.by_place:
            return self._source.low(self._marks)
        if self._mark is None:
            low = self._source.low(self._marks)
            self._mark = low, self._source.mark()
        low, marker = self._mark
        if marker not in self._source.visible and self._marks.low != "unwaited":
            return None
        self._mark = None
        return self._source.low(self._marks) if self._marks.low == "noted late" else low

    def _select(self, walk: Walk, table: Table) -> None:
        now = self._source.state(self._source.visible)
        shape = shape_of(table)
        if now.shapes[table.name].key != shape.key or now.shapes[table.name].columns < shape.columns:
            self._next = lambda: self._refuse(walk)
            return
        first = -1 if walk.after is None else int(walk.after[0])
        last = max(KEYS) if walk.until is None else int(walk.until[0])
        found = [row for row in sorted(now.rows[table.name]) if first < row <= last]
        rows = encode({row: (now.rows[table.name][row][0], shape.columns) for row in found[:2]}, keyed=True)
        self._seen = rows, (str(found[:2][-1]),) if found else walk.after, len(found) < 2
        self._next = lambda: self._send(walk)

    def _send(self, walk: Walk) -> None:
        assert self._seen is not None
        rows, last, final = self._seen
        self.reports.append(Chunk(walk.number, self._low, self._source.high(self._marks), rows, last, final))
        self._credits -= 1
        self._walk = None if final else replace(walk, after=last)
        self._next = None

    def _refuse(self, walk: Walk) -> None:
        self.reports.append(Changed(walk.number, self._source.high(self._marks), "Unknown column"))
        self._walk = self._next = None

    def _keyless(self, walk: Walk, table: Table) -> None:
        if self._located is not None:
            self._part(walk, table)
        elif self._held and self._lowest is None:
            self._lowest = self._take_low()
        elif self._held and self._lowest is not None and self._source.lockable(table.name):
            now = self._source.state(self._source.visible)
            if now.shapes[table.name] != shape_of(table):
                self._refuse(walk)
                return
            self._located = Located(walk.number, self._lowest, self._source.high(self._marks))
            self._rows = now.rows[table.name]
            self._parts = sorted(self._rows)
            self.reports.append(self._located)
        elif self._held:
            self._held, self._lowest = False, None
            self.reports += [HoldEnded(walk.number), HoldWanted(walk.number)]

    def _part(self, walk: Walk, table: Table) -> None:
        if not self._credits:
            return
        assert self._located is not None
        now = {row: self._rows[row] for row in self._parts[:1]}
        self._parts = self._parts[1:]
        final = not now
        rows = encode(now, keyed=False)
        self.reports.append(Chunk(walk.number, self._located.low, self._located.high, rows, None, final))
        self._credits -= 1
        if final:
            self._walk = None


class Pool:
    """Stands for snapshot.readers.Readers."""

    def __init__(self, source: Source, marks: Marks) -> None:
        self._source = source
        self._marks = marks
        self._wanted = 0
        self._started = 0
        self.readers: dict[int, Reader] = {}
        self._gone: list[tuple[int, Report | Ended]] = []

    def want(self, count: int) -> None:
        self._wanted = min(count, 2)
        for number in list(self.readers) if count == 0 else ():
            self.kill(number)

    def filenos(self) -> list[int]:
        return []

    def send(self, reader: int, command: Command) -> None:
        if reader in self.readers:
            self.readers[reader].commands.append(command)

    def receive(self) -> list[tuple[int, Report | Ended]]:
        if len(self.readers) < self._wanted:
            self._started += 1
            self.readers[self._started] = Reader(self._source, self._marks)
        came = self._gone
        self._gone = []
        for number, reader in self.readers.items():
            came += [(number, report) for report in reader.reports]
            reader.reports = []
        return came

    def kill(self, number: int) -> None:
        """What the reader has said already is still heard."""
        reader = self.readers.pop(number)
        self._gone += [(number, report) for report in [*reader.reports, Ended()]]


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


def key_of(row: int) -> bytes:
    return f"key{row}".encode()


def encode(rows: Rows, keyed: bool) -> ChunkRows:
    return ChunkRows(
        [key_of(row) if keyed else None for row in rows],
        [f"{row} {value} {columns}".encode() for row, (value, columns) in rows.items()],
        [b"" for _ in rows],
    )


def decode(rows: ChunkRows) -> Rows:
    decoded = [tuple(map(int, row.split())) for row in rows.rows]
    return {row: (value, columns) for row, value, columns in decoded}


@cache
def plan_of(table: TableName, shape: Shape) -> TablePlan:
    key = Column(
        name="id",
        data_type="decimal",
        column_type=f"decimal({max(shape.key, 1)},0)",
        nullable=False,
        precision=max(shape.key, 1),
    )
    others = tuple(
        Column(name=f"c{number}", data_type="int", column_type="int", nullable=True) for number in range(shape.columns)
    )
    return plan("sim", Table(name=table, columns=(key, *others), primary_key=("id",) if shape.key else ()), 20, 21)


def shape_of(table: Table) -> Shape:
    return Shape(len(table.columns) - 1, table.columns[0].precision if table.key else 0)


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
