"""The loop that every service runs in, its stop and its patience.

A component hands `run` a session: it opens from durable state, works, and yields at each safe point. Recovery is
the next session; there is no other path.
"""

import random
import signal
import threading
import time
from collections.abc import Callable, Generator
from contextlib import closing
from types import FrameType

from runtime import stopping
from runtime.errors import Fatal, Transient
from runtime.stopping import Stopped
from runtime.telemetry import log, retries

Session = Callable[[], Generator[None]]

_STEADY_SECONDS = 60.0
_DOUBLINGS = 30  # of the first delay: longer than anybody waits, and far from what a number can hold
_ECHO_SECONDS = 1.0  # timeout(1) and others send a signal to a process and to its group: that is one request


class Stop:
    """A request to end, set by the first SIGTERM or SIGINT; one that comes a second later kills."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._signalled_at: float | None = None

    @property
    def requested(self) -> bool:
        return self._event.is_set()

    def request(self) -> None:
        self._event.set()

    def wait(self, seconds: float) -> bool:
        """Sleeps at most `seconds`; true when the stop came."""
        return self._event.wait(seconds)

    def on_signals(self) -> None:
        """Lets SIGTERM and SIGINT request the stop (main thread only)."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._signalled)

    def _signalled(self, number: int, frame: FrameType | None) -> None:
        if self._signalled_at is None:
            self._signalled_at = time.monotonic()
            self.request()
            stopping.ask()
        elif time.monotonic() - self._signalled_at > _ECHO_SECONDS:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)


class Deadline:
    """One monotonic budget of seconds that several steps share."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    @property
    def remaining(self) -> float:
        return max(0.0, self._end - time.monotonic())

    @property
    def passed(self) -> bool:
        return self.remaining == 0.0


class Backoff:
    """Exponential delays with jitter, and the patience (seconds) after which a transient error needs an operator.

    Every transient error is counted here, under `where`.
    """

    def __init__(self, patience_seconds: float, where: str = "service", first: float = 0.1, most: float = 15.0) -> None:
        self._where = where
        self._patience = patience_seconds
        self._first = first
        self._most = most
        self._failures = 0
        self._since: float | None = None

    def reset(self) -> None:
        if self._failures:
            log.info("recovered", failures=self._failures)
        self._failures = 0
        self._since = None

    def after(self, error: Transient) -> float:
        """Seconds to wait after `error`; raises Fatal when the patience is used up."""
        retries.labels(self._where).inc()
        now = time.monotonic()
        self._since = self._since or now
        if now - self._since > self._patience:
            raise Fatal(
                f"still failing after {self._patience / 60:g} minutes: {error}",
                hint="mend the cause that the message names, then start the command again; nothing is lost",
            ) from error
        delay = min(self._most, self._first * 2.0 ** min(self._failures, _DOUBLINGS)) * random.uniform(0.5, 1.0)
        self._failures += 1
        return delay


def run(session: Session, stop: Stop, backoff: Backoff, steady_seconds: float = _STEADY_SECONDS) -> None:
    """Runs sessions until the stop, or until one ends by itself; the only endless loop and the only back-off.

    A session that has worked for `steady_seconds` ends a row of failures. One that fails again and again sooner does
    not, whatever it gets done meanwhile: its pauses grow, and in the end an operator hears of it.
    """
    while not stop.wait(0):
        opened = time.monotonic()
        try:
            with closing(session()) as safe_points:
                for _ in safe_points:
                    if time.monotonic() - opened >= steady_seconds:
                        backoff.reset()
                    if stop.requested:
                        return
                return
        except Stopped:
            return
        except Transient as error:
            delay = backoff.after(error)
            log.warning("retrying", error=str(error), delay_seconds=round(delay, 2))
            stop.wait(delay)
