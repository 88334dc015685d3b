"""Statements for the rows that follow others."""

from collections.abc import Sequence

from apply.cascade import MOST_STEPS, ForeignKey, Root, Step, first_steps, found, next_steps, roots, statement
from schemas.names import TableName
from schemas.records import FollowedRow

A, B, C = (TableName("d", name) for name in "abc")


def key(child: TableName, parent: TableName, on_delete: str = "", on_update: str = "") -> ForeignKey:
    return ForeignKey(f"{child}-{parent}", child, ("p",), parent, ("id",), on_delete, on_update)


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
    keys = [key(B, A, "SET NULL", "CASCADE"), ForeignKey("k", C, ("q",), B, ("p",), "CASCADE", "SET NULL")]

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
        ForeignKey("k", C, ("q",), B, ("p",), "", "CASCADE"),
        key(C, B, "", "CASCADE"),  # by another column, which stays
    ]

    first = only(first_steps(changed("1", "5"), keys))
    second = only(next_steps(first, keys))

    assert statement(first, []) == "UPDATE `d`.`b` AS t1 SET t1.`p` = 5 WHERE t1.`p` IN (1)"
    assert statement(second, []).endswith("SET t2.`q` = 5 WHERE t1.`p` IN (1)")


def test_of_several_columns_those_that_changed() -> None:
    both = ForeignKey("k", B, ("x", "y"), A, ("one", "two"), "CASCADE", "CASCADE")
    rows = [FollowedRow(before=("1", "'a'"), after=("1", "'b'")), FollowedRow(before=("3", "'c'"), after=None)]
    rows.append(FollowedRow(before=("4", "'d'"), after=None))

    went, renamed = roots(A, ["one", "two"], rows)

    assert statement(only(first_steps(renamed, [both])), []) == (
        "UPDATE `d`.`b` AS t1 SET t1.`y` = 'b' WHERE (t1.`x` = 1 AND t1.`y` = 'a')"
    )
    assert statement(only(first_steps(went, [both])), []) == (
        "DELETE t1 FROM `d`.`b` AS t1 WHERE (t1.`x` = 3 AND t1.`y` = 'c') OR (t1.`x` = 4 AND t1.`y` = 'd')"
    )


def test_no_more_steps_than_the_server_does() -> None:
    itself = key(A, A, "CASCADE")
    step = only(first_steps(gone("1"), [itself]))
    steps = 1
    while further := next_steps(step, [itself]):
        step, steps = only(further), steps + 1

    assert steps == MOST_STEPS
