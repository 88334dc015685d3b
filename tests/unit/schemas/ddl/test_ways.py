"""Two ways to one row: when their order counts."""

import pytest

from schemas.ddl.foreign_keys import ForeignKey
from schemas.ddl.ways import contradictory
from schemas.names import TableName


def key(child: str, parent: str, columns: str, referenced: str, on_delete: str = "", on_update: str = "") -> ForeignKey:
    names = (TableName("d", child), TableName("d", parent))
    return ForeignKey(*names, tuple(columns.split()), tuple(referenced.split()), on_delete, on_update)


@pytest.mark.parametrize(
    "keys",
    [
        [key("b", "a", "p", "id", "CASCADE"), key("b", "a", "P", "id", "SET NULL")],
        [key("b", "a", "p", "id", "", "CASCADE"), key("b", "a", "p", "id", "", "SET NULL")],
        [key("b", "a", "p", "id", "", "CASCADE"), key("b", "a", "p q", "id x", "", "SET NULL")],
        # through other tables
        [
            key("b", "a", "id", "id", "CASCADE"),
            key("c", "a", "id", "id", "CASCADE"),
            key("d", "b", "p", "id", "CASCADE"),
            key("d", "c", "p", "id", "SET NULL"),
        ],
        # what goes with d, or loses its value with it
        [
            key("d", "a", "x", "id", "CASCADE"),
            key("d", "a", "y", "id", "SET NULL"),
            key("e", "d", "y", "y", "CASCADE", "SET NULL"),
        ],
    ],
)
def test_the_order_counts(keys: list[ForeignKey]) -> None:
    found = contradictory(keys)
    assert found is not None
    assert found.name == ("d" if len(keys) > 2 else "b")


@pytest.mark.parametrize(
    "keys",
    [
        # the same key twice
        [key("b", "a", "p", "id", "CASCADE", "CASCADE"), key("b", "a", "p", "id", "CASCADE", "CASCADE")],
        # one for rows that go, the other for new values
        [key("b", "a", "p", "id", "CASCADE"), key("b", "a", "p", "id", "", "SET NULL")],
        # by different columns
        [key("b", "a", "p", "id", "CASCADE"), key("b", "a", "q", "id", "SET NULL")],
        # two tenants of one name: all of them get the same value
        [
            key("users", "tenants", "tenant", "id", "CASCADE", "CASCADE"),
            key("orders", "tenants", "tenant", "id", "CASCADE", "CASCADE"),
            key("orders", "users", "tenant user", "tenant id", "CASCADE", "CASCADE"),
        ],
        # a tree
        [key("a", "a", "above", "id", "CASCADE", "CASCADE"), key("a", "a", "friend", "id", "SET NULL")],
        # a column that refers by itself: its name is not known
        [key("b", "a", "", "", "CASCADE"), key("b", "a", "", "", "SET NULL")],
    ],
)
def test_the_order_does_not_count(keys: list[ForeignKey]) -> None:
    assert contradictory(keys) is None
