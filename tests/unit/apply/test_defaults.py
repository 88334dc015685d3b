"""Defaults that the source's table has and the destination's lacks."""

from apply.defaults import missing_defaults
from apply.destination import Field, Shape
from schemas.names import TableName
from schemas.table import Column, Table

NAME = TableName("d", "t`t")


def column(name: str, data_type: str, default: str | None, *, expression: bool = False) -> Column:
    return Column(
        name=name,
        data_type=data_type,
        column_type=data_type,
        nullable=False,
        default=default,
        default_is_expression=expression,
    )


def found(made: Column, *, required: bool) -> list[str]:
    shape = Shape(NAME, {made.name.lower(): Field(made.name.lower(), made.column_type, False, required)}, ())
    return list(missing_defaults(shape, Table(name=NAME, columns=(made,))))


def test_a_missing_default_is_set() -> None:
    start = "ALTER TABLE `d`.`t``t` ALTER COLUMN `a` SET DEFAULT "
    assert found(column("A", "int", "0"), required=True) == [start + "'0'"]
    assert found(column("A", "varchar", "it's"), required=True) == [start + r"'it\'s'"]
    assert found(column("A", "bit", "b'0'"), required=True) == [start + "b'0'"]


def test_what_is_there_or_is_not_told_is_left_alone() -> None:
    assert found(column("a", "int", "0"), required=False) == []
    assert found(column("a", "int", None), required=True) == []
    assert found(column("a", "timestamp", "CURRENT_TIMESTAMP", expression=True), required=True) == []
    shape = Shape(NAME, {}, ())
    assert not list(missing_defaults(shape, Table(name=NAME, columns=(column("a", "int", "0"),))))
