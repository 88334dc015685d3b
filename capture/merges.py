"""MERGE tables over selected tables: what is written through one is logged under its name alone."""

from capture.catalog import Catalog
from capture.definitions import create_table
from capture.statements import Understood
from runtime.errors import Fatal
from runtime.mysql import Connection
from schemas.ddl.engine_text import merged
from schemas.ddl.kinds import Kind
from schemas.ddl.lexer import SqlModes
from schemas.names import TableName
from schemas.selection import Selection

_MERGES = "SELECT TABLE_SCHEMA, TABLE_NAME FROM information_schema.TABLES WHERE ENGINE = 'MRG_MYISAM'"


def read_merges(connection: Connection, selection: Selection) -> set[TableName]:
    """Those that the server has now, as far as the account sees them."""
    names = [TableName(str(database), str(name)) for database, name in connection.query(_MERGES)]
    texts = {name: create_table(connection, name) or "" for name in names}
    return {
        name for name, text in texts.items() if any(map(selection.selected, merged(text, name.database, SqlModes())))
    }


def follow_merges(understood: Understood, catalog: Catalog, selection: Selection) -> None:
    """A statement of the log may make one, or empty the tables under one."""
    statement = understood.statement
    if statement.kind is Kind.TRUNCATE_TABLE and catalog.merges.intersection(statement.tables):
        raise Fatal(
            f"{statement.tables[0]}: a MERGE table is emptied, and with it selected tables under it",
            hint="TRUNCATE the tables under it by their own names; migrate anew with a new task name",
        )
    if statement.kind not in (Kind.CREATE_TABLE, Kind.ALTER_TABLE) or "UNION" not in understood.text.upper():
        return
    session = understood.session
    members = merged(understood.text, understood.database, session.modes, session.server_version)
    if any(map(selection.selected, members)):
        catalog.merge(statement.tables[0])
