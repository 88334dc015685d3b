"""A time zone as the offsets that a server gives it: read in words that any MySQL server knows, held and compared.

Only what a TIMESTAMP can hold counts: 1970 to January 2038.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, Self

from schemas.sql import text_literal

FIRST, LAST = 86_400, 2_147_385_600  # 1970-01-02 and 2038-01-18, in seconds since 1970
DAY = 86_400
EVERYTHING = (FIRST, LAST)
#: what a statement's session calls the offsets of its zone, and the zone's name at the source
OFFSETS, NAME = "time_zone_offsets", "time_zone_name"
_STEP = DAY  # no zone has ever changed twice within it
_AT_ONCE = 200
#: moments since 1970, first and last, both included
Interval = tuple[int, int]
Ask = Callable[[str], Sequence[tuple[Any, ...]]]


@dataclass(frozen=True, slots=True)
class Change:
    """From this moment on an offset holds; `folded`: what the server makes of a local time in the gap or the overlap
    (0 for the first)."""

    since: int
    offset: int
    folded: int


@dataclass(frozen=True, slots=True)
class Zone:
    """Offsets in seconds, the first one's moment being `FIRST`."""

    changes: tuple[Change, ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        """What `str` gives; ValueError for anything else."""
        parts = [[int(number) for number in change.split(",")] for change in text.split()]
        return cls(tuple(Change(since, offset, folded) for since, offset, folded in parts))

    def __str__(self) -> str:
        return " ".join(f"{change.since},{change.offset},{change.folded}" for change in self.changes)

    def offset_at(self, moment: int) -> int:
        return next(
            (change.offset for change in reversed(self.changes) if change.since <= moment), self.changes[0].offset
        )

    def only_offset(self, intervals: Iterable[Interval]) -> int | None:
        """The offset that holds in all of them; None when there are several."""
        found = set()
        for first, last in intervals:
            found.add(self.offset_at(first))
            found.update(change.offset for change in self.changes if first < change.since <= last)
        return found.pop() if len(found) == 1 else None

    def agrees(self, other: Self) -> bool:
        """Both give every moment the same offset."""
        return [(c.since, c.offset) for c in self.changes] == [(c.since, c.offset) for c in other.changes]

    def doubled(self) -> list[Interval]:
        """The moments whose local time comes twice: before and after a clock is set back."""
        turns = ((after.since, before.offset - after.offset) for before, after in pairwise(self.changes))
        return [(since - back, since + back - 1) for since, back in turns if back > 0]

    def disputed(self, other: Self) -> list[Interval]:
        """Local times that are another moment in the other zone, although both agree: those that came twice, of which
        one server takes the first and another the second. In seconds since 1970, the last one not included."""
        return [
            (after.since + min(before.offset, after.offset), after.since + max(before.offset, after.offset))
            for (before, after), twin in zip(pairwise(self.changes), other.changes[1:], strict=True)
            if after.folded != twin.folded
        ]


def written(offset: int) -> str | None:
    """An offset as SET time_zone takes it; None for one with seconds."""
    minutes, seconds = divmod(abs(offset), 60)
    return None if seconds else f"{'-' if offset < 0 else '+'}{minutes // 60:02}:{minutes % 60:02}"


def read_zone(ask: Ask, name: str) -> Zone | None:
    """What the server that answers takes a zone for; None when it does not know it. Some twenty questions."""
    if ask(f"SELECT {_offset(name, FIRST)}")[0][0] is None:
        return None
    found = [(FIRST + int(step) * _STEP, int(offset)) for step, offset in ask(_scan(name))]
    edges = [(before[0], after[0], before[1], after[1]) for before, after in pairwise(found) if before[1] != after[1]]
    while any(high - low > 1 for low, high, _, _ in edges):
        middles = [(low + high) // 2 for low, high, _, _ in edges]
        offsets = _several(ask, [_offset(name, middle) for middle in middles])
        edges = [
            (middle, high, old, new) if offset == old else (low, middle, old, new)
            for (low, high, old, new), middle, offset in zip(edges, middles, offsets, strict=True)
        ]
    folded = _several(ask, [_moment(name, high + (old + new) // 2) for _, high, old, new in edges])
    later = [Change(high, new, moment - high) for (_, high, _, new), moment in zip(edges, folded, strict=True)]
    return Zone((Change(FIRST, found[0][1], 0), *later))


def known(ask: Ask, names: Sequence[str]) -> list[str]:
    """Those of the zones that the server knows."""
    (row,) = ask("SELECT " + ", ".join(f"{_offset(name, FIRST)} IS NOT NULL" for name in names))
    return [name for name, answer in zip(names, row, strict=True) if answer]


def alike(ask: Ask, zone: Zone, names: Sequence[str]) -> list[str]:
    """Those of the zones that agree at all changes of this one; they may still have others."""
    tests = [" AND ".join(f"{_offset(name, each.since)} = {each.offset}" for each in zone.changes) for name in names]
    (row,) = ask("SELECT " + ", ".join(tests))
    return [name for name, answer in zip(names, row, strict=True) if answer]


def _several(ask: Ask, expressions: Sequence[str]) -> list[int]:
    values: list[int] = []
    for start in range(0, len(expressions), _AT_ONCE):
        values += map(int, ask("SELECT " + ", ".join(expressions[start : start + _AT_ONCE]))[0])
    return values


def _scan(name: str) -> str:
    """Rows (step, offset) from the first moment to the last one."""
    digit = "(SELECT 0 n UNION ALL " + " UNION ALL ".join(f"SELECT {n}" for n in range(1, 10)) + ")"
    places = [f"{digit} p{power}" for power in range(5)]
    step = " + ".join(f"p{power}.n * {10**power}" for power in range(5))
    moments = f"SELECT {step} AS step FROM {', '.join(places)}"
    utc = f"DATE_ADD({_literal(FIRST)}, INTERVAL step * {_STEP} SECOND)"
    return (
        f"SELECT step, TIMESTAMPDIFF(SECOND, {utc}, CONVERT_TZ({utc}, '+00:00', {text_literal(name)}))"
        f" FROM ({moments}) moments WHERE step <= {(LAST - FIRST) // _STEP} ORDER BY step"
    )


def _offset(name: str, moment: int) -> str:
    utc = _literal(moment)
    return f"TIMESTAMPDIFF(SECOND, {utc}, CONVERT_TZ({utc}, '+00:00', {text_literal(name)}))"


def _moment(name: str, local: int) -> str:
    """What a local time means, in seconds since 1970."""
    utc = f"CONVERT_TZ({_literal(local)}, {text_literal(name)}, '+00:00')"
    return f"TIMESTAMPDIFF(SECOND, '1970-01-01 00:00:00', {utc})"


def _literal(moment: int) -> str:
    return f"CAST('{datetime.fromtimestamp(moment, UTC):%Y-%m-%d %H:%M:%S}' AS DATETIME)"
