"""Options of CREATE and ALTER TABLE: which of them change what penstock knows of a table."""

from dataclasses import dataclass, field

from schemas.ddl.charset_names import Named, take_charset
from schemas.ddl.cursor import Cursor, Unclear
from schemas.ddl.lexer import Token, TokenKind

#: options with one value, after an optional `=`
_VALUED = (
    "AUTO_INCREMENT", "AVG_ROW_LENGTH", "CHECKSUM", "TABLE_CHECKSUM", "COMPRESSION", "CONNECTION",
    "DELAY_KEY_WRITE", "ENCRYPTION", "ENGINE_ATTRIBUTE", "SECONDARY_ENGINE_ATTRIBUTE", "SECONDARY_ENGINE",
    "INSERT_METHOD", "KEY_BLOCK_SIZE", "MAX_ROWS", "MIN_ROWS", "PACK_KEYS", "PASSWORD", "ROW_FORMAT",
    "STATS_AUTO_RECALC", "STATS_PERSISTENT", "STATS_SAMPLE_PAGES", "AUTOEXTEND_SIZE", "TABLESPACE", "STORAGE",
    "ALGORITHM", "LOCK",
)  # fmt: skip


@dataclass(slots=True)
class TableOptions:
    """What a statement says of the whole table."""

    charset: Named = field(default_factory=Named)
    comment: str | None = None
    engine: str | None = None


def take_option(cursor: Cursor, options: TableOptions) -> bool:
    """Goes past one option; false when none comes next."""
    if cursor.at("DEFAULT"):
        cursor.next()
        if not take_charset(cursor, options.charset):
            raise Unclear
    elif take_charset(cursor, options.charset):
        pass
    elif cursor.take("COMMENT"):
        cursor.take("=")
        token = cursor.next()
        if token.kind is not TokenKind.STRING:
            raise Unclear
        options.comment = token.text
    elif cursor.take_any("ENGINE", "TYPE"):
        cursor.take("=")
        options.engine = _engine(cursor.next())
    elif cursor.take_any(*_VALUED) or cursor.take("DATA", "DIRECTORY") or cursor.take("INDEX", "DIRECTORY"):
        _value(cursor)
    elif cursor.take("UNION"):
        cursor.take("=")
        cursor.expect("(")
        cursor.leave_parentheses()
    else:
        return False
    return True


def leave_partitions(cursor: Cursor) -> None:
    """PARTITION BY ... and all that follows, which is the end of the statement."""
    for _ in cursor.top_level():
        pass


def _engine(token: Token) -> str:
    if not (token.is_name or token.kind is TokenKind.STRING):
        raise Unclear
    return token.text


def _value(cursor: Cursor) -> None:
    cursor.take("=")
    token = cursor.next()
    if token.kind in (TokenKind.END, TokenKind.UNFINISHED, TokenKind.PUNCTUATION):
        raise Unclear
