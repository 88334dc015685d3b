"""The records of a partition as statements: folded to the last change of each row, or in order where rows have no key.

Pure: what it needs to know of the destination comes with the form.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from apply.fold import last_of_each_key
from apply.records import Records
from apply.settings import Limits
from apply.statements import Kind, Layout, deletes, inserts, one_deleted, replacements, upserts
from schemas.codec import Decoded, decode
from schemas.plan import LiteralPlan


@dataclass(frozen=True, slots=True)
class Form:
    """How to read records of one schema, and how to write them."""

    plan: LiteralPlan
    layout: Layout


@dataclass(frozen=True, slots=True)
class Step:
    """One statement; `single` when it must change exactly one row, that of the record at `offset`."""

    sql: str
    offset: int
    single: bool = False


@dataclass(frozen=True, slots=True)
class Work:
    """What records come to; epoch and source time of the last one, 0 when there is none."""

    records: Records
    steps: list[Step]
    epoch: int = 0
    source_us: int = 0


def work(records: Records, replay_until: int, form_of: Callable[[bytes], Form], limits: Limits) -> Work:
    """`form_of` finds the form by a record's frame; records before `replay_until` may have been applied before."""
    steps: list[Step] = []
    epoch = source_us = 0
    for form, run in _runs(records, form_of):
        changes = [decode(form.plan, value) for value in last_of_each_key(run)]
        if form.layout.kind is Kind.KEYLESS:
            steps += _in_order(form.layout, run.offsets, changes, limits)
        else:
            replayed = run.offsets[0] < replay_until
            steps += [Step(sql, run.offsets[0]) for sql in _settled(form.layout, changes, replayed, limits)]
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


def _settled(layout: Layout, changes: Sequence[Decoded], replayed: bool, limits: Limits) -> Iterator[str]:
    """Each row to its last state; there is one change per key."""
    rows = [change.after for change in changes if change.after is not None]
    gone = [change.key for change in changes if change.after is None]
    if layout.kind is Kind.KEYED:
        yield from deletes(layout, gone, limits)
        yield from upserts(layout, rows, limits)
    elif replayed:
        yield from deletes(layout, gone, limits)
        yield from replacements(layout, rows, limits)
    else:  # unique values may have changed hands between any of them
        yield from deletes(layout, [change.key for change in changes], limits)
        yield from inserts(layout, rows, limits)


def _in_order(
    layout: Layout, offsets: Sequence[int], changes: Sequence[Decoded], limits: Limits
) -> Iterator[Step]:
    """One by one; an update deletes one equal row and inserts another. Only inserts are put together."""
    rows: list[str] = []
    for offset, change in zip(offsets, changes, strict=True):
        if change.before is not None:
            yield from (Step(sql, offset) for sql in inserts(layout, rows, limits))
            rows = []
            yield Step(one_deleted(layout, change.before), offset, single=True)
        if change.after is not None:
            rows.append(change.after)
    yield from (Step(sql, offsets[-1]) for sql in inserts(layout, rows, limits))
