"""The window: at which point of the log a chunk is exact, and which of its rows are (docs/snapshot-window.md).

The log runs ahead of what a SELECT sees, and gtid_executed runs behind it. So a chunk comes with two marks: *low*,
gtid_executed before the SELECT (all of it was visible), and *high*, the log's end after the SELECT (nothing later was).
Once the stream has passed high, a row is exact unless a streamed transaction that is not in low touched its key.

Pure: no clock, no I/O. What it remembers is bounded: beyond `most_bytes` of keys it forgets a table's, and then
chunks that may lack one of the forgotten transactions are not exact as a whole.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from schemas.names import TableName
from schemas.position import GtidSet, LogPosition
from snapshot.messages import Chunk

_OVERHEAD = 120  # bytes that a key costs beyond its own: the object and its slot in a set


@dataclass(frozen=True, slots=True)
class Passed:
    """A chunk whose high the stream has passed."""

    reader: int
    chunk: Chunk
    exact: bool  # False: some transaction that it may lack is no longer remembered; it must be read again
    touched: frozenset[bytes]  # keys whose rows are not exact: newer ones are published


@dataclass(slots=True)
class _Transaction:
    gtid: str
    keys: set[bytes]
    bytes: int = 0


class Window:
    """Chunks in flight, and the keys that the stream has touched meanwhile."""

    def __init__(self, published: GtidSet, most_bytes: int) -> None:
        """`published`: every transaction of which the topics may hold something already."""
        self._most_bytes = most_bytes
        self._bytes: dict[TableName, int] = {}
        self._bytes_in_all = 0
        self._touched: dict[TableName, deque[_Transaction]] = {}  # as the stream brought them
        #: streamed transactions whose keys are not remembered: those of every table, and those of single tables
        self._published = published.copy()
        self._forgotten: dict[TableName, GtidSet] = {}
        self._chunks: list[tuple[int, TableName, Chunk]] = []
        #: reader -> what every low that it is going to send covers
        self._reading: dict[int, GtidSet] = {}
        self._latest = GtidSet()
        self._floor = GtidSet()

    def reads(self, reader: int) -> None:
        """From now on `reader` reads lows, later than all that have come so far."""
        self._reading[reader] = self._latest

    def rests(self, reader: int) -> None:
        """`reader` sends no low until it `reads` again."""
        self._reading.pop(reader, None)
        self._raise_floor()

    def put(self, reader: int, table: TableName, chunk: Chunk) -> None:
        """A chunk has come from `reader`."""
        self.saw(reader, chunk.low)
        self._chunks.append((reader, table, chunk))

    def saw(self, reader: int, low: GtidSet) -> None:
        """`reader` has read `low`; its lows come in the order in which it read them."""
        self._latest = low
        if reader in self._reading:
            self._reading[reader] = low
        self._raise_floor()

    @property
    def remembered_bytes(self) -> int:
        """What the remembered keys cost."""
        return self._bytes_in_all

    def touched(self, table: TableName, gtid: str, keys: Sequence[bytes]) -> None:
        """The stream has published changes of these keys."""
        if self._floor.contains(gtid):
            return
        transactions = self._touched.setdefault(table, deque())
        if not transactions or transactions[-1].gtid != gtid:
            transactions.append(_Transaction(gtid, set()))
        fresh = set(keys) - transactions[-1].keys
        size = sum(map(len, fresh)) + _OVERHEAD * len(fresh)
        transactions[-1].keys |= fresh
        transactions[-1].bytes += size
        self._count(table, size)
        if self._bytes_in_all > self._most_bytes:
            self.forget(max(self._bytes, key=self._bytes.__getitem__), GtidSet())

    def forget(self, table: TableName, published: GtidSet) -> None:
        """From now on a chunk of `table` is exact only if its low covers `published` and all that touched the table."""
        forgotten = self._forgotten.get(table, GtidSet()).union(published)
        for transaction in self._touched.get(table, ()):
            forgotten.add(transaction.gtid)
        self._touched.pop(table, None)
        self._count(table, -self._bytes.get(table, 0))
        if not self._floor.covers(forgotten):
            self._forgotten[table] = forgotten

    def needed(self, table: TableName) -> GtidSet:
        """What the low of the table's next chunk must cover."""
        forgotten = self._forgotten.get(table)
        return self._published if forgotten is None else self._published.union(forgotten)

    def discard(self, walk: int) -> list[int]:
        """Takes the chunks of a walk out; the readers that they came from, one for each chunk."""
        gone = [reader for reader, _, chunk in self._chunks if chunk.walk == walk]
        self._chunks = [flight for flight in self._chunks if flight[2].walk != walk]
        self._raise_floor()
        return gone

    def release(self, position: LogPosition) -> list[Passed]:
        """Takes the chunks out whose high is not after `position`; all before `position` has been told to `touched`."""
        passed = [self._judged(*flight) for flight in self._chunks if flight[2].high <= position]
        if passed:
            self._chunks = [flight for flight in self._chunks if position < flight[2].high]
            self._raise_floor()
        return passed

    def _judged(self, reader: int, table: TableName, chunk: Chunk) -> Passed:
        low = chunk.low
        keys: set[bytes] = set()
        for transaction in self._touched.get(table, ()):
            if not low.contains(transaction.gtid):
                keys |= transaction.keys
        return Passed(reader, chunk, low.covers(self.needed(table)), frozenset(keys))

    def _raise_floor(self) -> None:
        """Drops what every chunk, in flight or to come, is sure to have seen.

        The lows come from one server, whose gtid_executed only grows: the smallest is part of all. Transactions go in
        the order of the log, each looked at once: one that a server has committed out of order stays a moment longer.
        """
        lows = [self._latest, *self._reading.values(), *(chunk.low for _, _, chunk in self._chunks)]
        floor = min(lows, key=GtidSet.count)
        if floor is self._floor:
            return
        self._floor = floor
        if floor.covers(self._published):
            self._published = GtidSet()
        self._forgotten = {table: gone for table, gone in self._forgotten.items() if not floor.covers(gone)}
        for table, transactions in list(self._touched.items()):
            while transactions and floor.contains(transactions[0].gtid):
                self._count(table, -transactions.popleft().bytes)
            if not transactions:
                del self._touched[table]

    def _count(self, table: TableName, more: int) -> None:
        self._bytes_in_all += more
        left = self._bytes.pop(table, 0) + more
        if left:
            self._bytes[table] = left
