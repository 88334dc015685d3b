"""The kinds of error.

Exception
 +- Transient      try again from durable state: a lost connection, a deadlock, a broker that restarts
 +- Fatal          an operator must act: exit code 2, with a hint that says how
 |   +- Fenced     another process has taken over; this one must write nothing more
 +- anything else  a bug: traceback, exit code 1
"""

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
