"""A failing round made small: its table with one row and at most one change, if that fails too."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from deploy.local import Stack
from tests.conformance.rounds.columns import Column
from tests.conformance.rounds.play import Outcome, play
from tests.conformance.rounds.tables import Round


def shrunk(stack: Stack, folder: Path, outcome: Outcome) -> Outcome:
    """The smallest round that fails like this one, all candidates side by side; at the least the round itself."""
    candidates = [replace(found, number=number) for number, found in enumerate(_smaller(outcome.round))]
    failing = [found for found in play(stack, folder, candidates) if found.faults]
    best = min(failing, key=lambda found: found.round.number, default=outcome)
    return replace(best, round=replace(best.round, number=outcome.round.number))


def _smaller(round_: Round) -> list[Round]:
    """By what they hold: first those with one row and no change."""
    rows = len(round_.inserts)
    changes: list[Sequence[str]] = [(), *([change] for change in round_.changes), round_.changes]
    ones = [
        replace(round_, columns=tuple(_only(column, row) for column in round_.columns), changes=tuple(chosen))
        for chosen in changes
        for row in range(rows)
    ]
    return ones + [replace(round_, changes=tuple(chosen)) for chosen in changes]


def _only(column: Column, row: int) -> Column:
    return replace(column, values=column.values[row : row + 1])
