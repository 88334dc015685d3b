"""The corpora with MySQL 5.6 as source: what of their statements exists there, in every mode.

A case must leave in 5.6 what it leaves in 9.7, but where refused56.yaml names a statement that 5.6 does not know; both
ends must be equal anyway.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from deploy.local import Profile, Stack, start_mysql
from tests.conformance.corpora import Case, Mode, read, with_whole_rows
from tests.conformance.corpora_report import Expected, groups, write
from tests.conformance.corpora_run import Corpora
from tests.conftest import empty

CORPORA = ("datasets", "ghostferry", "flink-cdc", "dm", "python-mysql-replication")
CASES = [case for corpus in CORPORA for case in read(corpus)]
EXPECTED = Expected("5.6")
REFUSED: dict[str, str] = yaml.safe_load(Path(__file__).with_name("refused56.yaml").read_text(encoding="utf-8"))
BUILD = Path(__file__).parents[2] / "build"


class Corpora56(Corpora):
    """Knows that some statements do not exist there."""

    def _judge(self, case: Case) -> str:
        held, refused = self._count(case), REFUSED.get(case.id)
        if held == case.held and refused is not None:
            return f"the source holds what 9.7 would hold, although it is said to refuse: {refused}"
        return self._differences(case) if refused is not None else super()._judge(case)


def test_what_old_servers_refuse_names_cases() -> None:
    assert REFUSED.keys() <= {case.id for case in CASES}


@pytest.fixture
def pair(stack: Stack) -> Stack:
    found = replace(stack, source=start_mysql(Profile.SOURCE56, stack.directory / Profile.SOURCE56))
    empty(found)
    return found


@pytest.mark.timeout(3600)
@pytest.mark.parametrize(
    ("corpora", "mode"),
    [(("datasets",), Mode.MIXED), *(pytest.param(CORPORA, mode, marks=pytest.mark.long) for mode in Mode)],
    ids=lambda value: value if isinstance(value, Mode) else "+".join(value),
)
def test_every_case(corpora: Sequence[str], mode: Mode, pair: Stack, tmp_path: Path) -> None:
    cases = [case for case in CASES if case.corpus in corpora]
    run = Corpora56(pair, tmp_path)
    outcomes = [found for group in groups(cases, mode, EXPECTED) for found in run.in_mode(group, mode)]
    write(outcomes, EXPECTED, BUILD, f"corpora56-{len(cases)}-{mode}")
    assert len(outcomes) == len(cases)
    assert not [surprise for each in outcomes if (surprise := EXPECTED.surprise(each))]


@pytest.mark.long
@pytest.mark.parametrize("mode", [Mode.INCREMENTAL, Mode.MIXED, Mode.RESTART])
def test_the_case_with_cut_rows_passes_when_they_are_whole(mode: Mode, pair: Stack, tmp_path: Path) -> None:
    (basic,) = (case for case in CASES if case.id == "python-mysql-replication/basic")
    (outcome,) = Corpora56(pair, tmp_path).in_mode([with_whole_rows(basic, tmp_path)], mode)
    assert outcome.equal, outcome.reason
