"""Chunk SQL, held against SQLite (an independent reader of the same conditions) and against its text."""

import sqlite3
from dataclasses import replace
from itertools import pairwise, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.names import TableName
from schemas.table import Column, Table, UniqueKey
from snapshot import keyset
from snapshot.keyset import Bound, Span

_INT = Column(name="i", data_type="int", column_type="int", nullable=False)
_TEXT = Column(name="t", data_type="varchar", column_type="varchar(9)", nullable=False, collation="utf8mb4_0900_ai_ci")
_BYTES = Column(name="b", data_type="binary", column_type="binary(2)", nullable=False)
_REAL = Column(name="r", data_type="double", column_type="double", nullable=False)
_ENUM = Column(name="e", data_type="enum", column_type="enum(...)", nullable=False, labels=("z", "y", "x"))
_LARGE = replace(_ENUM, name="l", labels=tuple(str(number) for number in range(3000)))
_SET = Column(name="s", data_type="set", column_type="set(...)", nullable=False, labels=("q", "p"))
# a column, its declaration for SQLite (which compares as MySQL does then), and its literals
_KINDS: list[tuple[Column, str, list[str]]] = [
    (_INT, "INTEGER", ["-3", "0", "1", "2", "70000000000"]),
    (_TEXT, "TEXT COLLATE NOCASE", ["''", "'a'", "'B'", "'c c'", "'it''s'"]),
    (_BYTES, "BLOB", ["X'0000'", "X'00ff'", "X'61'", "X'ff00'"]),
    (_REAL, "REAL", ["-1.5e300", "-0.1e0", "0.0e0", "0.30000000000000004e0"]),
    (_ENUM, "INTEGER", ["0", "1", "2", "3"]),
    (_LARGE, "UNSIGNED", ["0", "1", "2999", "3000"]),
    (_SET, "INTEGER", ["0", "1", "2", "3"]),
]
Rows = set[Bound]


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[int], Rows]:
    """The kinds of a key's columns, and rows."""
    kinds = draw(st.lists(st.integers(0, len(_KINDS) - 1), min_size=1, max_size=4, unique=True))
    literals = [tuple(row) for row in product(*(_KINDS[kind][2] for kind in kinds))]
    return kinds, set(draw(st.lists(st.sampled_from(literals), max_size=30)))


@settings(max_examples=150, deadline=None, derandomize=True)
@given(tables(), st.integers(1, 5), st.data())
def test_chunks_of_ranges_hold_each_row_once_and_in_order(
    table: tuple[list[int], Rows], limit: int, data: st.DataObject
) -> None:
    kinds, rows = table
    keys = [_KINDS[kind][0] for kind in kinds]
    descending = data.draw(st.sets(st.sampled_from([column.name for column in keys])))
    with sqlite3.connect(":memory:") as database:
        names = [column.name for column in keys]
        columns = [f"{_KINDS[kind][0].name} {_KINDS[kind][1]}" for kind in kinds]
        database.execute(f"CREATE TABLE x ({', '.join(columns)})")
        for row in rows:
            database.execute(f"INSERT INTO x VALUES ({', '.join(row)})")
        order = ", ".join(name + " DESC" * (name in descending) for name in names)
        in_order = database.execute(f"SELECT * FROM x ORDER BY {order}").fetchall()
        literal = {tuple(_value(database, text) for text in row): row for row in rows}
        cuts = data.draw(st.lists(st.integers(0, max(0, len(in_order) - 1)), max_size=3)) if in_order else []
        width = data.draw(st.integers(1, len(keys)))
        bounds = sorted({literal[in_order[cut]][:width]: cut for cut in cuts}.items(), key=lambda item: item[1])

        walked = []
        edges: list[Bound | None] = [None, *(bound for bound, _ in bounds), None]
        for lower, upper in pairwise(edges):
            after = lower
            while chunk := database.execute(_select(keys, Span(after, upper, descending), order, limit)).fetchall():
                walked += chunk
                after = literal[chunk[-1]]

    assert walked == in_order


def _select(keys: list[Column], span: Span, order: str, limit: int) -> str:
    condition = keyset.within(keys, span)
    return f"SELECT * FROM x {condition and f'WHERE {condition}'} ORDER BY {order} LIMIT {limit}"


def _value(database: sqlite3.Connection, text: str) -> object:
    return database.execute(f"SELECT {text}").fetchone()[0]


