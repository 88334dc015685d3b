"""Where a server puts a table: general tablespaces and directories, which other servers have not. Pure."""

from collections.abc import Iterator, Sequence

from schemas.ddl.lexer import SERVER_VERSION, SqlModes, Token, TokenKind, tokens
from schemas.ddl.rewrite import replaced

# After these comes a name, or a statement about the files of a tablespace.
_BEFORE_OTHERS = frozenset(
    (
        *("ADD", "COLUMN", "CHANGE", "MODIFY", "DROP", "ALTER", "AFTER", "RENAME", "TO", "KEY", "UNIQUE", "FULLTEXT"),
        *("SPATIAL", "FORCE", "USE", "IGNORE", "DISCARD", "IMPORT", "UNDO", ".", "(", "CONSTRAINT"),
        *("TABLE", "EXISTS", "LIKE", "INDEX", "REFERENCES", "PARTITION"),
    )
)


def without_storage(sql: str, modes: SqlModes, server_version: int = SERVER_VERSION) -> str:
    """CREATE TABLE and ALTER TABLE without TABLESPACE, DATA DIRECTORY and INDEX DIRECTORY, of partitions too: the
    destination puts its tables where it puts tables."""
    said = [token for token in tokens(sql, modes, server_version) if token.kind is not TokenKind.END]
    symbols = [token.symbol for token in said[:3]]
    if symbols[:2] not in (["CREATE", "TABLE"], ["ALTER", "TABLE"]) and symbols != ["CREATE", "TEMPORARY", "TABLE"]:
        return sql
    removed = list(_options(said))
    return replaced(sql, [(token, "") for token in removed]).rstrip() if removed else sql


def _options(said: Sequence[Token]) -> Iterator[Token]:
    """The tokens of these options, each with one of the commas that part it from others."""
    depth, at, partitioned = 0, 2, False
    while at < len(said):
        token, before = said[at], said[at - 1].symbol
        depth += (token.symbol == "(") - (token.symbol == ")")
        partitioned |= depth == 0 and token.symbol == "PARTITION"
        end = _end(said, at) if (depth == 0 or partitioned) and before not in _BEFORE_OTHERS else at
        if end > at:
            yield from said[at:end]
            if depth == 0 and before == ",":
                yield said[at - 1]
            elif depth == 0 and end < len(said) and said[end].symbol == ",":
                yield said[end]
                end += 1
        at = max(end, at + 1)


def _end(said: Sequence[Token], at: int) -> int:
    """Behind the option that begins there; the same place where none does."""
    value = at + 1
    directory = said[at].symbol in ("DATA", "INDEX") and value < len(said) and said[value].symbol == "DIRECTORY"
    if not directory and said[at].symbol != "TABLESPACE":
        return at
    value += directory
    value += value < len(said) and said[value].symbol == "="
    if value >= len(said):
        return at
    fits = said[value].kind is TokenKind.STRING if directory else said[value].is_name
    return value + 1 if fits else at
