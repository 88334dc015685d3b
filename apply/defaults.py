"""Defaults that a statement left at the source and does not leave at a younger destination. Pure.

Before 5.7, MySQL gives a column that only its primary key makes NOT NULL a default: 0, ''. An application may insert
without naming it, so it has to have that default at the destination too.
"""

from collections.abc import Iterator

from apply.destination import Shape
from schemas.sql import identifier, qualified, text_literal
from schemas.table import Column, Table


def missing_defaults(shape: Shape, table: Table) -> Iterator[str]:
    """Statements that give the columns of `shape` the defaults that `table` has for them; harmless when repeated."""
    for column in table.columns:
        field = shape.fields.get(column.name.lower())
        if field is not None and field.required and column.default is not None and not column.default_is_expression:
            yield (
                f"ALTER TABLE {qualified(shape.name)}"
                f" ALTER COLUMN {identifier(field.name)} SET DEFAULT {_literal(column, column.default)}"
            )


def _literal(column: Column, default: str) -> str:
    """BIT's default is told as it is written: b'0'."""
    return default if column.data_type == "bit" else text_literal(default)
