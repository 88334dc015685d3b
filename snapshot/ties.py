"""What the snapshot must know of rows that follow others below the log (capture/foreign_keys.py).

Only a target finds the rows that follow, and it finds them by what it has: every row on the way must be there. So no
row of a table comes, by snapshot or by log, before the tables are complete through which a way leads to it; and where a
way leads from rows of a table on to rows of the same table, all of them come at one place. Pure.
"""

from collections.abc import Collection
from typing import Protocol

from schemas.names import TableName


class Ties(Protocol):
    """As of the stream's place."""

    def at_once(self, table: TableName) -> bool:
        """True when all rows of the table must come at one place."""

    def before(self, table: TableName) -> Collection[TableName]:
        """The tables that must be complete before any row of this one comes."""

    def behind(self, table: TableName) -> Collection[TableName]:
        """The other tables of which no row comes before this one is complete."""


class Free:
    """No ties: the log names every row."""

    def at_once(self, table: TableName) -> bool:
        return False

    def before(self, table: TableName) -> Collection[TableName]:
        return ()

    def behind(self, table: TableName) -> Collection[TableName]:
        return ()
