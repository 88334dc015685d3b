"""kill -9 at every seam of streaming, again and again in one long-lived task, schema changes and compressed
transactions included."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local import Stack
from tests.conftest import empty
from tests.pipeline.running import Running
from tests.pipeline.task import Place, Task
from tests.pipeline.transactions import Mix
from tests.pipeline.writer import RandomWriter

PLACES = (
    Place("capture.opened"),
    Place("capture.produced", 1),
    Place("capture.produced", 20),
    Place("capture.before_commit", 1),
    Place("capture.before_commit", 30),
    Place("capture.committed", 1),
    Place("capture.committed", 40),
    Place("capture.ddl_before", 1),
    Place("capture.ddl_before", 3),
    Place("capture.ddl_after", 1),
    Place("capture.ddl_after", 4),
    Place("capture.xa_held", 2),
    Place("capture.xa_published", 1),
    Place("capture.xa_published", 3),
    Place("apply.polled", 1),
    Place("apply.polled", 30),
    Place("apply.fenced", 1),
    Place("apply.fenced", 20),
    Place("apply.written", 1),
    Place("apply.written", 25),
    Place("apply.committed", 1),
    Place("apply.committed", 15),
    Place("apply.offsets_committed", 1),
    Place("apply.offsets_committed", 3),
    Place("apply.ddl_intent", 1),
    Place("apply.ddl_intent", 3),
    Place("apply.ddl_run", 1),
    Place("apply.ddl_run", 4),
    Place("apply.ddl_done", 1),
    Place("apply.ddl_done", 2),
)


@pytest.fixture(scope="module")
def running(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    empty(stack)
    writer = RandomWriter(
        stack.source.endpoint("admin"),
        7,
        "ran",
        mix=Mix(rows=300, ddl=0.01, large=0.002, xa=0.05, tagged=0.1, compressed=0.02),
    )
    writer.create()
    folder: Path = tmp_path_factory.mktemp("stream")
    with Task(stack, folder, include=["ran*.*"]) as task, writer:
        made = Running(task, writer, task.start("capture"), task.start("apply"))
        task.wait()
        yield made


@pytest.mark.parametrize("place", PLACES, ids=lambda place: f"{place.seam}:{place.occurrence}")
def test_a_kill_while_changes_stream(running: Running, place: Place) -> None:
    verb = place.seam.partition(".")[0]
    armed = running.restart(verb, dies_at=place)

    assert armed.exit_code() == -9
    running.restart(verb)

    running.equal()


def test_the_topics_hold_every_change_once(running: Running) -> None:
    running.judge()
