"""Labels of ENUM and SET that the server cannot print: it shows "?" for a character beyond the basic plane.

A row that holds such a label tells it. One that no row holds is taken as it is printed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from runtime.mysql import Connection, Refused
from runtime.telemetry import log
from schemas.labels import BEYOND_PRINT, UNPRINTED, printed
from schemas.names import TableName
from schemas.sql import identifier, qualified
from schemas.table import Column, Table
from schemas.types.enumset import column_type_of

_LIMITED = "SELECT /*+ MAX_EXECUTION_TIME(10000) */"  # milliseconds; before 5.7 a comment
_UNTOLD = frozenset((1054, 1146, 1049, 3024, 1142, 1143))  # another table by now, a large one, or not to be read


def with_labels(connection: Connection, table: Table) -> Table:
    """The table with the labels that its rows tell."""
    columns = tuple(_column(connection, table.name, column) for column in table.columns)
    return table if columns == table.columns else replace(table, columns=columns)


def shown_with_labels(shown: str, table: Table) -> str:
    """SHOW CREATE TABLE of a table whose labels are known."""
    for column in table.columns:
        before = column_type_of(column.data_type, [printed(label) for label in column.labels])
        if column.labels and before != column.column_type:
            name = f"\n  {identifier(column.name)} "
            shown = shown.replace(name + before, name + column.column_type, 1)
    return shown


def _column(connection: Connection, table: TableName, column: Column) -> Column:
    if column.charset not in BEYOND_PRINT or not any(UNPRINTED in label for label in column.labels):
        return column
    labels = tuple(_labels(connection, table, column))
    return column if labels == column.labels else _labelled(column, labels)


def _labelled(column: Column, labels: Sequence[str]) -> Column:
    return replace(column, labels=tuple(labels), column_type=column_type_of(column.data_type, labels))


def _labels(connection: Connection, table: TableName, column: Column) -> Iterator[str]:
    for number, label in enumerate(column.labels):
        if UNPRINTED not in label:
            yield label
            continue
        found = _told(connection, table, column, number)
        if found is None or printed(found) != label:  # another statement may have changed the labels since
            log.warning("label_not_told", table=str(table), column=column.name, label=label)
            found = label
        yield found


def _told(connection: Connection, table: TableName, column: Column, number: int) -> str | None:
    """The label as a row has it; None where no row is found to hold it. `number` counts from 0."""
    name, bit = identifier(column.name), 1 << number
    holds = f"{name} = {number + 1}" if column.data_type == "enum" else f"{name} & {bit}"
    query = f"{_LIMITED} CONVERT({name} USING utf8mb4), CAST({name} AS UNSIGNED) FROM {qualified(table)} WHERE {holds}"
    try:
        rows = connection.query(f"{query} LIMIT 1")
    except Refused as error:
        if error.code in _UNTOLD:
            return None
        raise
    if not rows or rows[0][0] is None:  # bytes that are no text are NULL in another charset
        return None
    text, value = rows[0]
    return str(text) if column.data_type == "enum" else str(text).split(",")[(int(value) & (bit - 1)).bit_count()]
