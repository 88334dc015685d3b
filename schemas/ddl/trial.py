"""CREATE statements as a trial: what would they make, without making it. Pure."""

from schemas.ddl.charset_names import Charsets, Collated, Named, take_charset
from schemas.ddl.cursor import Cursor, Unclear
from schemas.ddl.lexer import SqlModes, TokenKind, tokens
from schemas.names import TableName
from schemas.sql import identifier, qualified


def made_elsewhere(sql: str, modes: SqlModes, version: int, name: TableName, collation: str) -> str:
    """CREATE TABLE under another name; where the statement names no charset it gets `collation`, its database's."""
    cursor = Cursor(tokens(sql, modes, version), "")
    cursor.expect("CREATE", "TABLE")
    cursor.take("IF", "NOT", "EXISTS")
    cursor.qualified_name()
    first, last = cursor.named[0], cursor.named[-1]
    place = None if cursor.at_one_of("LIKE") or cursor.at("(", "LIKE") else _without_charset(cursor)
    end = len(sql) if place is None else place
    inserted = "" if place is None else f" DEFAULT COLLATE {identifier(collation)}"
    return f"{sql[: first.start]}{qualified(name)}{sql[last.end : end]}{inserted}{sql[end:]}"


def _without_charset(cursor: Cursor) -> int | None:
    """Where table options begin in a statement that names no charset; None in one that does."""
    cursor.expect("(")
    depth, end = 1, 0
    while depth:
        token = cursor.next()
        if token.kind in (TokenKind.END, TokenKind.UNFINISHED):
            raise Unclear
        depth += (token.symbol == "(") - (token.symbol == ")")
        end = token.end
    named = Named()
    while cursor.peek().kind is not TokenKind.END and not cursor.at("PARTITION"):
        if not take_charset(cursor, named) and cursor.next().symbol == "(":
            cursor.leave_parentheses()
    return None if named.said else end


def database_defaults(sql: str, modes: SqlModes, version: int, charsets: Charsets, server: Collated) -> dict[str, str]:
    """What CREATE DATABASE makes, in the words of `shown.describe_database`; `server` is what holds where it says
    nothing."""
    cursor = Cursor(tokens(sql, modes, version), "")
    named, encrypted = Named(), False
    while cursor.peek().kind is not TokenKind.END:
        if take_charset(cursor, named):
            continue
        if cursor.next().symbol == "ENCRYPTION":
            cursor.take("=")
            encrypted = cursor.next().text.upper() == "Y"
    defaults = {"default collation": named.resolved(charsets, server).collation}
    return defaults | {"default encryption": "Y"} if encrypted else defaults
