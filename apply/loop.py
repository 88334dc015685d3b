"""Apply: from the fences to wherever the topics end, batch by batch, and on from there as records come."""

import time
from collections import deque
from collections.abc import Generator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass

from apply.destination import open_session
from apply.fences import Fences
from apply.gate import Gate
from apply.inbox import Inbox
from apply.layouts import Layouts
from apply.records import Place, Records
from apply.resting import Resting, together
from apply.rewind import Rewind
from apply.schema_topic import SchemaTopic
from apply.settings import ApplySettings
from apply.state import State, Stuck
from apply.writer import Writer
from runtime.errors import Fatal
from runtime.kafka import KafkaSettings
from runtime.mysql import Connection, Endpoint, Locked
from runtime.telemetry import applied_records, apply_lag, log
from schemas.topics import schema_topic

_IDLE_SECONDS = 0.2
_HELD_SECONDS = 0.02
_PING_SECONDS = 15.0
_BEHIND_SECONDS = 5.0  # shorter times are no news


@dataclass(frozen=True, slots=True)
class Apply:
    """Applies the topics of a task to one target; processes of one target share its consumer group."""

    kafka: KafkaSettings
    task: str
    target: str
    destination: Endpoint
    settings: ApplySettings

    def session(self) -> Generator[None]:
        """Yields when everything that was taken from the topics is applied or put back."""
        with closing(self._open()) as connection:
            state = self._state(connection)
            state.ensure()
            yield from self._rewind(connection, state)
            fences = Fences(self.kafka, schema_topic(self.task), connection, state)
            fences.open()
            with closing(Inbox(self.kafka, self.task, self.group, self.settings, fences.resume)) as inbox:
                share = Share(self, connection, state, fences, inbox)
                with closing(share):
                    while True:
                        share.turn()
                        yield

    @property
    def group(self) -> str:
        """The consumer group, and the target's name in the state database: several tasks may share a destination."""
        return f"{self.task}.{self.target}"

    def _rewind(self, connection: Connection, state: State) -> Generator[None]:
        with closing(self._open()) as holder:
            guard = self._state(holder)
            yield from Rewind(self.kafka, self.task, self.group, connection, state, guard).run()

    def _open(self) -> Connection:
        return open_session(self.destination, self.settings.lock_wait_seconds)

    def _state(self, connection: Connection) -> State:
        return State(connection, self.settings.state_database, self.group)


