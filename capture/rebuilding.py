"""Which records of a table's topic a target needs that is built anew: the last of each key, or every one.

Where each key has kept but its last record, a schema change in the middle finds the rows that no later record speaks
of, each as the source had it then, and none of the others. That is enough for a statement whose effect on a row rests
on that row alone; the others come later, as they have become. It is not enough where the result depends on which rows
are there, nor where keys before and after the statement do not mean the same rows: one would pass for the other's last
record. From there on every record stays. What was dropped before then is harmless: at the statement, the last record of
each key up to it is still there, and these make up all rows of the table.
"""

from capture.statements import Understood
from schemas.avro import key_schema
from schemas.ddl.kinds import Kind
from schemas.table import Column, Table

_IN_PLACE = frozenset(
    (
        Kind.ALTER_TABLE,
        Kind.CREATE_INDEX,
        Kind.DROP_INDEX,
        Kind.TRUNCATE_TABLE,
        Kind.CREATE_TABLE,
        Kind.CREATE_TABLE_LIKE,
    )
)


def last_records_suffice(understood: Understood, before: Table | None, after: Table | None) -> bool:
    """Whether the last record of each key goes on being enough after a statement on a table whose topic holds records.

    `before` and `after` are its definitions, None where they are not certain or the table is not there.
    """
    statement = understood.statement
    if before is None or after is None or statement.kind not in _IN_PLACE:
        return False  # the name means another table now, or may do
    effects = understood.effects
    if statement.renames or effects.exchanges or effects.imports:
        return False  # rows come from elsewhere
    if effects.picks or effects.numbered or effects.volatile:
        return False
    return _identity(before) == _identity(after) and before.may_be_spread == after.may_be_spread


def _identity(table: Table) -> tuple[object, ...]:
    """What a record's key depends on, and which rows it takes for one."""
    columns = [table.column(name) for name in table.key]
    return key_schema("task", table), [_type(column) for column in columns]


def _type(column: Column) -> tuple[object, ...]:
    return (
        column.data_type,
        column.length,
        column.precision,
        column.scale,
        column.fraction,
        column.collation,
        column.labels,
    )
