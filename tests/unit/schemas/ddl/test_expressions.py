"""Which generated columns may have another value in another session."""

import pytest

from schemas.ddl.expressions import depends, words, zoned

TYPES = {"a": "int", "b": "int", "name": "varchar", "doc": "json", "code": "char", "ts": "timestamp", "dt": "datetime"}


@pytest.mark.parametrize(
    ("expression", "own_type"),
    [
        ("((`a` + 1))", "int"),
        ("(concat(lower(`name`),_utf8mb4'-',`a`))", "varchar"),
        ("(json_unquote(json_extract(`doc`,_utf8mb4'$.id')))", "varchar"),
        ("(if((`a` > 3),`b`,NULL))", "bigint"),
    ],
)
def test_what_gives_one_value_everywhere(expression: str, own_type: str) -> None:
    assert not depends(expression, own_type, TYPES)


@pytest.mark.parametrize(
    ("expression", "own_type"),
    [
        ("((`a` - `b`))", "bigint"),
        ("(-(`a`))", "bigint"),
        ("((`a` / 3))", "decimal"),
        ("(concat(`code`,_utf8mb4'x'))", "varchar"),
        ("(cast(`ts` as date))", "date"),
        ("(`name`)", "date"),
        ("(monthname(`dt`))", "varchar"),
        ("(from_unixtime(`a`))", "datetime"),
        ("(regexp_replace(`name`,_utf8mb4'a',_utf8mb4'b'))", "varchar"),
        ("(`unknown`)", "int"),
    ],
)
def test_what_may_hang_on_the_session(expression: str, own_type: str) -> None:
    assert depends(expression, own_type, TYPES)


def test_what_hangs_on_the_time_zone() -> None:
    found = ("(cast(`ts` as date))", "(from_unixtime(`a`))", "(cast(`dt` as date))")
    assert [zoned(each, TYPES) for each in found] == [True, True, False]
    assert "/" in words("((`a` / 3))")
