"""SQL text: the one place where identifiers and literals are quoted."""

from schemas.names import TableName

#: before a read: PolarDB's proxy must not send it to a node that lags; for any other server it is a comment
ON_PRIMARY = "/*FORCE_MASTER*/ "


def identifier(name: str) -> str:
    """A name in backquotes."""
    return "`" + name.replace("`", "``") + "`"


def qualified(table: TableName) -> str:
    return f"{identifier(table.database)}.{identifier(table.name)}"


def text_literal(value: str) -> str:
    """A utf8mb4 string literal for a session without NO_BACKSLASH_ESCAPES."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def bytes_literal(value: bytes) -> str:
    """A binary string literal."""
    return f"X'{value.hex()}'"
