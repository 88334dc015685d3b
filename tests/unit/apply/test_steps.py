"""Whatever a batch folds to must leave the table as the changes one by one would have left it."""

from collections.abc import Sequence
from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from apply.destination import Field, Shape, Unique
from apply.records import Place, Records
from apply.settings import Limits
from apply.statements import layout_of
from apply.steps import Form, Step, work
from schemas.names import TableName
from schemas.plan import literal_plan, plan
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

    @property
    def form(self) -> Form:
        found = layout_of(self.shape, self.table)
        return Form(literal_plan(Entry(21, "value", "", self.table), found.written), found)

    def model(self) -> Model:
        names = [column.name for column in self.table.columns]
        uniques = (tuple(names.index(name) for name in unique.columns) for unique in self.shape.uniques)
        return Model(tuple(names), tuple(uniques))

    def records(self, changes: Sequence[Change], first: int = 0) -> Records:
        keys, values = encode("task", plan("task", self.table, 20, 21), changes, epoch=3, source_us=first + 1)
        return Records(PLACE, list(range(first, first + len(changes))), keys, values, first + len(changes))

    def steps(self, changes: Sequence[Change], first: int = 0, replay_until: int = 0) -> list[Step]:
        return work(self.records(changes, first), replay_until, lambda _: self.form, LIMITS).steps

    def apply(self, model: Model, changes: Sequence[Change], first: int = 0, replay_until: int = 0) -> None:
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

small = st.integers(0, 3)
numbers = st.one_of(st.none(), small)


@st.composite
def histories(draw: st.DrawFn, used: Rig) -> list[Change]:
    """Changes that a source could have made: each fits the state that the ones before it left."""
    model = used.model()
    key = used.table.key_indexes
    changes: list[Change] = []
    for _ in range(draw(st.integers(0, 25))):
        if model.rows and draw(st.booleans()):
            before = draw(st.sampled_from(model.rows))
            after = draw(st.none() | _row(used))
            rest = Model(model.columns, model.uniques, [*model.rows])
            rest.rows.remove(before)
        else:
            before, after = None, draw(_row(used))
            rest = Model(model.columns, model.uniques, [*model.rows])
        try:
            if after is not None:
                rest.execute(f"INSERT INTO `d`.`t` ({', '.join(model.columns)}) VALUES ({_literals(after)})")
        except Duplicate:
            continue
        model = rest
        changes += _published(before, after, key)
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


def _row(used: Rig) -> st.SearchStrategy[Row]:
    key = used.table.key_indexes
    return st.tuples(*(small if place in key else numbers for place in range(len(used.table.columns))))


def _literals(row: Row) -> str:
    return ", ".join("NULL" if value is None else str(value) for value in row) + ("," if len(row) == 1 else "")


def one_by_one(used: Rig, changes: Sequence[Change]) -> list[Row]:
    rows: list[Row] = []
    for _, before, after in changes:
        if before is not None:
            rows.remove(before)  # type: ignore[arg-type]
        if after is not None:
            rows.append(after)  # type: ignore[arg-type]
    return sorted(rows, key=repr)


def batches(changes: Sequence[Change], cuts: Sequence[int]) -> list[tuple[int, Sequence[Change]]]:
    ends = sorted({0, len(changes), *(cut % (len(changes) + 1) for cut in cuts)})
    return [(start, changes[start:end]) for start, end in zip(ends, ends[1:], strict=False)]


some_cuts = st.lists(st.integers(0, 100), max_size=4)


@settings(deadline=None)
@given(st.data(), st.sampled_from([KEYED, PAIRED, ONLY_KEY, UNIQUES, KEYLESS]), some_cuts)
def test_batches_leave_what_the_changes_leave(data: st.DataObject, used: Rig, cuts: list[int]) -> None:
    changes = data.draw(histories(used))
    model = used.model()
    for first, batch in batches(changes, cuts):
        used.apply(model, batch, first)
    assert sorted(model.rows, key=repr) == one_by_one(used, changes)


@settings(deadline=None)
@given(st.data(), st.sampled_from([KEYED, PAIRED, ONLY_KEY, UNIQUES]), some_cuts, some_cuts, st.integers(0, 100))
def test_applying_again_from_anywhere_ends_in_the_same(
    data: st.DataObject, used: Rig, cuts: list[int], other_cuts: list[int], back: int
) -> None:
    changes = data.draw(histories(used))
    model = used.model()
    for first, batch in batches(changes, cuts):
        used.apply(model, batch, first)
    start = back % (len(changes) + 1)
    for first, batch in batches(changes[start:], other_cuts):
        used.apply(model, batch, start + first, replay_until=len(changes))
    assert sorted(model.rows, key=repr) == one_by_one(used, changes)


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
