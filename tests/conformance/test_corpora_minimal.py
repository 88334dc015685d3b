"""The corpora with a source of 9.7 as servers are by default: its log does not name columns."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local import Stack
from runtime.mysql import connect
from tests.conformance.corpora import Mode, with_whole_rows
from tests.conformance.corpora_report import Expected, groups, write
from tests.conformance.corpora_run import Corpora
from tests.conformance.test_corpora import BASIC, BUILD, CASES

EXPECTED = Expected("9.7 MINIMAL")


@pytest.fixture
def minimal(databases: Stack) -> Iterator[Stack]:
    with connect(databases.source.endpoint("admin")) as admin:
        admin.execute("SET GLOBAL binlog_row_metadata = MINIMAL")
        yield databases
        admin.execute("SET GLOBAL binlog_row_metadata = FULL")


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("mode", list(Mode))
def test_every_case(mode: Mode, minimal: Stack, tmp_path: Path) -> None:
    run = Corpora(minimal, tmp_path)
    outcomes = [found for group in groups(CASES, mode, EXPECTED) for found in run.in_mode(group, mode)]
    write(outcomes, EXPECTED, BUILD, f"corpora-minimal-{mode}")
    assert len(outcomes) == len(CASES)
    assert not [surprise for each in outcomes if (surprise := EXPECTED.surprise(each))]


@pytest.mark.long
@pytest.mark.parametrize("mode", [Mode.INCREMENTAL, Mode.MIXED, Mode.RESTART])
def test_the_case_with_cut_rows_passes_when_they_are_whole(mode: Mode, minimal: Stack, tmp_path: Path) -> None:
    (outcome,) = Corpora(minimal, tmp_path).in_mode([with_whole_rows(BASIC, tmp_path)], mode)
    assert outcome.equal, outcome.reason
