"""Has every target applied everything that the source had at one moment? Asked by `wait` and `migrate --until`."""

import time
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import TypeVar

from apply.state import Applied
from capture.hosts import primary
from control.cluster import BrokerDown
from control.commits import Begun, Commits
from control.config import TargetSettings
from control.delivery import Delivery, Ends, Place, Sight
from control.finding import listed
from control.goal import Goal, read_goal
from control.reached import Destination
from control.report import Trouble
from runtime.environment import open_session
from runtime.errors import Fatal, Transient
from runtime.kafka import KafkaSettings
from runtime.mysql import Endpoint
from runtime.service import Deadline
from schemas.selection import Selection

Answer = TypeVar("Answer")

_QUICK_SECONDS = 0.01
_SLOW_SECONDS = 0.1
_QUICK_FOR_SECONDS = 3.0
_STILL_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Waited:
    """The answer; `missing` says what was not reached."""

    done: bool
    seconds: float
    missing: tuple[str, ...] = ()
    refused: tuple[Trouble, ...] = ()  # what an operator must do before it can be reached


def source_position(sources: Sequence[Endpoint]) -> Goal:
    """Everything that the source has committed."""
    with open_session(primary(sources), timeout=10.0) as connection:
        return read_goal(connection)


class CaughtUp:
    """Looks step by step whether a goal is applied by every target; what is reached is not asked again."""

    def __init__(self, kafka: KafkaSettings, task: str, targets: Sequence[TargetSettings], goal: Goal) -> None:
        self._commits = Commits(kafka, task)
        self._delivery = Delivery(kafka, task)
        self._destinations = [Destination(task, target) for target in targets]
        self._looked = False  # at the commit records
        self.aim(goal)

    def aim(self, goal: Goal) -> None:
        """Asks for another goal from now on."""
        self._goal = goal
        self._ends: dict[Place, int] | None = None
        self._ids: dict[str, str] = {}
        self._wanted: dict[Place, int] = {}  # the fences that say that everything is applied, as far as it is known
        self._waiting = list(self._destinations)
        self._behind: dict[str, dict[Place, int]] = {}
        self._ordered: dict[str, list[Place]] = {}  # what an operator has set and no process has taken up
        self._closed: dict[str, str] = {}  # targets that do not let us ask, with the error

    def reached(self, seconds: float) -> bool:
        """Looks once, and again when `seconds` later there is news."""
        if self._ends is None:
            self._commits.refresh(seconds)
            self._looked = True
            executed = self._commits.executed
            if not (self._commits.snapshot_done and executed.covers(self._goal.named(executed.naming))):
                return False
            self._ends, self._ids = self._delivery.written(), self._delivery.ids()
        if not self._applied(self._ends):
            time.sleep(seconds)
            return self._applied(self._ends)
        return True

    @property
    def awaited(self) -> frozenset[str]:
        """The targets that have not reached it, when nothing else is missing."""
        if self._ends is None:
            return frozenset()
        return frozenset(destination.name for destination in self._waiting)

    @property
    def begun(self) -> Begun | None:
        """How the task began, as soon as it is known."""
        return self._commits.begun

    def missing(self) -> tuple[str, ...]:
        """What is not reached, in words, as far as it is known."""
        commits = self._commits
        if commits.position is None:
            return ("capture has not begun",) if self._looked else ()
        if self._ends is None:
            return tuple(self._missing_in_topics())
        behind = [
            f"target {target} has not applied "
            + listed([f"{topic}/{partition} ({count} offsets)" for (topic, partition), count in places.items()])
            for target, places in self._behind.items()
            if places
        ]
        ordered = [
            f"target {target} is to go to the offsets that an operator has set of "
            + listed([f"{topic}/{partition}" for topic, partition in places])
            for target, places in self._ordered.items()
            if places
        ]
        return *behind, *ordered, *self._closed.values()

    def close(self) -> None:
        self._commits.close()
        self._delivery.close()
        for destination in self._destinations:
            destination.close()

    def _applied(self, ends: Ends) -> bool:
        """Fatal when no target that is waited for lets us ask."""
        closed: list[Fatal] = []
        for destination in list(self._waiting):
            try:
                applied = destination.read()
            except Fatal as error:
                closed.append(error)
                self._closed[destination.name] = str(error)
                continue
            self._closed.pop(destination.name, None)
            destination.require_same(applied, Sight(self._ids, ends), self._delivery)
            behind = self._behind[destination.name] = self._missing_of(applied, ends)
            ordered = self._ordered[destination.name] = (
                [] if behind else self._delivery.ordered(destination.name, applied)
            )
            if not behind and not ordered:
                self._waiting.remove(destination)
        if closed and len(closed) == len(self._waiting):
            raise closed[0]
        return not self._waiting

    def _missing_of(self, applied: Applied, ends: Ends) -> dict[Place, int]:
        """For each partition with records that are not applied: how many offsets are missing."""
        fences = applied.offsets()
        short = {place: end for place, end in ends.items() if fences.get(place, 0) < end}
        self._wanted |= self._delivery.goals({place: end for place, end in short.items() if place not in self._wanted})
        goals = {place: self._wanted.get(place, end) for place, end in short.items()}
        return {place: goal - fences.get(place, 0) for place, goal in goals.items() if fences.get(place, 0) < goal}

    def _missing_in_topics(self) -> list[str]:
        executed = self._commits.executed
        wanted = self._goal.named(executed.naming)
        rest = wanted.minus(executed)
        behind = f"{rest.count()} transactions of the source: {rest}"
        if executed.place is not None:
            behind = f"what the source has written from {executed} to {wanted}"
        open_ranges = sorted({str(part.name) for part in self._commits.ranges.values() if not part.done})
        words = [f"capture has not published {behind}"] if rest else []
        return [*words, *([f"the snapshot is not done: {listed(open_ranges)}"] if open_ranges else [])]


