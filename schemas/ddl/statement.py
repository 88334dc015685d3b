"""From the text of a logged statement to what penstock knows of it.

Promises: `understand` never raises, whatever the text. It answers UNKNOWN rather than guess: an unknown statement is
one that may change anything, and the caller decides what to do about it.
"""

from collections.abc import Callable, Iterator

from schemas.ddl import administration, definitions, rewrite, transactions, writes
from schemas.ddl.cursor import Cursor, Unclear
from schemas.ddl.kinds import Kind, Statement, XaVerb, Xid
from schemas.ddl.lexer import SERVER_VERSION, SqlModes, Token, TokenKind, tokens
from schemas.names import folded

__all__ = ["Kind", "SqlModes", "Statement", "XaVerb", "Xid", "lowered", "understand"]

_UNKNOWN = Statement(kind=Kind.UNKNOWN, unbounded=True)
_READERS: dict[str, Callable[[Cursor], Statement]] = {
    "BEGIN": transactions.begin,
    "START": transactions.start,
    "COMMIT": transactions.commit,
    "ROLLBACK": transactions.rollback,
    "SAVEPOINT": transactions.savepoint,
    "RELEASE": transactions.release,
    "XA": transactions.xa,
    "CREATE": definitions.create,
    "ALTER": definitions.alter,
    "DROP": definitions.drop,
    "RENAME": definitions.rename,
    "TRUNCATE": definitions.truncate,
    "INSERT": writes.insert,
    "REPLACE": writes.insert,
    "UPDATE": writes.update,
    "DELETE": writes.delete,
    "LOAD": writes.load,
    "WITH": writes.with_tables,
    "CALL": writes.call,
    "DO": writes.call,
    "SELECT": writes.call,
    "(": writes.call,
    "ANALYZE": administration.maintain,
    "OPTIMIZE": administration.maintain,
    "REPAIR": administration.maintain,
    "CHECK": administration.maintain,
    "CHECKSUM": administration.maintain,
    "FLUSH": administration.flush,
    "CACHE": administration.cache,
    "SET": administration.set_,
    "GRANT": administration.account,
    "REVOKE": administration.account,
    "INSTALL": administration.harmless,
    "UNINSTALL": administration.harmless,
    "USE": administration.harmless,
    "LOCK": administration.harmless,
    "UNLOCK": administration.harmless,
}


def understand(
    sql: str, default_database: str | None, modes: SqlModes, server_version: int = SERVER_VERSION
) -> Statement:
    """Classifies a statement that a server of this version has logged, and names its objects."""
    return _read(sql, Cursor(tokens(sql, modes, server_version), default_database))


def lowered(sql: str, modes: SqlModes, server_version: int = SERVER_VERSION) -> str:
    """The statement with names of databases and tables in lower case, as a server takes them that keeps all so
    (lower_case_table_names = 1). Names of anything else stay."""
    cursor = Cursor(tokens(sql, modes, server_version), "")
    statement = _read(sql, cursor)
    if not (statement.tables or statement.database):
        return sql
    named = list(cursor.named)
    if statement.kind in (Kind.CREATE_TABLE, Kind.ALTER_TABLE):
        named += _referenced(tokens(sql, modes, server_version))
    return rewrite.replaced(sql, [(token, folded(sql[token.start : token.end])) for token in set(named)])


def _referenced(statement: Iterator[Token]) -> Iterator[Token]:
    """The tables of foreign keys."""
    for token in statement:
        if token.symbol == "REFERENCES":
            yield (name := next(statement))
            dot = next(statement)
            if name.symbol == ".":
                yield dot
            elif dot.symbol == ".":
                yield next(statement)


def _read(sql: str, cursor: Cursor) -> Statement:
    first = cursor.next()
    if first.kind is TokenKind.END:
        # A comment alone does nothing (servers log one in place of an event that a replica would not know).
        # One that only another server would execute is not surely a comment.
        return _UNKNOWN if "/*!" in sql else Statement(kind=Kind.OTHER_HARMLESS)
    reader = _READERS.get(first.symbol)
    if reader is None:
        return _UNKNOWN
    try:
        return reader(cursor)
    except Unclear:
        return _UNKNOWN
