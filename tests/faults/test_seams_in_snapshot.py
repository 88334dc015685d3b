"""kill -9 at every seam that the beginning of a task passes, while the random writer writes and the snapshot runs.

One run kills two processes: the reading side at one seam and, elsewhere, apply at another.
"""

from collections.abc import Iterator

import pytest

from deploy.local import Stack
from tests.conftest import NewTask
from tests.pipeline.running import Running
from tests.pipeline.task import Place
from tests.pipeline.transactions import Mix
from tests.pipeline.writer import RandomWriter

CAPTURE = (
    Place("capture.schema_read"),
    Place("capture.opened"),
    Place("capture.produced", 1),
    Place("capture.produced", 5),
    Place("capture.before_commit", 1),
    Place("capture.before_commit", 4),
    Place("capture.committed", 1),
    Place("capture.committed", 6),
    Place("capture.chunk_published", 1),
    Place("capture.chunk_published", 9),
)
READER = (
    Place("snapshot.low_read", 1),
    Place("snapshot.low_read", 4),
    Place("snapshot.chunk_read", 1),
    Place("snapshot.chunk_read", 5),
    Place("snapshot.chunk_sent", 1),
    Place("snapshot.chunk_sent", 3),
    Place("snapshot.table_locked"),
)
APPLY = (
    Place("apply.polled", 1),
    Place("apply.polled", 4),
    Place("apply.fenced", 1),
    Place("apply.fenced", 3),
    Place("apply.written", 1),
    Place("apply.written", 6),
    Place("apply.committed", 1),
    Place("apply.committed", 5),
    Place("apply.offsets_committed", 1),
    Place("apply.offsets_committed", 3),
    Place("apply.ddl_intent", 1),
    Place("apply.ddl_intent", 4),
    Place("apply.ddl_run", 1),
    Place("apply.ddl_run", 3),
    Place("apply.ddl_done", 1),
    Place("apply.ddl_done", 5),
)
SOURCE_SIDE = CAPTURE + READER
#: each seam once more; between them, the others kill every process at each of its seams
MORE = {
    Place("capture.produced", 1),
    Place("capture.before_commit", 1),
    Place("capture.committed", 1),
    Place("capture.chunk_published", 1),
    Place("snapshot.low_read", 1),
    Place("snapshot.chunk_read", 5),
    Place("snapshot.chunk_sent", 1),
}
ARMS = [
    pytest.param(place, APPLY[number % len(APPLY)], marks=[pytest.mark.long] if place in MORE else [])
    for number, place in enumerate(SOURCE_SIDE)
]


@pytest.fixture
def writer(databases: Stack) -> Iterator[RandomWriter]:
    mix = Mix(rows=1500, large=0.003, xa=0.05, tagged=0.1)
    made = RandomWriter(databases.source.endpoint("admin"), 20, "ran", mix=mix)
    made.create()
    with made:
        yield made


@pytest.mark.parametrize(("reading", "applying"), ARMS, ids=lambda place: f"{place.seam}:{place.occurrence}")
def test_a_kill_while_the_snapshot_runs(task: NewTask, writer: RandomWriter, reading: Place, applying: Place) -> None:
    made = task(include=["ran*.*"])
    mark = made.mark()
    capture = made.start("capture", dies_at=reading.once(mark))
    apply = made.start("apply", dies_at=applying)
    running = Running(made, writer, capture, apply)

    if reading in READER:
        capture.until(mark.exists, f"reach {reading.seam}")
    else:
        assert capture.exit_code() == -9
        running.restart("capture")
    assert apply.exit_code() == -9
    running.restart("apply")

    running.judge()
