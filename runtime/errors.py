"""The kinds of error.

Exception
 +- Transient      try again from durable state: a lost connection, a deadlock, a broker that restarts
 +- Fatal          an operator must act: exit code 2, with a hint that says how
 |   +- Fenced     another process has taken over; this one must write nothing more
 +- anything else  a bug: traceback, exit code 1
"""

import errno
from enum import IntEnum


class Exit(IntEnum):
    """Exit codes of the command line."""

    DONE = 0
    BUG = 1
    OPERATOR = 2
    NO = 3


class Transient(Exception):
    """It may work in a moment, from durable state."""


class Fatal(Exception):
    """It cannot go on until somebody does what `hint` says."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


class Fenced(Fatal):
    """A newer process owns this work."""


_MACHINE = {
    errno.ENOSPC: "make room on the disk, then start again; nothing is lost",
    errno.EDQUOT: "raise the quota of the disk or make room, then start again; nothing is lost",
    errno.EROFS: "the disk is mounted for reading only: see the system's log",
    errno.EIO: "the disk fails: see the system's log",
    errno.EACCES: "let this user write there",
    errno.EPERM: "let this user do so",
    errno.EMFILE: "raise the limit of open files (ulimit -n), then start again",
    errno.ENFILE: "raise the system's limit of open files, then start again",
    errno.EADDRINUSE: "free the port, or choose another one in the config",
}


def of_machine(error: OSError) -> Fatal | None:
    """What an operator must do about the machine; None for an error that says nothing about it."""
    hint = _MACHINE.get(error.errno or 0)
    return None if hint is None else Fatal(str(error), hint)
