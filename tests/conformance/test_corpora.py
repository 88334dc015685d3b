"""Real data of other projects: every case of the corpora, in every mode of their RUN.md.

CI runs the cases of the first three corpora in one pipeline that follows them (I), and all those of every corpus that
fit side by side in S and R; the rest is marked `long`. The result table goes to the terminal and to
build/corpora.txt and .json.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from deploy.local import Stack
from tests.conformance.corpora import Case, Mode, Worth, read, with_whole_rows
from tests.conformance.corpora_report import Expected, groups, table, write
from tests.conformance.corpora_run import Corpora, Outcome

BUILD = Path(__file__).parents[2] / "build"
CORPORA = ("datasets", "ghostferry", "flink-cdc", "dm", "python-mysql-replication")
CASES = [case for corpus in CORPORA for case in read(corpus)]
EXPECTED = Expected()
BASIC = next(case for case in CASES if case.id == "python-mysql-replication/basic")


def side_by_side() -> Iterator[object]:
    for mode in (Mode.SNAPSHOT, Mode.MIXED, Mode.RESTART):
        for number, group in enumerate(groups(CASES, mode, EXPECTED)):
            marks = [pytest.mark.long] if number or mode is Mode.MIXED else []
            name = group[0].id if len(group) == 1 else f"{len(group)}_cases_{number}"
            yield pytest.param(group, mode, id=f"{mode}-{name}", marks=marks)


@pytest.fixture(scope="module")
def outcomes(request: pytest.FixtureRequest) -> Iterator[list[Outcome]]:
    """Collects what became of every case that was run, and reports it at the end."""
    found: list[Outcome] = []
    yield found
    write(found, EXPECTED, BUILD, "corpora")
    capture = request.config.pluginmanager.get_plugin("capturemanager")
    assert capture is not None
    with capture.global_and_fixture_disabled():
        print(f"\n{table(found, EXPECTED)}")


def check(found: Sequence[Outcome]) -> None:
    surprises = [surprise for outcome in found if (surprise := EXPECTED.surprise(outcome))]
    assert not surprises, "\n".join(surprises)


def test_the_list_of_known_failures_names_cases() -> None:
    assert EXPECTED.cases <= {case.id for case in CASES}


def test_a_batch_that_fails_is_told_though_each_case_passes_alone() -> None:
    alone = Outcome(
        case="a/b", mode=Mode.MIXED, worth=Worth.FULL, tables=1, rows=1, seconds=1, reason="", together="2 cases: gone"
    )
    assert EXPECTED.surprise(alone) == "mode M: 2 cases: gone"
    assert "mode M: 2 cases: gone" in table([alone], EXPECTED)


@pytest.mark.timeout(1800)
@pytest.mark.parametrize(
    "corpora", [CORPORA[:3], pytest.param(CORPORA[3:], marks=pytest.mark.long)], ids=lambda names: "+".join(names)
)
def test_one_pipeline_follows_every_case(
    corpora: Sequence[str], databases: Stack, tmp_path: Path, outcomes: list[Outcome]
) -> None:
    cases = [case for case in CASES if case.corpus in corpora]
    found: list[Outcome] = []
    for group in groups(cases, Mode.INCREMENTAL, EXPECTED):
        found += Corpora(databases, tmp_path).follow(group)
    outcomes += found
    assert len(found) == len(cases)
    check(found)


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("group", "mode"), list(side_by_side()))
def test_cases_side_by_side(
    group: list[Case], mode: Mode, databases: Stack, tmp_path: Path, outcomes: list[Outcome]
) -> None:
    found = Corpora(databases, tmp_path).side_by_side(group, mode)
    outcomes += found
    assert len(found) == len(group)
    check(found)


@pytest.mark.long
@pytest.mark.parametrize("mode", [Mode.INCREMENTAL, Mode.MIXED, Mode.RESTART])
def test_the_case_with_cut_rows_passes_when_they_are_whole(mode: Mode, databases: Stack, tmp_path: Path) -> None:
    (outcome,) = Corpora(databases, tmp_path).in_mode([with_whole_rows(BASIC, tmp_path)], mode)
    assert outcome.equal, outcome.reason
