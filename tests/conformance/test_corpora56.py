"""The corpora with MySQL 5.6 as source: what of their statements exists there, in one pipeline that follows them.

How many tables and rows a case leaves in 5.6 nobody has written down, so a case is judged by the equality of both ends
alone; the report counts those that leave rows. What fails on 9.7 too, and cascades of foreign keys, which no log before
9.6 holds, must stop; all else must be equal.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.local import Profile, Stack, start_mysql
from tests.conformance.corpora import Case, read
from tests.conformance.corpora_report import Expected
from tests.conformance.corpora_run import Corpora, Outcome
from tests.conftest import empty

CORPORA = ("datasets", "ghostferry", "flink-cdc", "dm", "python-mysql-replication")
EXPECTED = Expected()
_CASCADES = ("capture: a foreign key ON", "objects.cascades:")
_BUILD = Path(__file__).parents[2] / "build"


class Corpora56(Corpora):
    """Judges by equality alone."""

    def _judge(self, case: Case) -> str:
        return self._differences(case)


def _told(outcomes: Sequence[Outcome]) -> str:
    lines = [f"{each.case:<52} {each.tables:>4} {each.rows:>6} {each.reason[:300] or 'equal'}" for each in outcomes]
    equal = [each for each in outcomes if each.equal]
    written = sum(each.rows > 0 for each in equal)
    lines.append(f"{len(outcomes)} cases: {len(equal)} equal ({written} of them with rows)")
    return "\n".join(lines) + "\n"


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("corpus", CORPORA)
def test_one_pipeline_follows_every_case(corpus: str, stack: Stack, tmp_path: Path) -> None:
    pair = replace(stack, source=start_mysql(Profile.SOURCE56, stack.directory / Profile.SOURCE56))
    empty(pair)
    cases = {case.id: case for case in read(corpus)}
    outcomes = list(Corpora56(pair, tmp_path).follow(list(cases.values())))
    _BUILD.mkdir(exist_ok=True)
    (_BUILD / f"corpora56-{corpus}.txt").write_text(_told(outcomes), encoding="utf-8")
    failed = [each for each in outcomes if not each.equal and not EXPECTED.fails(cases[each.case], each.mode)]
    assert not [each.reason for each in failed if not any(words in each.reason for words in _CASCADES)]
