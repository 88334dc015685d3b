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
from tests.conformance.corpora import Case, Mode, batches, read
from tests.conformance.corpora_report import Expected
from tests.conformance.corpora_run import Corpora, Outcome
from tests.conftest import empty

CORPORA = ("datasets", "ghostferry", "flink-cdc", "dm", "python-mysql-replication")
EXPECTED = Expected("5.6")
REFUSED: dict[str, str] = yaml.safe_load(Path(__file__).with_name("refused56.yaml").read_text(encoding="utf-8"))
_BUILD = Path(__file__).parents[2] / "build"


class Corpora56(Corpora):
    """Knows that some statements do not exist there."""

    def _judge(self, case: Case) -> str:
        held, refused = self._count(case), REFUSED.get(case.id)
        if held == (case.tables, case.rows) and refused is not None:
            return f"the source holds what 9.7 would hold, although it is said to refuse: {refused}"
        return self._differences(case) if refused is not None else super()._judge(case)


def _told(outcomes: Sequence[Outcome]) -> str:
    lines = [
        f"{each.case:<52} {each.mode} {each.tables:>4} {each.rows:>6} {each.reason[:300] or 'equal'}"
        + (f"; refused: {REFUSED[each.case]}" if each.case in REFUSED else "")
        for each in outcomes
    ]
    equal = [each for each in outcomes if each.equal]
    written = sum(each.rows > 0 for each in equal)
    lines.append(f"{len(outcomes)} cases: {len(equal)} equal ({written} of them with rows)")
    return "\n".join(lines) + "\n"


def _groups(cases: Sequence[Case], mode: Mode) -> list[list[Case]]:
    """One that may end its pipeline would take others with it."""
    together = [case for case in cases if not EXPECTED.fails(case, mode)]
    alone = [[case] for case in cases if EXPECTED.fails(case, mode)]
    return ([together] if mode is Mode.INCREMENTAL else batches(together)) + alone


def test_what_old_servers_refuse_names_cases() -> None:
    assert REFUSED.keys() <= {case.id for corpus in CORPORA for case in read(corpus)}


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("corpus", CORPORA)
@pytest.mark.parametrize("mode", list(Mode))
def test_every_case_of_a_corpus(corpus: str, mode: Mode, stack: Stack, tmp_path: Path) -> None:
    pair = replace(stack, source=start_mysql(Profile.SOURCE56, stack.directory / Profile.SOURCE56))
    empty(pair)
    cases, run = read(corpus), Corpora56(pair, tmp_path)
    outcomes: list[Outcome] = []
    for group in _groups(cases, mode):
        outcomes += run.follow(group) if mode is Mode.INCREMENTAL else run.side_by_side(group, mode)
    _BUILD.mkdir(exist_ok=True)
    (_BUILD / f"corpora56-{corpus}-{mode}.txt").write_text(_told(outcomes), encoding="utf-8")
    assert len(outcomes) == len(cases)
    assert not [surprise for each in outcomes if (surprise := EXPECTED.surprise(each))]
