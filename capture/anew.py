"""Which tables are copied anew when a statement runs: those whose rows no target can make of the rows that it has.

A target holds of a table what is published so far, in an order of its own. A statement means the same there when each
row tells by itself what becomes of it. Otherwise the table is emptied at the targets before the statement runs, and
all its rows are read from the source after it (docs/decisions/033). Pure.
"""

from collections.abc import Callable, Sequence

from schemas.ddl.row_effects import RowEffects
from schemas.names import TableName
from schemas.table import Table


def copied_anew(
    effects: RowEffects, tables: Sequence[Table], unfinished: Callable[[TableName], bool]
) -> set[TableName]:
    """`tables`: those that the statement alters, as they stand before it."""
    names = {table.name for table in tables}
    if effects.imports or effects.picks or effects.volatile:
        return names
    if effects.exchanges:
        return names if any(map(unfinished, names)) else set()
    return {
        table.name
        for table in tables
        if _is_numbered(effects, table) and (unfinished(table.name) or not _is_ordered(table))
    }


def _is_numbered(effects: RowEffects, table: Table) -> bool:
    """True when a column becomes AUTO_INCREMENT that was not: its values are given in the order of the rows."""
    counting = {column.name.lower() for column in table.columns if column.auto_increment}
    return any(name is None or name.lower() not in counting for name in effects.numbered)


def _is_ordered(table: Table) -> bool:
    """True when the rows of a whole table lie in the same order at every server."""
    return bool(table.key) and table.reads_consistently
