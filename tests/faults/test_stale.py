"""A process that was frozen while another took its work over: it writes nothing when it wakes up."""

import signal
from collections.abc import Iterator

import pytest

from deploy.local import Stack
from runtime.mysql import connect
from tests.conftest import NewTask
from tests.pipeline.running import Running
from tests.pipeline.task import Place
from tests.pipeline.transactions import Mix
from tests.pipeline.writer import RandomWriter


@pytest.fixture
def writer(databases: Stack) -> Iterator[RandomWriter]:
    made = RandomWriter(databases.source.endpoint("admin"), 5, "ran", mix=Mix(rows=500))
    made.create()
    with made:
        yield made


@pytest.mark.parametrize(
    "place",
    [
        Place("capture.produced", 6, "stop"),
        Place("capture.before_commit", 6, "stop"),
        Place("capture.chunk_published", 2, "stop"),
    ],
    ids=lambda place: str(place.seam),
)
def test_a_stale_capture_writes_nothing(task: NewTask, writer: RandomWriter, place: Place) -> None:
    made = task(include=["ran.*"])
    stale = made.start("capture", dies_at=place)
    stale.wait_until_stopped()
    newer = made.start("capture")
    newer.wait_for("capturing")
    writer.wait_for(transactions=100)

    stale.send(signal.SIGCONT)

    assert stale.exit_code() == 2
    assert "another process runs this task" in stale.stderr
    running = Running(made, writer, newer, made.start("apply"))
    running.judge()


@pytest.mark.parametrize(
    "seam",
    [
        "apply.polled",
        "apply.committed",
        pytest.param("apply.written", marks=pytest.mark.long),  # its locks last until the server drops it, for a minute
    ],
)
def test_a_stale_apply_writes_nothing(task: NewTask, writer: RandomWriter, seam: str) -> None:
    """Frozen for longer than its session lasts, with a batch in its hands whose rows then change again."""
    made = task(include=["ran.*"])
    capture = made.start("capture")
    stale = made.start("apply", dies_at=Place(seam, 5, "stop"))
    stale.wait_until_stopped()
    newer = made.start("apply")
    with connect(made.stack_source) as connection:  # every row that the stale process may hold becomes another one
        for table in ("Accounts", "members", "codes", "journal", "kinds", "legacy"):
            connection.execute(f"UPDATE ran.{table} SET version = version + 1000000")
    with writer.paused():
        made.wait(120)
        made.assert_equal()

        stale.send(signal.SIGCONT)

    running = Running(made, writer, capture, newer)
    running.judge()
    assert stale.terminate() == 0
