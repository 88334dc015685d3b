"""CREATE, ALTER, DROP, RENAME and TRUNCATE: which objects they name. The definitions themselves are not read here."""

from collections.abc import Callable, Iterable

from schemas.ddl.cursor import QUERY_WORDS, Cursor, Unclear
from schemas.ddl.kinds import Kind, Statement
from schemas.ddl.lexer import TokenKind
from schemas.names import TableName

Reader = Callable[[Cursor], Statement]

_DATABASE_OPTIONS = ("DEFAULT", "CHARACTER", "CHAR", "COLLATE", "READ")
_PARENTHESES_AHEAD = 64
_MAINTENANCE = ("ANALYZE", "CHECK", "OPTIMIZE", "REPAIR")  # of partitions


def create(cursor: Cursor) -> Statement:
    replaces = cursor.take("OR", "REPLACE")
    _skip_attributes(cursor)
    statement = _reader(cursor, _CREATE)(cursor)
    if replaces and (statement.tables or statement.database):
        raise Unclear  # no MySQL statement: it would drop a table unseen
    return statement


def alter(cursor: Cursor) -> Statement:
    _skip_attributes(cursor)
    return _reader(cursor, _ALTER)(cursor)


def drop(cursor: Cursor) -> Statement:
    _skip_attributes(cursor)
    return _reader(cursor, _DROP)(cursor)


def rename(cursor: Cursor) -> Statement:
    if cursor.take("USER"):
        return Statement(kind=Kind.ACCOUNT)
    if not cursor.take_any("TABLE", "TABLES"):
        raise Unclear
    renames: list[tuple[TableName, TableName]] = []
    while not renames or cursor.take(","):
        old = cursor.qualified_name()
        cursor.expect("TO")
        renames.append((old, cursor.qualified_name()))
    cursor.expect_end()
    tables = _each_once(name for pair in renames for name in pair)
    return Statement(kind=Kind.RENAME_TABLE, tables=tables, renames=tuple(renames))


def truncate(cursor: Cursor) -> Statement:
    cursor.take("TABLE")
    table = cursor.qualified_name()
    cursor.expect_end()
    return Statement(kind=Kind.TRUNCATE_TABLE, tables=(table,))


def _reader(cursor: Cursor, readers: dict[str, Reader]) -> Reader:
    reader = readers.get(cursor.next().symbol)
    if reader is None:
        raise Unclear
    return reader


def _skip_attributes(cursor: Cursor) -> None:
    """What may stand between the verb and the kind of object."""
    while attribute := cursor.take_any("ALGORITHM", "DEFINER", "SQL", "AGGREGATE", "ONLINE", "OFFLINE", "IGNORE"):
        if attribute == "ALGORITHM":
            cursor.take("=")
            cursor.name()
        elif attribute == "SQL":
            cursor.expect("SECURITY")
            cursor.name()
        elif attribute == "DEFINER":
            cursor.take("=")
            _skip_account(cursor)


def _skip_account(cursor: Cursor) -> None:
    user = cursor.next()
    if user.symbol == "CURRENT_USER":
        cursor.take("(", ")")
    elif not user.is_name and user.kind is not TokenKind.STRING:
        raise Unclear
    elif cursor.peek().kind is TokenKind.VARIABLE or cursor.take("@"):
        cursor.next()


def _create_table(cursor: Cursor) -> Statement:
    if_not_exists = cursor.take("IF", "NOT", "EXISTS")
    table = cursor.qualified_name()
    if cursor.take("LIKE") or cursor.take("(", "LIKE"):
        model = cursor.qualified_name()
        return Statement(kind=Kind.CREATE_TABLE_LIKE, tables=(table,), references=(model,), if_not_exists=if_not_exists)
    starts_transaction = False
    for token in cursor.top_level():
        if token.symbol in ("AS", *QUERY_WORDS) or (token.symbol == "(" and _query_follows(cursor)):
            return Statement(kind=Kind.CREATE_TABLE_SELECT, tables=(table,), if_not_exists=if_not_exists)
        if token.symbol == "START" and cursor.take("TRANSACTION"):
            starts_transaction = True
    return Statement(
        kind=Kind.CREATE_TABLE, tables=(table,), if_not_exists=if_not_exists, starts_transaction=starts_transaction
    )


