"""Log events that publish nothing: those that may pass, and those that stop capture by name."""

from capture.events import FLAG_IGNORABLE, Event, EventType, type_name
from runtime.errors import Fatal
from schemas.position import LogPosition

_HARMLESS = frozenset(
    (
        EventType.FORMAT_DESCRIPTION,
        EventType.PREVIOUS_GTIDS,
        EventType.STOP,
        EventType.ROWS_QUERY,
        EventType.IGNORABLE,
        EventType.TRANSACTION_CONTEXT,
        EventType.VIEW_CHANGE,
        EventType.INTVAR,  # these three only prepare a statement, which is judged when it comes
        EventType.RAND,
        EventType.USER_VAR,
    )
)
_ROW_FORMAT = "SET GLOBAL binlog_format = ROW at the source, and in its sessions"
_HINTS = {
    EventType.ANONYMOUS_GTID: "SET GLOBAL gtid_mode = ON at the source (in its documented steps)",
    EventType.INCIDENT: "the source has lost events: migrate anew, with a new task name",
    EventType.BEGIN_LOAD_QUERY: _ROW_FORMAT,
    EventType.EXECUTE_LOAD_QUERY: _ROW_FORMAT,
}


def pass_by(event: Event, log: LogPosition) -> None:
    """Lets the event at `log` go by; Fatal when something would be lost, or could be."""
    if event.type in _HARMLESS:
        return
    if event.type in _HINTS:
        raise Fatal(f"{type_name(event.type)} at {log}", hint=_HINTS[EventType(event.type)])
    if not event.flags & FLAG_IGNORABLE:
        raise Fatal(
            f"the log holds {type_name(event.type)} at {log}, which this version does not know",
            hint="use a newer version of penstock for this server",
        )
