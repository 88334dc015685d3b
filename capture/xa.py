"""The log as if each XA transaction happened where it is decided.

What the server logs up to XA PREPARE comes out as an empty transaction, and its rows are held; at XA COMMIT they come
out as the rows of the transaction that commits them, at its place and with its GTID, because only then can a SELECT see
them; XA ROLLBACK comes out empty. So whoever reads this needs to know nothing of XA, and a position means what it
always means. Rows whose XA PREPARE this session has not seen are looked up in the log behind it.

Layout of XA_PREPARE: https://dev.mysql.com/doc/dev/mysql-server/latest/classmysql_1_1binlog_1_1event_1_1XA__prepare__event.html
"""

import struct
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Protocol

from capture.events import Event, EventType, query, type_name
from capture.gtids import BEGINNINGS
from capture.held import KEPT, Held, Memory
from capture.log import Events
from runtime.errors import Fatal
from runtime.seams import seam
from runtime.telemetry import log
from schemas.ddl.statement import Kind, SqlModes, Statement, XaVerb, Xid, understand
from schemas.position import LogPosition
from schemas.selection import Selection

_PREPARE = struct.Struct("<?III")  # one phase, format, sizes of both parts of the id
_QUERY = EventType.QUERY.value
_LONGEST_PART = 64
_FORMAT_BITS = 0xFFFFFFFF  # of the format, events carry these, and texts the number, maybe with a sign
_QUERY_HEAD = struct.Struct("<IIBHH")
_ABORTED = frozenset((*BEGINNINGS, EventType.FORMAT_DESCRIPTION, EventType.ROTATE))


class Past(Protocol):
    """The log before a place."""

    def search(self, xid: Xid, before: LogPosition, hold: Callable[[int], Held]) -> Iterator[dict[Xid, Held]]:
        """What is prepared and undecided there, in parts, until `xid` is among it; parts may be empty."""


class DecidedLog:
    """Hands events on; `past` finds what was prepared before this session, up to where `reached` says it is."""

    def __init__(
        self, events: Events, selection: Selection, past: Past, reached: Callable[[], LogPosition], memory: Memory
    ) -> None:
        # `ready` and `read` are replaced while a transaction is held or replayed: nearly always there is none
        self.fileno = events.fileno
        self.ready = events.ready
        self.read = self._outside
        self._events = events
        self._read = events.read
        self._selection = selection
        self._past = past
        self._reached = reached
        self._memory = memory
        self._open = self._hold(0)  # between XA START and XA PREPARE
        self._prepared: dict[Xid, Held] = {}
        self._replay: Iterator[Event] = iter(())

    def _outside(self) -> Event:
        event = self._read()
        if event.type == _QUERY and b"\x00XA " in event.body:
            return self._statement(event)
        return event

    # ---- between XA START and XA PREPARE

    def _inside(self) -> Event:
        event, held = self._read(), self._open
        if event.type == EventType.XA_PREPARE:
            self.read = self._outside
            one_phase, xid = prepare(event.body)
            if one_phase:
                return self._replayed(event, held)
            self._prepared[xid] = held
            seam("capture.xa_held")
            return _commit(event)
        if event.type in _ABORTED:
            self.read = self._outside
            held.close()
        elif event.type in KEPT:
            if statement(event) is None:
                held.add(event)
            return _nothing(event)
        return event

    # ---- outside: XA START and the decision

    def _statement(self, event: Event) -> Event:
        found = statement(event)
        if found is None or found.xid is None:
            return event
        match found.xa:
            case XaVerb.START:
                self._open = self._hold(query(event.body).thread_id)
                self.read = self._inside
                return _begin(event, self._open)
            case XaVerb.COMMIT:
                held = self._prepared.pop(found.xid, None)
                return self._start(self._looked_up(event, found.xid)) if held is None else self._replayed(event, held)
            case XaVerb.ROLLBACK:
                if found.xid in self._prepared:
                    self._prepared.pop(found.xid).close()
                return _commit(event)
        return event

    def _hold(self, thread_id: int) -> Held:
        return Held(thread_id, self._selection, self._memory)

    def _looked_up(self, event: Event, xid: Xid) -> Iterator[Event]:
        log.info("xa_looked_up", xid=shown(xid), position=str(self._reached()))
        for found in self._past.search(xid, self._reached(), self._hold):
            for other, earlier in found.items():
                self._take_over(other, earlier)
            yield _nothing(event)  # so that whoever reads this can be stopped meanwhile
        held = self._prepared.pop(xid, None)
        if held is None:
            raise Fatal(
                f"XA COMMIT {shown(xid)}: the log does not hold the rows that were prepared before {self._reached()}",
                hint="the log was purged, or the session that prepared them did not write to it: migrate anew, with a "
                "new task name",
            )
        yield from self._events_of(event, held)

    def _take_over(self, xid: Xid, earlier: Held) -> None:
        """What this session has seen itself is newer than what was found behind it."""
        if self._prepared.setdefault(xid, earlier) is not earlier:
            earlier.close()

    # ---- the decision as a transaction

    def _replayed(self, event: Event, held: Held) -> Event:
        return self._start(self._events_of(event, held))

    def _start(self, replay: Iterator[Event]) -> Event:
        """The first event; the others come before the log goes on."""
        self._replay = replay
        self.ready, self.read = _at_once, self._replaying
        return next(replay)

    def _replaying(self) -> Event:
        event = next(self._replay)
        if event.type == EventType.XID:
            self.ready, self.read = self._events.ready, self._outside
        return event

    def _events_of(self, event: Event, held: Held) -> Iterator[Event]:
        yield _begin(event, held)
        for one in held.events():
            yield one._replace(end=event.end, size=event.size)
        seam("capture.xa_published")
        yield _commit(event)


def statement(event: Event) -> Statement | None:
    """The XA statement of a QUERY event; None for any other."""
    if event.type != EventType.QUERY or b"\x00XA " not in event.body:
        return None
    text = query(event.body).text.decode("ascii", "replace")
    found = understand(text, None, SqlModes.from_bits(0))
    if found.kind is not Kind.XA:
        return None
    xid = found.xid
    return found if xid is None else replace(found, xid=replace(xid, format_id=xid.format_id & _FORMAT_BITS))


def prepare(body: bytes) -> tuple[bool, Xid]:
    """An XA_PREPARE event's body: whether it commits at once (one phase), and the id."""
    try:
        one_phase, format_id, first, second = _PREPARE.unpack_from(body)
        both = body[_PREPARE.size : _PREPARE.size + first + second]
    except struct.error as error:
        raise _malformed() from error
    if max(first, second) > _LONGEST_PART or len(both) < first + second:
        raise _malformed()
    return one_phase, Xid(both[:first], both[first:], format_id)


def shown(xid: Xid) -> str:
    """An id as XA statements write it."""
    return f"X'{xid.gtrid.hex()}',X'{xid.bqual.hex()}',{xid.format_id}"


def _at_once(seconds: float, /) -> bool:
    return True


def _malformed() -> Fatal:
    return Fatal(
        f"the source's log holds a malformed {type_name(EventType.XA_PREPARE)}",
        hint="check the log with mysqlbinlog --verify-binlog-checksum; report the event if it is intact",
    )


def _begin(event: Event, held: Held) -> Event:
    body = _QUERY_HEAD.pack(held.thread_id, 0, 0, 0, 0) + b"\x00BEGIN"
    return event._replace(type=EventType.QUERY, body=body)


def _commit(event: Event) -> Event:
    return event._replace(type=EventType.XID, body=b"")


def _nothing(event: Event) -> Event:
    return event._replace(type=EventType.IGNORABLE, body=b"")
