"""Partitions of this process that stand still, each alone: a record is refused, or a row that it needs is locked.

Both are tried again now and then: an operator may have mended the destination, and a lock goes with its transaction.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from apply.records import Place
from apply.settings import ApplySettings
from apply.state import State, Stuck
from runtime.errors import Fatal
from runtime.telemetry import log

Key = TypeVar("Key")

_FIRST_LOCK_SECONDS = 0.5
_LONGEST_LOCK_SECONDS = 15.0


@dataclass(slots=True)
class Rest:
    """Why a partition stands still (`stuck` is None for a lock), since when and until when."""

    stuck: Stuck | None
    since: float
    until: float
    attempts: int = 1


class Resting(Generic[Key]):
    """What stands still, and when each of it is to be tried again."""

    def __init__(self, state: State, settings: ApplySettings) -> None:
        self._state = state
        self._settings = settings
        self._rests: dict[Key, Rest] = {}

    def __contains__(self, key: Key) -> bool:
        return key in self._rests

    def __bool__(self) -> bool:
        return bool(self._rests)

    def refused(self, key: Key, stuck: Stuck) -> None:
        """It waits for an operator; `status` finds it in the destination."""
        self._state.put_problem(stuck.problem)
        before = self._rests.get(key)
        now = time.monotonic()
        since, attempts = (now, 1) if before is None else (before.since, before.attempts + 1)
        self._rests[key] = Rest(stuck, since, now + self._settings.refused_seconds, attempts)
        log.error(
            "partition_stopped",
            partition=str(stuck.place),
            reason=str(stuck),
            advice=stuck.hint,
            again_in_seconds=self._settings.refused_seconds,
        )

    def locked(self, key: Key, place: Place, offset: int, error: Exception) -> None:
        """Something else holds a lock that the record at `offset` needs."""
        now = time.monotonic()
        rest = self._rests.get(key)
        if rest is None or rest.stuck is not None:
            rest = self._rests[key] = Rest(None, now, now, 0)
        if now - rest.since > self._settings.lock_patience_seconds:
            hint = "end the transaction or the session that holds the lock at the destination"
            self.refused(key, Stuck(place, offset, f"it has waited for a lock all the time: {error}", hint))
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

    def until(self, key: Key) -> float:
        """When it is to be tried again."""
        return self._rests[key].until

    def due(self) -> list[Key]:
        """What is to be tried again now; not told again before it has failed again."""
        now = time.monotonic()
        due = [key for key, rest in self._rests.items() if rest.until <= now]
        for key in due:
            self._rests[key].until = float("inf")
        return due

    def went_on(self, keys: Iterable[Key]) -> None:
        """They stand still no longer."""
        for key in keys:
            self._rests.pop(key, None)

    def keep(self, keys: Iterable[Key]) -> None:
        """Forgets all but these: the others are another process's now."""
        kept = set(keys)
        self._rests = {key: rest for key, rest in self._rests.items() if key in kept}

    @property
    def age(self) -> float:
        """Seconds since the first of them stopped."""
        return max((time.monotonic() - rest.since for rest in self._rests.values()), default=0.0)

    @property
    def locks(self) -> bool:
        """Something waits for a lock, so it may go on by itself."""
        return any(rest.stuck is None for rest in self._rests.values())

    @property
    def stuck(self) -> list[Stuck]:
        """What is refused."""
        return [rest.stuck for rest in self._rests.values() if rest.stuck is not None]


def together(found: list[Stuck]) -> Fatal | None:
    """Several problems as one error."""
    if len(found) < 2:
        return found[0] if found else None
    return Fatal("; ".join(str(each) for each in found), hint="; ".join(dict.fromkeys(each.hint for each in found)))
