"""The way to a place in a log file that no dump can begin at, because it lies behind 4 GB. Pure.

COM_BINLOG_DUMP has 32 bits for the offset. COM_BINLOG_DUMP_GTID has 64, but a server whose gtid_mode is not ON refuses
it (Binlog_sender::init in the server's sql/rpl_binlog_sender.cc). So the file is read from its beginning, and what
lies before the place is passed by.
"""

from capture.events import HEARTBEATS, EventType
from runtime.errors import Fatal
from schemas.position import LogPosition

#: where the first event of a log file begins
FIRST_OFFSET = 4


class Approach:
    """Counts the events that are passed by; `arrived` when the next one begins at the goal."""

    def __init__(self, goal: LogPosition) -> None:
        self.goal = goal
        self._offset = FIRST_OFFSET

    @property
    def arrived(self) -> bool:
        return self._offset == self.goal.offset

    def pass_by(self, kind: int, size: int, end: int) -> None:
        """Takes the next event by its head: `end` holds the lower 32 bits of the offset after it."""
        if kind in HEARTBEATS or kind == EventType.ROTATE:
            self._offset = -1  # the log ends before the goal
        elif end:  # else it is made up for the dump
            self._offset += size
        if not 0 <= self._offset <= self.goal.offset or (end and end != self._offset & 0xFFFFFFFF):
            raise Fatal(
                f"no event of the log begins at {self.goal}, where this task has to go on",
                hint="the source has lost the end of its log (a crash with sync_binlog other than 1), or has begun it "
                "anew: migrate anew, with a new task name",
            )
