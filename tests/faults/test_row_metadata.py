"""kill -9 of capture while definitions change quickly and the log does not name columns.

Capture is away for a while each time, so that it meets several changes of a table when it comes back.
"""

from collections.abc import Iterator

import pytest

from deploy.local import Stack
from runtime.mysql import Endpoint, connect
from tests.conftest import NewTask
from tests.pipeline.running import Running
from tests.pipeline.task import Place
from tests.pipeline.transactions import Mix
from tests.pipeline.writer import RandomWriter

PLACES = (
    Place("capture.ddl_before", 2),
    Place("capture.ddl_after", 3),
    Place("capture.before_commit", 15),
    Place("capture.committed", 20),
)


@pytest.fixture
def writer(databases: Stack) -> Iterator[RandomWriter]:
    """Every tenth transaction changes a definition, at a source that logs no names."""
    source = databases.source.endpoint("admin")
    _log_names(source, "MINIMAL")
    made = RandomWriter(source, 97, "ran", mix=Mix(rows=300, ddl=0.1, renames=0.15, large=0.002))
    made.create()
    with made:
        yield made
    _log_names(source, "FULL")


def _log_names(source: Endpoint, metadata: str) -> None:
    with connect(source) as admin:
        admin.execute(f"SET GLOBAL binlog_row_metadata = {metadata}")


def test_definitions_survive_kills(task: NewTask, writer: RandomWriter) -> None:
    made = task(include=["ran*.*"])
    running = Running(made, writer, made.start("capture"), made.start("apply"))
    told = []
    for number, place in enumerate(PLACES):
        armed = running.restart("capture", dies_at=place)
        assert armed.exit_code() == -9
        told.append(armed.stderr)
        _log_names(made.stack_source, ("FULL", "MINIMAL")[number % 2])
        writer.wait_for(transactions=60)
    told.append(running.restart("capture").stderr)

    running.judge()

    told.append(running.process("capture").stderr)
    assert "schema_change" in "".join(told)
    assert "computed_definition_differs" not in "".join(told)
