"""Statements for the rows that follow others."""

from collections.abc import Sequence

from apply.cascade import (
    MOST_STEPS,
    ForeignKey,
    Root,
    Step,
    contradictory,
    first_steps,
    found,
    next_steps,
    roots,
    statement,
)
from apply.destination import Field
from schemas.names import TableName
from schemas.records import FollowedRow

A, B, C = (TableName("d", name) for name in "abc")


def key(
    child: TableName,
    parent: TableName,
    on_delete: str = "",
    on_update: str = "",
    columns: tuple[str, ...] = ("p",),
    referenced: tuple[str, ...] = ("id",),
    column_type: str = "int",
) -> ForeignKey:
    charset = "utf8mb4" if column_type.endswith("char(9)") else ""
    fields = tuple(Field(name.upper(), column_type, False, False, charset) for name in columns)
    return ForeignKey(f"{child}-{parent}", child, columns, fields, parent, referenced, on_delete, on_update)


def gone(*ids: str) -> Root:
    (root,) = roots(A, ["ID"], [FollowedRow(before=(each,), after=None) for each in ids])
    return root


def changed(before: str, after: str) -> Root:
    (root,) = roots(A, ["id"], [FollowedRow(before=(before,), after=(after,))])
    return root


def only(steps: Sequence[Step]) -> Step:
    (step,) = steps
    return step


def test_rows_that_go_take_others_with_them() -> None:
    keys = [key(B, A, "CASCADE"), key(C, B, "CASCADE", "CASCADE"), key(C, A, "RESTRICT")]

    first = only(first_steps(gone("1", "2"), keys))
    second = only(next_steps(first, keys))

    assert statement(first, ["stamp"]) == "DELETE t1 FROM `d`.`b` AS t1 WHERE t1.`p` IN (1, 2)"
    assert statement(second, []) == (
        "DELETE t2 FROM `d`.`b` AS t1 JOIN `d`.`c` AS t2 ON t2.`p` = t1.`id` WHERE t1.`p` IN (1, 2)"
    )
    assert found(second).startswith("SELECT 1 FROM `d`.`b` AS t1 JOIN `d`.`c` AS t2 ON")
    assert next_steps(second, keys) == []


def test_rows_lose_what_they_refer_to() -> None:
    keys = [key(B, A, "SET NULL", "CASCADE"), key(C, B, "CASCADE", "SET NULL", ("q",), ("p",))]

    first = only(first_steps(gone("1"), keys))
    second = only(next_steps(first, keys))

    assert statement(first, ["Stamp"]) == (
        "UPDATE `d`.`b` AS t1 SET t1.`stamp` = t1.`Stamp`, t1.`p` = NULL WHERE t1.`p` IN (1)"
    )
    assert statement(second, []) == (
        "UPDATE `d`.`b` AS t1 JOIN `d`.`c` AS t2 ON t2.`q` = t1.`p` SET t2.`q` = NULL WHERE t1.`p` IN (1)"
    )


def test_new_values_go_as_far_as_they_are_referred_to() -> None:
    keys = [
        key(B, A, "", "CASCADE"),
        key(C, B, "", "CASCADE", ("q",), ("p",)),
        key(C, B, "", "CASCADE"),  # by another column, which stays
    ]

    first = only(first_steps(changed("1", "5"), keys))
    second = only(next_steps(first, keys))

    assert statement(first, []) == "UPDATE `d`.`b` AS t1 SET t1.`p` = 5 WHERE t1.`p` IN (1)"
    assert statement(second, []).endswith("SET t2.`q` = 5 WHERE t1.`p` IN (1)")


def test_of_several_columns_those_that_changed() -> None:
    both = key(B, A, "CASCADE", "CASCADE", ("x", "y"), ("one", "two"))
    rows = [FollowedRow(before=("1", "'a'"), after=("1", "'b'")), FollowedRow(before=("3", "'c'"), after=None)]
    rows.append(FollowedRow(before=("4", "'d'"), after=None))

    went, renamed = roots(A, ["one", "two"], rows)

    assert statement(only(first_steps(renamed, [both])), []) == (
        "UPDATE `d`.`b` AS t1 SET t1.`y` = 'b' WHERE (t1.`x` = 1 AND t1.`y` = 'a')"
    )
    assert statement(only(first_steps(went, [both])), []) == (
        "DELETE t1 FROM `d`.`b` AS t1 WHERE (t1.`x` = 3 AND t1.`y` = 'c') OR (t1.`x` = 4 AND t1.`y` = 'd')"
    )


def test_a_new_spelling_goes_no_further_than_to_rows_that_have_it() -> None:
    """InnoDB compares bytes before it leads on; a number has no second spelling."""
    text = [
        key(B, A, "", "CASCADE", column_type="varchar(9)"),
        key(C, B, "", "SET NULL", ("q",), ("p",), "char(9)"),
        key(A, C, "", "CASCADE", ("r",), ("q",)),
    ]

    first = only(first_steps(changed("'a'", "'A'"), text))
    second = only(next_steps(first, text))

    assert statement(first, []) == "UPDATE `d`.`b` AS t1 SET t1.`p` = 'A' WHERE t1.`p` IN ('a')"
    assert statement(second, []) == (
        "UPDATE `d`.`b` AS t1 JOIN `d`.`c` AS t2 ON t2.`q` <=> t1.`p` AND t1.`p` IS NOT NULL SET t2.`q` = NULL"
        " WHERE t1.`p` IN ('a', 'a') AND NOT (CAST(t1.`p` AS BINARY) <=> CAST(CONVERT('A' USING utf8mb4) AS BINARY))"
    )
    assert only(next_steps(second, text)).passed == second.passed, "what became NULL was something else"
    assert not only(next_steps(only(first_steps(changed("1", "2"), numbers())), numbers())).passed


def numbers() -> list[ForeignKey]:
    return [key(B, A, "", "CASCADE"), key(C, B, "", "CASCADE", ("q",), ("p",))]


def test_the_blanks_of_a_char_are_no_spelling() -> None:
    keys = [key(B, A, "", "CASCADE", column_type="char(9)"), key(C, B, "", "CASCADE", ("q",), ("p",), "char(9)")]

    step = only(next_steps(only(first_steps(changed("'a'", "'a '"), keys)), keys))

    assert "CAST(CONVERT(TRIM(TRAILING ' ' FROM 'a ') USING utf8mb4) AS BINARY)" in statement(step, [])


def test_ways_of_which_the_order_counts() -> None:
    goes, stays = key(B, A, "CASCADE", "CASCADE"), key(B, A, "SET NULL", "CASCADE")
    other = key(B, A, "SET NULL", columns=("q",))

    assert contradictory(first_steps(gone("1"), [goes, stays]), [goes, stays]) == B
    assert contradictory(first_steps(gone("1"), [goes, other]), [goes, other]) is None
    assert contradictory(first_steps(changed("1", "2"), [goes, stays]), [goes, stays]) is None, "both do the same"


def test_no_more_steps_than_the_server_does() -> None:
    itself = key(A, A, "CASCADE")
    step = only(first_steps(gone("1"), [itself]))
    steps = 1
    while further := next_steps(step, [itself]):
        step, steps = only(further), steps + 1

    assert steps == MOST_STEPS
