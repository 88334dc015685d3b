"""CREATE TABLE: the definition that its text makes."""

from schemas.ddl.charset_names import Collated
from schemas.ddl.column_definitions import ColumnText, read_column
from schemas.ddl.cursor import QUERY_WORDS, Cursor, Unclear
from schemas.ddl.draft import Draft, Key
from schemas.ddl.implied import implies_defaults
from schemas.ddl.key_definitions import at_key, keys_of, read_key
from schemas.ddl.session import Session
from schemas.ddl.table_options import TableOptions, leave_partitions, take_option
from schemas.names import TableName
from schemas.table import Table


def created(cursor: Cursor, name: TableName, session: Session, database: Collated | None) -> Table:
    """The table, in a database with this default; the cursor stands after the table's name. Unclear if not certain."""
    columns, keys = _elements(cursor, session)
    options = _options(cursor)
    default = options.charset.resolved(session.charsets, database) if database or options.charset.said else None
    draft = Draft(name=name, default=default, comment=options.comment or "", engine=options.engine or "")
    draft.implies_defaults = implies_defaults(session.server_version)
    draft.columns = [text.column(session, default) for text in columns]
    draft.add_keys(keys)
    return draft.table()


def _elements(cursor: Cursor, session: Session) -> tuple[list[ColumnText], list[Key]]:
    cursor.expect("(")
    columns: list[ColumnText] = []
    keys: list[Key] = []
    while True:
        if at_key(cursor):
            key = read_key(cursor)
            keys += [key] if key is not None else []
        else:
            columns.append(read_column(cursor, session))
            keys += keys_of(columns[-1])
        if not cursor.take(","):
            break
    cursor.expect(")")
    return columns, keys


def _options(cursor: Cursor) -> TableOptions:
    options = TableOptions()
    while True:
        if cursor.take(",") or cursor.take("START", "TRANSACTION") or take_option(cursor, options):
            continue
        if cursor.at("PARTITION", "BY"):
            leave_partitions(cursor)
        elif cursor.at_one_of("AS", "IGNORE", "REPLACE", *QUERY_WORDS):
            raise Unclear  # columns of a query
        cursor.expect_end()
        return options
