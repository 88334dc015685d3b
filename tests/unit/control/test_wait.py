"""What `wait` says is missing: never more than it knows."""

import pytest

from control import wait
from control.goal import Goal
from runtime.errors import Transient
from runtime.kafka import KafkaSettings
from schemas.position import GtidSet, LogPosition

GOAL = Goal(GtidSet(), GtidSet(), LogPosition.of("binlog.000001", 4))


class Answers:
    """The commit records of a task that has not begun, in a Kafka that is away at first."""

    position = None
    snapshot_done = False
    executed = GtidSet()

    def __init__(self, *_: object) -> None:
        self._asked = 0

    def refresh(self, _: float) -> None:
        self._asked += 1
        if self._asked == 1:
            raise Transient("kafka is away")


def test_a_kafka_that_is_away_does_not_say_that_nothing_has_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wait, "Commits", Answers)
    question = wait.CaughtUp(KafkaSettings("127.0.0.1:1"), "t", [], GOAL)
    with pytest.raises(Transient):
        question.reached(0)
    assert question.missing() == ()
    assert not question.reached(0)
    assert question.missing() == ("capture has not begun",)
