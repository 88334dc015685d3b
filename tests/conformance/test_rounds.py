"""Random tables with random rows, by snapshot and by log: the destination has the source's bytes, and both ways tell
the same of each row.

A round's number is its seed. `PENSTOCK_ROUNDS=1234 pytest tests/conformance/test_rounds.py` repeats one round alone,
`PENSTOCK_ROUNDS=5000:250` plays 250 of them.
"""

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from deploy.local import Stack
from tests.conformance.rounds.play import Outcome, made, play
from tests.conformance.rounds.shrink import shrunk
from tests.conformance.rounds.tables import Column, Round
from tests.conformance.values import CASES, Case

_SLICE, _ALL, _TOGETHER = 200, 10_000, 200
_CHOSEN = os.environ.get("PENSTOCK_ROUNDS", "")
_SHOWN = 3


def _batches() -> list[object]:
    if _CHOSEN:
        first, _, count = _CHOSEN.partition(":")
        return [pytest.param(int(first), int(count or 1), id="chosen")]
    return [
        pytest.param(first, _TOGETHER, id=f"{first}", marks=[pytest.mark.long] if first >= _SLICE else [])
        for first in range(0, _ALL, _TOGETHER)
    ]


@pytest.mark.timeout(1200)
@pytest.mark.parametrize(("first", "count"), _batches())
def test_rounds(first: int, count: int, databases: Stack, tmp_path: Path) -> None:
    outcomes = list(play(databases, tmp_path, made(first, count)))

    assert len(outcomes) == count
    failed = [outcome for outcome in outcomes if outcome.faults]
    assert not failed, told(databases, tmp_path, failed)
    refused = [outcome for outcome in outcomes if outcome.refused]
    assert len(refused) <= count // 20, "\n".join(outcome.refused for outcome in refused)


@pytest.mark.long
@pytest.mark.timeout(600)
def test_the_values_that_are_easily_corrupted(databases: Stack, tmp_path: Path) -> None:
    """Each type of the values suite as a round, so that the independent readers see all of them too."""
    rounds = [_round(number, case) for number, case in enumerate(CASES)]

    failed = [outcome for outcome in play(databases, tmp_path, rounds) if not outcome.passed]

    assert not failed, "\n".join(f"{case.round.create}: {case.refused}{case.faults}" for case in failed)


def _round(number: int, case: Case) -> Round:
    values = tuple(text for text in case.expressions if "9000000" not in text)
    columns = (
        Column("id", "INT PRIMARY KEY", tuple(map(str, range(len(values)))), ()),
        Column("v", f"{case.type} NULL", values, ()),
        Column("w", f"{case.type} NOT NULL", values[::-1], ()),
    )
    changes = ("UPDATE {} SET v = w", "UPDATE {} SET v = NULL LIMIT 1", "DELETE FROM {} LIMIT 1")
    return Round(number, columns, (), ("id",), changes)


def told(stack: Stack, folder: Path, failed: Sequence[Outcome]) -> str:
    """Each failing round as small as it can be made, with the seed that repeats it."""
    lines = [f"{len(failed)} rounds failed: {', '.join(str(outcome.round.number) for outcome in failed)}"]
    for outcome in [shrunk(stack, folder, outcome) for outcome in failed[:_SHOWN]]:
        number = outcome.round.number
        lines += [f"--- PENSTOCK_ROUNDS={number}", f"{outcome.round.create};"]
        lines += [f"{insert};" for insert in outcome.round.inserts]
        lines += [f"{change.replace('{}', outcome.round.name, 1)};" for change in outcome.round.changes]
        lines += outcome.faults
    return "\n".join(lines)
