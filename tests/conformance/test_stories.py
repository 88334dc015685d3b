"""Random stories of rows, definitions, names and sessions: the destination equals the source at their end.

A story's number is its seed: `PENSTOCK_STORIES=minimal:1234 pytest tests/conformance/test_stories.py` plays one alone,
`PENSTOCK_STORIES=full:5000:200` plays two hundred.
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from deploy.local import Stack
from tests.conformance.rounds.sources import Kind, pair
from tests.conformance.stories.play import Outcome, Stage
from tests.conformance.stories.writer import CONVERTED_UNNAMED, Story, story

_TOGETHER = 50
#: how many are always played, and how many in a long run
_SHARES = {Kind.FULL: (25, 2000), Kind.MINIMAL: (25, 1000)}
_CHOSEN = os.environ.get("PENSTOCK_STORIES", "")
_SHOWN = 3


def _batches() -> Iterator[object]:
    if _CHOSEN:
        chosen, seed, *counts = _CHOSEN.split(":")
        last = int(seed) + (int(counts[0]) if counts else 1)
        for first in range(int(seed), last, _TOGETHER):
            yield pytest.param(Kind(chosen), first, min(_TOGETHER, last - first), id=f"{chosen}-{first}")
        return
    for kind, (always, long) in _SHARES.items():
        yield pytest.param(kind, 0, always, id=f"{kind}-0")
        for first in range(always, long, _TOGETHER):
            yield pytest.param(kind, first, min(_TOGETHER, long - first), id=f"{kind}-{first}", marks=pytest.mark.long)


@pytest.mark.timeout(1800)
@pytest.mark.parametrize(("kind", "first", "count"), list(_batches()))
def test_stories(kind: Kind, first: int, count: int, databases: Stack, tmp_path: Path) -> None:
    with pair(kind, databases) as servers:
        outcomes = list(Stage(servers, tmp_path, partitions=3).play([_story(kind, first + at) for at in range(count)]))

    assert len(outcomes) == count
    failed = [outcome for outcome in outcomes if outcome.faults]
    assert not failed, _told(kind, failed)
    assert sum(outcome.accepted for outcome in outcomes) > 8 * count, "the source has taken hardly anything"


def _story(kind: Kind, number: int) -> Story:
    return story(number, CONVERTED_UNNAMED) if kind is Kind.MINIMAL else story(number)


def _told(kind: Kind, failed: Sequence[Outcome]) -> str:
    lines = [f"{len(failed)} stories failed: {', '.join(str(outcome.story.number) for outcome in failed)}"]
    lines += [f"story {outcome.story.number}: {' '.join(outcome.faults[0].split())[:300]}" for outcome in failed]
    for outcome in failed[:_SHOWN]:
        lines.append(f"--- PENSTOCK_STORIES={kind}:{outcome.story.number}")
        lines += [f"{statement};" for statement in (*outcome.story.before, "-- now", *outcome.story.meanwhile)]
        lines += outcome.faults
    return "\n".join(lines)
