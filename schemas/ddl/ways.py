"""Ways by which a row may follow others twice, with an end that hangs on their order.

InnoDB goes from row to row and from key to key in an order of its own, which is not the same in every version
(row_upd_check_references_constraints); a destination runs one statement for each way. Both end alike unless one way
takes from another the rows, or the values, that it leads to. Pure.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, groupby
from typing import Protocol, TypeVar

from schemas.ddl.foreign_keys import FOLLOWING, ForeignKey, grouped
from schemas.names import TableName

NULL = "NULL"


class Leading(Protocol):
    """A foreign key, whoever tells of it."""

    @property
    def child(self) -> TableName: ...
    @property
    def parent(self) -> TableName: ...
    @property
    def columns(self) -> Sequence[str]: ...
    @property
    def referenced(self) -> Sequence[str]: ...
    @property
    def on_delete(self) -> str: ...
    @property
    def on_update(self) -> str: ...


_Key = TypeVar("_Key", bound=Leading)


@dataclass(frozen=True, slots=True)
class Arrival:
    """Rows of `table` that `columns` of a foreign key lead to: they go, or get other values. Names in lower case."""

    table: TableName
    columns: frozenset[str]
    assigned: frozenset[tuple[str, str]] | None  # column and value; None: they go

    @classmethod
    def of(cls, key: Leading, assigned: Mapping[str, str] | None) -> "Arrival":
        values = None if assigned is None else frozenset(assigned.items())
        return cls(key.child, frozenset(map(str.lower, key.columns)), values)


def led(
    table: TableName, assigned: Mapping[str, str] | None, keys: Iterable[_Key]
) -> Iterator[tuple[_Key, Mapping[str, str] | None]]:
    """Where rows of `table` lead that go (None) or get these values, and what follows there; columns in lower case."""
    for key in keys:
        if key.parent != table:
            continue
        rule = key.on_delete if assigned is None else key.on_update
        pairs = [(own.lower(), other.lower()) for own, other in zip(key.columns, key.referenced, strict=True)]
        if assigned is not None and assigned.keys().isdisjoint(other for _, other in pairs):
            continue
        if rule == "SET NULL":
            yield key, {own: NULL for own, _ in pairs}
        elif rule == "CASCADE":
            yield key, assigned and {own: assigned[other] for own, other in pairs if other in assigned}


def contradict(arrivals: Collection[Arrival], keys: Collection[Leading]) -> TableName | None:
    """A table whose rows may be arrived at in two ways of which the order counts; `keys` may lead on from there."""
    of_parent = grouped(keys, lambda key: key.parent)
    return _contradiction(arrivals, of_parent)


def _contradiction(arrivals: Collection[Arrival], of_parent: Mapping[TableName, Sequence[Leading]]) -> TableName | None:
    for _, group in groupby(sorted(arrivals, key=_sorting), key=lambda arrival: arrival.table):
        mine = list(group)
        keys = of_parent.get(mine[0].table, ())
        if any(_contradict(one, other, keys) for one, other in combinations(mine, 2)):
            return mine[0].table
    return None


def contradictory(keys: Collection[ForeignKey]) -> TableName | None:
    """A table of which rows may end in two ways when one row of another table goes, or gets another value in one of
    the columns that are referred to. Keys whose columns are not told do not count."""
    told = grouped((key for key in keys if key.follows and key.columns and key.referenced), lambda key: key.parent)
    for root in sorted(told):
        columns = {name.lower() for key in told[root] for name in key.referenced}
        events: list[Mapping[str, str] | None] = [None, *({name: name} for name in sorted(columns))]
        for event in events:
            if found := _contradiction(_arrivals(root, event, told), told):
                return found
    return None


def _sorting(arrival: Arrival) -> tuple[TableName, list[str], list[tuple[str, str]]]:
    return arrival.table, sorted(arrival.columns), sorted(arrival.assigned or ())


def _arrivals(
    root: TableName, event: Mapping[str, str] | None, of_parent: Mapping[TableName, Sequence[ForeignKey]]
) -> set[Arrival]:
    """Everything that a row leads to that goes (None) or gets these values; values are columns of `root`."""
    found: set[Arrival] = set()
    waiting = [(root, event)]
    while waiting:
        table, assigned = waiting.pop()
        for key, values in led(table, assigned, of_parent.get(table, ())):
            arrival = Arrival.of(key, values)
            if arrival not in found:
                found.add(arrival)
                waiting.append((key.child, values))
    return found


def _contradict(one: Arrival, other: Arrival, keys: Collection[Leading]) -> bool:
    if one.assigned == other.assigned:
        return False
    if one.assigned is not None and other.assigned is not None:
        return _takes(one.assigned, other) or _takes(other.assigned, one)
    assigned = one.assigned or other.assigned or frozenset()
    going = one if one.assigned is None else other
    names = {name for name, _ in assigned}
    return bool(names & going.columns) or any(key.parent == one.table and _torn(key, names) for key in keys)


def _takes(assigned: frozenset[tuple[str, str]], other: Arrival) -> bool:
    """True when a row that gets these values may not be led to by `other` any more, or not with its values."""
    if other.assigned is None or other.assigned <= assigned:
        return False
    names = {name for name, _ in assigned}
    return bool(names & other.columns or names & {name for name, _ in other.assigned})


def _torn(key: Leading, names: Collection[str]) -> bool:
    """True when rows that follow by the key end otherwise for a row that goes than for one that loses such values."""
    rules = {key.on_delete, key.on_update}
    return (
        rules <= FOLLOWING and rules != {"SET NULL"} and not {name.lower() for name in key.referenced}.isdisjoint(names)
    )