def _query_follows(cursor: Cursor) -> bool:
    for ahead in range(_PARENTHESES_AHEAD):
        if (symbol := cursor.peek(ahead).symbol) != "(":
            return symbol in QUERY_WORDS
    raise Unclear


def _alter_table(cursor: Cursor) -> Statement:
    if_exists = cursor.take("IF", "EXISTS")
    table = cursor.qualified_name()
    if cursor.at_one_of(*_MAINTENANCE) and cursor.peek(1).symbol == "PARTITION":
        return Statement(kind=Kind.MAINTENANCE, references=(table,))
    tables = [table]
    renames: tuple[tuple[TableName, TableName], ...] = ()
    # RENAME, WITH and TABLE are reserved words: outside parentheses they cannot be anybody's name.
    for token in cursor.top_level():
        if token.symbol == "RENAME" and not cursor.at_one_of("COLUMN", "INDEX", "KEY"):
            cursor.take_any("TO", "AS", "=")
            tables.append(cursor.qualified_name())
            renames = ((table, tables[-1]),)
        elif token.symbol == "WITH" and cursor.take("TABLE"):  # EXCHANGE PARTITION p WITH TABLE t
            tables.append(cursor.qualified_name())
    return Statement(kind=Kind.ALTER_TABLE, tables=_each_once(tables), renames=renames, if_exists=if_exists)


def _drop_table(cursor: Cursor) -> Statement:
    if_exists = cursor.take("IF", "EXISTS")
    tables = cursor.qualified_names()
    cursor.take_any("RESTRICT", "CASCADE")
    cursor.expect_end()
    return Statement(kind=Kind.DROP_TABLE, tables=_each_once(tables), if_exists=if_exists)


def _temporary_table(cursor: Cursor) -> Statement:
    if not cursor.take_any("TABLE", "TABLES"):
        raise Unclear
    return _objects(Kind.TEMPORARY_TABLE)(cursor)


def _create_index(cursor: Cursor) -> Statement:
    return _index(cursor, Kind.CREATE_INDEX)


def _special_index(cursor: Cursor) -> Statement:
    cursor.expect("INDEX")
    return _create_index(cursor)


def _spatial(cursor: Cursor) -> Statement:
    return _harmless("REFERENCE", "SYSTEM")(cursor) if cursor.at("REFERENCE") else _special_index(cursor)


def _drop_index(cursor: Cursor) -> Statement:
    return _index(cursor, Kind.DROP_INDEX)


def _index(cursor: Cursor, kind: Kind) -> Statement:
    if_not_exists, if_exists = cursor.take("IF", "NOT", "EXISTS"), cursor.take("IF", "EXISTS")
    cursor.name()
    if cursor.take_any("USING", "TYPE"):
        cursor.name()
    cursor.expect("ON")
    table = cursor.qualified_name()
    return Statement(kind=kind, tables=(table,), if_exists=if_exists, if_not_exists=if_not_exists)


def _database(kind: Kind) -> Reader:
    def read(cursor: Cursor) -> Statement:
        if_not_exists, if_exists = cursor.take("IF", "NOT", "EXISTS"), cursor.take("IF", "EXISTS")
        return Statement(kind=kind, database=cursor.table_name(), if_exists=if_exists, if_not_exists=if_not_exists)

    return read


def _alter_database(cursor: Cursor) -> Statement:
    """The name may be left out; a word that could be a name or an option is read as a name, as the server does."""
    database = cursor.default_database if cursor.at_one_of(*_DATABASE_OPTIONS) else cursor.table_name()
    return Statement(kind=Kind.ALTER_DATABASE, database=database)


