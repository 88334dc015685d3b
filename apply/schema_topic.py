"""The records of the schema topic, one after another: each schema change waits for the rows that precede it."""

import time
from collections import deque
from collections.abc import Generator

from apply.execution import Execution
from apply.fences import Fences
from apply.following import Due, Follower
from apply.records import Place, Records
from apply.settings import ApplySettings
from apply.state import State, Stuck
from runtime.errors import Fatal, Transient
from runtime.mysql import Endpoint
from schemas.records import Cascade, SchemaChange, SnapshotCompleted, parse_schema_record

_TURN_SECONDS = 0.05


class SchemaTopic:
    """What this process does when the schema topic is one of its partitions; `step` by `step`, never waiting long."""

    def __init__(
        self, endpoint: Endpoint, target: str, place: Place, state: State, fences: Fences, settings: ApplySettings
    ) -> None:
        self._endpoint = endpoint
        self._target = target
        self.place = place
        self._state = state
        self._fences = fences
        self._settings = settings
        self._waiting: deque[tuple[int, bytes]] = deque()
        self._current: Generator[None] | None = None
        self.waiting = False  # for rows, so nothing runs
        self._follower = Follower(endpoint, settings.state_database, target, settings.lock_wait_seconds)

    @property
    def busy(self) -> bool:
        return self._current is not None or bool(self._waiting)

    def take(self, records: Records) -> None:
        self._waiting.extend(zip(records.offsets, records.values, strict=True))

    def close(self) -> None:
        """Lets go of everything: whoever has the partition next begins at its fence."""
        self._waiting.clear()
        self.waiting = False
        if self._current is not None:
            self._current.close()
            self._current = None
        self._follower.close()

    def step(self) -> bool:
        """Goes on until a record has to wait, or others of this process should have a turn; true when there is more."""
        until = time.monotonic() + _TURN_SECONDS
        while self.busy and time.monotonic() < until:
            if self._current is None:
                self._current = self._apply(*self._waiting.popleft())
            try:
                next(self._current)
            except StopIteration:
                self._current = None
            else:
                break
        return self.busy

    def _apply(self, offset: int, value: bytes) -> Generator[None]:
        if offset < self._fences[self.place].next_offset:  # taken twice: the partition went and came back
            return
        try:
            record = parse_schema_record(value)
        except ValueError as error:
            hint = "something else has written to the task's topics, or a newer version of penstock has"
            raise Stuck(self.place, offset, f"not a schema change: {error}", hint) from error
        match record:
            case SchemaChange():
                yield from self._preceding(record)
                self._follower.close()
                yield from self._run(offset, record)
            case Cascade():
                yield from self._preceding(record)
                yield from self._follower.run(Due(self.place, self._fences[self.place].next_offset, offset, record))
            case SnapshotCompleted():
                fence = self._fences[self.place]
                if not self._state.advance(self.place, fence.next_offset, offset + 1, fence.epoch, fence.source_us):
                    raise Transient(f"another process has gone on with {self.place}")
        self._fences.reread(self.place)

    def _preceding(self, change: SchemaChange | Cascade) -> Generator[None]:
        """Waits until every row of its tables that precedes the change is applied, by whichever process."""
        for table in change.tables:
            for partition, barrier in enumerate(table.barriers):
                while barrier > self._state.next_offset(Place(table.topic, partition)):
                    self.waiting = True
                    yield
        self.waiting = False

    def _run(self, offset: int, change: SchemaChange) -> Generator[None]:
        execution = Execution(
            endpoint=self._endpoint,
            state_database=self._settings.state_database,
            target=self._target,
            lock_wait_seconds=self._settings.lock_wait_seconds,
            place=self.place,
            fence=self._fences[self.place].next_offset,
            offset=offset,
            change=change,
        )
        try:
            yield from execution.run()
        except Stuck:
            raise
        except Fatal as error:
            tables = ", ".join(str(table.name) for table in change.tables)
            raise Stuck(self.place, offset, str(error), error.hint, tables) from error
