"""Simulated reader processes, and the pool that stands for snapshot.readers.Readers."""

from collections.abc import Callable
from dataclasses import replace

from schemas.codec import ChunkRows
from schemas.position import GtidSet
from schemas.table import Table, from_json
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
from tests.unit.snapshot.simulated_source import Marks, Source
from tests.unit.snapshot.simulated_tables import KEYS, encode, shape_of


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
    """Starts readers and speaks with them."""

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
