"""The corpora with a source of 9.7 as servers are by default: its log does not name columns."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from deploy.local import Stack
from runtime.mysql import connect
from tests.conformance.corpora import Mode, with_whole_rows
from tests.conformance.corpora_report import Expected, groups, write
from tests.conformance.corpora_run import Corpora
from tests.conformance.test_corpora import BASIC, BUILD, CASES, CORPORA

EXPECTED = Expected("9.7 MINIMAL")


@pytest.fixture
def minimal(databases: Stack) -> Iterator[Stack]:
    with connect(databases.source.endpoint("admin")) as admin:
        admin.execute("SET GLOBAL binlog_row_metadata = MINIMAL")
        yield databases
        admin.execute("SET GLOBAL binlog_row_metadata = FULL")


@pytest.mark.timeout(3600)
@pytest.mark.parametrize(
    ("corpora", "mode"),
    [(("datasets",), Mode.MIXED), *(pytest.param(CORPORA, mode, marks=pytest.mark.long) for mode in Mode)],
    ids=lambda value: value if isinstance(value, Mode) else "+".join(value),
)
def test_every_case(corpora: Sequence[str], mode: Mode, minimal: Stack, tmp_path: Path) -> None:
    cases = [case for case in CASES if case.corpus in corpora]
    run = Corpora(minimal, tmp_path)
    outcomes = [found for group in groups(cases, mode, EXPECTED) for found in run.in_mode(group, mode)]
    write(outcomes, EXPECTED, BUILD, f"corpora-minimal-{len(cases)}-{mode}")
    assert len(outcomes) == len(cases)
    assert not [surprise for each in outcomes if (surprise := EXPECTED.surprise(each))]


@pytest.mark.long
@pytest.mark.parametrize("mode", [Mode.INCREMENTAL, Mode.MIXED, Mode.RESTART])
def test_the_case_with_cut_rows_passes_when_they_are_whole(mode: Mode, minimal: Stack, tmp_path: Path) -> None:
    (outcome,) = Corpora(minimal, tmp_path).in_mode([with_whole_rows(BASIC, tmp_path)], mode)
    assert outcome.equal, outcome.reason
