"""The ledger: which ranges are unfinished, which of them wait for a reader, and what a DDL makes of them. Pure."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace

from schemas.names import TableName
from schemas.records import RangeRecord
from snapshot.keyset import Bound

Order = tuple[tuple[str, ...], ...]


class Ledger:
    """Every range of a task. `order_of` gives what a table's key order depends on now (`keyset.order`), nothing for a
    table that is read at once."""

    def __init__(self, order_of: Callable[[TableName], Order]) -> None:
        self._order_of = order_of
        self._ranges: dict[str, RangeRecord] = {}
        self._waiting: list[str] = []
        self._unfinished: dict[TableName, set[str]] = {}
        self._orders: dict[TableName, Order] = {}

    def enter(self, records: Iterable[RangeRecord]) -> None:
        for record in records:
            self._ranges[record.id] = record
            if record.done:
                continue
            if record.name not in self._unfinished:
                self._unfinished[record.name] = set()
                self._orders[record.name] = self._order_of(record.name)
            self._unfinished[record.name].add(record.id)
            self._waiting.append(record.id)

    def all(self) -> tuple[RangeRecord, ...]:
        return tuple(self._ranges.values())

    @property
    def finished(self) -> bool:
        return not self._unfinished

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    def unfinished(self, table: TableName) -> bool:
        return table in self._unfinished

    def by_key(self, table: TableName) -> bool:
        """True for an unfinished table that is read in the order of its key."""
        return bool(self._orders.get(table))

    def at_once(self, table: TableName) -> bool:
        """True for an unfinished table that is read at once: it has no key, or its rows follow each other."""
        return self._orders.get(table) == ()

    def begun(self, table: TableName) -> bool:
        """True for an unfinished table of which some part is released."""
        mine = (record for record in self._ranges.values() if record.name == table)
        return self.unfinished(table) and any(record.done or record.last is not None for record in mine)

    def tables(self) -> Collection[TableName]:
        """Those that are unfinished."""
        return self._unfinished.keys()

    def take(self, at_once_too: bool, but: Collection[TableName]) -> RangeRecord | None:
        """The next range that waits for a reader, of any table but these."""
        for number in self._waiting:
            table = self._ranges[number].name
            if table in but or (self.at_once(table) and not at_once_too):
                continue
            self._waiting.remove(number)
            return self._ranges[number]
        return None

    def give_back(self, number: str) -> None:
        """A range that was taken waits again, before all others."""
        self._waiting.insert(0, number)

    def advance(self, number: str, rows: int, last: Bound | None, done: bool) -> RangeRecord:
        """`rows` more rows of a range are released, up to `last` (None: no row came)."""
        record = self._ranges[number]
        record = replace(record, last=last or record.last, rows_done=record.rows_done + rows, done=done)
        self._ranges[number] = record
        if done:
            left = self._unfinished[record.name]
            left.remove(number)
            if not left:
                del self._unfinished[record.name], self._orders[record.name]
        return record

    def reorder(self, table: TableName) -> tuple[Order, Order]:
        """The order of an unfinished table before and after its definition changed."""
        old = self._orders[table]
        self._orders[table] = self._order_of(table)
        return old, self._orders[table]

    def restart(self, table: TableName) -> tuple[RangeRecord, ...]:
        """An unfinished table is read again from its start: one range stands for all of it, its others end."""
        mine = [record for record in self._ranges.values() if record.name == table]
        first, *others = sorted((record for record in mine if not record.done), key=lambda record: int(record.id))
        whole = replace(first, lower=None, upper=None, last=None, rows_done=0)
        records = (
            replace(whole, rows_estimated=sum(record.rows_estimated for record in mine)),
            *(replace(record, rows_done=0, rows_estimated=0, done=True) for record in others),
        )
        self._unfinished[table] = {first.id}
        return self._changed(records)

    def again(self, table: TableName) -> tuple[RangeRecord, ...]:
        """A table that is finished, or whose rows all came by the log, is read as a whole."""
        mine = [record for record in self._ranges.values() if record.name == table]
        whole = RangeRecord(
            id=str(self.next_id()),
            database=table.database,
            table=table.name,
            descending=mine[-1].descending if mine else (),
            rows_estimated=sum(record.rows_done for record in mine),
        )
        self.enter([whole])
        return (whole,)

    def drop(self, table: TableName) -> tuple[RangeRecord, ...]:
        """The table is gone: its ranges end."""
        gone = [replace(self._ranges[number], done=True) for number in self._unfinished.pop(table, ())]
        self._orders.pop(table, None)
        return self._changed(gone)

    def rename(self, old: TableName, new: TableName) -> tuple[RangeRecord, ...]:
        if old in self._unfinished:
            self._unfinished[new] = self._unfinished.pop(old)
            self._orders[new] = self._orders.pop(old)
        mine = [record for record in self._ranges.values() if record.name == old]
        return self._changed([replace(record, database=new.database, table=new.name) for record in mine])

    def next_id(self) -> int:
        """The first number that no range has had for an id."""
        return max(map(int, self._ranges), default=0) + 1

    def _changed(self, records: Sequence[RangeRecord]) -> tuple[RangeRecord, ...]:
        self._ranges.update((record.id, record) for record in records)
        self._waiting = [number for number in self._waiting if not self._ranges[number].done]
        return tuple(records)
