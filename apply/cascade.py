"""What foreign keys do to the rows that follow others, as statements. Pure.

A step stands for the rows that one key after the other leads to. The steps of the longest ways run first: as long as a
step has not run, the rows that lie on its way are as they were, and lead further.

InnoDB follows keys row by row and does no more than 15 steps
(https://dev.mysql.com/doc/refman/8.4/en/create-table-foreign-keys.html); equal values of the keys' columns, as their
collation has it, mean the same row, and NULL means none. ON UPDATE CURRENT_TIMESTAMP does not count for rows that
follow.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from schemas.names import TableName
from schemas.records import FollowedRow
from schemas.sql import identifier, qualified

MOST_STEPS = 15
_ROWS = 1000  # of one statement


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """A foreign key of the destination; columns are in lower case."""

    name: str
    child: TableName
    columns: tuple[str, ...]
    parent: TableName
    referenced: tuple[str, ...]
    on_delete: str
    on_update: str


@dataclass(frozen=True, slots=True)
class Root:
    """Rows of a table that went together, or one that got other values; literals by column in lower case."""

    table: TableName
    before: tuple[Mapping[str, str], ...]
    after: Mapping[str, str] | None  # None: they went


@dataclass(frozen=True, slots=True)
class Step:
    """Rows of the last key's child: they go, or get other values (literals by column)."""

    root: Root
    way: tuple[ForeignKey, ...]
    assigned: Mapping[str, str] | None  # None: they go

    @property
    def table(self) -> TableName:
        return self.way[-1].child


def roots(table: TableName, columns: Sequence[str], rows: Sequence[FollowedRow]) -> Iterator[Root]:
    """In the order of the source: rows that go do so together, rows that change one by one."""
    names = [column.lower() for column in columns]
    gone = [dict(zip(names, row.before, strict=True)) for row in rows if row.after is None]
    for start in range(0, len(gone), _ROWS):
        yield Root(table, tuple(gone[start : start + _ROWS]), None)
    for row in rows:
        if row.after is not None:
            before = dict(zip(names, row.before, strict=True))
            yield Root(table, (before,), dict(zip(names, row.after, strict=True)))


def first_steps(root: Root, keys: Collection[ForeignKey]) -> list[Step]:
    """What follows the rows themselves."""
    changed = None if root.after is None else _changed(root.before[0], root.after)
    return list(_next(root, (), root.table, changed, keys))


def next_steps(step: Step, keys: Collection[ForeignKey]) -> list[Step]:
    """What follows the rows of a step."""
    if len(step.way) == MOST_STEPS:
        return []
    return list(_next(step.root, step.way, step.table, step.assigned, keys))


def found(step: Step) -> str:
    """A query that gives a row when the step leads to any."""
    return f"SELECT 1 FROM {_joined(step)} WHERE {_condition(step)} LIMIT 1"


def statement(step: Step, stamped: Collection[str]) -> str:
    """What the step does; `stamped` columns of its table have ON UPDATE CURRENT_TIMESTAMP."""
    last = f"t{len(step.way)}"
    if step.assigned is None:
        return f"DELETE {last} FROM {_joined(step)} WHERE {_condition(step)}"
    kept = {name.lower(): f"{last}.{identifier(name)}" for name in stamped}
    values = {**kept, **step.assigned}
    assignments = ", ".join(f"{last}.{identifier(name)} = {value}" for name, value in values.items())
    return f"UPDATE {_joined(step)} SET {assignments} WHERE {_condition(step)}"


def _changed(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in after.items() if value != before[name]}


def _next(
    root: Root,
    way: tuple[ForeignKey, ...],
    table: TableName,
    assigned: Mapping[str, str] | None,
    keys: Collection[ForeignKey],
) -> Iterator[Step]:
    """`assigned`: the new values of rows of `table`; None when they go."""
    for key in keys:
        if key.parent != table:
            continue
        if assigned is not None and not {*key.referenced} & {*assigned}:
            continue
        rule = key.on_delete if assigned is None else key.on_update
        if rule == "SET NULL":
            yield Step(root, (*way, key), dict.fromkeys(key.columns, "NULL"))
        elif rule == "CASCADE" and assigned is None:
            yield Step(root, (*way, key), None)
        elif rule == "CASCADE" and assigned is not None:
            pairs = zip(key.columns, key.referenced, strict=True)
            yield Step(root, (*way, key), {column: assigned[name] for column, name in pairs if name in assigned})


def _joined(step: Step) -> str:
    """The tables of the way as t1, t2, ..."""
    text = f"{qualified(step.way[0].child)} AS t1"
    for number, key in enumerate(step.way[1:], start=2):
        pairs = zip(key.columns, key.referenced, strict=True)
        on = " AND ".join(f"t{number}.{identifier(one)} = t{number - 1}.{identifier(other)}" for one, other in pairs)
        text += f" JOIN {qualified(key.child)} AS t{number} ON {on}"
    return text


def _condition(step: Step) -> str:
    """What leads from the root's rows to those of the first key.

    Several columns are compared one by one: in a list of rows MySQL 5.6 compares a text with a column of another
    charset by bytes, and does not find what is not ASCII.
    """
    key = step.way[0]
    columns = [f"t1.{identifier(name)}" for name in key.columns]
    rows = [[row[name] for name in key.referenced] for row in step.root.before]
    if len(columns) == 1:
        return f"{columns[0]} IN ({', '.join(value for (value,) in rows)})"
    pairs = (zip(columns, row, strict=True) for row in rows)
    return " OR ".join(f"({' AND '.join(f'{column} = {value}' for column, value in row)})" for row in pairs)
