"""The loop: sessions, retries, patience and the stop."""

from collections.abc import Generator

import pytest
from prometheus_client import REGISTRY

from runtime.errors import Fatal, Transient
from runtime.service import Backoff, Deadline, Stop, run


def test_a_transient_error_opens_a_new_session() -> None:
    opened: list[int] = []

    def session() -> Generator[None]:
        opened.append(len(opened))
        if len(opened) < 3:
            raise Transient("gone")
        yield

    run(session, Stop(), Backoff(60, first=0.001))
    assert opened == [0, 1, 2]


def test_the_stop_closes_the_session_at_a_safe_point() -> None:
    stop, steps = Stop(), []

    def session() -> Generator[None]:
        try:
            for step in range(10):
                steps.append(step)
                if step == 3:
                    stop.request()
                yield
        finally:
            steps.append(-1)

    run(session, stop, Backoff(60))
    assert steps == [0, 1, 2, 3, -1]


def test_patience_ends_with_a_fatal_error() -> None:
    backoff = Backoff(0.0, first=0.0)
    backoff.after(Transient("first"))
    with pytest.raises(Fatal, match="still failing") as raised:
        backoff.after(Transient("second"))
    assert raised.value.hint


def test_a_session_that_fails_late_again_and_again_gives_up() -> None:
    opened: list[int] = []

    def session() -> Generator[None]:
        opened.append(len(opened))
        yield
        raise Transient("late")

    with pytest.raises(Fatal, match="still failing"):
        run(session, Stop(), Backoff(0.05, first=0.001))
    assert len(opened) > 1


def test_a_session_that_works_for_a_while_ends_a_row_of_failures() -> None:
    opened: list[int] = []

    def session() -> Generator[None]:
        opened.append(len(opened))
        yield
        if len(opened) < 20:
            raise Transient("late")

    run(session, Stop(), Backoff(0.0, first=0.0), steady_seconds=0.0)
    assert len(opened) == 20


def test_delays_stay_numbers_for_as_long_as_patience_lasts() -> None:
    backoff = Backoff(10.0**9, "here")
    before = counted("here")
    delays = [backoff.after(Transient("x")) for _ in range(3000)]
    assert 7.5 <= min(delays[100:]) <= max(delays) <= 15.0
    assert counted("here") - before == 3000


def counted(where: str) -> float:
    return REGISTRY.get_sample_value("penstock_retries_total", {"where": where}) or 0.0


def test_delays_grow_and_reset() -> None:
    backoff = Backoff(60, first=1.0, most=4.0)
    delays = [backoff.after(Transient("x")) for _ in range(6)]
    assert all(0.5 <= delay <= 4.0 for delay in delays)
    assert delays[4] >= 2.0
    backoff.reset()
    assert backoff.after(Transient("x")) <= 1.0


def test_other_errors_pass() -> None:
    def session() -> Generator[None]:
        yield from ()
        raise ValueError("a bug")

    with pytest.raises(ValueError, match="a bug"):
        run(session, Stop(), Backoff(60))


def test_a_deadline_is_shared() -> None:
    deadline = Deadline(0.0)
    assert deadline.passed
    assert Deadline(60).remaining > 59
