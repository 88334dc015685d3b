"""SQL after public reports about tools of this kind: each case by the snapshot, by the log and by both.

Cases that must stop by name are listed with what stops them; all others end equal.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local import Stack
from runtime.mysql import connect
from tests.conformance.corpora import Mode, read_reported
from tests.conformance.corpora_report import Expected, groups, write
from tests.conformance.corpora_run import Corpora
from tests.conformance.test_corpora import BUILD

CASES = read_reported()


_ALWAYS = {("FULL", Mode.MIXED), ("MINIMAL", Mode.SNAPSHOT)}


@pytest.fixture
def metadata(request: pytest.FixtureRequest, databases: Stack) -> Stack:
    """The servers, with what the source's log tells of columns."""
    with connect(databases.source.endpoint("admin")) as admin:
        admin.execute(f"SET GLOBAL binlog_row_metadata = {request.param}")
    request.addfinalizer(lambda: _restore(databases))
    return databases


def _restore(stack: Stack) -> None:
    with connect(stack.source.endpoint("admin")) as admin:
        admin.execute("SET GLOBAL binlog_row_metadata = FULL")


def _runs() -> Iterator[object]:
    """Two find most; the others run for long."""
    for told in ("FULL", "MINIMAL"):
        for mode in (Mode.SNAPSHOT, Mode.MIXED, Mode.RESTART):
            yield pytest.param(told, mode, marks=() if (told, mode) in _ALWAYS else pytest.mark.long)


@pytest.mark.timeout(1800)
@pytest.mark.parametrize(("metadata", "mode"), list(_runs()), indirect=["metadata"])
def test_every_case(mode: Mode, metadata: Stack, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    told = request.node.callspec.params["metadata"]
    expected = Expected("9.7" if told == "FULL" else "9.7 MINIMAL")
    run = Corpora(metadata, tmp_path)
    outcomes = [found for group in groups(CASES, mode, expected) for found in run.in_mode(group, mode)]
    write(outcomes, expected, BUILD, f"reported-{told}-{mode}")
    assert len(outcomes) == len(CASES)
    assert not [surprise for each in outcomes if (surprise := expected.surprise(each))]
