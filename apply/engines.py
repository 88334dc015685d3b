"""What another engine than InnoDB would have made of a statement."""

from collections.abc import Callable, Generator

from runtime.mysql import Connection, Refused
from schemas.names import TableName
from schemas.sql import ON_PRIMARY, identifier, qualified, text_literal

_FOREIGN_KEYS = (
    f"{ON_PRIMARY}SELECT CONSTRAINT_NAME FROM information_schema.TABLE_CONSTRAINTS"
    " WHERE CONSTRAINT_TYPE = 'FOREIGN KEY' AND TABLE_SCHEMA = {} AND TABLE_NAME = {}"
)
_INVALID_USE_OF_NULL = 1138


def copied_if_needed(runner: Connection, run: Callable[[], Generator[None]]) -> Generator[None]:
    """Runs a statement that the source has taken. Where the source copied the table, as other engines always do, NULL
    in a TIMESTAMP that may no longer be NULL became the statement's time; InnoDB refuses it unless it copies too."""
    try:
        yield from run()
    except Refused as error:
        if error.code != _INVALID_USE_OF_NULL:
            raise
        runner.execute("SET SESSION old_alter_table = ON")
        yield from run()


def forgotten_foreign_keys(connection: Connection, table: TableName) -> list[str]:
    """Statements that drop foreign keys which the source's engine has read and forgotten; their indexes stay."""
    rows = connection.query(_FOREIGN_KEYS.format(text_literal(table.database), text_literal(table.name)))
    return [f"ALTER TABLE {qualified(table)} DROP FOREIGN KEY {identifier(str(name))}" for (name,) in rows]
