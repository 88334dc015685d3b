"""SQL that reads a table in the order of its key, chunk by chunk: each row exactly once, and always by the index.

The order is the index's: each column ascends or descends as it does there. In any other order every chunk would sort
all rows to come.

A bound is a tuple of SQL literals for the key's columns in the key's order; it may stop early (a prefix). Literals
come from rows of the same table, so they are exact, and a column decides the collation of every comparison with one
(https://dev.mysql.com/doc/refman/8.4/en/charset-collation-coercibility.html). Opens nothing, reads nothing.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from schemas.sql import identifier, qualified
from schemas.table import Column, Table

Bound = tuple[str, ...]

_INTEGERS = frozenset(("tinyint", "smallint", "mediumint", "int", "bigint"))
#: up to so many possible numbers of an ENUM or SET are listed one by one
_LISTED = 2048


@dataclass(frozen=True, slots=True)
class Span:
    """Rows behind `after` (exclusive) up to `until` (inclusive), in the key's order; `descending` names the columns
    that descend in it."""

    after: Bound | None = None
    until: Bound | None = None
    descending: Collection[str] = ()


def chunk(table: Table, expressions: Sequence[str], span: Span, limit: int) -> str:
    """The SELECT of at most `limit` rows of a span, in the key's order."""
    return f"SELECT {', '.join(expressions)} {_in_order(table, span)} LIMIT {limit}"


def nth(table: Table, expressions: Sequence[str], span: Span, number: int, limit_ms: int) -> str:
    """The SELECT of the `number`-th row of a span; the server gives up after `limit_ms`."""
    return (
        f"SELECT /*+ MAX_EXECUTION_TIME({limit_ms}) */ {', '.join(expressions)}"
        f" {_in_order(table, span)} LIMIT 1 OFFSET {number - 1}"
    )


def whole(table: Table, expressions: Sequence[str]) -> str:
    """The SELECT of every row, in no order: for a table without a key."""
    return f"SELECT {', '.join(expressions)} FROM {qualified(table.name)}"


def descending_columns(table: Table, shown: Iterable[Sequence[Any]]) -> tuple[str, ...]:
    """The columns of the key that descend in its index. `shown` is SHOW INDEX
    (https://dev.mysql.com/doc/refman/8.4/en/show-index.html): before MySQL 8.0 every column ascends."""
    indexes: dict[str, list[tuple[str, bool]]] = {}
    for row in shown:
        if not int(row[1]):
            indexes.setdefault(str(row[2]), []).append((str(row[4]).lower(), row[5] == "D"))
    wanted = [name.lower() for name in table.key]
    alike = [parts for parts in indexes.values() if [name for name, _ in parts] == wanted]
    parts = indexes.get(index_name(table)) or next(iter(alike), [])
    descending = {name for name, descends in parts if descends}
    return tuple(name for name in table.key if name.lower() in descending)


def _in_order(table: Table, span: Span) -> str:
    keys = [table.columns[index] for index in table.key_indexes]
    condition = within(keys, span)
    order = (identifier(column.name) + " DESC" * (column.name in span.descending) for column in keys)
    return (
        f"FROM {qualified(table.name)} FORCE INDEX ({identifier(index_name(table))})"
        f"{f' WHERE {condition}' if condition else ''} ORDER BY {', '.join(order)}"
    )


def within(keys: Sequence[Column], span: Span) -> str:
    """The condition on the key; empty when there is no bound."""
    parts = []
    if span.after is not None:
        parts.append(_beyond(keys, span.after, span.descending))
    if span.until is not None:
        parts.append(_up_to(keys, span.until, span.descending))
    return " AND ".join(f"({part})" for part in parts)


def index_name(table: Table) -> str:
    """The index whose columns are the key's."""
    if table.primary_key:
        return "PRIMARY"
    return next(unique.name for unique in table.unique_keys if unique.total)


def is_integer(column: Column) -> bool:
    return column.data_type in _INTEGERS


def order(table: Table) -> tuple[tuple[str, ...], ...]:
    """What the order of the key depends on: a bound made under an equal order still divides the table alike."""
    return tuple(_order(table.columns[index]) for index in table.key_indexes)


# A row constructor comparison, (a, b) > (x, y), would read the index from its start each time: only the expanded form
# is split into ranges (https://dev.mysql.com/doc/refman/8.4/en/row-constructor-optimization.html).
def _beyond(keys: Sequence[Column], bound: Bound, descending: Collection[str]) -> str:
    behind = _less if keys[0].name in descending else _greater
    condition = behind(keys[0], bound[0])
    if len(bound) == 1:
        return condition
    return f"{condition} OR ({_equal(keys[0], bound[0])} AND ({_beyond(keys[1:], bound[1:], descending)}))"


def _up_to(keys: Sequence[Column], bound: Bound, descending: Collection[str]) -> str:
    before = _greater if keys[0].name in descending else _less
    condition = before(keys[0], bound[0])
    if len(bound) == 1:
        return f"{condition} OR {_equal(keys[0], bound[0])}"
    return f"{condition} OR ({_equal(keys[0], bound[0])} AND ({_up_to(keys[1:], bound[1:], descending)}))"


# ENUM and SET lie in the index by number, but are compared as text unless the other side is a number, and then the
# index serves equality alone. So the numbers on one side are listed, or, when there are too many, each is computed.
def _greater(column: Column, literal: str) -> str:
    most = _most_number(column)
    if most is None:
        return f"{identifier(column.name)} > {literal}"
    if most < _LISTED:
        return _one_of(column, range(int(literal) + 1, most + 1), most)
    return f"{_number(column)} > {literal}"


def _less(column: Column, literal: str) -> str:
    most = _most_number(column)
    if most is None:
        return f"{identifier(column.name)} < {literal}"
    if most < _LISTED:
        return _one_of(column, range(int(literal)), most)
    return f"{_number(column)} < {literal}"


def _equal(column: Column, literal: str) -> str:
    most = _most_number(column)
    if most is None or most < _LISTED:
        return f"{identifier(column.name)} = {literal}"
    return f"{_number(column)} = {literal}"


def _one_of(column: Column, numbers: range, most: int) -> str:
    """A number that no row has stands for none: beside FALSE, what is left may be a constant to the server, and then it
    sorts by a column that descends instead of reading the index."""
    return f"{identifier(column.name)} IN ({', '.join(map(str, numbers or (most + 1,)))})"


def _number(column: Column) -> str:
    # not `column + 0`: that is a DOUBLE, which does not hold the numbers of a SET with 64 members
    return f"CAST({identifier(column.name)} AS UNSIGNED)"


def _most_number(column: Column) -> int | None:
    """The greatest number of an ENUM (0 is the error value) or SET; None for another type."""
    if column.data_type == "enum":
        return len(column.labels)
    if column.data_type == "set":
        return (1 << len(column.labels)) - 1
    return None


def _order(column: Column) -> tuple[str, ...]:
    if is_integer(column):
        return column.name, "integer"
    if column.data_type in ("enum", "set"):
        return column.name, column.data_type, *column.labels
    return column.name, column.column_type, column.collation or ""
