from collections.abc import Collection, Mapping

import pytest

from control.settle import Difference, Sides, settle
from runtime.service import Deadline


class World:
    """A source and a target that change while they are compared: each caught_up and each pause is one tick."""

    def __init__(self, source: dict[str, int], target: dict[str, int]) -> None:
        self.source = source
        self.target = target
        self.caught_up_answer = True
        self.ticks = 0

    def tick(self) -> None:
        self.ticks += 1

    def sides(self) -> Sides[str, int]:
        return Sides(self._read_source, self._read_target, self._caught_up, self._pause)

    def _read_source(self, keys: Collection[str]) -> Mapping[str, int]:
        return {key: self.source[key] for key in keys if key in self.source}

    def _read_target(self, keys: Collection[str]) -> Mapping[str, int]:
        return {key: self.target[key] for key in keys if key in self.target}

    def _caught_up(self) -> bool:
        self.tick()
        return self.caught_up_answer

    def _pause(self, seconds: float) -> None:
        self.tick()


def test_a_change_on_its_way_is_no_difference() -> None:
    class Late(World):
        def tick(self) -> None:
            super().tick()
            if self.ticks == 3:
                self.target["a"] = 2

    assert settle({"a"}, Late({"a": 2}, {"a": 1}).sides(), Deadline(60)) == []


def test_what_persists_is_proven() -> None:
    world = World({"a": 1, "b": 2, "c": 3}, {"a": 1, "b": 9, "d": 4})
    found = settle(["a", "b", "c", "d"], world.sides(), Deadline(60))
    assert found == [
        Difference("b", 2, 9, proven=True),
        Difference("c", 3, None, proven=True),
        Difference("d", None, 4, proven=True),
    ]


def test_a_row_that_always_changes_but_is_followed_is_no_difference() -> None:
    class Busy(World):
        def tick(self) -> None:
            super().tick()
            self.target["a"] = self.source["a"]  # the target has what the source had,
            self.source["a"] += 1  # and the source goes on

    assert settle({"a"}, Busy({"a": 0}, {"a": -1}).sides(), Deadline(60)) == []


def test_what_cannot_be_proven_in_time_is_reported_as_such() -> None:
    class Busy(World):
        def tick(self) -> None:
            super().tick()
            self.source["a"] += 1

    found = settle({"a"}, Busy({"a": 10}, {"a": -1}).sides(), Deadline(0))
    assert [(one.key, one.target, one.proven) for one in found] == [("a", -1, False)]


def test_a_target_that_lags_proves_nothing() -> None:
    world = World({"a": 1}, {})
    world.caught_up_answer = False
    assert settle({"a"}, world.sides(), Deadline(0)) == [Difference("a", 1, None, proven=False)]


@pytest.mark.parametrize("suspects", [[], ["a"]])
def test_equal_things_are_settled_at_once(suspects: list[str]) -> None:
    world = World({"a": 1}, {"a": 1})
    assert settle(suspects, world.sides(), Deadline(60)) == []
    assert world.ticks <= 1
