"""What foreign keys do to the rows that follow others, as statements. Pure.

A step stands for the rows that one key after the other leads to. The steps of the longest ways run first: as long as a
step has not run, the rows that lie on its way are as they were, and lead further.

InnoDB follows keys row by row and does no more than 15 steps
(https://dev.mysql.com/doc/refman/8.4/en/create-table-foreign-keys.html); equal values of the keys' columns, as their
collation has it, mean the same row, and NULL means none. A value that is only spelled anew ('a', 'A') goes on to the
rows that follow, but not beyond one that has these very bytes already (row_upd_changes_first_fields_binary).
ON UPDATE CURRENT_TIMESTAMP does not count for rows that follow.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from apply.destination import Field
from apply.statements import same_bytes
from schemas.ddl.ways import NULL, Arrival, contradict, led
from schemas.names import TableName
from schemas.records import FollowedRow
from schemas.sql import identifier, qualified

MOST_STEPS = 15
_ROWS = 1000  # of one statement


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """A foreign key of the destination; columns are in lower case, `fields` are those of `columns`."""

    name: str
    child: TableName
    columns: tuple[str, ...]
    fields: tuple[Field, ...]
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
    passed: tuple[str, ...] = ()  # what holds for the rows on the way that get other bytes themselves

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
    return [Step(root, (key,), assigned) for key, assigned in led(root.table, changed, keys)]


def next_steps(step: Step, keys: Collection[ForeignKey]) -> list[Step]:
    """What follows the rows of a step."""
    if len(step.way) == MOST_STEPS:
        return []
    return [
        Step(step.root, (*step.way, key), assigned, (*step.passed, *_passed(step, key)))
        for key, assigned in led(step.table, step.assigned, keys)
    ]


def contradictory(steps: Collection[Step], keys: Collection[ForeignKey]) -> TableName | None:
    """A table of which rows would end in another way if the steps ran in another order."""
    arrivals = {Arrival.of(step.way[-1], step.assigned) for step in steps}
    return contradict(arrivals, keys)


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


def _passed(step: Step, further: ForeignKey) -> Iterator[str]:
    """The condition for rows of a step that lead on by a further key; none where all of them do."""
    if step.assigned is None:
        return
    key, same = step.way[-1], []
    fields = dict(zip(key.columns, key.fields, strict=True))
    for name in step.assigned.keys() & {*further.referenced}:
        field, literal = fields[name], step.assigned[name]
        if field.type == "char":
            literal = f"TRIM(TRAILING ' ' FROM {literal})"  # as it is stored
        condition = same_bytes(f"t{len(step.way)}.{identifier(name)}", field, literal)
        if not condition or step.assigned[name] == NULL:
            return
        same.append(condition)
    yield f"NOT ({' AND '.join(sorted(same))})"


def _joined(step: Step) -> str:
    """The tables of the way as t1, t2, ..."""
    text = f"{qualified(step.way[0].child)} AS t1"
    for number, key in enumerate(step.way[1:], start=2):
        pairs = zip(key.columns, key.referenced, strict=True)
        both = ((f"t{number}.{identifier(one)}", f"t{number - 1}.{identifier(other)}") for one, other in pairs)
        equal = _equal_and_apart if step.passed else _equal
        text += f" JOIN {qualified(key.child)} AS t{number} ON {' AND '.join(equal(*pair) for pair in both)}"
    return text


def _condition(step: Step) -> str:
    """What leads from the root's rows to those of the first key, and on.

    Several columns are compared one by one: in a list of rows MySQL 5.6 compares a text with a column of another
    charset by bytes, and does not find what is not ASCII.
    """
    key = step.way[0]
    columns = [f"t1.{identifier(name)}" for name in key.columns]
    rows = [[row[name] for name in key.referenced] for row in step.root.before]
    if step.passed:  # of one row
        return " AND ".join((*map(_listed, columns, rows[0]), *step.passed))
    if len(columns) == 1:
        return f"{columns[0]} IN ({', '.join(value for (value,) in rows)})"
    pairs = (zip(columns, row, strict=True) for row in rows)
    return " OR ".join(f"({' AND '.join(f'{column} = {value}' for column, value in row)})" for row in pairs)


def _equal(one: str, other: str) -> str:
    return f"{one} = {other}"


# MySQL puts one side of an equality in the place of the other in all other conditions, though equal values may have
# other bytes (build_equal_items, sql_optimizer.cc). It does so with `=` alone, and with a list of one value.


def _equal_and_apart(one: str, other: str) -> str:
    return f"{one} <=> {other} AND {other} IS NOT NULL"


def _listed(column: str, value: str) -> str:
    return f"{column} IN ({value}, {value})"
