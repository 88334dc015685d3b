"""Definitions as the servers of a task tell them, ready to be compared."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from apply.destination import definition
from apply.standing import read_charsets, read_database
from runtime.dialect import Dialect
from runtime.mysql import Connection
from schemas.ddl.shown import Aspects, Common, describe_table, next_number
from schemas.names import TableName
from schemas.sql import ON_PRIMARY

_NAMES = f"{ON_PRIMARY}SELECT TABLE_SCHEMA, TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA IN %s"


@dataclass(frozen=True, slots=True)
class Told:
    """A table: its aspects, and the number that its AUTO_INCREMENT column gives next."""

    aspects: Aspects
    next_number: int


def common_to(source: Dialect, target: Dialect, *, lowers: bool) -> Common:
    """What can be compared between two servers; `lowers`: the target turns names into lower case."""
    return Common(
        directions=source.indexes_descend and target.indexes_descend,
        introducers=source.has_dictionary and target.has_dictionary,
        lower_case=lowers,
    )


class Definitions:
    """One server's, in a session of ours: there all servers say the same of the same."""

    def __init__(self, connection: Connection, common: Common) -> None:
        self._connection = connection
        self._common = common
        self._charsets = read_charsets(connection)

    def names(self, databases: Collection[str]) -> set[TableName]:
        """Every table, and every view, of some databases."""
        wanted = (tuple(databases) or ("",),)
        return {TableName(str(row[0]), str(row[1])) for row in self._connection.query(_NAMES, wanted)}

    def table(self, name: TableName) -> Told | None:
        """None where there is none."""
        shown = definition(self._connection, name)
        if shown is None:
            return None
        aspects = describe_table(shown, name.database, self._charsets, self._common)
        return Told(aspects, next_number(shown) or 1)

    def tables(self, names: Iterable[TableName]) -> dict[TableName, Told]:
        """Those that are there."""
        found = {name: self.table(name) for name in names}
        return {name: told for name, told in found.items() if told is not None}

    def database(self, name: str) -> Aspects | None:
        return read_database(self._connection, name, self._charsets)
