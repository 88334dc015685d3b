"""What was prepared in the log before a place, and is undecided there.

Read file by file, from the newest backwards, each from its beginning: XA transactions live for moments as a rule, so
the first file nearly always ends the search. Nothing is known of what has been purged.
"""

from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import count

from capture.events import Event, EventType, query
from capture.held import KEPT, Held
from capture.naming import after
from capture.reader import LogReader
from capture.settings import CaptureSettings
from capture.xa import prepare, statement
from runtime.environment import open_session
from runtime.mysql import Endpoint
from schemas.ddl.statement import XaVerb, Xid
from schemas.position import GtidSet, LogPosition

_FIRST_OFFSET = 4
_HEARTBEATS = frozenset((EventType.HEARTBEAT, EventType.HEARTBEAT_V2))
_EVENTS_AT_A_TIME = 20_000


class Lookback:
    """Reads the source's log on a connection of its own, while the stream waits."""

    def __init__(self, source: Endpoint, settings: CaptureSettings) -> None:
        self._source = source
        self._settings = settings
        self._server = ""

    def search(self, xid: Xid, before: LogPosition, hold: Callable[[int], Held]) -> Iterator[dict[Xid, Held]]:
        """What is prepared and undecided before a place, in parts, until `xid` is among it; parts may be empty."""
        decided: set[Xid] = set()  # behind the file that is read, without having been prepared there
        end: LogPosition | None = before
        for file in self._files(before.file):
            part = _Part(hold)
            for number, event in zip(count(1), self._events(file, end), strict=False):
                part.take(event)
                if number % _EVENTS_AT_A_TIME == 0:
                    yield {}
            found = part.undecided(decided)
            decided = part.decided | decided - part.prepared
            yield found
            if xid in found:
                return
            end = None

    def _files(self, newest: str) -> list[str]:
        """The log's files from `newest` backwards."""
        with open_session(self._source) as connection:
            self._server = str(connection.value("SELECT @@GLOBAL.server_uuid"))
            names = [str(row[0]) for row in connection.query("SHOW BINARY LOGS")]
        return names[names.index(newest) :: -1] if newest in names else []

    def _events(self, file: str, end: LogPosition | None) -> Iterator[Event]:
        """The events of a file, up to `end` if that is given."""
        log = LogPosition.of(file, _FIRST_OFFSET)
        before, settings = GtidSet.before(self._server, log), self._settings
        # not the stream's replica id, nor the one of its other short readers: the server would hang up on them
        with closing(LogReader(self._source, before, settings.server_id ^ 2, settings.heartbeat_ms)) as reader:
            while end is None or log < end:
                event = reader.read()
                log = log if event.type in _HEARTBEATS else after(event, log)
                if log.file != file:
                    return
                yield event


class _Part:
    """One file's XA transactions."""

    def __init__(self, hold: Callable[[int], Held]) -> None:
        self._hold = hold
        self._open: Held | None = None
        self._undecided: dict[Xid, Held] = {}
        self.prepared: set[Xid] = set()
        self.decided: set[Xid] = set()  # without having been prepared in this file before

    def take(self, event: Event) -> None:
        held = self._open
        found = statement(event)
        if held is not None and event.type == EventType.XA_PREPARE:
            self._open = None
            one_phase, xid = prepare(event.body)
            if one_phase:
                held.close()
            else:
                self._undecided[xid] = held
                self.prepared.add(xid)
        elif held is not None and found is None and event.type in KEPT:
            held.add(event)
        elif found is not None and found.xid is not None:
            if found.xa is XaVerb.START:
                self._open = self._hold(query(event.body).thread_id)
            elif found.xa in (XaVerb.COMMIT, XaVerb.ROLLBACK):
                self._decide(found.xid)

    def undecided(self, later: set[Xid]) -> dict[Xid, Held]:
        """What is prepared at the file's end, and not among those decided behind it."""
        for xid in self._undecided.keys() & later:
            self._undecided.pop(xid).close()
        return self._undecided

    def _decide(self, xid: Xid) -> None:
        held = self._undecided.pop(xid, None)
        if held is None:
            self.decided.add(xid)
        else:
            held.close()
