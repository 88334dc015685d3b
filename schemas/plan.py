"""Plans: all that an executor needs to carry the rows of one table shape, as flat data without functions."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from runtime.errors import Fatal
from schemas.avro import null_of
from schemas.names import TableName
from schemas.registry import Entry
from schemas.table import Column, Table
from schemas.types import TYPES, kind_of
from schemas.types.column import ColumnPlan, Kind, Null
from schemas.types.text import known_charset

__all__ = ["ColumnPlan", "Kind", "LiteralPlan", "Null", "TablePlan", "literal_plan", "plan"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TablePlan:
    """How rows become keys and values. Two plans are the same only when they are one object."""

    table: Table
    key_id: int  # 0 for a keyless table
    value_id: int
    columns: tuple[ColumnPlan, ...]
    key: tuple[int, ...]  # positions of the key's columns, in the key's order


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LiteralPlan:
    """How values become SQL literals."""

    table: TableName
    columns: tuple[ColumnPlan, ...]
    key: tuple[int, ...]
    written: tuple[int, ...]  # positions of the columns to write, in the caller's order, generated ones left out

    @property
    def names(self) -> tuple[str, ...]:
        """The columns that `Decoded.after` and `Decoded.before` list."""
        return tuple(self.columns[index].name for index in self.written)


def plan(task: str, table: Table, key_id: int, value_id: int) -> TablePlan:
    """Fatal, naming the column, for a type or charset that cannot be carried exactly."""
    return TablePlan(
        table=table, key_id=key_id, value_id=value_id, columns=column_plans(table), key=tuple(table.key_indexes)
    )


def literal_plan(entry: Entry, written: Sequence[str]) -> LiteralPlan:
    """The plan for values of `entry`; `written` names the columns that a statement writes."""
    table = entry.table
    if table is None:
        raise Fatal(
            f"schema id {entry.id} ({entry.subject}) belongs to no table",
            hint="remove what other programs wrote to the task's topics",
        )
    columns = column_plans(table)
    positions = {column.name: column.index for column in columns}
    missing = [name for name in written if name not in positions]
    if missing:
        raise Fatal(
            f"table {table.name}: no column {', '.join(missing)} in schema id {entry.id}",
            hint="correct the target's mapping",
        )
    return LiteralPlan(
        table=table.name,
        columns=columns,
        key=tuple(table.key_indexes),
        written=tuple(positions[name] for name in written if not columns[positions[name]].generated),
    )


def column_plans(table: Table) -> tuple[ColumnPlan, ...]:
    try:
        return tuple(_column_plan(index, column, table.key) for index, column in enumerate(table.columns))
    except Fatal as error:
        raise Fatal(f"table {table.name}, {error}", error.hint) from error


def _column_plan(index: int, column: Column, key: Collection[str]) -> ColumnPlan:
    kind = kind_of(column, key)
    return ColumnPlan(
        index=index,
        name=column.name,
        kind=kind,
        null=null_of(column, key),
        size=TYPES[kind].size(column),
        unsigned=column.unsigned,
        length=column.length,
        precision=column.precision,
        scale=column.scale,
        fraction=column.fraction,
        charset=known_charset(column) if kind is Kind.TEXT else "",
        labels=column.labels,
        generated=column.generated,
    )
