"""What a record of the schema topic touches, and so which others of them it must not change places with. Pure.

Names count in lower case: two tables that some server takes for one must not be told apart here. Tables that foreign
keys connect, or that one statement names together, count as one family: a statement on one may look at the others.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from apply.ddl import lexed_modes
from schemas.ddl.cursor import Unclear
from schemas.ddl.foreign_keys import read_foreign_keys
from schemas.ddl.kinds import Kind
from schemas.ddl.lexer import SERVER_VERSION
from schemas.ddl.statement import understand
from schemas.names import TableName, folded
from schemas.records import Cascade, SchemaChange, SchemaRecord, SnapshotCompleted

Name = tuple[str, str]
_DATABASE_KINDS = frozenset((Kind.CREATE_DATABASE.name, Kind.ALTER_DATABASE.name, Kind.DROP_DATABASE.name))
_TABLES_WITH_KEYS = frozenset((Kind.CREATE_TABLE, Kind.ALTER_TABLE))


@dataclass(frozen=True, slots=True)
class Reach:
    """Tables, the databases that must stay as they are meanwhile, and those that the statement itself is about."""

    tables: frozenset[Name] = frozenset()
    databases: frozenset[str] = frozenset()
    whole: frozenset[str] = frozenset()
    everything: bool = False


def reach(record: SchemaRecord) -> Reach:
    """All that the record may change or look at."""
    match record:
        case SnapshotCompleted():
            return Reach()
        case Cascade():
            followers = (name for table in record.tables for name in (table.name, *table.parents))
            return _of_tables([record.name, *followers])
        case SchemaChange():
            return _of_change(record)


def _of_change(change: SchemaChange) -> Reach:
    touched = [table.name for table in change.tables]
    if change.kind in _DATABASE_KINDS:
        whole = frozenset((folded(change.database or ""), *(folded(name.database) for name in touched)))
        return Reach(_names(touched), whole=whole)
    statement = understand(change.statement, change.database, lexed_modes(change))
    names = [*touched, *statement.tables, *statement.references]
    everything = statement.unbounded or not statement.tables
    if statement.kind in _TABLES_WITH_KEYS:
        try:
            for table in statement.tables:
                keys = read_foreign_keys(change.statement, table, lexed_modes(change), SERVER_VERSION)
                names += [key.parent for key in keys.made]
        except Unclear:
            everything = True
    return _of_tables(names, change.database, everything)


def _of_tables(names: Iterable[TableName], database: str | None = None, everything: bool = False) -> Reach:
    tables = _names(names)
    databases = {database for database, _ in tables} | ({folded(database)} if database else set())
    return Reach(tables, frozenset(databases), everything=everything)


def _names(names: Iterable[TableName]) -> frozenset[Name]:
    return frozenset((folded(name.database), folded(name.name)) for name in names)


@dataclass(slots=True)
class Families:
    """Which tables belong together, as far as anything has told; once together, they stay so."""

    _parents: dict[Name, Name] = field(default_factory=dict)

    def join(self, tables: Iterable[Name]) -> None:
        first: Name | None = None
        for table in tables:
            head = self.of(table)
            if first is None:
                first = head
            elif head != first:
                self._parents[head] = first

    def of(self, table: Name) -> Name:
        """The table that stands for the family."""
        head = table
        while (parent := self._parents.get(head)) is not None:
            head = parent
        while table != head:
            following = self._parents[table]
            self._parents[table] = head
            table = following
        return head


@dataclass(slots=True)
class Ahead:
    """What the records before one touch, as it grows record by record."""

    families: Families
    _tables: set[Name] = field(default_factory=set)
    _databases: set[str] = field(default_factory=set)
    _whole: set[str] = field(default_factory=set)
    _everything: bool = False
    _anything: bool = False

    def holds_up(self, reach: Reach) -> bool:
        """Whether a record of this reach must wait for one of those before it."""
        if self._everything or (reach.everything and self._anything):
            return True
        if not self._databases.isdisjoint(reach.whole) or not self._whole.isdisjoint(reach.databases | reach.whole):
            return True
        return any(self.families.of(table) in self._tables for table in reach.tables)

    def add(self, reach: Reach) -> None:
        self._tables.update(map(self.families.of, reach.tables))
        self._databases |= reach.databases
        self._whole |= reach.whole
        self._everything |= reach.everything
        self._anything = True
