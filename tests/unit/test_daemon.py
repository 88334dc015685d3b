"""A process is found again by its directory, and nothing else is ever taken for it."""

import os
import socket
import subprocess
from pathlib import Path

import pytest

from control.daemon import Daemon, free_port


def test_it_is_found_again_by_its_directory_alone(tmp_path: Path) -> None:
    Daemon(tmp_path, "sleeper").start(["sleep", "60"])

    found = Daemon(tmp_path, "sleeper")
    assert found.alive()
    pid = found.pid()
    assert pid is not None
    os.kill(pid, 0)

    found.stop(patience_seconds=10)
    assert not found.alive()
    assert found.pid() is None


def test_one_that_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path, "deaf")
    daemon.start(["sh", "-c", "trap '' TERM; echo deaf; while :; do sleep 0.05; done"])
    while "deaf" not in daemon.tail():
        assert daemon.alive()

    daemon.stop(patience_seconds=0.1)
    assert not daemon.alive()


def test_a_stranger_with_the_same_number_is_left_alone(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path, "gone")
    daemon.start(["true"])
    while daemon.alive():
        pass
    with subprocess.Popen(["sleep", "60"]) as stranger:
        (tmp_path / "gone.pid").write_text(f"{stranger.pid}\n")

        assert daemon.pid() is None
        daemon.stop(patience_seconds=10)
        daemon.kill()

        assert stranger.poll() is None
        stranger.kill()


def test_it_survives_what_interrupts_its_starter(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path, "sleeper")
    daemon.start(["sleep", "60"])
    pid = daemon.pid()
    assert pid is not None
    try:
        assert os.getsid(pid) != os.getsid(0)
        assert os.getpgid(pid) != os.getpgid(0)
    finally:
        daemon.kill()


def test_its_log_says_why_it_ended(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path, "broken")
    daemon.start(["sh", "-c", "echo the disk is on fire >&2"])
    while daemon.alive():
        pass

    assert daemon.tail() == "the disk is on fire"


@pytest.mark.parametrize("taken", [True, False])
def test_a_port_is_kept_unless_somebody_has_taken_it(taken: bool) -> None:
    wanted = free_port()
    with socket.socket() as other:
        if taken:
            other.bind(("127.0.0.1", wanted))
            other.listen()

        assert (free_port(wanted) != wanted) is taken
