"""What a statement does to the definitions of its tables, computed from its text.

Promises: what is told is what the server has; where that is not certain, nothing is told. Never asks a server.
Only of defaults nothing is promised: the text is told where it is plain (numbers, strings), of others there is none.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

from schemas.ddl.alteration import altered
from schemas.ddl.charset_names import Collated, Named, take_charset
from schemas.ddl.creation import created
from schemas.ddl.cursor import Cursor, Unclear
from schemas.ddl.draft import Draft, Key
from schemas.ddl.key_definitions import read_parts
from schemas.ddl.lexer import tokens
from schemas.ddl.session import Session
from schemas.ddl.statement import Kind, Statement
from schemas.names import TableName
from schemas.table import Column, Table

Known = Callable[[TableName], Table | None]  # the certain definition of a table


def tables_after(
    sql: str,
    statement: Statement,
    session: Session,
    database: str | None,
    known: Known,
    databases: Mapping[str, Collated],
) -> dict[TableName, Table]:
    """The definitions that CREATE TABLE, ALTER TABLE, CREATE INDEX or DROP INDEX leaves, where they are certain."""
    cursor = Cursor(tokens(sql, session.modes, session.server_version), database)
    try:
        found = _after(cursor, statement, session, known, databases)
    except Unclear:
        return {}
    if found is None:
        return {}
    others = statement.tables[1:] if statement.kind is Kind.ALTER_TABLE and not statement.renames else ()
    unchanged = {name: table for name in others if (table := known(name)) is not None}  # EXCHANGE PARTITION
    return {found.name: found} | unchanged


def database_after(sql: str, statement: Statement, session: Session, default: Collated | None) -> Collated | None:
    """A database's default charset after CREATE or ALTER DATABASE; None when it is not certain."""
    cursor = Cursor(tokens(sql, session.modes, session.server_version), None)
    named = Named()
    try:
        while not _at_end(cursor):
            if not take_charset(cursor, named):
                cursor.next()
        if statement.kind is Kind.CREATE_DATABASE and not named.said:
            return session.charsets.collation(session.collation_server) if session.collation_server else None
        return named.resolved(session.charsets, default)
    except Unclear:
        return None


def _at_end(cursor: Cursor) -> bool:
    return not cursor.peek().text


def _after(
    cursor: Cursor, statement: Statement, session: Session, known: Known, databases: Mapping[str, Collated]
) -> Table | None:
    if not statement.tables:
        raise Unclear
    name = statement.tables[0]
    before = known(name)
    if statement.kind is Kind.CREATE_TABLE_LIKE:
        return before if before is not None else _copied(known(statement.references[0]), name)
    if statement.kind is Kind.CREATE_TABLE:
        if before is not None:
            return before if statement.if_not_exists else None
        _skip_to_name(cursor, "TABLE")
        return created(cursor, cursor.qualified_name(), session, databases.get(name.database))
    if before is None:
        return None
    if statement.kind is Kind.ALTER_TABLE:
        _skip_to_name(cursor, "TABLE")
        if cursor.qualified_name() != name:
            raise Unclear
        return altered(cursor, before, session, databases.get(name.database))
    if statement.kind in (Kind.CREATE_INDEX, Kind.DROP_INDEX):
        return _indexed(cursor, statement, before)
    raise Unclear


def _copied(model: Table | None, name: TableName) -> Table | None:
    if model is None:
        return None
    draft = Draft.of(model)
    draft.name = name
    return draft.table()


def _indexed(cursor: Cursor, statement: Statement, before: Table) -> Table:
    draft = Draft.of(before)
    unique = False
    while not cursor.take("INDEX"):
        unique = unique or cursor.at("UNIQUE")
        if _at_end(cursor):
            raise Unclear
        cursor.next()
    cursor.take("IF", "NOT", "EXISTS")
    cursor.take("IF", "EXISTS")
    index = cursor.name()
    if statement.kind is Kind.DROP_INDEX:
        draft.drop_key(index)
        return draft.table()
    if cursor.take_any("USING", "TYPE"):
        cursor.name()
    cursor.expect("ON")
    cursor.qualified_name()
    draft.add_keys([Key(index, read_parts(cursor), unique=unique)])
    return draft.table()


def _skip_to_name(cursor: Cursor, word: str) -> None:
    """Past the verb and the kind of object; IF [NOT] EXISTS too."""
    while not cursor.take(word):
        if _at_end(cursor):
            raise Unclear
        cursor.next()
    cursor.take("IF", "NOT", "EXISTS")
    cursor.take("IF", "EXISTS")


def disagreement(computed: Table, read: Table) -> str:
    """Where a computed definition is not the one that was read; empty when it is, as it must be."""
    names = [column.name for column in computed.columns], [column.name for column in read.columns]
    if names[0] != names[1]:
        return f"columns {names[0]}, not {names[1]}"
    for told, found in zip(computed.columns, read.columns, strict=True):
        if promised(told) != promised(found):
            return f"{told.name}: {promised(told)}, not {promised(found)}"
    if (computed.primary_key, computed.unique_keys) != (read.primary_key, read.unique_keys):
        return f"keys {computed.primary_key} {computed.unique_keys}, not {read.primary_key} {read.unique_keys}"
    if computed.collation is not None and computed.collation != read.collation:
        return f"charset {computed.collation}, not {read.collation}"
    return ""


def promised(column: Column) -> Column:
    """All of a column but its default, and the length of labels, which nobody needs."""
    length = 0 if column.labels else column.length
    return replace(column, default=None, default_is_expression=False, on_update=False, length=length)
