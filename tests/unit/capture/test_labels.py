"""Labels that are printed with a "?": what rows tell of them, and what they cannot."""

from dataclasses import replace
from typing import Any, cast

import pytest

from capture.labels import shown_with_labels, with_labels
from runtime.mysql import Connection, Refused
from schemas.names import TableName
from schemas.table import Column, Table
from schemas.types.enumset import column_type_of


def _table(kind: str, *labels: str) -> Table:
    column = Column(
        name="c",
        data_type=kind,
        column_type=column_type_of(kind, labels),
        nullable=True,
        charset="utf8mb4",
        labels=labels,
    )
    return Table(name=TableName("d", "t"), columns=(column,))


class _Rows:
    """A connection to a server with one row at most that holds the label that is asked for."""

    def __init__(self, answer: list[tuple[Any, ...]] | Refused) -> None:
        self._answer = answer

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        if isinstance(self._answer, Refused):
            raise self._answer
        return self._answer


def _labels(table: Table, answer: list[tuple[Any, ...]] | Refused) -> tuple[str, ...]:
    found = with_labels(cast(Connection, _Rows(answer)), table)
    assert found.columns[0].column_type == column_type_of(found.columns[0].data_type, found.columns[0].labels)
    return found.columns[0].labels


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ([("🙂x", 2)], "🙂x"),
        ([], "?x"),
        ([("?x", 2)], "?x"),
        ([("renamed", 2)], "?x"),
        ([(None, 2)], "?x"),
        (Refused("it took too long", "", 3024), "?x"),
    ],
)
def test_a_label_of_an_enum(answer: list[tuple[Any, ...]] | Refused, told: str) -> None:
    assert _labels(_table("enum", "a", "?x"), answer) == ("a", told)


@pytest.mark.parametrize(
    ("answer", "told"), [([("a,🙂,c", 0b1011)], "🙂"), ([("🙂", 0b0010)], "🙂"), ([(None, 2)], "?")]
)
def test_a_label_of_a_set(answer: list[tuple[Any, ...]], told: str) -> None:
    assert _labels(_table("set", "a", "?", "b", "c"), answer) == ("a", told, "b", "c")


def test_other_charsets_and_labels_are_not_looked_for() -> None:
    table = _table("enum", "a", "?")
    latin = replace(table, columns=(replace(table.columns[0], charset="latin1"),))

    assert _labels(latin, [("never asked", 2)]) == ("a", "?")
    assert _labels(_table("enum", "a", "b"), [("never asked", 2)]) == ("a", "b")


def test_show_create_table_gets_the_labels() -> None:
    shown = "CREATE TABLE `t` (\n  `c` enum('a','?') DEFAULT NULL,\n  `d` enum('a','?') DEFAULT NULL\n)"

    assert shown_with_labels(shown, _table("enum", "a", "🙂")) == shown.replace("?", "🙂", 1)
