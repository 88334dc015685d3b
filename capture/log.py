"""What a source of log events offers: the reader, and what stands between it and the stream."""

from typing import Protocol

from capture.events import Event


class Events(Protocol):
    """The log, event by event."""

    def fileno(self) -> int: ...

    def ready(self, seconds: float, /) -> bool:
        """True when an event has begun to arrive; waits at most `seconds`."""
        ...

    def read(self) -> Event: ...
