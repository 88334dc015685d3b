"""Random stories of rows, definitions, names and sessions: the destination equals the source at their end.

A story's number is its seed: `PENSTOCK_STORIES=minimal:1234 pytest tests/conformance/test_stories.py` plays one alone,
`PENSTOCK_STORIES=full:5000:200` plays two hundred, and `full:5000:200:lost` all of them with this trial.
"""

import itertools
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from deploy.local import Stack
from tests.conformance.rounds.sources import Kind, pair
from tests.conformance.stories.play import Outcome, Stage
from tests.conformance.stories.trials import Trial
from tests.conformance.stories.writer import UNNAMED_CHARSETS, Story, story

_TOGETHER = 50
#: how many are always played, and how many in a long run
_SHARES = {Kind.FULL: (12, 1800), Kind.MINIMAL: (12, 900), Kind.PLACES: (0, 200), Kind.FROM_56: (0, 200)}
_TRIALS = (Trial.COMPACTED, Trial.LOST, Trial.HOSTILE, Trial.TWO, Trial.NONE)
_CHOSEN = os.environ.get("PENSTOCK_STORIES", "")
_SHOWN = 3


def _batches() -> Iterator[object]:
    if _CHOSEN:
        kind, seed, *more = _CHOSEN.split(":")
        trial = Trial(more[1]) if len(more) > 1 else Trial.NONE
        first = int(seed)
        yield from _some(Kind(kind), first, first + (int(more[0]) if more else 1), [trial])
        return
    for number, (kind, (always, long)) in enumerate(_SHARES.items()):
        yield from _some(kind, 0, always, _TRIALS[number:])
        yield from _some(kind, always, long, _TRIALS, [pytest.mark.long])


def _some(
    kind: Kind, first: int, last: int, trials: Sequence[Trial], marks: Sequence[pytest.MarkDecorator] = ()
) -> Iterator[object]:
    for at, trial in zip(range(first, last, _TOGETHER), itertools.cycle(trials), strict=False):
        yield pytest.param(kind, at, min(_TOGETHER, last - at), trial, id=f"{kind}-{at}-{trial}", marks=marks)


@pytest.mark.timeout(1800)
@pytest.mark.parametrize(("kind", "first", "count", "trial"), list(_batches()))
def test_stories(kind: Kind, first: int, count: int, trial: Trial, databases: Stack, tmp_path: Path) -> None:
    with pair(kind, databases) as servers:
        stage = Stage(servers, tmp_path, partitions=3, trial=trial)
        outcomes = list(stage.play([_story(kind, first + at) for at in range(count)]))

    assert len(outcomes) == count
    failed = [outcome for outcome in outcomes if outcome.faults]
    assert not failed, _told(kind, trial, failed)
    accepted = [outcome.accepted for outcome in outcomes if outcome.accepted]  # none of one that ended at a limit
    assert sum(accepted) >= 8 * len(accepted), "the source has taken hardly anything"


def _story(kind: Kind, number: int) -> Story:
    if kind is Kind.FULL:
        return story(number)
    told = story(number, UNNAMED_CHARSETS)
    return told.in_ascii() if kind is Kind.FROM_56 else told


def _told(kind: Kind, trial: Trial, failed: Sequence[Outcome]) -> str:
    lines = [f"{len(failed)} stories failed: {', '.join(str(outcome.story.number) for outcome in failed)}"]
    lines += [f"story {outcome.story.number}: {' '.join(outcome.faults[0].split())[:300]}" for outcome in failed]
    for outcome in failed[:_SHOWN]:
        lines.append(f"--- PENSTOCK_STORIES={kind}:{outcome.story.number}:1:{trial}")
        lines += [f"{statement};" for statement in (*outcome.story.before, "-- now", *outcome.story.meanwhile)]
        lines += outcome.faults
    return "\n".join(lines)
