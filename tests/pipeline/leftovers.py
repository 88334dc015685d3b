"""Servers that tests start in their session's folder end with the session, also when it is killed.

A process of its own waits for the end of a pipe that only the session holds, and then kills what still runs there.
"""

import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from control.daemon import Daemon

_ROOT = Path(__file__).parents[2]


@contextmanager
def ended_with_session(folder: Path) -> Generator[None]:
    """No server whose folder lies in `folder` outlives the block, or this process."""
    arguments = [sys.executable, "-m", "tests.pipeline.leftovers", str(folder)]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, cwd=_ROOT, start_new_session=True):
        yield


def end(folder: Path) -> None:
    """Kills every server of `folder`."""
    for mark in folder.rglob("*.alive"):
        Daemon(mark.parent, mark.stem).kill()


if __name__ == "__main__":
    sys.stdin.read()
    end(Path(sys.argv[1]))
