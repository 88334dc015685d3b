"""The records of a partition as statements: folded to the last change of each row, or in order where rows have no key.

Pure: what it needs to know of the destination comes with the form.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import groupby

from apply.fold import last_of_each_key
from apply.records import Records
from apply.settings import Limits
from apply.statements import (
    Doubt,
    Kind,
    Layout,
    check,
    checks_of_each,
    deletes,
    groups,
    inserts,
    one_deleted,
    replacements,
    upserts,
)
from schemas.codec import Decoded, decode
from schemas.plan import LiteralPlan
from schemas.sql import qualified


@dataclass(frozen=True, slots=True)
class Form:
    """How to read records of one schema, and how to write them."""

    plan: LiteralPlan
    layout: Layout


@dataclass(frozen=True, slots=True)
class Step:
    """One statement.

    `single`: it must change exactly one row. `blanks`: its rows hold ENUM's error value, which a strict session does
    not store, in some of these columns. `computed`: the table's generated columns, whose expressions may give what a
    strict session does not store either. `check`: counts those of its `rows` that are there as the source has them;
    `relative`: and others that are the same. `each` does so for each doubtful column of a single row, `parts` are two
    halves of several. `number`: the statement is to be undone, and then the AUTO_INCREMENT column has passed this.
    """

    sql: str
    single: bool = False
    blanks: frozenset[str] = frozenset()
    computed: frozenset[str] = frozenset()
    table: str = ""  # as SQL
    check: str = ""
    rows: int = 0
    relative: bool = False
    each: tuple[tuple[str, str], ...] = ()
    parts: "Callable[[], Sequence[Step]] | None" = field(default=None, compare=False)
    doubt: Doubt | None = None
    number: int = 0


@dataclass(frozen=True, slots=True)
class Work:
    """What records come to, with epoch and source time of the last of them."""

    records: Records
    steps: list[Step]
    epoch: int
    source_us: int


_WARNINGS = 64  # that every server keeps of a statement
_CHECKED_ROWS = 250
_TOGETHER = Limits(_CHECKED_ROWS, sys.maxsize)

#: Statements that bring rows to the destination.
_Bring = Callable[[Layout, Sequence[str], Limits], Iterator[str]]


def work(records: Records, replay_until: int, form_of: Callable[[bytes], Form], limits: Limits) -> Work:
    """`form_of` finds the form by a record's frame; records before `replay_until` may have been applied before."""
    steps: list[Step] = []
    epoch = source_us = 0
    for form, run in _runs(records, form_of):
        changes = [decode(form.plan, value) for value in last_of_each_key(run)]
        if form.layout.kind is Kind.KEYLESS:
            steps += _in_order(form.layout, changes, limits)
        else:
            steps += _settled(form.layout, changes, run.offsets[0] < replay_until, limits)
        epoch = max(change.epoch for change in changes)
        source_us = max(change.source_us for change in changes)
    return Work(records, steps, epoch, source_us)


def _runs(records: Records, form_of: Callable[[bytes], Form]) -> Iterator[tuple[Form, Records]]:
    """Stretches of records with one schema: nearly always the whole batch."""
    frames = [value[:5] for value in records.values]
    if len(set(frames)) == 1:
        yield form_of(frames[0]), records
        return
    rest = records
    for frame, same in groupby(frames):
        count = len(list(same))
        yield form_of(frame), rest.head(count)
        rest = rest.tail(count)


def _settled(layout: Layout, changes: Sequence[Decoded], replayed: bool, limits: Limits) -> Iterator[Step]:
    """Each row to its last state; there is one change per key.

    Where values of other unique indexes may have changed hands, every touched key is deleted. Records that may have
    been applied before meet rows of a later state, which give way: their records come again.
    """
    bring: _Bring = upserts if layout.kind is Kind.KEYED else replacements if replayed else inserts
    kept = bring is not inserts  # what is brought replaces a row of its key
    touched = [change.key for change in changes if change.after is None or not (kept and change.strict)]
    for sql in deletes(layout, touched, limits):
        yield Step(sql, computed=layout.computed, table=qualified(layout.shape.name))
    yield from _passed(layout, changes)
    yield from _brought(layout, changes, bring, limits)


def _in_order(layout: Layout, changes: Sequence[Decoded], limits: Limits) -> Iterator[Step]:
    """One by one; an update deletes one equal row and inserts another. Only inserts are put together."""
    pending: list[Decoded] = []
    for change in changes:
        if change.before is not None:
            yield from _brought(layout, pending, inserts, limits)
            pending = []
            sql = one_deleted(layout, change.before)
            yield Step(sql, single=True, computed=layout.computed, table=qualified(layout.shape.name))
        pending.append(change)
    yield from _brought(layout, pending, inserts, limits)


def _passed(layout: Layout, changes: Sequence[Decoded]) -> Iterator[Step]:
    """Of rows that went and may never have been here: the one with the greatest number."""
    gone = [change.gone for change in changes if change.gone is not None]
    if not gone:
        return
    number, row = max(((int(Decimal(number)), row) for number, row in gone), key=lambda one: one[0])
    if number > 0:
        (sql,) = replacements(layout, [row], Limits())
        yield Step(sql, table=qualified(layout.shape.name), number=number)


def _brought(layout: Layout, changes: Sequence[Decoded], bring: _Bring, limits: Limits) -> Iterator[Step]:
    """The rows of changes that have one. Those with ENUM's error value come apart and few at a time, as plain rows: all
    warnings about them must be seen."""
    plain = [change for change in changes if change.after and change.strict]
    yield from _written(layout, plain, bring, limits, frozenset())
    blank = [change for change in changes if change.after and not change.strict]
    if blank:
        few = Limits(max(1, _WARNINGS // max(1, len(layout.enums))), limits.characters)
        yield from _written(layout, blank, inserts if bring is upserts else bring, few, layout.enums)


def _written(
    layout: Layout, changes: Sequence[Decoded], bring: _Bring, limits: Limits, blanks: frozenset[str]
) -> Iterator[Step]:
    table = qualified(layout.shape.name)
    if layout.doubt is None:
        for sql in bring(layout, [str(change.after) for change in changes], limits):
            yield Step(sql, blanks=blanks, computed=layout.computed, table=table)
        return
    few = Limits(min(limits.rows, _CHECKED_ROWS), limits.characters // 4)
    for start, end in groups([len(str(change.after)) for change in changes], few):
        yield _checked(layout, changes[start:end], bring, blanks)


def _checked(layout: Layout, changes: Sequence[Decoded], bring: _Bring, blanks: frozenset[str]) -> Step:
    """One statement, whose rows are looked at; where they are not as they must be, its halves take its place."""
    count, middle = len(changes), len(changes) // 2
    (sql,) = bring(layout, [str(change.after) for change in changes], _TOGETHER)

    def halves() -> Sequence[Step]:
        return [_checked(layout, part, bring, blanks) for part in (changes[:middle], changes[middle:])]

    return Step(
        sql,
        blanks=blanks,
        computed=layout.computed,
        table=qualified(layout.shape.name),
        check=check(layout, changes),
        rows=count,
        relative=layout.kind is Kind.KEYLESS,
        each=tuple(checks_of_each(layout, changes[0])) if count == 1 else (),
        parts=halves if count > 1 else None,
        doubt=layout.doubt,
    )
