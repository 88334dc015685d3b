"""A session that is killed leaves no server behind."""

import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import psutil

from control.daemon import Daemon

_SESSION = """
import os, signal, sys
from pathlib import Path
from control.daemon import Daemon
from tests.pipeline.leftovers import ended_with_session
folder = Path(sys.argv[1])
with ended_with_session(folder):
    Daemon(folder / "server", "mysqld").start(["sleep", "60"])
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_servers_end_with_a_session_that_is_killed(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    session = subprocess.run([sys.executable, "-c", _SESSION, str(tmp_path)], cwd=root, check=False, timeout=60)
    assert session.returncode == -signal.SIGKILL
    server = Daemon(tmp_path / "server", "mysqld")
    pid = server.pid()
    if pid is not None:  # its watcher has just begun to look
        with suppress(psutil.NoSuchProcess):
            psutil.Process(pid).wait(30)
    assert not server.alive()
