"""Where transactions begin in a log without GTIDs: follows the log event by event, by file and offset. Pure.

A transaction begins with its ANONYMOUS_GTID event (or GTID event, of a server that is on its way to GTIDs or back);
MySQL 5.6 logs none of these, and there it begins with its first statement.
"""

from capture.events import Event, EventType, anonymous, rotate
from capture.gtids import BEGINNINGS
from schemas.position import LogPosition

#: What announces a transaction in such a log.
ANNOUNCED = {**BEGINNINGS, EventType.ANONYMOUS_GTID: anonymous}


def name_of(server: str, place: LogPosition) -> str:
    """The name of the transaction that begins at `place` in the log of `server`."""
    return f"{server}/{place}"


def begin_of(event: Event, log: LogPosition) -> LogPosition:
    """Where an event begins, the log having been read up to `log`."""
    end = log.reached(event.end)
    return LogPosition(end.number, end.offset - event.size, end.file)


def after(event: Event, log: LogPosition) -> LogPosition:
    """How far the log is read with `event`."""
    if event.type == EventType.ROTATE:
        return LogPosition.of(*rotate(event.body))
    return log.reached(event.end) if event.end else log
