"""A socket that is waited for: for as long as its patience lasts, and not beyond a request to stop."""

import socket
from collections.abc import Iterator

import pytest

from runtime import line, stopping
from runtime.line import LastWords, Limited, Line, Unreachable
from runtime.stopping import Stopped


@pytest.fixture
def ends(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[socket.socket, socket.socket]]:
    monkeypatch.setattr(line, "_STEP_SECONDS", 0.01)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(stopping, "_GRACE_SECONDS", 0.0)
    stopping.ask()
    yield
    stopping.forget()


def test_what_has_come_is_read(ends: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = ends
    theirs.sendall(b"abc")
    buffer = bytearray(8)
    reader = Line(ours, Limited(5.0))
    assert (reader.readinto(buffer), bytes(buffer[:3])) == (3, b"abc")
    theirs.close()
    assert reader.readinto(buffer) == 0


@pytest.mark.parametrize("patience", [Limited(0.05), LastWords(0.05)])
def test_silence_ends_patience(ends: tuple[socket.socket, socket.socket], patience: Limited | LastWords) -> None:
    with pytest.raises(Unreachable, match=r"nothing for 0\.05 seconds"):
        Line(ends[0], patience).readinto(bytearray(8))


def test_a_peer_that_does_not_read_ends_patience(ends: tuple[socket.socket, socket.socket]) -> None:
    with pytest.raises(Unreachable):
        Line(ends[0], Limited(0.05)).send_all(bytes(1 << 24))


@pytest.mark.usefixtures("asked")
def test_a_stop_is_heard_while_data_flow(ends: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = ends
    theirs.sendall(b"abc")
    with pytest.raises(Stopped):
        Line(ours, Limited(60.0)).readinto(bytearray(8))
    assert Line(ours, LastWords(60.0)).readinto(bytearray(8)) == 3
