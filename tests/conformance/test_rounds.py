"""Random tables with random rows, by snapshot and by log: the destination has the source's bytes, and both ways tell
the same of each row.

A round's number is its seed. `PENSTOCK_ROUNDS=full:1234 pytest tests/conformance/test_rounds.py` repeats one round
alone, `PENSTOCK_ROUNDS=places:5000:250` plays 250 of them on another pair of servers (`rounds/sources.py` lists them).
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.local import Stack
from tests.conformance.rounds.changes import TABLE
from tests.conformance.rounds.columns import Column
from tests.conformance.rounds.found import FOUND
from tests.conformance.rounds.play import Outcome, made, play
from tests.conformance.rounds.shrink import shrunk
from tests.conformance.rounds.sources import Kind, pair
from tests.conformance.rounds.tables import Round
from tests.conformance.values import CASES, Case

_TOGETHER = 200
#: how many are always played, and how many in a long run
_SHARES = {
    Kind.FULL: (120, 6000),
    Kind.MINIMAL: (0, 1400),  # places have it too
    Kind.PLACES: (30, 1400),
    Kind.FROM_56: (30, 800),
    Kind.TO_56: (0, 400),
}
_CHOSEN = os.environ.get("PENSTOCK_ROUNDS", "")
_SHOWN = 3


def _batches() -> Iterator[object]:
    if _CHOSEN:
        chosen, seed, *counts = _CHOSEN.split(":")
        yield pytest.param(Kind(chosen), int(seed), int(counts[0]) if counts else 1, id="chosen")
        return
    for kind, (always, long) in _SHARES.items():
        if always:
            yield pytest.param(kind, 0, always, id=f"{kind}-0")
        for first in range(always, long, _TOGETHER):
            yield pytest.param(kind, first, min(_TOGETHER, long - first), id=f"{kind}-{first}", marks=pytest.mark.long)


@pytest.mark.timeout(1200)
@pytest.mark.parametrize(("kind", "first", "count"), list(_batches()))
def test_rounds(kind: Kind, first: int, count: int, databases: Stack, tmp_path: Path) -> None:
    with pair(kind, databases) as servers:
        outcomes = list(play(servers, tmp_path, made(kind.vintage, first, count)))

        assert len(outcomes) == count
        failed = [outcome for outcome in outcomes if outcome.faults]
        assert not failed, told(kind, servers, tmp_path, failed)
    refused = [outcome for outcome in outcomes if outcome.refused]
    assert len(refused) <= count // 20, "\n".join(f"{outcome.round.create}: {outcome.refused}" for outcome in refused)


@pytest.mark.parametrize("kind", list(dict.fromkeys(kind for kind, _ in FOUND.values())))
def test_what_rounds_have_found(kind: Kind, databases: Stack, tmp_path: Path) -> None:
    """Each once made a difference, or stopped the pipeline."""
    named = [(name, round_) for name, (server, round_) in FOUND.items() if server is kind]
    rounds = [replace(round_, number=number) for number, (_, round_) in enumerate(named)]

    with pair(kind, databases) as servers:
        failed = {named[found.round.number][0]: found for found in play(servers, tmp_path, rounds) if not found.passed}

    assert not failed, "\n".join(f"{name}: {each.refused}{each.faults}" for name, each in failed.items())


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
    changes = (f"UPDATE {TABLE} SET v = w", f"UPDATE {TABLE} SET v = NULL LIMIT 1", f"DELETE FROM {TABLE} LIMIT 1")
    return Round(number, columns, (), changes)


def told(kind: Kind, stack: Stack, folder: Path, failed: Sequence[Outcome]) -> str:
    """Each failing round as small as it can be made, with the seed that repeats it."""
    lines = [f"{len(failed)} rounds failed: {', '.join(str(outcome.round.number) for outcome in failed)}"]
    for outcome in [shrunk(stack, folder, outcome) for outcome in failed[:_SHOWN]]:
        round_ = outcome.round
        lines += [f"--- PENSTOCK_ROUNDS={kind}:{round_.number} {round_.settings}", f"{round_.create};"]
        lines += [f"{statement};" for statement in (*round_.inserts, *round_.follows)]
        lines += outcome.faults
    return "\n".join(lines)
