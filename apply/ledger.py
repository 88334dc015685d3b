"""The records of the schema topic that are not all applied: what may run now, and where the fence stands.

The fence stands at the first record that is not applied. Later ones that are applied are noted by their epochs; a note
is made in the transaction that applies, and while that is open it keeps every other process from the same record.
"""

from collections import deque
from collections.abc import Generator, Iterator
from dataclasses import dataclass

from apply.fences import Fences
from apply.reach import Ahead, Families, Reach
from apply.records import Place
from apply.state import State
from runtime.errors import Transient
from schemas.records import SchemaRecord, SnapshotCompleted

_RECORDS = 512
_BYTES = 8 << 20


@dataclass(slots=True, eq=False)
class Entry:
    """One record, at `offset`; `record` is None where it cannot be read. `run` is what applies it, once begun."""

    offset: int
    size: int
    value: bytes
    record: SchemaRecord | None
    reach: Reach
    done: bool = False
    run: Generator[None] | None = None
    due: float = 0.0

    @property
    def epoch(self) -> int | None:
        """None for what is no epoch of its own."""
        return None if self.record is None or isinstance(self.record, SnapshotCompleted) else self.record.epoch


class Ledger:
    """The records from the fence on, in order."""

    def __init__(self, place: Place, state: State, fences: Fences) -> None:
        self.place = place
        self._state = state
        self._fences = fences
        self._entries: deque[Entry] = deque()
        self._bytes = 0
        self._beyond: frozenset[int] = frozenset()
        self.families = Families()

    def __bool__(self) -> bool:
        return bool(self._entries)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries)

    @property
    def full(self) -> bool:
        """No more fit into memory for now."""
        return len(self._entries) >= _RECORDS or self._bytes >= _BYTES

    def add(self, entry: Entry) -> None:
        """The next record."""
        if not self._entries:
            self._beyond = self._state.progress()[1]
        elif entry.offset <= self._entries[-1].offset:
            return
        if entry.offset < self._fences[self.place].next_offset:
            return
        entry.done = isinstance(entry.record, SnapshotCompleted) or entry.epoch in self._beyond
        self.families.join(entry.reach.tables)
        self._entries.append(entry)
        self._bytes += entry.size

    def clear(self) -> None:
        self._entries.clear()
        self._bytes = 0

    def ready(self, now: float) -> list[Entry]:
        """What is neither done nor begun nor held up by something before it."""
        ahead = Ahead(self.families)
        found = []
        for entry in self._entries:
            if entry.done:
                continue
            if entry.run is None and entry.due <= now and not ahead.holds_up(entry.reach):
                found.append(entry)
            ahead.add(entry.reach)
        return found

    def claim(self, state: State, entry: Entry) -> None:
        """Inside a transaction: nobody else applies the record until it ends."""
        assert entry.epoch is not None
        if not state.claim(entry.epoch) or state.next_offset(self.place) > entry.offset:
            raise self._overtaken()

    def note(self, state: State, entry: Entry) -> None:
        """Inside the transaction that applies the record: it is done when that ends."""
        state.clear_problem(self.place, entry.offset)
        self._advance(state, entry)

    def settle(self) -> None:
        """Takes out what is done, and lets the fence pass what no transaction has noted."""
        if not self._entries or not self._entries[0].done:
            return
        if self._entries[0].offset >= self._fences[self.place].next_offset:
            with self._state.transaction():
                self._advance(self._state, None)
            self._fences.reread(self.place)
        passed = self._fences[self.place].next_offset
        while self._entries and self._entries[0].offset < passed:
            self._bytes -= self._entries.popleft().size

    def finished(self, entry: Entry) -> None:
        """The transaction that applies the record is committed."""
        entry.done = True
        self._fences.reread(self.place)
        self.settle()

    def _advance(self, state: State, now: Entry | None) -> None:
        """Moves the fence past everything that is done, `now` counted in."""
        last: Entry | None = None
        fence = self._fences[self.place]
        epoch, source_us = fence.epoch, fence.source_us
        for entry in self._entries:
            if not (entry.done or entry is now):
                break
            last = entry
            if entry.epoch is not None and entry.record is not None:
                epoch = entry.epoch
                source_us = getattr(entry.record, "source_us", source_us)
                state.unclaim(entry.epoch)
        if last is None:
            return
        if epoch > fence.epoch:
            state.raise_epoch(epoch)
        if not state.advance(self.place, fence.next_offset, last.offset + 1, epoch, source_us):
            raise self._overtaken()

    def _overtaken(self) -> Transient:
        return Transient(f"another process has gone on with {self.place}")
