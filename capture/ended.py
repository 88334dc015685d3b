"""The log of a server that logs what was rolled back: each transaction comes out when it has ended, without that.

Before 8.0.13 and without GTIDs a transaction that makes or drops a temporary table is logged although it is rolled
back: its rows, and ROLLBACK (or ROLLBACK TO SAVEPOINT) behind them, because the temporary table stays (OPTION_KEEP_LOG
in sql/binlog.cc). Rows that are published cannot be taken back, so here they wait for the end of their transaction.
"""

from collections.abc import Iterator

from capture.events import Event, EventType, begins, query
from capture.held import KEPT, Held, Memory
from capture.log import Events
from schemas.ddl.statement import Kind, SqlModes, understand
from schemas.selection import Selection

_WORDS = (b"\x00COMMIT", b"\x00ROLLBACK", b"\x00SAVEPOINT ")


class EndedLog:
    """Hands events on. Between BEGIN and the end of a transaction it hands on nothing that says where the log is."""

    def __init__(self, events: Events, selection: Selection, memory: Memory) -> None:
        self._events = events
        self._selection = selection
        self._memory = memory
        self._open: Held | None = None
        self._savepoints: dict[str, int] = {}
        self._replay: Iterator[Event] = iter(())
        self._next: Event | None = None

    def fileno(self) -> int:
        return self._events.fileno()

    def ready(self, seconds: float) -> bool:
        return self._next is not None or self._events.ready(seconds)

    def read(self) -> Event:
        replayed = self._next
        if replayed is not None:
            self._next = next(self._replay, None)
            return replayed
        event = self._events.read()
        if self._open is not None:
            return self._inside(event, self._open)
        if event.type == EventType.QUERY and begins(event.body) is not None:
            self._open = Held(0, self._selection, self._memory)
            self._savepoints.clear()
        return event

    def _inside(self, event: Event, held: Held) -> Event:
        if event.type == EventType.XID:
            return self._end(held, event)
        if event.type not in KEPT:
            return event._replace(end=0)
        kind, savepoint = _statement(event)
        if kind is Kind.COMMIT:
            return self._end(held, event)
        if kind is Kind.ROLLBACK:
            held.cut(0)
            return self._end(held, event._replace(type=EventType.XID, body=b""))
        if kind is Kind.SAVEPOINT:
            self._savepoints[savepoint] = held.bytes
        elif kind is Kind.ROLLBACK_TO_SAVEPOINT and savepoint in self._savepoints:
            held.cut(self._savepoints[savepoint])
        else:
            held.add(event)
        return event._replace(type=EventType.IGNORABLE, end=0, body=b"")

    def _end(self, held: Held, event: Event) -> Event:
        self._open = None
        self._replay = _then(held.events(), event)
        first = next(self._replay)
        self._next = next(self._replay, None)
        return first


def _then(events: Iterator[Event], last: Event) -> Iterator[Event]:
    yield from events
    yield last


def _statement(event: Event) -> tuple[Kind | None, str]:
    """The kind of a QUERY event that may end the transaction or name a savepoint, and that name."""
    if event.type != EventType.QUERY or not any(word in event.body for word in _WORDS):
        return None, ""
    found = query(event.body)
    statement = understand(found.text.decode("utf-8", "replace"), None, SqlModes.from_bits(found.sql_mode or 0))
    return statement.kind, (statement.savepoint or "").lower()
