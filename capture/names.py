"""Names that are no base tables, as of the stream's place: views, and temporary tables of which the log tells.

Views share the names of tables, and a statement that names one does nothing to it, or something that no target sees.
A temporary table hides a table of its name from its session; its statements are in the log where the session's
binlog_format is not ROW (before 8.0, MIXED too).
"""

from collections.abc import Container, Iterable
from dataclasses import replace
from typing import TypeVar

from capture.statements import Understood
from schemas.ddl.kinds import Kind, Statement
from schemas.ddl.lexer import tokens
from schemas.names import TableName
from schemas.records import NamedTable, TemporaryTable
from schemas.selection import Selection

T = TypeVar("T")

_THREAD_SPECIFIC = 0x4  # LOG_EVENT_THREAD_SPECIFIC_F: the statement has used a temporary table, whichever
_OF_ONE_TABLE = frozenset((Kind.ALTER_TABLE, Kind.CREATE_INDEX, Kind.DROP_INDEX, Kind.TRUNCATE_TABLE))
_WRITES = frozenset((Kind.DML, Kind.CREATE_TABLE_SELECT))


class Names:
    """Followed from statement to statement."""

    def __init__(
        self, selection: Selection, views: Iterable[NamedTable] = (), temporary: Iterable[TemporaryTable] = ()
    ) -> None:
        self._selection = selection
        self._views = {view.name for view in views}
        self._temporary = {(table.thread, table.name) for table in temporary}

    @property
    def views(self) -> frozenset[TableName]:
        """Those of databases from which tables may be selected."""
        return frozenset(self._views)

    def records(self) -> tuple[tuple[NamedTable, ...], tuple[TemporaryTable, ...]]:
        """What a new session goes on from."""
        temporary = (TemporaryTable(thread, name.database, name.name) for thread, name in sorted(self._temporary))
        return tuple(NamedTable(view.database, view.name) for view in sorted(self._views)), tuple(temporary)

    def as_meant(self, understood: Understood, thread: int, flags: int) -> Understood:
        """The statement without the temporary tables of its session."""
        statement = understood.statement
        if not flags & _THREAD_SPECIFIC or not self._temporary:
            return understood
        hidden = {name for name in (*statement.tables, *statement.references) if (thread, name) in self._temporary}
        if statement.kind in _OF_ONE_TABLE and statement.tables[0] in hidden:
            renamed = [(thread, new) for _, new in statement.renames]
            if renamed:
                self._temporary.discard((thread, statement.tables[0]))
                self._temporary.update(renamed)
            return replace(understood, statement=Statement(kind=Kind.TEMPORARY_TABLE))
        if statement.kind is Kind.CREATE_TABLE_LIKE and hidden & set(statement.references):
            return replace(understood, statement=replace(statement, references=()))
        if statement.kind in _WRITES and hidden and not statement.unbounded:
            left = tuple(name for name in statement.tables if name not in hidden)
            return replace(understood, statement=replace(statement, tables=left))
        return understood

    def passed(self, understood: Understood, thread: int, tables: Container[TableName]) -> bool:
        """Follows a statement that is about no table; true when it has changed what is known. `tables` have names that
        no view can take (CREATE VIEW IF NOT EXISTS)."""
        statement = understood.statement
        if statement.kind not in (Kind.VIEW, Kind.TEMPORARY_TABLE):
            return False
        drops = _first_word(understood) == "DROP"
        if statement.kind is Kind.TEMPORARY_TABLE:
            return _told(self._temporary, {(thread, name) for name in statement.objects}, drops)
        may_be = self._selection.may_select_database
        names = {name for name in statement.objects if may_be(name.database) and name not in tables}
        return _told(self._views, names, drops)

    def renamed(self, renames: Iterable[tuple[TableName, TableName]]) -> None:
        """Views, all at once."""
        new_names = dict(renames)
        self._views = {new_names.get(view, view) for view in self._views}

    def table_made(self, name: TableName) -> None:
        """So it is no view."""
        self._views.discard(name)

    def database_dropped(self, database: str) -> None:
        self._views = {view for view in self._views if view.database != database}


def _told(known: set[T], names: set[T], drops: bool) -> bool:
    before = len(known)
    if drops:
        known -= names
    else:
        known |= names
    return len(known) != before


def _first_word(understood: Understood) -> str:
    session = understood.session
    return next(tokens(understood.text, session.modes, session.server_version)).symbol
