"""What signals mean to a command: the first asks it to stop, its echo is the same request, a later one kills."""

import os
import signal
from collections.abc import Iterator

import pytest

from runtime import service, stopping
from runtime.service import Stop


@pytest.fixture
def stop() -> Iterator[Stop]:
    """Listens to both signals for as long as the test runs."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    made = Stop()
    made.on_signals()
    yield made
    stopping.forget()
    for number, handler in before.items():
        signal.signal(number, handler)


def test_a_signal_and_its_echo_are_one_request(stop: Stop) -> None:
    for _ in range(2):
        os.kill(os.getpid(), signal.SIGTERM)
    assert stop.requested


def test_a_later_signal_kills(stop: Stop, monkeypatch: pytest.MonkeyPatch) -> None:
    killed: list[int] = []
    monkeypatch.setattr(signal, "raise_signal", killed.append)
    os.kill(os.getpid(), signal.SIGTERM)
    assert killed == []
    monkeypatch.setattr(service, "_ECHO_SECONDS", -1.0)
    os.kill(os.getpid(), signal.SIGTERM)
    assert killed == [signal.SIGTERM]
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