def _duality_view(cursor: Cursor) -> Statement:
    cursor.take("RELATIONAL")
    cursor.expect("DUALITY", "VIEW")
    return _objects(Kind.VIEW)(cursor)


def _create_trigger(cursor: Cursor) -> Statement:
    statement = _objects(Kind.TRIGGER)(cursor)
    if not cursor.take_any("BEFORE", "AFTER") or not cursor.take_any("INSERT", "UPDATE", "DELETE"):
        raise Unclear
    cursor.expect("ON")
    return Statement(
        kind=Kind.TRIGGER,
        objects=statement.objects,
        references=(cursor.qualified_name(),),
        if_not_exists=statement.if_not_exists,
    )


def _create_function(cursor: Cursor) -> Statement:
    statement = _objects(Kind.ROUTINE)(cursor)
    if cursor.at("RETURNS") and cursor.peek(2).symbol == "SONAME":  # loadable: it belongs to no database
        return Statement(kind=Kind.OTHER_HARMLESS)
    return statement


def _objects(kind: Kind) -> Reader:
    def read(cursor: Cursor) -> Statement:
        if_not_exists, if_exists = cursor.take("IF", "NOT", "EXISTS"), cursor.take("IF", "EXISTS")
        names = cursor.qualified_names()
        return Statement(kind=kind, objects=names, if_exists=if_exists, if_not_exists=if_not_exists)

    return read


def _harmless(*words: str) -> Reader:
    def read(cursor: Cursor) -> Statement:
        cursor.expect(*words)
        return Statement(kind=Kind.OTHER_HARMLESS)

    return read


def _account(cursor: Cursor) -> Statement:
    return Statement(kind=Kind.ACCOUNT)


def _each_once(names: Iterable[TableName]) -> tuple[TableName, ...]:
    return tuple(dict.fromkeys(names))


_SERVER_OBJECTS: dict[str, Reader] = {
    "USER": _account,
    "ROLE": _account,
    "SERVER": _harmless(),
    "TABLESPACE": _harmless(),
    "UNDO": _harmless("TABLESPACE"),
    "LOGFILE": _harmless("GROUP"),
    "RESOURCE": _harmless("GROUP"),
}
_PROGRAMS: dict[str, Reader] = {
    "VIEW": _objects(Kind.VIEW),
    "TRIGGER": _objects(Kind.TRIGGER),
    "PROCEDURE": _objects(Kind.ROUTINE),
    "FUNCTION": _objects(Kind.ROUTINE),
    "LIBRARY": _objects(Kind.ROUTINE),
    "EVENT": _objects(Kind.EVENT),
}
_CREATE: dict[str, Reader] = {
    **_SERVER_OBJECTS,
    **_PROGRAMS,
    "DATABASE": _database(Kind.CREATE_DATABASE),
    "SCHEMA": _database(Kind.CREATE_DATABASE),
    "TABLE": _create_table,
    "TEMPORARY": _temporary_table,
    "INDEX": _create_index,
    "UNIQUE": _special_index,
    "FULLTEXT": _special_index,
    "SPATIAL": _spatial,
    "JSON": _duality_view,
    "TRIGGER": _create_trigger,
    "FUNCTION": _create_function,
}
_ALTER: dict[str, Reader] = {
    **_SERVER_OBJECTS,
    **_PROGRAMS,
    "DATABASE": _alter_database,
    "SCHEMA": _alter_database,
    "TABLE": _alter_table,
    "JSON": _duality_view,
    "INSTANCE": _harmless(),
}
_DROP: dict[str, Reader] = {
    **_SERVER_OBJECTS,
    **_PROGRAMS,
    "DATABASE": _database(Kind.DROP_DATABASE),
    "SCHEMA": _database(Kind.DROP_DATABASE),
    "TABLE": _drop_table,
    "TABLES": _drop_table,
    "TEMPORARY": _temporary_table,
    "INDEX": _drop_index,
    "SPATIAL": _harmless("REFERENCE", "SYSTEM"),
}
