"""A simulated source, whose commit has three moments.

A transaction is *flushed* (in the log, so capture may stream it), then *visible* (to SELECT), then *executed* (in
gtid_executed). Nothing orders the moments of different transactions: a harsher server than MySQL, which at least
keeps rows locked until they are visible. A source without GTIDs is `ordered`: there transactions become visible in the
log's order, and readers write markers, which are transactions like all others.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from schemas.names import TableName
from schemas.position import GtidSet, LogPosition
from tests.unit.snapshot.simulated_tables import Change, Tables, beginning

UUID = "00000000-0000-0000-0000-000000000001"


@dataclass(slots=True)
class Marks:
    """How a reader takes its marks; the wrong ways are there to show that they are found out.

    low: "executed"; "flushed" is wrong. Without GTIDs "marker": the log's end, noted before a marker that is waited
    for; "unwaited" and "noted late" are wrong.
    """

    low: str = "executed"
    high: str = "flushed"

    @property
    def by_place(self) -> bool:
        return self.low not in ("executed", "flushed")


class Source:
    def __init__(self, by_place: bool = False, ordered: bool = False) -> None:
        self.by_place = by_place
        self.ordered = ordered
        self.log: list[tuple[Change, ...]] = []
        self.visible: set[int] = set()
        self.executed: set[int] = set()

    def gtid(self, index: int) -> str:
        return f"{UUID}/{position(index, 0)}" if self.by_place else f"{UUID}:{index + 1}"

    def mark(self) -> int:
        """A marker is flushed; its number in the log."""
        self.flush(())
        return len(self.log) - 1

    def flush(self, changes: Iterable[Change]) -> None:
        self.log.append(tuple(changes))

    def state(self, transactions: Iterable[int]) -> Tables:
        tables = beginning()
        for index in sorted(transactions):
            for change in self.log[index]:
                tables.apply(change)
        return tables

    def lockable(self, table: TableName) -> bool:
        """True when no transaction that has written the table is still on its way."""
        return all(
            index in self.visible for index, changes in enumerate(self.log) if any(c.table == table for c in changes)
        )

    def low(self, marks: Marks) -> GtidSet:
        if self.by_place:
            return GtidSet.before(UUID, position(len(self.log), 0))
        low = GtidSet()
        for index in range(len(self.log)) if marks.low == "flushed" else self.executed:
            low.add(self.gtid(index))
        return low

    def high(self, marks: Marks) -> LogPosition:
        if marks.high == "executed":
            return position(max(self.executed, default=-1) + 1, 0)
        return position(len(self.log), 0)


def position(transactions: int, units: int) -> LogPosition:
    return LogPosition.of("binlog.000001", 100 * transactions + units)
