"""What ALTER TABLE does to rows beyond what each row tells by itself, as far as its text says it.

Most clauses make of each row what the row alone decides, so they mean the same to a part of a table as to all of it.
Those that are told here do not, or they move rows that no event names. Opens nothing, reads nothing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from schemas.ddl.cursor import Cursor, Unclear
from schemas.ddl.kinds import Kind
from schemas.ddl.lexer import SERVER_VERSION, SqlModes, Token, TokenKind, tokens
from schemas.ddl.rewrite import replaced

_MOVED = ("PARTITION", "TABLESPACE")
#: of a default: another value for each row, or one that only the session or the host of the source knows
_VOLATILE = frozenset(
    (
        *("UUID", "UUID_SHORT", "RAND", "RANDOM_BYTES", "SYSDATE", "CONNECTION_ID", "USER", "SESSION_USER"),
        *("SYSTEM_USER", "CURRENT_ROLE", "DATABASE", "SCHEMA", "VERSION", "LAST_INSERT_ID", "FOUND_ROWS", "ROW_COUNT"),
        "CONVERT_TZ",
    )
)
_NO_COLUMN = frozenset(
    ("PARTITION", "INDEX", "KEY", "PRIMARY", "UNIQUE", "FULLTEXT", "SPATIAL", "FOREIGN", "CHECK", "CONSTRAINT")
)


@dataclass(frozen=True, slots=True)
class RowEffects:
    """All false: each row tells by itself what becomes of it."""

    removes: bool = False  # rows go with their partitions or their tablespace
    discards: bool = False  # they do, and files stay from which they may come again
    imports: bool = False  # rows come out of files
    exchanges: bool = False  # a partition's rows and a table's change places
    picks: bool = False  # ALTER IGNORE: of rows with equal keys the first one stays
    volatile: bool = False  # a new column gets values that no second run gives
    #: columns that are to be AUTO_INCREMENT, by their old names (None: a new one): rows are numbered in the order
    #: in which they lie, unless the column was so before
    numbered: frozenset[str | None] = frozenset()


def row_effects(sql: str, modes: SqlModes, server_version: int = SERVER_VERSION) -> RowEffects:
    """Those of ALTER TABLE; other statements have none of these."""
    cursor = Cursor(tokens(sql, modes, server_version), None)
    try:
        ignore = _header(cursor)
        clauses = [clause for clause in _clauses(cursor) if clause]
    except Unclear:
        return RowEffects()
    verbs = {(clause[0].symbol, clause[1].symbol) for clause in clauses if len(clause) > 1}
    added = [clause for clause in clauses if _adds_columns(clause)]
    return RowEffects(
        removes=any((verb, what) in verbs for verb in ("DROP", "TRUNCATE", "DISCARD") for what in _MOVED),
        discards=any(("DISCARD", what) in verbs for what in _MOVED),
        imports=any(("IMPORT", what) in verbs for what in _MOVED),
        exchanges=("EXCHANGE", "PARTITION") in verbs,
        picks=ignore is not None,
        volatile=any(map(_is_volatile, added)),
        numbered=frozenset(_old_name(clause) for clause in clauses if _numbers(clause)),
    )


def without_ignore(sql: str, modes: SqlModes, server_version: int = SERVER_VERSION) -> str:
    """ALTER TABLE without IGNORE, which means nothing to a table without rows and is unknown since MySQL 5.7."""
    ignore = _header(Cursor(tokens(sql, modes, server_version), None))
    return sql if ignore is None else replaced(sql, [(ignore, "")])


def without_discard(sql: str, modes: SqlModes, server_version: int = SERVER_VERSION) -> tuple[str, Kind]:
    """DISCARD ... TABLESPACE as a statement that leaves as many rows, and no file behind."""
    verb, *words = tokens(sql, modes, server_version)
    at = next(index for index, token in enumerate(words) if token.symbol == "DISCARD")
    tablespace = next(token for token in reversed(words) if token.symbol == "TABLESPACE")
    if words[at + 1] is tablespace:
        return replaced(sql, [(verb, "TRUNCATE"), (words[at], ""), (tablespace, "")]).rstrip(), Kind.TRUNCATE_TABLE
    return replaced(sql, [(words[at], "TRUNCATE"), (tablespace, "")]).rstrip(), Kind.ALTER_TABLE


def _header(cursor: Cursor) -> Token | None:
    """ALTER ... TABLE and the table's name; the word IGNORE among them."""
    ignore = None
    cursor.expect("ALTER")
    while not cursor.at("TABLE"):
        token = cursor.next()
        if token.kind is TokenKind.END:
            raise Unclear
        ignore = token if token.symbol == "IGNORE" else ignore
    cursor.expect("TABLE")
    cursor.qualified_name()
    return ignore


def _clauses(cursor: Cursor) -> Iterator[list[Token]]:
    """The rest of the statement, parted at the commas that stand in no parentheses."""
    clause: list[Token] = []
    depth = 0
    while (token := cursor.next()).kind is not TokenKind.END:
        depth += (token.symbol == "(") - (token.symbol == ")")
        if token.symbol == "," and depth == 0:
            yield clause
            clause = []
        else:
            clause.append(token)
    yield clause


def _adds_columns(clause: Sequence[Token]) -> bool:
    return len(clause) > 1 and clause[0].symbol == "ADD" and clause[1].symbol not in _NO_COLUMN


def _is_volatile(clause: Sequence[Token]) -> bool:
    calls = any(token.symbol in _VOLATILE and then.symbol == "(" for token, then in pairwise(clause))
    return calls or any(token.symbol == "CURRENT_USER" for token in clause)


def _numbers(clause: Sequence[Token]) -> bool:
    """True when a column of the clause is to be AUTO_INCREMENT."""
    if not (_adds_columns(clause) or clause[0].symbol in ("CHANGE", "MODIFY")):
        return False
    return any(token.symbol in ("AUTO_INCREMENT", "SERIAL") for token in clause[2:])


def _old_name(clause: Sequence[Token]) -> str | None:
    if clause[0].symbol == "ADD":
        return None
    return clause[2 if clause[1].symbol == "COLUMN" else 1].text
