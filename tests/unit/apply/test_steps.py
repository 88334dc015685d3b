"""Whatever a batch folds to must leave the table as the changes one by one would have left it."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from random import Random

import pytest

from apply.destination import Field, Shape, Unique
from apply.records import Place, Records
from apply.settings import Limits
from apply.statements import layout_of
from apply.steps import Form, Step, work
from schemas.names import TableName
from schemas.plan import TablePlan, literal_plan, plan
from schemas.registry import Entry
from schemas.table import Column, Table, UniqueKey
from tests.unit.apply.model import Duplicate, Model, Row
from tests.unit.apply.values import Change, created, deleted, encode, updated

PLACE = Place("task.d.t", 0)
LIMITS = Limits(rows=3, characters=200)


@dataclass(frozen=True)
class Rig:
    """A table of numbers: how it is encoded, and how the destination holds it."""

    table: Table
    shape: Shape

    @cached_property
    def form(self) -> Form:
        found = layout_of(self.shape, self.table)
        entry = Entry(21, "value", "", self.table)
        return Form(literal_plan(entry, found.written, found.numbered, found.apart, found.kept), found)

    def model(self) -> Model:
        names = [column.name for column in self.table.columns]
        uniques = (tuple(names.index(name) for name in unique.columns) for unique in self.shape.uniques)
        return Model(tuple(names), tuple(uniques))

    @cached_property
    def plan(self) -> TablePlan:
        return plan("task", self.table, 20, 21)

    def records(self, changes: Sequence[Change], first: int = 0) -> Records:
        keys, values = encode("task", self.plan, changes, epoch=3, source_us=first + 1)
        return Records(PLACE, list(range(first, first + len(changes))), keys, values, first + len(changes))

    def steps(self, changes: Sequence[Change], first: int = 0, replay_until: int = 0) -> list[Step]:
        return work(self.records(changes, first), replay_until, lambda _: self.form, LIMITS).steps

    def apply(self, model: Model, changes: Sequence[Change], first: int = 0, replay_until: int = 0) -> None:
        if not changes:
            return
        for step in self.steps(changes, first, replay_until):
            found = model.execute(step.sql)
            assert found == 1 or not step.single


def rig(columns: Sequence[str], key: tuple[str, ...], uniques: Sequence[tuple[str, ...]]) -> Rig:
    described = tuple(
        Column(name=name, data_type="int", column_type="int", nullable=name not in key) for name in columns
    )
    table = Table(
        name=TableName("d", "t"),
        columns=described,
        primary_key=key,
        unique_keys=tuple(UniqueKey(name="_".join(unique), columns=unique, total=False) for unique in uniques),
    )
    indexes = [Unique("PRIMARY", key, True)] if key else []
    indexes += [Unique("_".join(unique), unique, False) for unique in uniques]
    fields = {name: Field(name, "int", False, name in key) for name in columns}
    return Rig(table, Shape(table.name, fields, tuple(indexes)))


KEYED = rig(["id", "v"], ("id",), [])
PAIRED = rig(["a", "v", "b"], ("b", "a"), [])
ONLY_KEY = rig(["id"], ("id",), [])
UNIQUES = rig(["id", "u", "w"], ("id",), [("u",), ("w", "u")])
KEYLESS = rig(["v", "w"], (), [])

RIGS = {"keyed": KEYED, "paired": PAIRED, "only key": ONLY_KEY, "uniques": UNIQUES, "keyless": KEYLESS}


def history(used: Rig, random: Random) -> list[Change]:
    """Changes that a source could have made: each fits the state that the ones before it left."""
    model = used.model()
    changes: list[Change] = []
    for _ in range(random.randrange(40)):
        before = random.choice([None, *model.rows])
        after = None if before and random.random() < 0.3 else _row(used, random)
        rest = Model(model.columns, model.uniques, [*model.rows])
        if before is not None:
            rest.rows.remove(before)
        try:
            if after is not None:
                rest.insert(after)
        except Duplicate:
            continue
        model = rest
        changes += _published(before, after, used.table.key_indexes)
    return changes


def _published(before: Row | None, after: Row | None, key: Sequence[int]) -> list[Change]:
    """As capture publishes it: a key that changes is a delete and a create."""
    if before is None:
        assert after is not None
        return [created(*after)]
    if after is None:
        return [deleted(*before)]
    if [before[place] for place in key] != [after[place] for place in key]:
        return [deleted(*before), created(*after)]
    return [updated(before, after)]


def _row(used: Rig, random: Random) -> Row:
    key = used.table.key_indexes
    return tuple(
        random.randrange(4) if place in key or random.random() < 0.8 else None
        for place in range(len(used.table.columns))
    )


def one_by_one(used: Rig, changes: Sequence[Change]) -> list[Row]:
    rows: list[Row] = []
    for _, before, after in changes:
        if before is not None:
            rows.remove(before)  # type: ignore[arg-type]
        if after is not None:
            rows.append(after)  # type: ignore[arg-type]
    return sorted(rows, key=repr)


def batches(changes: Sequence[Change], random: Random) -> list[tuple[int, Sequence[Change]]]:
    cuts = {random.randrange(len(changes) + 1) for _ in range(random.randrange(4))}
    ends = sorted({0, len(changes), *cuts})
    return [(start, changes[start:end]) for start, end in itertools.pairwise(ends)]


@pytest.mark.parametrize("used", RIGS.values(), ids=RIGS)
def test_batches_leave_what_the_changes_leave(used: Rig) -> None:
    for seed in range(200):
        random = Random(seed)
        changes = history(used, random)
        model = used.model()
        for first, batch in batches(changes, random):
            used.apply(model, batch, first)
        assert sorted(model.rows, key=repr) == one_by_one(used, changes), seed


@pytest.mark.parametrize("used", [KEYED, PAIRED, UNIQUES], ids=["keyed", "paired", "uniques"])
def test_applying_again_from_anywhere_ends_in_the_same(used: Rig) -> None:
    for seed in range(200):
        random = Random(seed)
        changes = history(used, random)
        model = used.model()
        used.apply(model, changes)
        start = random.randrange(len(changes) + 1)
        for first, batch in batches(changes[start:], random):
            used.apply(model, batch, start + first, replay_until=len(changes))
        assert sorted(model.rows, key=repr) == one_by_one(used, changes), seed


def test_rows_are_put_together_within_the_limits() -> None:
    steps = KEYED.steps([created(number, None) for number in range(7)])
    rows = [step.sql.count("NULL") for step in steps]
    assert rows == [3, 3, 1]


def test_only_the_last_change_of_a_row_is_written() -> None:
    steps = KEYED.steps([created(1, 1), updated((1, 1), (1, 2)), deleted(1, 2), created(1, 3), created(2, 9)])
    assert [step.sql for step in steps] == [
        "INSERT INTO `d`.`t` (`id`, `v`) VALUES (1,3),(2,9) ON DUPLICATE KEY UPDATE `v` = VALUES(`v`)"
    ]


def test_epoch_and_source_time_are_those_of_the_last_record() -> None:
    records = KEYED.records([created(1, 1), created(2, 2)], 40)
    done = work(records, 0, lambda _: KEYED.form, LIMITS)
    assert (done.epoch, done.source_us, done.records.next_offset) == (3, 41, 42)
