"""How far a target is, by the fences at its destination: a consumer group's offsets may say anything."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from apply.identity import differing, needed, refuse
from apply.state import Applied, State, read
from control.config import TargetSettings
from control.delivery import Delivery, Ends, Place, Sight, group
from runtime.environment import open_session
from runtime.errors import Fatal, Transient
from runtime.mysql import Connection
from schemas.topics import schema_topic

Answer = TypeVar("Answer")

_ANSWER_SECONDS = 8.0


class Destination:
    """What one target holds, asked again and again over one connection."""

    def __init__(self, task: str, target: TargetSettings) -> None:
        self.name = target.name
        self._task = task
        self._target = target
        self._connection: Connection | None = None

    def read(self) -> Applied:
        """What is applied now."""
        return self._asked(lambda connection: read(connection, self._target.state_database, self._group))

    def require_same(self, applied: Applied, topics: Sight, delivery: Delivery) -> None:
        """Fatal when the target was fed from other topics than those in Kafka; not when it is to be built anew.

        `topics` may have been looked at before the fences were read, which have moved since: `delivery` looks again.
        """
        if applied.rebuilding or not differing(applied.fences, topics.ids, topics.ends):
            return
        if odd := differing(applied.fences, delivery.ids(), delivery.written()):
            self._asked(lambda connection: self._refuse(connection, odd))

    def close(self) -> None:
        if self._connection is not None:
            self._connection.abort()
            self._connection = None

    @property
    def _group(self) -> str:
        return group(self._task, self._target.name)

    def _refuse(self, connection: Connection, odd: Mapping[str, str]) -> None:
        state, schema = State(connection, self._target.state_database, self._group), schema_topic(self._task)
        refuse(state, needed(state, odd, schema), schema)

    def _asked(self, question: Callable[[Connection], Answer]) -> Answer:
        try:
            if self._connection is None:
                self._connection = open_session(self._target.destination, timeout=_ANSWER_SECONDS)
            return question(self._connection)
        except (Fatal, Transient):
            self.close()
            raise


@dataclass(frozen=True, slots=True)
class Lead:
    """What the topics hold beyond a target's fences."""

    offsets: int
    since_us: int | None  # when the oldest change that is not applied was committed at the source


class Unapplied:
    """The first record of each partition that a target has not applied. Asked again, it reads only what is new."""

    def __init__(self, delivery: Delivery) -> None:
        self._delivery = delivery
        self._first: dict[Place, tuple[int, int]] = {}  # offset and time of a record
        self._bare: dict[Place, tuple[int, int]] = {}  # from one offset to before another lies no record

    def lead(self, applied: Applied, ends: Ends) -> Lead:
        """What lies between fences and ends: exact in whether there is any record, and in the time of the oldest."""
        fences = {(each.topic, each.partition): (each.next_offset, each.source_us) for each in applied.fences}
        behind = {place: fences.get(place, (0, 0)) for place, end in ends.items() if fences.get(place, (0, 0))[0] < end}
        times = [self._first[place][1] for place, (start, _) in behind.items() if self._knows(place, start)]
        unknown = {place: (self._bare_until(place, start), ends[place]) for place, (start, _) in behind.items()}
        unread = {
            place: unknown[place]
            for place in sorted(unknown, key=lambda place: behind[place][1])
            if not self._knows(place, behind[place][0]) and unknown[place][0] < ends[place]
        }
        for place, offset, us in self._delivery.first(unread):
            if offset is None:
                self._bare[place] = behind[place][0], ends[place]
            else:
                self._first[place] = offset, us
                times.append(us)
            if times and min(times) <= behind[place][1]:
                break  # whatever the others have applied last is younger
        bare = sum(
            ends[place] - start for place, (start, _) in behind.items() if self._bare_until(place, start) >= ends[place]
        )
        return Lead(sum(ends[place] - start for place, (start, _) in behind.items()) - bare, min(times, default=None))

    def _knows(self, place: Place, start: int) -> bool:
        return place in self._first and self._first[place][0] >= start

    def _bare_until(self, place: Place, start: int) -> int:
        low, high = self._bare.get(place, (start, start))
        return max(start, high) if low <= start else start
