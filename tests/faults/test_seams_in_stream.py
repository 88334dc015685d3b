"""kill -9 at every seam of streaming, again and again in one long-lived task, schema changes and compressed
transactions included. Each time capture dies at one seam and apply, when it comes to it, at another."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local import Stack
from runtime.mysql import Connection, connect
from tests.conftest import empty
from tests.pipeline.running import Running
from tests.pipeline.task import Place, Task
from tests.pipeline.transactions import Mix
from tests.pipeline.writer import RandomWriter

CAPTURE = (
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
)
APPLY = (
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
#: left to long runs: the others kill both processes at each of their seams
_MORE = {1, 3, 5, 7, 9, 13, 14}
ARMS = [
    pytest.param(CAPTURE[number % len(CAPTURE)], place, marks=[pytest.mark.long] if number in _MORE else [])
    for number, place in enumerate(APPLY)
]


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
        made.equal()
        yield made


@pytest.mark.parametrize(("capturing", "applying"), ARMS, ids=lambda place: f"{place.seam}:{place.occurrence}")
def test_kills_while_changes_stream(running: Running, capturing: Place, applying: Place) -> None:
    capture = running.restart("capture", dies_at=capturing)
    apply = running.restart("apply", dies_at=applying)

    assert capture.exit_code() == -9
    running.restart("capture")
    assert apply.exit_code() == -9
    running.restart("apply")

    running.equal()


def test_the_topics_hold_every_change_once(running: Running) -> None:
    running.judge()


def test_a_change_is_noted_beyond_one_that_waits(running: Running) -> None:
    """The second of two dies right after it is noted, while the first has to wait at the destination."""
    task = running.task
    with connect(task.stack_destination, database="ran") as reader, connect(task.stack_source, database="ran") as admin:
        reader.execute("BEGIN")
        reader.query("SELECT 1 FROM Accounts LIMIT 1")
        armed = running.restart("apply", dies_at=Place("apply.ddl_done"))
        admin.execute("ALTER TABLE Accounts ADD waits INT")
        admin.execute("ALTER TABLE legacy ADD passes INT")
        assert armed.exit_code() == -9
        assert not _has_column(reader, "waits") and _has_column(reader, "passes")
        again = running.restart("apply")
        reader.execute("COMMIT")
    task.wait()
    task.assert_equal()
    assert again.running


def test_values_are_tried_out_again(running: Running) -> None:
    """Apply dies with rows written as another session computes them, and the transaction open."""
    task = running.task
    with connect(task.stack_source, database="ran") as admin:
        admin.execute("CREATE TABLE tried (id INT PRIMARY KEY, v INT, q VARCHAR(40) AS (CONCAT(v / 7)) STORED)")
        task.wait()
        armed = running.restart("apply", dies_at=Place("apply.written"))
        admin.execute("SET div_precision_increment = 9")
        admin.execute("INSERT INTO tried (id, v) VALUES (1, 1), (2, 2), (3, 3)")
        assert armed.exit_code() == -9
    running.restart("apply")
    task.wait()
    task.assert_equal()


def _has_column(connection: Connection, name: str) -> bool:
    sql = "SELECT 1 FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = 'ran' AND COLUMN_NAME = %s"
    return bool(connection.query(sql, (name,)))
