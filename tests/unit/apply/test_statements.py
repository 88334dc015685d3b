"""The text of statements, and tables that rows do not fit."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from apply.destination import Field, Shape, Unique
from apply.settings import Limits
from apply.statements import Kind, deletes, inserts, layout_of, one_deleted, replacements, upserts
from runtime.errors import Fatal
from schemas.names import TableName
from schemas.table import Column, Table

NAME = TableName("my db", "t`t")
PRIMARY = Unique("PRIMARY", ("Id",), True)


def shape(*fields: Field, uniques: Sequence[Unique] = (PRIMARY,)) -> Shape:
    return Shape(NAME, {field.name.lower(): field for field in fields}, tuple(uniques))


def field(name: str, column_type: str = "int", *, generated: bool = False, required: bool = False) -> Field:
    return Field(name, column_type, generated, required, "sjis" if column_type.startswith("varchar") else "")


def table(*columns: Column, key: tuple[str, ...] = ("id",)) -> Table:
    return Table(name=NAME, columns=columns, primary_key=key)


def column(name: str, data_type: str = "int", *, generated: bool = False) -> Column:
    return Column(name=name, data_type=data_type, column_type=data_type, nullable=True, generated=generated)


def test_names_are_those_of_the_destination() -> None:
    made = layout_of(shape(field("Id"), field("v`v")), table(column("id"), column("V`V")))
    assert list(upserts(made, ["(1,2)"], Limits())) == [
        "INSERT INTO `my db`.`t``t` (`Id`, `v``v`) VALUES (1,2) ON DUPLICATE KEY UPDATE `v``v` = VALUES(`v``v`)"
    ]
    assert list(deletes(made, ["(1)", "(2)"], Limits())) == [
        "DELETE `my db`.`t``t` FROM `my db`.`t``t` FORCE INDEX (`PRIMARY`) WHERE (`id`) IN ((1),(2))"
    ]
    assert list(replacements(made, ["(1,2)"], Limits())) == ["REPLACE INTO `my db`.`t``t` (`Id`, `v``v`) VALUES (1,2)"]


def test_a_text_key_is_written_again_byte_by_byte() -> None:
    made = layout_of(shape(field("Id", "varchar(9)"), field("v")), table(column("id", "varchar"), column("v")))
    assert made.on_duplicate == " ON DUPLICATE KEY UPDATE `Id` = VALUES(`Id`), `v` = VALUES(`v`)"


def test_a_key_that_updates_would_renew_is_written_again() -> None:
    renewed = replace(field("Id", "timestamp"), renewed=True)
    made = layout_of(shape(renewed, field("v")), table(column("id", "timestamp"), column("v")))
    assert made.on_duplicate == " ON DUPLICATE KEY UPDATE `Id` = VALUES(`Id`), `v` = VALUES(`v`)"


@pytest.mark.parametrize(
    ("charset", "key", "where"),
    [
        ("latin7", ("id", "v"), "(`id` = 1 AND `v` = 'x')"),
        ("latin7", ("v",), "(`v`) IN ((1))"),
        ("utf8mb4", ("id", "v"), "(`id`, `v`) IN ((1))"),
    ],
)
def test_keys_of_several_columns_in_other_charsets_are_compared_one_by_one(
    charset: str, key: tuple[str, ...], where: str
) -> None:
    used = shape(
        field("Id"), replace(field("v", "varchar(9)"), charset=charset), uniques=[Unique("PRIMARY", key, total=True)]
    )
    made = layout_of(used, table(column("id"), column("v", "varchar"), key=key))
    assert made.apart == (key if "AND" in where else ())
    assert next(deletes(made, [where if made.apart else "(1)"], Limits())).endswith(f"WHERE {where}")


def test_labels_go_by_their_numbers() -> None:
    used = shape(field("e", "enum('a','b','c')"), field("s", "set('x')"), uniques=[Unique("PRIMARY", ("e",), True)])
    labelled = [
        replace(column("e", "enum"), labels=("a", "b")),
        replace(column("s", "set"), labels=("x",)),
    ]
    made = layout_of(used, table(*labelled, key=("e",)))
    assert made.numbered == {"e", "s"}
    assert made.on_duplicate == (
        " ON DUPLICATE KEY UPDATE `e` = CAST(VALUES(`e`) AS UNSIGNED), `s` = CAST(VALUES(`s`) AS UNSIGNED)"
    )
    assert list(deletes(made, ["(`e` = 1)", "(`e` = 2)"], Limits())) == [
        "DELETE `my db`.`t``t` FROM `my db`.`t``t` FORCE INDEX (`PRIMARY`) WHERE (`e` = 1) OR (`e` = 2)"
    ]


def test_numbers_of_labels_are_matched_exactly_without_a_key() -> None:
    used = shape(field("s", "set('x')"), uniques=[])
    made = layout_of(used, table(replace(column("s", "set"), labels=("x",)), key=()))
    assert one_deleted(made, ("1",)) == "DELETE FROM `my db`.`t``t` WHERE CAST(`s` AS UNSIGNED) <=> 1 LIMIT 1"


def test_other_labels_go_by_their_text() -> None:
    used = shape(field("e", "enum('b','a')"), field("s", "varchar(9)"), uniques=[Unique("PRIMARY", ("e",), True)])
    labelled = [replace(column("e", "enum"), labels=("a", "b")), replace(column("s", "set"), labels=("x",))]
    made = layout_of(used, table(*labelled, key=("e",)))
    assert made.numbered == frozenset()
    assert next(deletes(made, ["('a')"], Limits())).endswith("WHERE (`e`) IN (('a'))")


def test_the_index_of_the_key_is_forced() -> None:
    used = shape(field("Id"), uniques=[Unique("by_id", ("Id",), True)])
    assert "FORCE INDEX (`by_id`)" in layout_of(used, table(column("id"))).delete


def test_generated_columns_of_either_end_are_not_written() -> None:
    used = shape(field("Id"), field("a", generated=True), field("b"), field("c"))
    made = layout_of(used, table(column("id"), column("a"), column("b", generated=True), column("c")))
    assert made.written == ("id", "c")


@pytest.mark.parametrize(
    ("uniques", "key", "kind"),
    [
        ([PRIMARY], ("id",), Kind.KEYED),
        ([Unique("u", ("Id",), True)], ("id",), Kind.KEYED),
        ([PRIMARY, Unique("u", ("v",), False)], ("id",), Kind.UNIQUES),
        ([Unique("u", ("v",), False)], (), Kind.KEYLESS),
        ([], (), Kind.KEYLESS),
    ],
)
def test_the_kind_follows_from_the_destination(uniques: list[Unique], key: tuple[str, ...], kind: Kind) -> None:
    used = shape(field("Id"), field("v"), uniques=uniques)
    assert layout_of(used, table(column("id"), column("v"), key=key)).kind is kind


@pytest.mark.parametrize(
    ("fields", "uniques", "message"),
    [
        ([field("id")], [PRIMARY], "no column v"),
        ([field("id"), field("v"), field("w", required=True)], [PRIMARY], "no value for the destination's column w"),
        ([field("id"), field("v")], [], r"no unique key on \(id\)"),
        ([field("id"), field("v")], [Unique("u", ("id",), False)], r"no unique key on \(id\)"),
    ],
)
def test_what_does_not_fit_is_said(fields: list[Field], uniques: list[Unique], message: str) -> None:
    with pytest.raises(Fatal, match=message) as raised:
        layout_of(shape(*fields, uniques=uniques), table(column("id"), column("v")))
    assert raised.value.hint


def test_a_row_without_a_key_is_found_by_all_its_bytes() -> None:
    types = ["int", "varchar(3)", "double", "json", "point", "vector(2)", "enum('{')", "varbinary(3)"]
    names = ["a", "b", "c{", "d", "e", "f", "g", "h"]
    used = shape(*(field(*pair) for pair in zip(names, types, strict=True)), uniques=[])
    made = layout_of(used, table(*map(column, names), key=()))
    conditions = one_deleted(made, ("1", "'{}'", "1e0", "'{}'", "X'00'", "X'01'", "'{'", "NULL"))
    assert conditions == (
        "DELETE FROM `my db`.`t``t` WHERE `a` <=> 1"
        " AND CAST(`b` AS BINARY) <=> CAST(CONVERT('{}' USING sjis) AS BINARY)"
        " AND CONCAT(`c{` * 1e0) <=> CONCAT(1e0 * 1e0)"
        " AND CAST(CAST(`d` AS CHAR) AS BINARY) <=> CAST(CAST(CAST('{}' AS JSON) AS CHAR) AS BINARY)"
        " AND HEX(`e`) <=> HEX(X'00') AND HEX(`f`) <=> HEX(X'01') AND `g` <=> '{' AND `h` <=> NULL LIMIT 1"
    )


def test_statements_stay_within_the_limits() -> None:
    made = layout_of(shape(field("Id")), table(column("id")))
    by_rows = list(inserts(made, ["(1)"] * 5, Limits(rows=2)))
    assert [sql.count("(1)") for sql in by_rows] == [2, 2, 1]
    by_size = list(inserts(made, ["(1)", "(22222222)", "(1)", "(1)"], Limits(characters=9)))
    assert [sql.split(" VALUES ")[1] for sql in by_size] == ["(1)", "(22222222)", "(1),(1)"]
    assert list(inserts(made, [], Limits())) == []
