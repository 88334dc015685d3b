"""Batches into the destination: one transaction that moves the fences and writes the rows.

The fences come first, each by compare-and-set: a process whose partition has a new owner waits or changes nothing
before it touches a row. After any other error nothing in memory is believed: the next session reads the fences again.
"""

import time
from collections.abc import Sequence
from dataclasses import replace

from apply.destination import packet_limit, set_lock_wait
from apply.fences import Fences
from apply.layouts import Layouts
from apply.records import Place, Records
from apply.settings import ApplySettings, Limits
from apply.state import State, Stuck
from apply.statements import Kind
from apply.steps import Work, work
from apply.trials import Trials, Unequal
from runtime import login
from runtime.discretion import statement_head
from runtime.errors import Fatal
from runtime.mysql import Connection, Locked, Refused
from runtime.seams import seam
from runtime.telemetry import commit_seconds
from schemas.codec import decode

_OUT_OF_SPACE = frozenset((1021, 1114))
_KEY_CHARACTERS = 500
_SHORT_LOCK_WAIT_SECONDS = 1  # for a partition that is tried alone: meanwhile all others wait
_WIDEN = "make the destination's column as wide as the source's, then start again"
_CORRECT = (
    "correct the row at the source, let `penstock capture` publish that, then start again (docs/operations.md: a row "
    "that cannot be stored)"
)
_NO_CHARACTER = 1300
_HINTS = {
    1062: "another row of the destination holds this unique value: remove it if the source does not have it",
    1406: _WIDEN,
    1264: _WIDEN,
    _NO_CHARACTER: f"the bytes are no text, and no statement stores them: {_CORRECT}",
    1153: "raise max_allowed_packet at the destination (binary values take two characters per byte), then start again",
    1366: "give the destination's column the source's character set, then start again",
    3819: f"drop the destination's check and start again, or {_CORRECT}",
}
_HINT = "correct the destination's table, or the row at the source, then start again"


class Writer:
    """Writes over one connection, from the fences as they were last read."""

    def __init__(
        self, connection: Connection, state: State, layouts: Layouts, fences: Fences, settings: ApplySettings
    ) -> None:
        self._connection = connection
        self._state = state
        self._layouts = layouts
        self._trials = Trials(connection)
        self._age = layouts.age
        self._fences = fences
        self._packet_limit = packet_limit(connection)
        limits = settings.limits
        self._limits = Limits(limits.rows, min(limits.characters, self._packet_limit // 8))
        self._lock_wait_seconds = settings.lock_wait_seconds
        self._troubled = {Place(problem.topic, problem.partition) for problem in state.problems()}

    def write(self, batch: Sequence[Records]) -> list[Place]:
        """Applies all of it and returns nothing; or none of it, and returns the places whose fences stand elsewhere."""
        if self._age != self._layouts.age:
            self._age = self._layouts.age
            self._trials.forget()
        works = [self._work(records) for records in sorted(batch, key=lambda records: records.place)]
        began = time.perf_counter()
        self._connection.execute("BEGIN")
        try:
            moved = [each.records.place for each in works if not self._advance(each)]
            if moved:
                self._connection.execute("ROLLBACK")
                return moved
            seam("apply.fenced")
            for each in works:
                self._run(each)
            seam("apply.written")
            self._connection.execute("COMMIT")
        except (Fatal, Locked):
            self._connection.execute("ROLLBACK")
            raise
        seam("apply.committed")
        commit_seconds.labels("destination").observe(time.perf_counter() - began)
        for each in works:
            self._remember(each)
        return []

    def isolate(self, records: Records) -> bool:
        """After a failure: applies the records of one partition, or what precedes the one that cannot be applied, and
        raises Stuck with its name. False when the fence stands elsewhere. A lock is waited for only shortly."""
        rest, size = records, len(records)
        set_lock_wait(self._connection, _SHORT_LOCK_WAIT_SECONDS)
        try:
            while len(rest):
                try:
                    if self.write([rest.head(size)]):
                        return False
                except Fatal as error:
                    if size == 1:
                        raise self._stuck(rest, error) from error
                    size //= 2
                    continue
                rest = rest.tail(size)
            return True
        finally:
            set_lock_wait(self._connection, self._lock_wait_seconds)

    def troubled(self, place: Place) -> None:
        """A problem of this partition is noted, which goes when the partition goes on."""
        self._troubled.add(place)

    def _work(self, records: Records) -> Work:
        fence = self._fences[records.place]
        if not len(records):
            return Work(records, [], fence.epoch, fence.source_us)
        return work(records, fence.replay_until, self._layouts.form, self._limits)

    def _advance(self, each: Work) -> bool:
        place = each.records.place
        old = self._fences[place].next_offset
        return self._state.advance(place, old, each.records.next_offset, each.epoch, each.source_us)

    def _run(self, each: Work) -> None:
        for step in each.steps:
            if len(step.sql) * 4 > self._packet_limit and len(step.sql.encode()) >= self._packet_limit:
                raise Refused(
                    f"its statement of {len(step.sql)} characters is over max_allowed_packet ({self._packet_limit})",
                    _HINTS[1153],
                    1153,
                )
            try:
                changed = self._trials.run(step)
            except Refused as error:
                if error.code in _OUT_OF_SPACE:
                    raise Fatal(
                        f"the destination is out of space: {error}",
                        hint="make room at the destination, then start again; nothing is lost",
                    ) from error
                raise
            if step.single and changed != 1:
                raise Unequal(
                    f"no row of the destination equals the row to change: {statement_head(step.sql)}",
                    hint="somebody else has changed this table at the destination: reset the partition to earliest"
                    " to fill it again, and let nobody else write there",
                )
        if each.records.place in self._troubled:
            self._state.clear_problems(each.records.place)

    def _remember(self, each: Work) -> None:
        place = each.records.place
        self._troubled.discard(place)
        self._fences[place] = replace(
            self._fences[place], next_offset=each.records.next_offset, epoch=each.epoch, source_us=each.source_us
        )

    def _stuck(self, records: Records, error: Fatal) -> Stuck:
        """Names the first of `records`."""
        if not isinstance(error, Refused | Unequal):
            return Stuck(records.place, records.offsets[0], str(error), error.hint)
        form = self._layouts.form(records.values[0][:5])
        key = decode(form.plan, records.values[0]).key[:_KEY_CHARACTERS]
        table = str(form.layout.shape.name)
        which = f"key {key}" if form.layout.kind is not Kind.KEYLESS else "without a key"
        if isinstance(error, Unequal):
            message, hint = f"a row of {table}, {which}: {error}", error.hint
        else:
            message = f"the destination refuses a row of {table}, {which}: {error}"
            hint = _HINTS.get(error.code) or login.HINTS.get(error.code, _HINT)
        return Stuck(records.place, records.offsets[0], message, hint, table, key)
