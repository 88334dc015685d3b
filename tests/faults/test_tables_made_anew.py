"""kill -9 around statements after which topics hold a table anew, or keep all that their name ever held."""

from collections.abc import Iterator
from itertools import count

import pytest

from deploy.local import Stack
from runtime.mysql import connect
from tests.conftest import empty
from tests.pipeline.process import Process
from tests.pipeline.settle import settle
from tests.pipeline.task import Place, Task

_SEAMS = ("capture.produced", "capture.before_commit", "capture.committed", "capture.ddl_before", "capture.ddl_after")
_ALWAYS = ("capture.produced:1", "capture.before_commit:4", "capture.ddl_after:1")
_PLACES = [Place(seam, occurrence) for seam in _SEAMS for occurrence in (1, 2, 4)]
_BEFORE = (
    "CREATE DATABASE anew",
    "CREATE TABLE anew.keyed (id INT PRIMARY KEY, v INT)",
    "INSERT INTO anew.keyed VALUES (1, 1), (2, 2), (3, 3)",
    "CREATE TABLE anew.keyless (v INT)",
    "INSERT INTO anew.keyless VALUES (1), (1), (NULL)",
    "CREATE TABLE anew.passing (id INT PRIMARY KEY, v INT)",
    "INSERT INTO anew.passing VALUES (1, 1), (2, 2)",
)
#: each changes what a target cannot compute from the rows that it has, or gives a name to another table
_ROUND = (
    "ALTER TABLE anew.keyed ADD c{0} BIGINT DEFAULT (CONNECTION_ID())",
    "UPDATE anew.keyed SET v = v + 1 WHERE id < 3",
    "ALTER TABLE anew.keyless ADD c{0} INT AUTO_INCREMENT, ADD KEY k{0} (c{0})",
    "DELETE FROM anew.keyless WHERE v = 1 LIMIT 1",
    "ALTER TABLE anew.keyless DROP COLUMN c{0}",
    "RENAME TABLE anew.passing TO anew.passed{0}",
    "CREATE TABLE anew.passing LIKE anew.passed{0}",
    "INSERT INTO anew.passing VALUES (1, 10), ({0} + 2, 1)",
    "UPDATE anew.passed{0} SET v = 9 WHERE id = 1",
    "INSERT INTO anew.keyless (v) VALUES (1), ({0})",
)


class Line:
    """One task that is killed again and again."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self._apply = task.start("apply")
        self._capture = task.start("capture")
        self._numbers = count(1)

    def play(self, dies_at: Place) -> None:
        """The statements come while capture is away; it dies on its way through them."""
        assert self._capture.terminate() == 0
        number = next(self._numbers)
        with connect(self.task.stack_source) as source:
            for statement in _ROUND:
                source.execute(statement.format(number))
        assert self.task.start("capture", dies_at=dies_at).exit_code() == -9
        self._capture = self.task.start("capture")
        settle(self.task, self.processes)

    @property
    def processes(self) -> list[Process]:
        return [self._capture, self._apply]


@pytest.fixture(scope="module")
def line(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Line]:
    empty(stack)
    with connect(stack.source.endpoint("admin")) as source:
        for statement in _BEFORE:
            source.execute(statement)
    overrides = {"kafka": {"partitions": 3}}
    with Task(stack, tmp_path_factory.mktemp("anew"), include=["anew.*"], overrides=overrides) as task:
        made = Line(task)
        settle(task, made.processes)
        yield made


@pytest.mark.parametrize(
    "place",
    [
        pytest.param(place, id=name, marks=() if name in _ALWAYS else pytest.mark.long)
        for place in _PLACES
        if (name := f"{place.seam}:{place.occurrence}")
    ],
)
def test_a_kill_on_the_way(line: Line, place: Place) -> None:
    line.play(place)
    line.task.assert_equal()
