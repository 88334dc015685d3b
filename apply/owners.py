"""One target writes a table: two would change its rows twice.

Each table that a target makes is its own from then on, for every target of every task that keeps its state on the same
server. A table that is gone belongs to nobody.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence

from apply.destination import definition
from runtime.errors import Fatal
from runtime.mysql import Connection
from schemas.names import TableName, folded
from schemas.sql import ON_PRIMARY, identifier, text_literal

_STATE_DATABASES = (
    f"{ON_PRIMARY}SELECT TABLE_SCHEMA FROM information_schema.TABLES"
    " WHERE TABLE_NAME = 'owners' AND TABLE_COMMENT = 'the one target that writes each table of this server'"
)


class Claims:
    """The tables that are one target's own, as its state database has it; inside the caller's transactions."""

    def __init__(self, connection: Connection, state_database: str, target: str) -> None:
        self._connection = connection
        self.state_database = state_database
        self.target = target
        self._schema = identifier(state_database)
        self._target = text_literal(target)

    def claim(self, names: Sequence[TableName]) -> dict[TableName, str]:
        """Makes the target the owner of tables that have none; returns those that have another."""
        if not names:
            return {}
        rows = ", ".join(f"({_name(name)}, {self._target})" for name in names)
        self._connection.execute(
            f"INSERT INTO {self._schema}.owners (database_name, table_name, target)"
            f" VALUES {rows} ON DUPLICATE KEY UPDATE target = target"
        )
        return {name: owner for name, owner in self._owners(names).items() if owner != self.target}

    def take_over(self, name: TableName) -> None:
        """Makes the target the owner of a table, whoever was."""
        self._connection.execute(
            f"REPLACE INTO {self._schema}.owners (database_name, table_name, target)"
            f" VALUES ({_name(name)}, {self._target})"
        )

    def owns(self, names: Sequence[TableName]) -> bool:
        """True when nobody has taken one of the tables over; none can until the transaction ends."""
        return not names or set(self._owners(names).values()) == {self.target}

    def release(self, name: TableName) -> None:
        self._connection.execute(
            f"DELETE FROM {self._schema}.owners"
            f" WHERE (database_name, table_name) = ({_name(name)}) AND target = {self._target}"
        )

    def _owners(self, names: Sequence[TableName]) -> dict[TableName, str]:
        wanted = ", ".join(f"({_name(name)})" for name in names)
        rows = self._connection.query(
            f"{ON_PRIMARY}SELECT database_name, table_name, target FROM {self._schema}.owners"
            f" WHERE (database_name, table_name) IN ({wanted}) FOR UPDATE"
        )
        return {TableName(database, table): str(owner) for database, table, owner in rows}


class Owners:
    """Who writes which tables of a server. Other state databases are looked for once: a task that begins later looks
    for itself."""

    def __init__(self) -> None:
        self._others: list[str] | None = None

    def claim(self, claims: Claims, connection: Connection, tables: Iterable[TableName]) -> None:
        """Makes tables the target's own, in the open transaction; Fatal when another target writes one."""
        names = spelled(connection, tables)
        taken = claims.claim(names)
        if self._others is None:
            self._others = _state_databases(connection)
        for other in self._others:
            if other != claims.state_database:
                taken.update(owners(connection, other, names))
        for name, owner in taken.items():
            if definition(connection, name) is not None:
                raise taken_by(claims.target, claims.state_database, name, owner)
            claims.take_over(name)


def taken_by(target: str, state_database: str, name: TableName, owner: str) -> Fatal:
    return Fatal(
        f"the table {name} at the destination is written by the target {owner}: {target} would change its rows again",
        hint=f"feed {target} to another server, or leave the table out; if {owner} is over, drop the table (or run"
        f" DELETE FROM {identifier(state_database)}.owners WHERE target = {text_literal(owner)}), then start again",
    )


def spelled(connection: Connection, tables: Iterable[TableName]) -> list[TableName]:
    """Names as the destination tells them apart."""
    if connection.value(f"{ON_PRIMARY}SELECT @@lower_case_table_names"):
        return [TableName(folded(name.database), folded(name.name)) for name in tables]
    return list(tables)


def owners(connection: Connection, state_database: str, tables: Collection[TableName]) -> Mapping[TableName, str]:
    """Who writes these tables, by what one state database tells."""
    if not tables:
        return {}
    wanted = ", ".join(f"({text_literal(name.database)}, {text_literal(name.name)})" for name in tables)
    rows = connection.query(
        f"{ON_PRIMARY}SELECT database_name, table_name, target FROM {identifier(state_database)}.owners"
        f" WHERE (database_name, table_name) IN ({wanted})"
    )
    return {TableName(database, table): str(target) for database, table, target in rows}


def others(connection: Connection, tables: Iterable[TableName], target: str) -> dict[TableName, str]:
    """Tables that another target writes, whichever state database of the server tells so."""
    names = spelled(connection, tables)
    found: dict[TableName, str] = {}
    for database in _state_databases(connection):
        found.update(owners(connection, database, names))
    taken = {name: owner for name, owner in found.items() if owner != target}
    return {name: owner for name, owner in taken.items() if definition(connection, name) is not None}


def _state_databases(connection: Connection) -> list[str]:
    return [str(row[0]) for row in connection.query(_STATE_DATABASES)]


def _name(table: TableName) -> str:
    return f"{text_literal(table.database)}, {text_literal(table.name)}"
