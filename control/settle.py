"""Tells real differences from changes that are still on their way. Pure but for the pause.

A difference counts when the source has not changed the thing, the target has applied everything that the source had,
and they differ all the same: twice in a row. What the source goes on changing is asked again until patience ends.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from runtime.service import Deadline

Key = TypeVar("Key")
Value = TypeVar("Value")
Reader = Callable[[Collection[Key]], Mapping[Key, Value]]

_PROOFS = 2
_FIRST_PAUSE_SECONDS = 0.05
_LONGEST_PAUSE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Sides(Generic[Key, Value]):
    """Where the same things are read; `caught_up` waits, within bounds, for the target to have what the source has."""

    source: Reader[Key, Value]
    target: Reader[Key, Value]
    caught_up: Callable[[], bool]
    pause: Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Difference(Generic[Key, Value]):
    """One thing that differs; None: it is not there. `proven` is False when patience ended while it was changing."""

    key: Key
    source: Value | None
    target: Value | None
    proven: bool


def settle(suspects: Collection[Key], sides: Sides[Key, Value], patience: Deadline) -> list[Difference[Key, Value]]:
    """What of `suspects` really differs."""
    proofs = dict.fromkeys(suspects, 0)
    found: list[Difference[Key, Value]] = []
    pause = _FIRST_PAUSE_SECONDS
    while proofs:
        before = sides.source(proofs.keys())
        caught_up = sides.caught_up()
        there = sides.target(proofs.keys())
        differing = [key for key in proofs if before.get(key) != there.get(key)]
        after = sides.source(differing) if differing else {}
        proofs = {key: proofs[key] for key in differing if after.get(key) != there.get(key)}
        for key in list(proofs):
            proven = caught_up and before.get(key) == after.get(key)
            proofs[key] = proofs[key] + 1 if proven else 0
            if proofs[key] >= _PROOFS or patience.passed:
                found.append(Difference(key, after.get(key), there.get(key), proofs[key] >= _PROOFS))
                del proofs[key]
        if proofs:
            sides.pause(min(pause, patience.remaining))
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
    return found
