"""From the text of a logged statement to what penstock knows of it.

Promises: `understand` never raises, whatever the text. It answers UNKNOWN rather than guess: an unknown statement is
one that may change anything, and the caller decides what to do about it.
"""

from collections.abc import Callable

from schemas.ddl import administration, definitions, transactions, writes
from schemas.ddl.cursor import Cursor, Unclear
from schemas.ddl.kinds import Kind, Statement, XaVerb, Xid
from schemas.ddl.lexer import SERVER_VERSION, SqlModes, TokenKind, tokens

__all__ = ["Kind", "SqlModes", "Statement", "XaVerb", "Xid", "understand"]

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
    cursor = Cursor(tokens(sql, modes, server_version), default_database)
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
