"""Plans: all that an executor needs to carry the rows of one table shape, as flat data without functions."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from runtime.errors import Fatal
from schemas.avro import null_of
from schemas.names import TableName
from schemas.registry import Entry
from schemas.sql import identifier
from schemas.table import Column, Table
from schemas.types import TYPES, kind_of, logged_kind
from schemas.types.column import ColumnPlan, Kind, Null
from schemas.types.text import known_charset

__all__ = ["ColumnPlan", "Kind", "LiteralPlan", "Null", "TablePlan", "literal_plan", "logged_plan", "plan"]

_EXACT_BITS = 53


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
    conditions: tuple[str, ...]  # what the literals of a key are compared with, one by one; empty: all of them at once
    compared: tuple[int, ...] = ()  # positions of the columns whose values are looked at after they are written
    counter: int | None = None  # the position of the AUTO_INCREMENT column, where rows that went are of interest

    @property
    def names(self) -> tuple[str, ...]:
        """The columns that `Decoded.after` and `Decoded.before` list."""
        return tuple(self.columns[index].name for index in self.written)


def plan(task: str, table: Table, key_id: int, value_id: int) -> TablePlan:
    """Fatal, naming the column, for a type or charset that cannot be carried exactly."""
    return TablePlan(
        table=table, key_id=key_id, value_id=value_id, columns=column_plans(table), key=tuple(table.key_indexes)
    )


def logged_plan(plan: TablePlan, codes: Sequence[int]) -> TablePlan:
    """The plan for row images whose columns have these type codes in the log. Keys and values are the same."""
    columns = tuple(
        replace(column, kind=logged_kind(column.kind, code)) for column, code in zip(plan.columns, codes, strict=True)
    )
    return plan if columns == plan.columns else replace(plan, columns=columns)


@dataclass(frozen=True, slots=True)
class Kept:
    """What is wanted of a row beside its key and the columns to write."""

    compared: tuple[str, ...] = ()  # columns whose values are looked at after they are written
    counter: str | None = None  # the AUTO_INCREMENT column
    zoneless: bool = False  # TIMESTAMPs are written as moments, for sessions of any time zone


def literal_plan(
    entry: Entry,
    written: Sequence[str],
    numbered: Collection[str] = (),
    apart: Collection[str] = (),
    kept: "Kept | None" = None,
) -> LiteralPlan:
    """The plan for values of `entry`; `written` names the columns that a statement writes, `numbered` the ENUM and SET
    columns whose labels the destination numbers in the same way, `apart` the key's columns if each must be compared
    alone, `kept` what else is wanted of a row."""
    table = entry.table
    if table is None:
        raise Fatal(
            f"schema id {entry.id} ({entry.subject}) belongs to no table",
            hint="remove what other programs wrote to the task's topics",
        )
    kept = kept or Kept()
    columns = tuple(
        replace(column, numbered=column.name in numbered, zoneless=kept.zoneless) for column in column_plans(table)
    )
    positions = {column.name: column.index for column in columns}
    missing = [name for name in written if name not in positions]
    if missing:
        raise Fatal(
            f"table {table.name}: no column {', '.join(missing)} in schema id {entry.id}",
            hint="correct the target's mapping",
        )
    key = tuple(table.key_indexes)
    return LiteralPlan(
        table=table.name,
        columns=columns,
        key=key,
        conditions=tuple(map(_condition, (columns[index] for index in key))) if apart else (),
        written=tuple(positions[name] for name in written if not columns[positions[name]].generated),
        compared=tuple(positions[name] for name in kept.compared),
        counter=None if kept.counter is None else positions[kept.counter],
    )


def _condition(column: ColumnPlan) -> str:
    """A comparison without its right side. With a SET, MySQL compares numbers as if they were DOUBLE."""
    name = identifier(column.name)
    wide = column.kind is Kind.SET and column.numbered and len(column.labels) > _EXACT_BITS
    return f"CAST({name} AS UNSIGNED) = " if wide else f"{name} = "


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
        padded=column.data_type == "char",
    )
