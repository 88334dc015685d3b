"""What the text of CREATE and ALTER TABLE says of engines."""

from itertools import pairwise

from schemas.ddl.cursor import QUERY_WORDS, Cursor, Unclear
from schemas.ddl.lexer import SERVER_VERSION, SqlModes, Token, TokenKind, tokens
from schemas.names import TableName

_ENGINES = frozenset(
    (
        *("INNODB", "INNOBASE", "ROCKSDB", "TOKUDB", "MYISAM", "MEMORY", "HEAP", "ARCHIVE", "CSV"),
        *("MERGE", "MRG_MYISAM", "FEDERATED", "BLACKHOLE", "NDB", "NDBCLUSTER"),
    )
)


def said_engine(sql: str, modes: SqlModes, server_version: int = SERVER_VERSION) -> str | None:
    """The engine that the statement gives the table; None: it does not say one."""
    found = None
    depth = 0
    before: Token | None = None
    for token, then in pairwise(token for token in tokens(sql, modes, server_version) if token.symbol != "="):
        depth += (token.symbol == "(") - (token.symbol == ")")
        named = before is not None and before.symbol in ("ADD", "COLUMN", "MODIFY", "CHANGE", "AFTER", "DROP", "ALTER")
        if depth == 0 and not named and token.symbol in ("ENGINE", "TYPE") and then.text.upper() in _ENGINES:
            found = then.text
        before = token
    return found


def merged(sql: str, database: str | None, modes: SqlModes, server_version: int = SERVER_VERSION) -> set[TableName]:
    """The tables under a MERGE table: UNION = (...)."""
    cursor = Cursor(tokens(sql, modes, server_version), database)
    found: set[TableName] = set()
    try:
        while cursor.peek().kind is not TokenKind.END:
            if cursor.next().symbol != "UNION":
                continue
            cursor.take("=")
            if cursor.take("(") and not cursor.at_one_of(*QUERY_WORDS, "(", ")"):
                found.update(cursor.qualified_names())
    except Unclear:
        return found
    return found
