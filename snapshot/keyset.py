"""SQL that reads a table in the order of its key, chunk by chunk: each row exactly once, and always by the index.

A bound is a tuple of SQL literals for the key's columns in the key's order; it may stop early (a prefix). Literals
come from rows of the same table, so they are exact, and a column decides the collation of every comparison with one
(https://dev.mysql.com/doc/refman/8.4/en/charset-collation-coercibility.html). Opens nothing, reads nothing.
"""

from collections.abc import Sequence

from schemas.sql import identifier, qualified
from schemas.table import Column, Table

Bound = tuple[str, ...]

_INTEGERS = frozenset(("tinyint", "smallint", "mediumint", "int", "bigint"))
#: up to so many possible numbers of an ENUM or SET are listed one by one
_LISTED = 2048


def chunk(table: Table, expressions: Sequence[str], after: Bound | None, until: Bound | None, limit: int) -> str:
    """The SELECT of at most `limit` rows behind `after` (exclusive) up to `until` (inclusive), in the key's order."""
    return f"SELECT {', '.join(expressions)} {_in_order(table, after, until)} LIMIT {limit}"


def nth(table: Table, expressions: Sequence[str], after: Bound | None, number: int, limit_ms: int) -> str:
    """The SELECT of the `number`-th row behind `after`; the server gives up after `limit_ms`."""
    return (
        f"SELECT /*+ MAX_EXECUTION_TIME({limit_ms}) */ {', '.join(expressions)}"
        f" {_in_order(table, after, None)} LIMIT 1 OFFSET {number - 1}"
    )


def whole(table: Table, expressions: Sequence[str]) -> str:
    """The SELECT of every row, in no order: for a table without a key."""
    return f"SELECT {', '.join(expressions)} FROM {qualified(table.name)}"


def _in_order(table: Table, after: Bound | None, until: Bound | None) -> str:
    keys = [table.columns[index] for index in table.key_indexes]
    condition = within(keys, after, until)
    return (
        f"FROM {qualified(table.name)} FORCE INDEX ({identifier(index_name(table))})"
        f"{f' WHERE {condition}' if condition else ''}"
        f" ORDER BY {', '.join(identifier(column.name) for column in keys)}"
    )


def within(keys: Sequence[Column], after: Bound | None, until: Bound | None) -> str:
    """The condition on the key; empty when there is no bound."""
    parts = []
    if after is not None:
        parts.append(_beyond(keys, after))
    if until is not None:
        parts.append(_up_to(keys, until))
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
def _beyond(keys: Sequence[Column], bound: Bound) -> str:
    condition = _greater(keys[0], bound[0])
    if len(bound) == 1:
        return condition
    return f"{condition} OR ({_equal(keys[0], bound[0])} AND ({_beyond(keys[1:], bound[1:])}))"


def _up_to(keys: Sequence[Column], bound: Bound) -> str:
    if len(bound) == 1:
        return f"{_less(keys[0], bound[0])} OR {_equal(keys[0], bound[0])}"
    return f"{_less(keys[0], bound[0])} OR ({_equal(keys[0], bound[0])} AND ({_up_to(keys[1:], bound[1:])}))"


# ENUM and SET lie in the index by number, but are compared as text unless the other side is a number, and then the
# index serves equality alone. So the numbers on one side are listed, or, when there are too many, each is computed.
def _greater(column: Column, literal: str) -> str:
    most = _most_number(column)
    if most is None:
        return f"{identifier(column.name)} > {literal}"
    if most < _LISTED:
        return _one_of(column, range(int(literal) + 1, most + 1))
    return f"{_number(column)} > {literal}"


def _less(column: Column, literal: str) -> str:
    most = _most_number(column)
    if most is None:
        return f"{identifier(column.name)} < {literal}"
    if most < _LISTED:
        return _one_of(column, range(int(literal)))
    return f"{_number(column)} < {literal}"


def _equal(column: Column, literal: str) -> str:
    most = _most_number(column)
    if most is None or most < _LISTED:
        return f"{identifier(column.name)} = {literal}"
    return f"{_number(column)} = {literal}"


def _one_of(column: Column, numbers: range) -> str:
    return f"{identifier(column.name)} IN ({', '.join(map(str, numbers))})" if numbers else "FALSE"


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
