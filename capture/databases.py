"""The default charset of each selected database at the stream's place in the log: tables without one inherit it."""

from collections.abc import Iterable, Mapping

from capture.statements import Statements
from schemas.ddl.charset_names import Collated
from schemas.ddl.effects import database_after
from schemas.ddl.kinds import Kind, Statement
from schemas.ddl.session import Session
from schemas.ddl.statement import understand
from schemas.records import SchemaChange


class Databases:
    """Followed from statement to statement; a default that is not certain is left out."""

    def __init__(self, statements: Statements, changes: Iterable[SchemaChange]) -> None:
        """`changes`: those of databases so far, in order."""
        self._defaults: dict[str, Collated] = {}
        for change in changes:
            session = statements.meaning(change.session)
            statement = understand(change.statement, change.database, session.modes, session.server_version)
            self.changed(change.statement, statement, session)

    @property
    def defaults(self) -> Mapping[str, Collated]:
        return self._defaults

    def changed(self, sql: str, statement: Statement, session: Session) -> None:
        """A statement on a database has run."""
        name = statement.database or ""
        before = self._defaults.get(name)
        if statement.kind is Kind.CREATE_DATABASE and statement.if_not_exists and before is not None:
            return
        self._defaults.pop(name, None)
        if statement.kind is not Kind.DROP_DATABASE:
            after = database_after(sql, statement, session, before)
            if after is not None:
                self._defaults[name] = after
