"""Which rows of two tables can be compared when their definitions differ."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from control.reading import Reading
from runtime.mysql import Refused
from schemas.names import TableName
from schemas.sql import identifier, qualified
from schemas.table import Column, Table


def common_columns(source: Table, target: Table) -> Table:
    """The source's table with the columns that the target's has too; without a key where the target's is another.

    Rows of a key can be read side by side only where both ends sort it in the same way. Pure.
    """
    there = {column.name.lower(): column for column in target.columns}
    columns = tuple(column for column in source.columns if column.name.lower() in there)
    same_key = [name.lower() for name in source.key] == [name.lower() for name in target.key] and all(
        _sorts_alike(source.column(name), there[name.lower()]) for name in source.key
    )
    same_index = bool(source.primary_key) == bool(target.primary_key)
    if same_key and same_index and (source.primary_key or _index(source) == _index(target)):
        return replace(source, columns=columns)
    return replace(source, columns=columns, primary_key=(), unique_keys=())


def uncomputable(table: Table, reading: Reading, name: TableName) -> set[str]:
    """The generated columns that a server cannot compute for some row of its table `name`."""
    generated = [column.name for column in table.columns if column.generated and column.name not in table.key]
    plain = [column.name for column in table.columns if not column.generated]  # so that no index gives the values
    return {column for column in generated if not _computes(reading, name, [column, *plain])}


def without(table: Table, names: Collection[str]) -> Table:
    return replace(table, columns=tuple(column for column in table.columns if column.name not in names))


def _computes(reading: Reading, table: TableName, columns: Sequence[str]) -> bool:
    try:
        for _ in reading.raw_stream(f"SELECT {', '.join(map(identifier, columns))} FROM {qualified(table)}"):
            pass
    except Refused:
        return False
    return True


def _sorts_alike(one: Column, other: Column) -> bool:
    return (one.data_type, one.collation, one.labels, one.unsigned) == (
        other.data_type,
        other.collation,
        other.labels,
        other.unsigned,
    )


def _index(table: Table) -> str:
    return next((unique.name.lower() for unique in table.unique_keys if unique.total), "")
