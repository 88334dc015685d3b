import json

import pytest

from control.progress import Rate, readable
from control.supervisor import Bug, Child, Complaint, Restarts, Supervisor, complaint_of
from runtime.errors import Exit, Fatal

KILLED = -9


def test_who_is_killed_is_started_again_with_growing_pauses() -> None:
    restarts = Restarts()
    pauses = [restarts.after("capture", KILLED, 1.0, None) for _ in range(12)]
    assert pauses[0] < 1.0
    assert pauses == sorted(pauses)
    assert pauses[-1] == pauses[-2] <= 60.0


def test_who_ran_long_starts_over_with_short_pauses() -> None:
    restarts = Restarts()
    first = restarts.after("capture", KILLED, 1.0, None)
    restarts.after("capture", KILLED, 1.0, None)
    assert restarts.after("capture", KILLED, 3600.0, None) == first


def test_a_bug_that_comes_back_at_once_ends_it() -> None:
    restarts = Restarts()
    for _ in range(4):
        restarts.after("capture", Exit.BUG, 1.0, None)
    with pytest.raises(Bug, match="KeyError"):
        restarts.after("capture", Exit.BUG, 1.0, Complaint("KeyError", "report it"))


def test_other_ends_in_between_do_not_count_as_bugs() -> None:
    restarts = Restarts()
    for _ in range(10):
        restarts.after("capture", Exit.BUG, 1.0, None)
        restarts.after("capture", KILLED, 1.0, None)


def test_what_needs_an_operator_ends_it_with_its_own_words() -> None:
    with pytest.raises(Fatal, match="apply polar: no such table") as caught:
        Restarts().after("apply polar", Exit.OPERATOR, 1.0, Complaint("no such table", "make it"))
    assert caught.value.hint == "make it"
    with pytest.raises(Fatal, match="apply polar needs an operator"):
        Restarts().after("apply polar", Exit.OPERATOR, 1.0, None)


class Ending(Child):
    """A child that ends as it is told."""

    def __init__(self, name: str) -> None:
        super().__init__(name, [], lambda _: None)
        self.ends: Fatal | Bug | None = None

    def step(self) -> None:
        if self.ends is not None:
            ends, self.ends = self.ends, None
            raise ends


def test_a_target_that_needs_an_operator_rests_alone() -> None:
    capture, one, two, other = (Ending(name) for name in ("capture", "apply a 1", "apply a 2", "apply b"))
    supervisor = Supervisor([capture], {"a": [one, two], "b": [other]})
    for child in (one, two):
        child.ends = Fatal(f"{child.name}: no such table", hint="make it")
        supervisor.step()
    supervisor.require_others({"a", "b"})
    with pytest.raises(Fatal, match=r"^apply a 1: no such table; apply a 2: no such table$") as caught:
        supervisor.require_others({"a"})
    assert caught.value.hint == "make it"
    other.ends = Bug("apply b: KeyError")
    with pytest.raises(Bug, match="KeyError"):
        supervisor.step()


def test_capture_ends_everything() -> None:
    capture = Ending("capture")
    capture.ends = Fatal("capture: lost", hint="find it")
    with pytest.raises(Fatal, match="capture: lost"):
        Supervisor([capture], {"a": [Ending("apply a")]}).step()


@pytest.mark.parametrize("line", ["", "Traceback", "{", "[1]", '{"event": "x"}', '{"error": 1, "hint": "h"}'])
def test_other_lines_are_no_complaint(line: str) -> None:
    assert complaint_of(line) is None


def test_the_last_word_of_a_child_is_understood() -> None:
    assert complaint_of('{"level": "error", "error": "e", "hint": "h"}') == Complaint("e", "h")


def test_log_lines_are_readable() -> None:
    line = {"event": "ddl", "epoch": 3, "process": "capture", "level": "info", "timestamp": "2026-01-02T10:11:12.5Z"}
    assert readable(json.dumps(line)) == "10:11:12 capture ddl epoch=3"
    assert readable("Traceback") == "Traceback"
    assert readable("[1]") == "[1]"


def test_a_rate_is_taken_over_the_last_seconds() -> None:
    rate = Rate()
    assert rate.add(0.0, 0) == 0.0
    assert rate.add(1.0, 100) == 100.0
    for second in range(2, 40):
        last = rate.add(float(second), 100 + 50 * second)
    assert last == pytest.approx(50.0)
