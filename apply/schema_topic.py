"""The records of the schema topic: each waits for the rows that precede it and for what it depends on.

A few run at the same time. One that is refused, or meets a lock, is tried again later; what does not depend on it goes
on.
"""

import time
from collections.abc import Generator

from apply.execution import Execution
from apply.fences import Fences
from apply.following import Due, Follower
from apply.ledger import Entry, Ledger
from apply.owners import Owners
from apply.reach import Reach, reach
from apply.records import Place, Records
from apply.resting import Resting
from apply.settings import ApplySettings
from apply.state import State, Stuck
from runtime.errors import Fatal
from runtime.mysql import Connection, Endpoint, Locked
from runtime.service import Deadline
from schemas.names import folded
from schemas.records import Cascade, SchemaChange, parse_schema_record
from schemas.sql import ON_PRIMARY

_TURN_SECONDS = 0.05
_BEGUN = 64  # records that may look for the rows that precede them
_AT_ONCE = 4  # statements that may run
_FIRST_PAUSE_SECONDS = 0.005
_LONGEST_PAUSE_SECONDS = 0.25
_FIND_SECONDS = 10.0
_KEYS = (
    f"{ON_PRIMARY}SELECT CONSTRAINT_SCHEMA, TABLE_NAME, UNIQUE_CONSTRAINT_SCHEMA, REFERENCED_TABLE_NAME"
    " FROM information_schema.REFERENTIAL_CONSTRAINTS"
)


