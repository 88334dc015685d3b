"""Which part of the source's schema is the task's, as of the stream's place; what comes into it and what leaves it.

A table that comes in (renamed into the selection, made after the model of one outside) is copied like those that were
there at the task's beginning, at the first statement after which its definition is certain. Until then its changes
are not published: the copy holds them.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from capture.catalog import Catalog
from capture.concern import Concern, Known, concern
from capture.foreign_keys import ForeignKeys
from capture.names import Names
from capture.schema import SchemaSource
from capture.statements import Statements, Understood
from schemas.ddl.kinds import Kind, Statement
from schemas.ddl.row_effects import RowEffects
from schemas.names import TableName
from schemas.position import GtidSet
from schemas.records import NamedTable, NamesRecord
from schemas.selection import Selection
from schemas.sql import qualified


@dataclass(frozen=True, slots=True)
class Part:
    """One statement for targets. `copied`: the table whose rows come anew after it."""

    understood: Understood
    database: str | None
    session: dict[str, str]
    copied: TableName | None = None


class Scope:
    """Followed from statement to statement."""

    def __init__(
        self,
        selection: Selection,
        catalog: Catalog,
        names: NamesRecord,
        schema: SchemaSource,
        statements: Statements,
        own_session: dict[str, str],
    ) -> None:
        """`own_session` is the one whose SHOW CREATE TABLE is published."""
        self._selection = selection
        self._catalog = catalog
        self._names = Names(selection, names.views, names.temporary)
        catalog.newcomers.update(newcomer.name for newcomer in names.newcomers)
        self._schema = schema
        self._statements = statements
        self._own_session = own_session

    def as_meant(self, understood: Understood, thread: int, flags: int) -> Understood:
        """The statement without the temporary tables of its session."""
        return self._names.as_meant(understood, thread, flags)

    def passed(self, understood: Understood, thread: int) -> bool:
        """Follows a statement about views or temporary tables; true when `record` is another now."""
        return self._names.passed(understood, thread, {*self._catalog.names(), *self._catalog.newcomers})

    def record(self) -> NamesRecord:
        """What a new session goes on from."""
        views, temporary = self._names.records()
        newcomers = tuple(NamedTable(name.database, name.name) for name in sorted(self._catalog.newcomers))
        return NamesRecord(views=views, newcomers=newcomers, temporary=temporary)

    def concern(self, statement: Statement) -> Concern:
        known = Known(self._catalog, self._catalog.newcomers, self._names.views, self._selection.selected)
        return concern(statement, known)

    def parts(
        self,
        concern: Concern,
        understood: Understood,
        database: str | None,
        session: dict[str, str],
        keys: ForeignKeys,
    ) -> Iterator[Part]:
        """What targets run of a statement. Each is to be published before the next is asked for."""
        if concern.drop is not None:
            keys.left(concern.leaving)
            yield Part(self._instead(understood, *concern.drop), database, session)
        if concern.statement is not None:
            text = understood.text if concern.text is None else concern.text
            meant = understood if concern.text is None else self._instead(understood, text, concern.statement)
            yield Part(meant, database, session)
        for name in concern.emptied:
            statement = Statement(kind=Kind.TRUNCATE_TABLE, tables=(name,))
            text = f"TRUNCATE TABLE {qualified(name)}"
            yield Part(self._instead(understood, text, statement), database, session, copied=name)

    def follow(self, concern: Concern, statement: Statement) -> None:
        """The statement has run."""
        self._catalog.newcomers.difference_update(concern.gone)
        self._catalog.newcomers.update(concern.coming)
        self._names.renamed(concern.renamed_views)
        if statement.kind is Kind.CREATE_TABLE and concern.statement is not None:
            self._names.table_made(statement.tables[0])
        if statement.kind is Kind.DROP_DATABASE and statement.database is not None:
            self._names.database_dropped(statement.database)
            gone = {name for name in self._catalog.newcomers if name.database == statement.database}
            self._catalog.newcomers -= gone

    def newcomers(self, concern: Concern, transaction: str, executed: GtidSet) -> Iterator[Part]:
        """How targets get the tables that have come in and whose definition is certain. Each is to be published before
        the next is asked for."""
        position = executed.copy()
        position.add(transaction)
        for name in concern.coming:
            text = self._schema.shown(transaction, name, position)
            if text is not None:
                statement = Statement(kind=Kind.CREATE_TABLE, tables=(name,))
                meaning = self._statements.meaning(self._own_session)
                understood = Understood(text, statement, RowEffects(), name.database, meaning)
                yield Part(understood, name.database, self._own_session, copied=name)

    @staticmethod
    def _instead(understood: Understood, text: str, statement: Statement) -> Understood:
        return Understood(text, statement, RowEffects(), understood.database, understood.session)
