"""What apply reads of the destination to decide what it writes: from the primary, whichever node a proxy would ask."""

from collections.abc import Callable
from typing import cast

import pytest

from apply.cascade import ForeignKey, Root
from apply.destination import Field, definition, find_shape, has_rows
from apply.following import foreign_keys, leading, stamped
from apply.records import Place
from apply.state import State
from runtime.mysql import Connection
from schemas.names import TableName
from schemas.sql import ON_PRIMARY

A, B = TableName("d", "a"), TableName("d", "b")
_KEY = ForeignKey("k", B, ("p",), (Field("p", "int", False, False),), A, ("id",), "CASCADE", "CASCADE")


class _Told:
    """A connection that answers with one row at most and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def query(self, sql: str, arguments: object = ()) -> list[tuple[str | bytes, ...]]:
        self.asked.append(sql)
        if "KEY_COLUMN_USAGE" in sql:
            return [("k", "p", "d", "a", "id", "CASCADE", "CASCADE")]
        if "SHOW FULL COLUMNS" in sql:
            return [("p", "int", "", "YES", "", "", "")]
        if "SHOW CREATE TABLE" in sql:
            return [(b"p", b"CREATE TABLE `p`")]
        return [("1", "1")] if "CREATE" in sql else []

    def value(self, sql: str, arguments: object = ()) -> None:
        self.asked.append(sql)

    def execute(self, sql: str) -> None:
        """Settings go to every server behind an endpoint."""
        assert sql.startswith("SET SESSION ")


def _state(told: Connection) -> State:
    return State(told, "penstock", "t.polar")


@pytest.mark.parametrize(
    "read",
    [
        lambda told: list(foreign_keys(told, B)),
        lambda told: leading(told, Root(A, ({"id": "1"},), None), [_KEY]),
        lambda told: stamped(told, B),
        lambda told: definition(told, A),
        lambda told: has_rows(told, A),
        lambda told: find_shape(told, A),
        lambda told: _state(told).fences(),
        lambda told: _state(told).locked_fence(Place("t", 0)),
        lambda told: _state(told).tables(),
        lambda told: _state(told).intent(1),
        lambda told: _state(told).progress(),
        lambda told: _state(told).epoch(),
    ],
)
def test_reads_go_to_the_primary(read: Callable[[Connection], object]) -> None:
    told = _Told()
    read(cast(Connection, told))
    assert told.asked
    assert all(sql.startswith(ON_PRIMARY) for sql in told.asked), told.asked