class SchemaTopic:
    """What this process does when the schema topic is one of its partitions; `step` by `step`, never waiting long."""

    def __init__(
        self,
        endpoint: Endpoint,
        target: str,
        place: Place,
        connection: Connection,
        state: State,
        fences: Fences,
        settings: ApplySettings,
    ) -> None:
        self._endpoint = endpoint
        self._target = target
        self.place = place
        self._connection = connection
        self._state = state
        self._fences = fences
        self._settings = settings
        self._owners = Owners()
        self._ledger = Ledger(place, state, fences)
        self._knows_keys = False
        self._begun: list[Entry] = []
        self._running = 0
        self._cascading = False
        self._changed = False  # the destination's tables, since the follower has looked at them
        self._pauses: dict[int, float] = {}
        self._follower = Follower(endpoint, settings.state_database, target, settings.lock_wait_seconds)
        self.resting: Resting[int] = Resting(state, settings)  # by offset

    @property
    def busy(self) -> bool:
        return bool(self._ledger)

    @property
    def full(self) -> bool:
        """No more records can be taken now."""
        return self._ledger.full

    @property
    def works(self) -> bool:
        """Something runs, or is about to: not only waits for rows or an operator."""
        return bool(self._running or self._cascading)

    @property
    def pause(self) -> float:
        """Seconds until there may be something to do."""
        if not self._begun:
            return _LONGEST_PAUSE_SECONDS
        soonest = min(entry.due for entry in self._begun) - time.monotonic()
        return min(_LONGEST_PAUSE_SECONDS, max(_FIRST_PAUSE_SECONDS, soonest))

    def take(self, records: Records) -> None:
        for offset, value in zip(records.offsets, records.values, strict=True):
            try:
                record = parse_schema_record(value)
            except ValueError:
                entry = Entry(offset, len(value), value, None, Reach(everything=True))
            else:
                entry = Entry(offset, len(value), b"", record, reach(record))
            self._ledger.add(entry)
        self._ledger.settle()

    def close(self) -> None:
        """Lets go of everything: whoever has the partition next begins at its fence."""
        for entry in self._begun:
            if entry.run is not None:
                entry.run.close()
        self._begun.clear()
        self._pauses.clear()
        self._ledger.clear()
        self._knows_keys = False
        self.resting.keep(())
        self._follower.close()

    def step(self) -> bool:
        """Goes on with everything until it has to wait, or others of this process should have a turn; true when
        something has been applied."""
        until = time.monotonic() + _TURN_SECONDS
        applied, moved = False, True
        while moved and time.monotonic() < until:
            self._begin()
            moved = False
            for entry in list(self._begun):
                if entry.due <= time.monotonic():
                    moved |= self._go_on(entry)
            applied |= moved
        return applied

    def _begin(self) -> None:
        room = _BEGUN - len(self._begun)
        if room <= 0:
            return
        self._learn_keys()
        for entry in self._ledger.ready(time.monotonic())[:room]:
            entry.run = self._apply(entry)
            entry.due = 0.0
            self._begun.append(entry)

    def _learn_keys(self) -> None:
        """Tables that the destination's foreign keys connect belong together, whatever the texts to come say."""
        if self._knows_keys or sum(not entry.done for entry in self._ledger) < 2:
            return
        self._knows_keys = True
        for row in self._connection.query(_KEYS):
            child_database, child, parent_database, parent = (folded(str(name)) for name in row)
            self._ledger.families.join([(child_database, child), (parent_database, parent)])

    def _go_on(self, entry: Entry) -> bool:
        """True when the record is done, so that others may begin."""
        assert entry.run is not None
        try:
            next(entry.run)
        except StopIteration:
            self._end(entry)
            self.resting.went_on([entry.offset])
            self._ledger.finished(entry)
            return True
        except Stuck as stuck:
            self._end(entry)
            self.resting.refused(entry.offset, stuck)
            entry.due = self.resting.until(entry.offset)
        except Locked as error:
            self._end(entry)
            self.resting.locked(entry.offset, self.place, entry.offset, error)
            entry.due = self.resting.until(entry.offset)
        else:
            pause = self._pauses.get(entry.offset, _FIRST_PAUSE_SECONDS)
            self._pauses[entry.offset] = min(_LONGEST_PAUSE_SECONDS, pause * 1.2)
            entry.due = time.monotonic() + pause
        return False

    def _end(self, entry: Entry) -> None:
        entry.run = None
        self._begun.remove(entry)
        self._pauses.pop(entry.offset, None)

    def _apply(self, entry: Entry) -> Generator[None]:
        match entry.record:
            case SchemaChange():
                yield from self._find_topics(entry.offset, entry.record)
                yield from self._preceding(entry.record)
                yield from self._run(entry, entry.record)
                self._changed = True
            case Cascade():
                yield from self._preceding(entry.record)
                yield from self._follow(entry, entry.record)
            case _:
                raise self._unreadable(entry)

    def _unreadable(self, entry: Entry) -> Stuck:
        hint = "something else has written to the task's topics, or a newer version of penstock has"
        try:
            parse_schema_record(entry.value)
        except ValueError as error:
            return Stuck(self.place, entry.offset, f"not a schema change: {error}", hint)
        return Stuck(self.place, entry.offset, "not a schema change", hint)

    def _find_topics(self, offset: int, change: SchemaChange) -> Generator[None]:
        """The tables' topics must be those that capture wrote to: others lack records. One may not be seen yet."""
        deadline = Deadline(_FIND_SECONDS)
        while lost := self._fences.lost(change.topic_ids):
            if deadline.passed:
                raise Stuck(
                    self.place,
                    offset,
                    f"Kafka has lost topics of the task: {', '.join(lost)}",
                    "bring the topics back as they were, from a copy of Kafka's data; or begin a new task, with another"
                    " name",
                )
            yield

    def _preceding(self, change: SchemaChange | Cascade) -> Generator[None]:
        """Waits until every row of its tables that precedes the change is applied, by whichever process."""
        for table in change.tables:
            for partition, barrier in enumerate(table.barriers):
                while barrier > self._state.next_offset(Place(table.topic, partition)):
                    yield

    def _follow(self, entry: Entry, cascade: Cascade) -> Generator[None]:
        while self._cascading:
            yield
        self._cascading = True
        try:
            if self._changed:
                self._changed = False
                self._follower.close()
            yield from self._follower.run(Due(self._ledger, entry, cascade))
        except Stuck:
            raise
        except Fatal as error:
            raise Stuck(self.place, entry.offset, str(error), error.hint, str(cascade.name)) from error
        finally:
            self._cascading = False

    def _run(self, entry: Entry, change: SchemaChange) -> Generator[None]:
        while self._running >= _AT_ONCE:
            yield
        self._pauses.pop(entry.offset, None)  # it may end at once
        execution = Execution(
            endpoint=self._endpoint,
            state_database=self._settings.state_database,
            target=self._target,
            lock_wait_seconds=self._settings.lock_wait_seconds,
            ledger=self._ledger,
            entry=entry,
            change=change,
            owners=self._owners,
        )
        self._running += 1
        try:
            yield from execution.run()
        except Stuck:
            raise
        except Fatal as error:
            tables = ", ".join(str(table.name) for table in change.tables)
            raise Stuck(self.place, entry.offset, str(error), error.hint, tables) from error
        finally:
            self._running -= 1
