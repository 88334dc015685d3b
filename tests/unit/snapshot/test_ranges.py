"""How tables are divided, and what the ledger makes of the ranges."""

from dataclasses import replace
from itertools import count, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.names import TableName
from schemas.records import RangeRecord
from snapshot.ledger import Ledger, Order
from snapshot.ranges import divided, divisions, integer_bounds

_T, _U = TableName("d", "t"), TableName("d", "u")
_KEY: Order = (("id", "integer"),)


@pytest.mark.parametrize(
    ("rows", "readers", "parts"), [(0, 2, 1), (150_000, 2, 1), (300_000, 2, 3), (10**9, 2, 8), (10**9, 1, 4)]
)
def test_small_tables_are_one_range(rows: int, readers: int, parts: int) -> None:
    assert divisions(rows, readers) == parts


@settings(max_examples=200, derandomize=True)
@given(st.integers(-(2**63), 2**64), st.integers(0, 2**64), st.integers(1, 12))
def test_integers_are_divided_evenly(least: int, span: int, parts: int) -> None:
    bounds = [int(bound) for (bound,) in integer_bounds(least, least + span, parts)]
    widths = [after - before for before, after in pairwise([least - 1, *bounds, least + span])]

    assert len(widths) == min(parts, span + 1)
    assert max(widths) - min(widths) <= 1
    assert min(widths) >= 1


def test_ranges_leave_nothing_out() -> None:
    records = divided(_T, ("b",), [("1",), ("5",)], 300, count(7))

    assert [(record.id, record.lower, record.upper) for record in records] == [
        ("7", None, ("1",)),
        ("8", ("1",), ("5",)),
        ("9", ("5",), None),
    ]
    assert {(record.rows_estimated, record.descending) for record in records} == {(100, ("b",))}


def _ledger(*records: RangeRecord, orders: dict[TableName, Order] | None = None) -> Ledger:
    known = {_T: _KEY, _U: ()} if orders is None else orders
    ledger = Ledger(lambda table: known[table])
    ledger.enter(records)
    return ledger


def _record(number: int, table: TableName = _T, done: bool = False) -> RangeRecord:
    return RangeRecord(
        id=str(number),
        database=table.database,
        table=table.name,
        lower=(str(number),),
        upper=(str(number + 1),),
        last=(f"{number}.5",),
        rows_done=10,
        rows_estimated=100,
        done=done,
    )


def test_one_keyless_table_at_a_time() -> None:
    ledger = _ledger(_record(1, _U), _record(2))

    taken = ledger.take(at_once_too=False, but=())
    assert taken is not None
    assert taken.id == "2"
    assert ledger.take(at_once_too=False, but=()) is None
    assert ledger.waiting == 1


def test_a_table_is_finished_with_its_last_range() -> None:
    ledger = _ledger(_record(1), _record(2), _record(3, done=True))
    ledger.take(True, ())
    ledger.take(True, ())

    assert ledger.advance("2", 5, ("2.9",), True).rows_done == 15
    assert ledger.unfinished(_T)
    assert ledger.advance("1", 0, None, True).last == ("1.5",)
    assert not ledger.unfinished(_T)
    assert ledger.finished
    assert not ledger.by_key(_T)


def test_a_table_that_starts_again_is_one_range() -> None:
    ledger = _ledger(_record(1, done=True), _record(2), _record(10), _record(3))

    whole, *others = ledger.restart(_T)

    assert (whole.id, whole.lower, whole.upper, whole.last, whole.rows_done) == ("2", None, None, None, 0)
    assert whole.rows_estimated == 400
    assert [(record.id, record.done) for record in others] == [("3", True), ("10", True)]
    assert ledger.waiting == 1
    assert ledger.next_id() == 11


def test_a_table_that_is_copied_anew_is_read_in_the_order_of_its_former_copy() -> None:
    ledger = _ledger(replace(_record(1, done=True), descending=("b",), rows_done=7))

    (whole,) = ledger.again(_T)

    assert (whole.id, whole.lower, whole.upper, whole.descending, whole.rows_estimated) == ("2", None, None, ("b",), 7)


def test_a_renamed_table_keeps_its_ranges_and_a_dropped_one_has_none() -> None:
    ledger = _ledger(_record(1, done=True), _record(2))

    assert [record.name for record in ledger.rename(_T, TableName("e", "v"))] == [TableName("e", "v")] * 2
    assert ledger.by_key(TableName("e", "v"))
    assert not ledger.unfinished(_T)
    assert [record.done for record in ledger.drop(TableName("e", "v"))] == [True]
    assert ledger.finished
    assert ledger.waiting == 0
