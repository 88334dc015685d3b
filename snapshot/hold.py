"""The read of one table at once: where the stream must stand still, and the parts that wait for it. Pure.

Rows without a key cannot be told apart, so no window can merge them; rows that follow others of their own table must
not come before those (snapshot/ties.py). All of them enter the topic at one position P,
where a short lock has fixed them. The stream stands still before the lock is asked for, because an event that it
passed between the lock and the news of P would be taken for one that the read covers.
"""

from collections import deque

from schemas.position import LogPosition
from snapshot.messages import Chunk


class Hold:
    """Where the stream may go while a table is read at once."""

    def __init__(self, walk: int) -> None:
        self.walk = walk
        self.handed_over = False  # some part is published: the Kafka transaction is open
        self._wanted = False
        self._told = False
        self._position: LogPosition | None = None
        self._parts: deque[Chunk] = deque()

    def wanted(self) -> None:
        """The reader is about to lock."""
        self._wanted = True

    def lift(self) -> int:
        """The read comes to nothing for now: the stream may go on; how many parts are dropped."""
        self._wanted = self._told = False
        self._position = None
        dropped = len(self._parts)
        self._parts.clear()
        return dropped

    def located(self, position: LogPosition) -> None:
        """The rows are those of `position`."""
        self._position = position

    def put(self, part: Chunk) -> None:
        self._parts.append(part)

    def may_pass(self, position: LogPosition) -> bool:
        """True when the stream, now between two transactions at `position`, may go on."""
        if self._position is not None:
            return position < self._position
        return not self._wanted

    def tell(self) -> bool:
        """True once per wish: the stream stands still, the reader must hear of it."""
        first = self._wanted and not self._told
        self._told = self._wanted
        return first

    def take(self, position: LogPosition) -> list[Chunk]:
        """The parts that belong here."""
        if self._position is None or position < self._position:
            return []
        parts = list(self._parts)
        self._parts.clear()
        self.handed_over = self.handed_over or bool(parts)
        return parts
