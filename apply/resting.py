"""Partitions of this process that stand still, each alone: a record is refused, or a row that it needs is locked.

Both are tried again now and then: an operator may have mended the destination, and a lock goes with its transaction.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass

from apply.records import Place
from apply.settings import ApplySettings
from apply.state import State, Stuck
from runtime.errors import Fatal
from runtime.telemetry import log

_FIRST_LOCK_SECONDS = 0.5
_LONGEST_LOCK_SECONDS = 15.0


@dataclass(slots=True)
class Rest:
    """Why a partition stands still (`stuck` is None for a lock), since when and until when."""

    stuck: Stuck | None
    since: float
    until: float
    attempts: int = 1


class Resting:
    """What stands still, and when each of it is to be tried again."""

    def __init__(self, state: State, settings: ApplySettings) -> None:
        self._state = state
        self._settings = settings
        self._rests: dict[Place, Rest] = {}

    def __contains__(self, place: Place) -> bool:
        return place in self._rests

    def __bool__(self) -> bool:
        return bool(self._rests)

    def refused(self, place: Place, stuck: Stuck) -> None:
        """A record of the partition waits for an operator; `status` finds it in the destination."""
        self._state.put_problem(stuck.problem)
        before = self._rests.get(place)
        now = time.monotonic()
        since, attempts = (now, 1) if before is None else (before.since, before.attempts + 1)
        self._rests[place] = Rest(stuck, since, now + self._settings.refused_seconds, attempts)
        log.error(
            "partition_stopped",
            partition=str(place),
            reason=str(stuck),
            advice=stuck.hint,
            again_in_seconds=self._settings.refused_seconds,
        )

    def locked(self, place: Place, offset: int, error: Exception) -> None:
        """Something else holds a lock on rows or on the table of the partition."""
        now = time.monotonic()
        rest = self._rests.get(place)
        if rest is None or rest.stuck is not None:
            rest = self._rests[place] = Rest(None, now, now, 0)
        if now - rest.since > self._settings.lock_patience_seconds:
            hint = "end the transaction or the session that holds the lock at the destination"
            self.refused(place, Stuck(place, offset, f"it has waited for a lock all the time: {error}", hint))
            return
        pause = min(_LONGEST_LOCK_SECONDS, _FIRST_LOCK_SECONDS * 2.0 ** min(rest.attempts, 10))
        rest.attempts += 1
        rest.until = now + pause
        log.warning(
            "partition_locked",
            partition=str(place),
            reason=str(error),
            again_in_seconds=pause,
            waited_seconds=round(now - rest.since, 1),
        )

    def due(self) -> list[Place]:
        """What is to be tried again now; not told again before it has failed again."""
        now = time.monotonic()
        due = [place for place, rest in self._rests.items() if rest.until <= now]
        for place in due:
            self._rests[place].until = float("inf")
        return due

    def went_on(self, places: Iterable[Place]) -> None:
        """They stand still no longer, or are another process's now."""
        for place in places:
            self._rests.pop(place, None)

    def keep(self, places: Iterable[Place]) -> None:
        """Forgets all but these."""
        kept = set(places)
        self._rests = {place: rest for place, rest in self._rests.items() if place in kept}

    @property
    def locks(self) -> bool:
        """Something waits for a lock, so it may go on by itself."""
        return any(rest.stuck is None for rest in self._rests.values())

    @property
    def verdict(self) -> Fatal | None:
        """What an operator has to hear of all that is refused."""
        found = [rest.stuck for rest in self._rests.values() if rest.stuck is not None]
        return together(found)


def together(found: "list[Stuck]") -> Fatal | None:
    """Several problems as one error."""
    if len(found) < 2:
        return found[0] if found else None
    return Fatal("; ".join(str(each) for each in found), hint="; ".join(dict.fromkeys(each.hint for each in found)))
