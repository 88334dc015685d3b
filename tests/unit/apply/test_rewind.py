"""Which offsets are an operator's wish, and which wishes can be met."""

import pytest

from apply.destination import Shape, Unique
from apply.inbox import MARK
from apply.records import Place
from apply.rewind import Wish, refusal, wishes
from apply.state import Fence, MadeTable
from schemas.names import TableName

PLACE = Place("task.d.t", 0)
FENCE = Fence("task.d.t", 0, next_offset=100, replay_until=0, epoch=1, source_us=0)
NAME = TableName("d", "t")
TABLE = MadeTable("task.d.t", NAME, 3, (40,))
KEYED = Shape(NAME, {}, (Unique("PRIMARY", ("id",), True),))
KEYLESS = Shape(NAME, {}, (Unique("u", ("v",), False),))


@pytest.mark.parametrize(
    ("offset", "metadata", "wished"),
    [(50, None, True), (50, "", True), (150, "", True), (50, MARK, False), (100, "", False), (-1001, "", False)],
)
def test_only_offsets_without_our_mark_are_wishes(offset: int, metadata: str | None, wished: bool) -> None:
    found = wishes({PLACE: (offset, metadata)}, {PLACE: FENCE})
    assert found == ([Wish(PLACE, FENCE, offset)] if wished else [])


def test_a_partition_without_a_fence_has_no_wish() -> None:
    assert wishes({PLACE: (50, "")}, {}) == []


@pytest.mark.parametrize(
    ("offset", "table", "shape", "reason"),
    [
        (40, TABLE, KEYED, None),
        (39, TABLE, KEYED, "schema change"),
        (150, TABLE, KEYED, None),
        (150, None, None, None),
        (50, None, None, "not there"),
        (0, MadeTable("task.d.t", NAME, 3, (0,)), KEYLESS, None),
        (50, TABLE, KEYLESS, "has no key"),
        (150, TABLE, KEYLESS, None),
    ],
)
def test_wishes_that_cannot_be_met(
    offset: int, table: MadeTable | None, shape: Shape | None, reason: str | None
) -> None:
    found = refusal(Wish(PLACE, FENCE, offset), table, shape)
    assert (found is None) if reason is None else (found is not None and reason in found)


def test_a_partition_that_the_table_did_not_have_then_has_no_barrier() -> None:
    assert TABLE.barrier(0) == 40
    assert TABLE.barrier(1) == 0