def _table(*columns: Column, primary_key: tuple[str, ...] = (), unique_keys: tuple[UniqueKey, ...] = ()) -> Table:
    return Table(name=TableName("d`b", "t"), columns=columns, primary_key=primary_key, unique_keys=unique_keys)


def test_a_chunk_names_its_index_and_is_expanded() -> None:
    table = _table(_INT, _TEXT, primary_key=("t", "i"))

    assert keyset.chunk(table, ["`i`", "`t`"], Span(("'a'", "5"), ("'b'",)), 10) == (
        "SELECT `i`, `t` FROM `d``b`.`t` FORCE INDEX (`PRIMARY`)"
        " WHERE (`t` > 'a' OR (`t` = 'a' AND (`i` > 5))) AND (`t` < 'b' OR `t` = 'b') ORDER BY `t`, `i` LIMIT 10"
    )
    assert keyset.chunk(table, ["`i`"], Span(), 1) == (
        "SELECT `i` FROM `d``b`.`t` FORCE INDEX (`PRIMARY`) ORDER BY `t`, `i` LIMIT 1"
    )
    assert keyset.chunk(table, ["`i`"], Span(("'a'", "5"), descending=("i",)), 1) == (
        "SELECT `i` FROM `d``b`.`t` FORCE INDEX (`PRIMARY`) WHERE (`t` > 'a' OR (`t` = 'a' AND (`i` < 5)))"
        " ORDER BY `t`, `i` DESC LIMIT 1"
    )


@pytest.mark.parametrize(
    ("directions", "descending"),
    [("AA", ()), ("AD", ("i",)), ("DA", ("t",)), ("DD", ("t", "i"))],
)
def test_columns_descend_as_they_do_in_the_keys_index(directions: str, descending: tuple[str, ...]) -> None:
    primary = [("x", 0, "PRIMARY", at, name, way) for at, (name, way) in enumerate(zip("Ti", directions, strict=True))]
    others = [
        ("x", 0, "u", 1, "i", "D"),
        ("x", 0, "e", 1, None, "D"),
        ("x", 1, "k", 1, "t", "A"),
        ("x", 1, "k", 2, "i", "D"),
    ]
    table = _table(_INT, _TEXT, primary_key=("t", "i"))
    assert keyset.descending_columns(table, [*others, *primary]) == descending
    renamed = [(*row[:2], "v", *row[3:]) for row in primary]  # a log tells a unique key as the primary key
    assert keyset.descending_columns(table, [*others, *renamed]) == descending
    assert keyset.descending_columns(table, others) == ()


def test_the_first_whole_unique_key_stands_in_for_a_primary_key() -> None:
    partial, whole = UniqueKey(name="p", columns=("t",), total=False), UniqueKey(name="w", columns=("i",), total=True)

    assert "FORCE INDEX (`w`) ORDER BY `i`" in keyset.chunk(
        _table(_INT, _TEXT, unique_keys=(partial, whole)), ["1"], Span(), 1
    )


@pytest.mark.parametrize(
    ("column", "greater"),
    [
        (_ENUM, "(`e` IN (2, 3))"),
        (_SET, "(`s` IN (2, 3))"),
        (replace(_SET, labels=("p",)), "(`s` IN (2))"),
        (_LARGE, "(CAST(`l` AS UNSIGNED) > 1)"),
    ],
)
def test_enum_and_set_compare_by_number(column: Column, greater: str) -> None:
    assert keyset.within([column], Span(("1",))) == greater


def test_the_order_of_a_key_changes_with_what_sorts_it() -> None:
    table = _table(_INT, _TEXT, _ENUM, primary_key=("i", "t", "e"))
    wider = replace(_INT, data_type="bigint", column_type="bigint unsigned")

    assert keyset.order(_table(wider, _TEXT, _ENUM, _SET, primary_key=("i", "t", "e"))) == keyset.order(table)
    for other in (
        _table(_INT, replace(_TEXT, collation="utf8mb4_bin"), _ENUM, primary_key=("i", "t", "e")),
        _table(_INT, _TEXT, replace(_ENUM, labels=("y", "z", "x")), primary_key=("i", "t", "e")),
        _table(_INT, _TEXT, _ENUM, primary_key=("t", "i", "e")),
        _table(_INT, _TEXT, _ENUM),
    ):
        assert keyset.order(other) != keyset.order(table)