class Share:
    """This process's part of the work, for one session."""

    def __init__(self, apply: Apply, connection: Connection, state: State, fences: Fences, inbox: Inbox) -> None:
        self._target = apply.target
        self._connection = connection
        self._state = state
        self._fences = fences
        self._inbox = inbox
        self._layouts = Layouts(apply.kafka, apply.task, connection)
        self._settings = apply.settings
        self._writer = Writer(connection, state, self._layouts, fences, apply.settings)
        self._resting: Resting[Place] = Resting(state, apply.settings)
        self._apart: deque[Records] = deque()  # polled, and to be written one partition at a time
        place = Place(schema_topic(apply.task), 0)
        self._schema = SchemaTopic(apply.destination, apply.group, place, connection, state, fences, apply.settings)
        self._gate = Gate(apply.kafka, place, state)
        self._awaited: dict[Place, int] = {}  # epochs that held partitions wait for
        self._looked = self._used = self._worked = time.monotonic()
        self._behind_since: float | None = 0.0

    def close(self) -> None:
        self._schema.close()
        self._gate.close()

    def turn(self) -> None:
        """Applies what has come. A partition that cannot go on stands still, and the others go on."""
        self._wake()
        self._go_on_with_schema()
        self._look_for_epoch()
        self._fences.look()
        if self._apart:
            self._write_apart(self._apart.popleft())
        else:
            self._apply(*self._inbox.poll(self._patience()))
        if not self._apart:
            self._inbox.commit()
            self._tell()
            self._end_if_nothing_else()

    def _wake(self) -> None:
        if self._resting:
            self._resting.keep(self._inbox.places)
            self._inbox.release(self._resting.due())

    def _refused(self, stuck: Stuck) -> None:
        """The partition stands still at its fence."""
        self._resting.refused(stuck.place, stuck)
        self._writer.troubled(stuck.place)
        self._stand_still(stuck.place)

    def _stand_still(self, place: Place) -> None:
        self._inbox.hold(place, self._fences[place].next_offset)
        self._awaited.pop(place, None)  # what comes first is tried first

    def _go_on_with_schema(self) -> None:
        schema = self._schema
        if not schema.busy:
            return
        if not self._inbox.has(schema.place):
            schema.close()
            return
        if schema.step():
            self._look()
        if schema.works:
            self._worked = time.monotonic()
        self._keep_schema()

    def _keep_schema(self) -> None:
        """The schema topic's records are taken while they fit, and committed as they are applied."""
        schema = self._schema
        if schema.place in self._resting or not self._inbox.has(schema.place):
            return
        if schema.full:
            self._inbox.rest(schema.place, self._fences[schema.place].next_offset)
        elif schema.busy:
            self._inbox.trail(schema.place, self._fences[schema.place].next_offset)
        else:
            self._inbox.release([schema.place])

    def _look_for_epoch(self) -> None:
        """Partitions rest until a schema change is applied, perhaps by another process."""
        now = time.monotonic()
        for place in [place for place in self._awaited if not self._inbox.has(place)]:
            del self._awaited[place]
        if self._awaited and now - self._looked >= _HELD_SECONDS:
            self._look()
        if now - self._used >= _PING_SECONDS:
            self._used = now
            self._connection.query("SELECT 1")

    def _look(self) -> None:
        """What is applied now, and who may go on."""
        self._looked = time.monotonic()
        if self._gate.look():
            self._layouts.forget()
        due = [place for place, awaited in self._awaited.items() if awaited <= self._gate.open_to(place.topic)]
        self._inbox.release(due)
        for place in due:
            del self._awaited[place]

    def _patience(self) -> float:
        if self._awaited:
            return _HELD_SECONDS
        if self._schema.busy:
            return self._schema.pause
        return min(_IDLE_SECONDS, self._inbox.commit_in or _IDLE_SECONDS)

    def _apply(self, batch: Sequence[Records], stuck: Sequence[Stuck]) -> None:
        due = []
        for records in batch:
            if records.place == self._schema.place:
                self._schema.take(records)
                self._keep_schema()
                continue
            unapplied = records.since(self._fences[records.place].next_offset)
            if len(unapplied):
                with self._alone():
                    due.append(self._due(unapplied))
        for each in stuck:
            self._stop_at(each, due)
        ready = [records for records in due if records.next_offset > self._fences[records.place].next_offset]
        self._apart.extend(records for records in ready if records.place in self._resting)
        self._write([records for records in ready if records.place not in self._resting])

    @contextmanager
    def _alone(self) -> Generator[None]:
        """What is refused inside stops only its partition."""
        try:
            yield
        except Stuck as stuck:
            self._refused(stuck)

    def _stop_at(self, stuck: Stuck, due: Sequence[Records]) -> None:
        """A record that is none is refused when all before it is applied; until then it comes again."""
        place = stuck.place
        before = next((records for records in due if records.place == place), None)
        if place in self._inbox.held:
            return
        if before is None:
            self._refused(stuck)
        else:
            self._inbox.go_to(place, before.next_offset)

    def _due(self, records: Records) -> Records:
        """The records whose schema changes are applied; the others are put back."""
        try:
            last = self._layouts.epoch_of(records.values[-1])
        except Fatal as error:
            if len(records) == 1:
                raise Stuck(records.place, records.offsets[0], str(error), error.hint) from error
            before = records.head(len(records) // 2)  # what precedes the record is applied first
            self._inbox.go_to(records.place, before.next_offset)
            return self._due(before)
        if last > self._gate.open_to(records.place.topic):
            self._look()
        allowed = self._gate.open_to(records.place.topic)
        if last <= allowed:
            return records
        due = records.up_to_epoch(allowed, self._layouts.epoch_of)
        self._inbox.hold(records.place, due.next_offset)
        self._awaited[records.place] = self._layouts.epoch_of(records.values[len(due)])
        return due

    def _write(self, batch: list[Records]) -> None:
        while batch:
            try:
                moved = self._writer.write(batch)
            except (Fatal, Locked):
                self._apart.extend(batch)
                return
            for place in moved:
                self._inbox.go_to(place, self._fences.reread(place))
            if not moved:
                self._count(batch)
                return
            batch = [records for records in batch if records.place not in moved]

    def _write_apart(self, records: Records) -> None:
        """One partition by itself: what it meets concerns no other."""
        place = records.place
        try:
            whole = self._writer.isolate(records)
        except Stuck as stuck:
            self._refused(stuck)
        except Locked as error:
            self._resting.locked(place, place, self._fences[place].next_offset, error)
            self._stand_still(place)
        else:
            self._resting.went_on([place])
            if not whole:
                self._inbox.go_to(place, self._fences.reread(place))
            self._count([records])

    def _end_if_nothing_else(self) -> None:
        """Nobody has anything from a process that only stands still: its end tells an operator."""
        verdict = together([*self._schema.resting.stuck, *self._resting.stuck])
        if verdict is None or self._resting.locks or self._schema.resting.locks or self._schema.works:
            return
        if time.monotonic() - self._worked > self._settings.quiet_seconds:
            raise verdict

    def _count(self, batch: Sequence[Records]) -> None:
        self._used = self._worked = time.monotonic()
        applied_records.labels(self._target).inc(sum(map(len, batch)))
        if batch:
            oldest = min(self._fences[records.place].source_us for records in batch)
            lag = max(0.0, time.time() - oldest / 1e6, self._resting.age)
            apply_lag.labels(self._target).set(lag)

    def _tell(self) -> None:
        now = time.monotonic()
        if not self._inbox.idle:
            if self._resting:
                apply_lag.labels(self._target).set(self._resting.age)
            if self._behind_since is None:
                self._behind_since = now
        elif self._behind_since is not None:
            apply_lag.labels(self._target).set(0)
            if now - self._behind_since >= _BEHIND_SECONDS:
                log.info("caught_up", target=self._target)
            self._behind_since = None
