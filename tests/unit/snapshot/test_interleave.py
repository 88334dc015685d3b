"""The topics are true at each moment, whatever order the moments come in; and wrong steps are found out."""

import random
from collections import deque
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.errors import Fatal
from schemas.names import TableName
from schemas.position import GtidSet, LogPosition
from snapshot.interleave import Interleave
from snapshot.ledger import Ledger, Order
from snapshot.released import Replanned
from snapshot.settings import SnapshotSettings
from snapshot.ties import Free
from snapshot.window import Window
from tests.unit.snapshot.simulated_source import UUID, Marks, Source
from tests.unit.snapshot.simulated_tables import KEYED, KEYLESS, plan_of
from tests.unit.snapshot.simulation import Capture, Violation, run

_ENOUGH = 1 << 20  # bytes of keys
_TOO_FEW = 300
_MARKER = Marks(low="marker")
_TELLING = (7, 1, 5, 58, 66, 126, 201, 367, 512, 573)  # seeds that have found something: tried first, to save time


def _without_gtids(ordered: bool = True) -> Source:
    return Source(by_place=True, ordered=ordered)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.lists(st.integers(0, (1 << 20) - 1), min_size=40, max_size=200), st.sampled_from((_ENOUGH, _TOO_FEW)))
def test_the_topics_are_true_at_each_moment_and_complete_in_the_end(schedule: list[int], window_bytes: int) -> None:
    run(schedule, Capture(Source(), Marks(), window_bytes))


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.lists(st.integers(0, (1 << 20) - 1), min_size=40, max_size=200), st.sampled_from((_ENOUGH, _TOO_FEW)))
def test_a_marker_stands_for_gtids(schedule: list[int], window_bytes: int) -> None:
    run(schedule, Capture(_without_gtids(), _MARKER, window_bytes))


@pytest.mark.parametrize(
    ("marks", "ordered"),
    [
        (Marks(low="unwaited"), True),
        (Marks(low="noted late"), True),
        (Marks(low="marker", high="executed"), True),
        (_MARKER, False),
    ],
    ids=["nobody waits for the marker", "the place is noted behind it", "no high", "commits out of the log's order"],
)
def test_wrong_markers_are_found_out(marks: Marks, ordered: bool) -> None:
    assert _found_out(marks, lambda: _without_gtids(ordered))


def test_a_wrong_step_is_found_out_without_gtids(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Interleave, "touched", _touches_nothing)
    assert _found_out(_MARKER, _without_gtids)


@pytest.mark.parametrize(
    "marks", [Marks(low="flushed"), Marks(high="executed")], ids=["the log's end is no low", "gtid_executed is no high"]
)
def test_wrong_marks_are_found_out(marks: Marks) -> None:
    assert _found_out(marks)


def _touches_nothing(self: Interleave, table: TableName, gtid: str, keys: Sequence[bytes]) -> None:
    """Sabotage."""


def _forgets_all(self: Window, table: TableName, published: GtidSet) -> None:
    self._touched.pop(table, None)


def _knows_latest(self: Window) -> None:
    """As if a low were a promise for chunks that were read before it."""
    self._floor = self._latest
    for table, transactions in list(self._touched.items()):
        self._touched[table] = deque(each for each in transactions if not self._floor.contains(each.gtid))


def _lets_pass(self: Interleave, table: TableName, gtid: str) -> None:
    """As if a DDL left chunks as they are."""


def _only_follows(self: Interleave, table: TableName, gtid: str) -> Replanned:
    """As if rows that move stayed ahead of the copy, or behind it."""
    self.followed(table, gtid)
    return Replanned(())


def _keeps_order(self: Ledger, table: TableName) -> tuple[Order, Order]:
    return (), ()


@pytest.mark.parametrize(
    ("owner", "method", "wrong"),
    [
        (Interleave, "touched", _touches_nothing),
        (Interleave, "_cut", _lets_pass),
        (Interleave, "moved", _only_follows),
        (Window, "forget", _forgets_all),
        (Window, "_raise_floor", _knows_latest),
        (Ledger, "reorder", _keeps_order),
    ],
)
def test_a_wrong_step_is_found_out(monkeypatch: pytest.MonkeyPatch, owner: type, method: str, wrong: object) -> None:
    monkeypatch.setattr(owner, method, wrong)
    assert _found_out(Marks())


def test_a_stream_that_does_not_stand_still_for_a_keyless_table_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Interleave, "may_pass", _told_but_passed)
    assert _found_out(Marks())


def test_a_restart_that_forgets_what_is_published_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Capture, "published", lambda _: GtidSet())
    assert _found_out(Marks())


def _told_but_passed(self: Interleave, position: LogPosition) -> bool:
    _real_may_pass(self, position)
    return True


_real_may_pass = Interleave.may_pass


def _found_out(marks: Marks, source: Callable[[], Source] = Source) -> bool:
    for seed in dict.fromkeys((*_TELLING, *range(1000))):
        chance = random.Random(seed)
        schedule = [chance.randrange(1 << 20) for _ in range(100)]
        try:
            run(schedule, Capture(source(), marks, (_ENOUGH, _TOO_FEW)[seed % 2]))
        except (Violation, Fatal, ValueError):
            return True
    return False


def test_a_new_way_to_rows_that_have_come_is_refused() -> None:
    """Of three tables a, b and c the first two are made to follow each other while b is being copied."""
    ties = _Ties()
    capture = Capture(Source(), Marks())
    interleave = Interleave(
        capture.pool,
        SnapshotSettings("sim"),
        capture.now.ranges.values(),
        lambda table: plan_of(table, capture.now.tables.shapes[table]),
        GtidSet(),
        ties,
    )
    assert interleave.schema_changed(KEYED, f"{UUID}:1") == Replanned(())
    ties.through = {KEYLESS: {KEYED}}
    with pytest.raises(Fatal, match=r"rows of d\.keyless follow those of d\.keyed on a new way"):
        interleave.schema_changed(KEYED, f"{UUID}:2")


class _Ties(Free):
    """`through`: by table, those that must be complete before it."""

    def __init__(self) -> None:
        self.through: dict[TableName, set[TableName]] = {}

    def before(self, table: TableName) -> set[TableName]:
        return self.through.get(table, set())

    def behind(self, table: TableName) -> set[TableName]:
        return {child for child, parents in self.through.items() if table in parents}
