"""Tables that wait for others by foreign keys below the log (snapshot/ties.py): none of their rows comes yet. Pure."""

from collections.abc import Collection

from runtime.errors import Fatal
from schemas.names import TableName
from snapshot.ledger import Ledger
from snapshot.ties import Ties


class Waiting:
    """Which unfinished tables wait, as of the last look."""

    def __init__(self, ties: Ties, ledger: Ledger) -> None:
        self._ties = ties
        self._ledger = ledger
        self._tables: set[TableName] = set()

    def __contains__(self, table: TableName) -> bool:
        return table in self._tables

    @property
    def tables(self) -> Collection[TableName]:
        """Nothing of them is published."""
        return self._tables

    def look(self) -> None:
        """After anything that ends, begins or renames tables, or changes ties."""
        unfinished = self._ledger.unfinished
        self._tables = {table for table in self._ledger.tables() if any(map(unfinished, self._ties.before(table)))}

    def refuse_new_tie(self, table: TableName) -> None:
        """Before the next look: Fatal when rows have come whose way leads from now on through others that have not."""
        ways = [(table, parent) for parent in self._ties.before(table)]
        ways += [(child, table) for child in self._ties.behind(table)]
        for child, parent in ways:
            if child not in self._tables and self._ledger.unfinished(parent):
                raise Fatal(
                    f"rows of {child} follow those of {parent} on a new way from now on, which is being copied, and "
                    "the log of this server does not hold what foreign keys do to child rows",
                    hint="add foreign keys when the snapshot is complete; now migrate anew with a new task name",
                )
