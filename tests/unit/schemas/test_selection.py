from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.names import TableName
from schemas.selection import SYSTEM_DATABASES, Pattern, Selection

NAMES = st.text("abA_*?.", min_size=1, max_size=4)
DATABASES = NAMES.map(lambda name: name.replace(".", "b"))
PATTERNS = st.builds(lambda database, table: f"{database}.{table}", DATABASES, NAMES)


def test_everything_but_the_system_is_selected_by_default() -> None:
    selection = Selection()
    assert selection.selected(TableName("shop", "orders"))
    assert selection.may_select_database("shop")
    for database in SYSTEM_DATABASES:
        assert not selection.selected(TableName(database, "user"))
        assert not selection.may_select_database(database)


def test_names_are_compared_exactly() -> None:
    selection = Selection(include=("Shop.*",))
    assert selection.selected(TableName("Shop", "t"))
    assert not selection.selected(TableName("shop", "t"))


def test_exclude_wins_over_include() -> None:
    selection = Selection(include=("shop.*",), exclude=("shop.tmp_*", "shop.log?"))
    assert selection.selected(TableName("shop", "logs1"))
    assert not selection.selected(TableName("shop", "tmp_1"))
    assert not selection.selected(TableName("shop", "log1"))


def test_a_database_whose_tables_are_all_excluded_is_not_selected() -> None:
    selection = Selection(exclude=("tmp_?.*", "shop.a*"))
    assert not selection.may_select_database("tmp_1")
    assert selection.may_select_database("shop")


@pytest.mark.parametrize("text", ["", "shop", "shop.", ".orders", "."])
def test_a_pattern_without_both_parts_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="database\\.table"):
        Pattern.parse(text)


@given(PATTERNS, DATABASES, NAMES)
def test_wildcards_mean_what_a_shell_means(text: str, database: str, table: str) -> None:
    wanted_database, _, wanted_table = text.partition(".")
    expected = fnmatchcase(database, wanted_database) and fnmatchcase(table, wanted_table)
    assert Pattern.parse(text).matches(TableName(database, table)) == expected


@given(st.lists(PATTERNS, min_size=1, max_size=3), st.lists(PATTERNS, max_size=3), DATABASES, NAMES)
def test_a_selected_table_lies_in_a_database_that_may_be_selected(
    include: list[str], exclude: list[str], database: str, table: str
) -> None:
    selection = Selection(include=tuple(include), exclude=tuple(exclude))
    if selection.selected(TableName(database, table)):
        assert selection.may_select_database(database)
    if not selection.may_select_database(database):
        assert not selection.selected(TableName(database, table))
