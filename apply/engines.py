"""What another engine than InnoDB would have made of a statement."""

from runtime.mysql import Connection
from schemas.names import TableName
from schemas.sql import ON_PRIMARY, identifier, qualified, text_literal

_FOREIGN_KEYS = (
    f"{ON_PRIMARY}SELECT CONSTRAINT_NAME FROM information_schema.TABLE_CONSTRAINTS"
    " WHERE CONSTRAINT_TYPE = 'FOREIGN KEY' AND TABLE_SCHEMA = {} AND TABLE_NAME = {}"
)


def forgotten_foreign_keys(connection: Connection, table: TableName) -> list[str]:
    """Statements that drop foreign keys which the source's engine has read and forgotten; their indexes stay."""
    rows = connection.query(_FOREIGN_KEYS.format(text_literal(table.database), text_literal(table.name)))
    return [f"ALTER TABLE {qualified(table)} DROP FOREIGN KEY {identifier(str(name))}" for (name,) in rows]
