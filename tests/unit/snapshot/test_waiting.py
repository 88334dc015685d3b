"""Tables whose rows wait until those of others are complete."""

from collections.abc import Collection

import pytest

from runtime.errors import Fatal
from schemas.names import TableName
from schemas.records import RangeRecord
from snapshot.ledger import Ledger
from snapshot.waiting import Waiting

PARENT, BETWEEN, CHILD = (TableName("d", name) for name in ("parent", "between", "child"))


class _Ties:
    """Ways by which rows are led to, from the table that they lead through."""

    def __init__(self) -> None:
        self.ways = {(BETWEEN, CHILD)}

    def at_once(self, table: TableName) -> bool:
        return False

    def before(self, table: TableName) -> Collection[TableName]:
        return [through for through, led in self.ways if led == table]

    def behind(self, table: TableName) -> Collection[TableName]:
        return [led for through, led in self.ways if through == table]


def _waiting(*unfinished: TableName) -> tuple[Waiting, Ledger, _Ties]:
    ledger, ties = Ledger(lambda table: (("id",),)), _Ties()
    ledger.enter(
        RangeRecord(id=str(number), database=name.database, table=name.name)
        for number, name in enumerate(unfinished, start=1)
    )
    waiting = Waiting(ties, ledger)
    waiting.look()
    return waiting, ledger, ties


def test_a_table_waits_for_those_on_the_way_to_it() -> None:
    waiting, ledger, _ = _waiting(PARENT, BETWEEN, CHILD)
    assert set(waiting.tables) == {CHILD}

    ledger.advance("2", rows=1, last=None, done=True)
    assert CHILD in waiting, "as of the last look"
    waiting.look()
    assert CHILD not in waiting


def test_a_table_that_is_complete_waits_for_nothing() -> None:
    waiting, _, _ = _waiting(BETWEEN)
    assert not waiting.tables


def test_a_new_way_to_rows_that_have_come() -> None:
    waiting, _, ties = _waiting(PARENT, BETWEEN, CHILD)
    ties.ways.add((PARENT, CHILD))
    waiting.refuse_new_tie(CHILD)  # none of its rows has come

    ties.ways.add((PARENT, BETWEEN))
    with pytest.raises(Fatal, match=r"rows of d\.between follow those of d\.parent on a new way"):
        waiting.refuse_new_tie(BETWEEN)
    with pytest.raises(Fatal, match=r"rows of d\.between follow those of d\.parent on a new way"):
        waiting.refuse_new_tie(PARENT)
