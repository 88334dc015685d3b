"""Which rows of two tables can be compared when their definitions differ."""

from dataclasses import replace

from control.reading import Reading
from runtime.mysql import Refused
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


def readable(table: Table, source: Reading) -> Table:
    """Without generated columns that the source itself cannot compute for some row."""
    generated = [column for column in table.columns if column.generated]
    failing = {column.name for column in generated if not _computes(source, table, column)}
    return replace(table, columns=tuple(column for column in table.columns if column.name not in failing))


def _computes(source: Reading, table: Table, column: Column) -> bool:
    try:
        for _ in source.raw_stream(f"SELECT {identifier(column.name)} FROM {qualified(table.name)}"):
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
