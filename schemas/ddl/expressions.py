"""Which expressions of generated columns give another value in another session. Pure.

What is certain to give one value everywhere is listed; everything else may depend on sql_mode, time_zone,
div_precision_increment, lc_time_names, the server's version and more.
"""

from collections.abc import Mapping

from schemas.ddl.lexer import SqlModes, Token, TokenKind, tokens

_SAFE_TYPES = frozenset(
    (
        *("tinyint", "smallint", "mediumint", "int", "bigint", "decimal", "json"),
        *("varchar", "tinytext", "text", "mediumtext", "longtext"),
        *("varbinary", "tinyblob", "blob", "mediumblob", "longblob"),
    )
)
_SAFE_WORDS = frozenset(
    (
        *("AND", "OR", "XOR", "NOT", "IS", "NULL", "TRUE", "FALSE", "CASE", "WHEN", "THEN", "ELSE", "END", "IN"),
        *("CONCAT", "CONCAT_WS", "LOWER", "LCASE", "UPPER", "UCASE", "LENGTH", "CHAR_LENGTH", "REVERSE", "REPLACE"),
        *("SUBSTR", "SUBSTRING", "SUBSTRING_INDEX", "LEFT", "RIGHT", "TRIM", "LTRIM", "RTRIM", "HEX"),
        *("IF", "IFNULL", "NULLIF", "COALESCE", "MD5", "SHA", "SHA1", "SHA2", "CRC32"),
        *("JSON_EXTRACT", "JSON_UNQUOTE", "JSON_VALID", "JSON_LENGTH"),
    )
)
_SAFE_MARKS = frozenset("(),+*=<>!%")
_ZONED = frozenset(("UNIX_TIMESTAMP", "FROM_UNIXTIME", "CONVERT_TZ", "NOW", "CURRENT_TIMESTAMP"))


def depends(expression: str, own_type: str, types: Mapping[str, str]) -> bool:
    """Whether the value may depend on the session; `types` are the data types of the table's columns, by their names
    in lower case."""
    if own_type not in _SAFE_TYPES:
        return True
    if "\\" in expression:  # the server reads it again in the sql_mode of whoever opens the table
        return True
    return not all(_safe(token, types) for token in tokens(expression, SqlModes()))


def zoned(expression: str, types: Mapping[str, str]) -> bool:
    """Whether the value may depend on the session's time zone."""
    return any(
        token.symbol in _ZONED or (token.kind is TokenKind.NAME and types.get(token.text.lower()) == "timestamp")
        for token in tokens(expression, SqlModes())
    )


def words(expression: str) -> frozenset[str]:
    """The functions, operators and other words of an expression, in capitals."""
    return frozenset(token.symbol for token in tokens(expression, SqlModes()) if token.symbol)


def _safe(token: Token, types: Mapping[str, str]) -> bool:
    match token.kind:
        case TokenKind.STRING | TokenKind.NUMBER:
            return True
        case TokenKind.NAME:
            return types.get(token.text.lower()) in _SAFE_TYPES
        case TokenKind.WORD:
            return token.symbol in _SAFE_WORDS or token.text.startswith("_utf8")
    return token.symbol in _SAFE_MARKS