def wait(
    sources: Sequence[Endpoint],
    kafka: Callable[[], KafkaSettings],
    task: str,
    targets: Sequence[TargetSettings],
    selection: Selection,
    timeout_seconds: float,
    refused: Callable[[], Sequence[Trouble]],
) -> Waited:
    """Waits until every target has applied what the source has now. A server that does not answer is waited for too.

    When nothing moves any more and targets have `refused` something, waiting is of no use.
    Fatal when the task moves other objects than `selection`.
    """
    began = time.monotonic()
    deadline = Deadline(timeout_seconds)
    goal = _patiently(lambda: source_position(sources), deadline)
    with closing(CaughtUp(_patiently(kafka, deadline), task, targets, goal)) as question:
        still = Still()
        judged = False
        while True:
            pause = _QUICK_SECONDS if time.monotonic() - began < _QUICK_FOR_SECONDS else _SLOW_SECONDS
            trouble: tuple[str, ...] = ()
            try:
                reached = question.reached(min(pause, deadline.remaining))
                if not judged and question.begun is not None:
                    _require_selection(sources, question.begun, selection)
                    judged = True
                if reached:
                    return Waited(True, time.monotonic() - began)
            except Transient as error:
                trouble = (str(error),)
                time.sleep(min(_SLOW_SECONDS, deadline.remaining))
            if still.too_long(question.missing()) and (found := tuple(refused())):
                return Waited(False, time.monotonic() - began, question.missing(), found)
            if deadline.passed:
                return Waited(False, time.monotonic() - began, (*question.missing(), *trouble))


def _require_selection(sources: Sequence[Endpoint], begun: Begun, selection: Selection) -> None:
    with open_session(primary(sources), timeout=10.0) as connection:
        begun.require(connection, selection)


class Still:
    """Tells when what is missing has been the same for a while, and then again only a while later."""

    def __init__(self) -> None:
        self._missing: tuple[str, ...] = ()
        self._since = time.monotonic()

    def too_long(self, missing: tuple[str, ...]) -> bool:
        now = time.monotonic()
        if missing == self._missing and now - self._since < _STILL_SECONDS:
            return False
        same = missing == self._missing
        self._missing, self._since = missing, now
        return same


def _patiently(ask: Callable[[], Answer], deadline: Deadline) -> Answer:
    """Asks again while the answer may still come in time."""
    while not deadline.passed:
        with suppress(Transient, BrokerDown):
            return ask()
        time.sleep(min(_SLOW_SECONDS, deadline.remaining))
    return ask()
