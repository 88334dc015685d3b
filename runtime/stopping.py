"""How long a process that was asked to stop may go on with what it is in the midst of.

A service ends at its next safe point. Where that is far away, behind a statement that runs for hours or a long piece of
the log, whoever waits calls `check` now and then: a moment after the request it raises, and durable state tells the
next process where to go on.
"""

import time

from runtime.errors import Transient

_GRACE_SECONDS = 2.0

_asked_at: float | None = None


class Stopped(Transient):
    """The process was asked to stop, and this would take too long."""


def ask() -> None:
    """The process was asked to stop: signals reach it as a whole, and so does this."""
    global _asked_at
    _asked_at = _asked_at or time.monotonic()


def forget() -> None:
    """As if nobody had asked."""
    global _asked_at
    _asked_at = None


def check() -> None:
    """Raises Stopped a moment after the process was asked to stop."""
    if _asked_at is not None and time.monotonic() - _asked_at > _GRACE_SECONDS:
        raise Stopped("asked to stop")
