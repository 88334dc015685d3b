"""Statements as another server can run them."""

import re
from collections.abc import Iterable, Iterator, Sequence
from enum import Enum, auto
from itertools import pairwise

from schemas.ddl.cursor import Cursor, Unclear
from schemas.ddl.lexer import SERVER_VERSION, SqlModes, Token, TokenKind, tokens
from schemas.names import TableName
from schemas.sql import qualified

_UTF8MB3 = re.compile("utf8mb3", re.IGNORECASE)
_UTF8MB3_COLLATIONS_SINCE = 80030
_GEOMCOLLECTION_SINCE = 80000
_BEFORE_NAMES = frozenset(
    ("ADD", "COLUMN", "CHANGE", "MODIFY", "DROP", "ALTER", "AFTER", "RENAME", "TO", "KEY", "INDEX")
)


def drop_tables(names: Sequence[TableName], *, if_exists: bool) -> str:
    if not names:
        raise ValueError("no table to drop")
    return f"DROP TABLE {'IF EXISTS ' if if_exists else ''}{', '.join(map(qualified, names))}"


def rename_tables(renames: Sequence[tuple[TableName, TableName]]) -> str:
    return "RENAME TABLE " + ", ".join(f"{qualified(old)} TO {qualified(new)}" for old, new in renames)


def without_start_transaction(sql: str, modes: SqlModes, server_version: int = SERVER_VERSION) -> str:
    """CREATE TABLE without its option START TRANSACTION, after which a session may only apply row events."""
    cursor = Cursor(tokens(sql, modes, server_version), None)
    if not cursor.take("CREATE", "TABLE"):
        return sql
    try:
        removed = list(_start_transaction(cursor))
    except Unclear:
        return sql
    return replaced(sql, [(token, "") for token in removed]).rstrip() if removed else sql


def _start_transaction(cursor: Cursor) -> Iterator[Token]:
    """The tokens of the option, and one comma: options may be parted by commas."""
    before: Token | None = None
    for token in cursor.top_level():
        if token.symbol == "START" and cursor.at("TRANSACTION"):
            yield token
            yield cursor.next()
            if before is not None and before.symbol == ",":
                yield before
            elif cursor.at(","):
                yield cursor.next()
        before = token


def for_version(sql: str, modes: SqlModes, destination_version: int) -> str:
    """The statement with names of character sets, collations and types that the destination knows.

    Before 8.0.30 the collations of utf8mb3 are called utf8_...; a newer source logs them as utf8mb3_.... And since 8.0
    SHOW CREATE TABLE says geomcollection. Nothing else changes: no values, comments, or names of anything else.
    """
    if destination_version >= _UTF8MB3_COLLATIONS_SINCE:
        return sql
    lexed = list(tokens(sql, modes, destination_version))
    changes = [
        (token, _UTF8MB3.sub("utf8", sql[token.start : token.end], count=1)) for token in _names_of_utf8mb3(lexed)
    ]
    if destination_version < _GEOMCOLLECTION_SINCE:
        changes += [(token, "geometrycollection") for token in _types_of_collections(lexed)]
    return replaced(sql, changes)


def _types_of_collections(statement: Sequence[Token]) -> Iterator[Token]:
    """GEOMCOLLECTION behind the name of a column."""
    for before, token in pairwise(statement):
        if token.symbol == "GEOMCOLLECTION" and before.is_name and before.symbol not in _BEFORE_NAMES:
            yield token


class _Place(Enum):
    """What the next token names."""

    NOTHING = auto()
    COLLATION = auto()
    CHARSET = auto()
    BARE_CHARSET = auto()  # after CHARSET, which may also be a column: then a quoted text is a value


def _names_of_utf8mb3(statement: Iterable[Token]) -> Iterator[Token]:
    place = _Place.NOTHING
    previous: Token | None = None
    for token in statement:
        before = previous.symbol if previous else ""
        if _names_utf8mb3(token, place):
            yield token
        if previous and before == "_UTF8MB3" and token.kind in (TokenKind.STRING, TokenKind.NUMBER):
            yield previous
        if token.symbol != "=":
            place = _place(before, token.symbol)
        previous = token


def _names_utf8mb3(token: Token, place: _Place) -> bool:
    if not token.is_name and (token.kind is not TokenKind.STRING or place is _Place.BARE_CHARSET):
        return False
    if place is _Place.COLLATION:
        return token.text.lower().startswith("utf8mb3_")
    return place is not _Place.NOTHING and token.text.lower() == "utf8mb3"


def _place(before: str, symbol: str) -> _Place:
    if symbol == "COLLATE":
        return _Place.COLLATION
    if symbol == "USING" or (symbol == "SET" and before in ("CHARACTER", "CHAR")):
        return _Place.CHARSET
    if symbol == "CHARSET" and before not in ("CHANGE", "COLUMN"):
        return _Place.BARE_CHARSET
    return _Place.NOTHING


def replaced(sql: str, replacements: Iterable[tuple[Token, str]]) -> str:
    parts = []
    position = 0
    for token, text in sorted(replacements, key=lambda replacement: replacement[0].start):
        parts += [sql[position : token.start], text]
        position = token.end
    return "".join(parts) + sql[position:]
