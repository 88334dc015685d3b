"""Apply against real servers: rows of every kind of table, once, in order."""

from contextlib import closing

import pytest

from apply.state import Stuck
from schemas.sql import qualified
from tests.integration.lab import Lab
from tests.unit.apply.values import Row, created, deleted, updated


def test_rows_arrive_and_follow(lab: Lab) -> None:
    table = lab.feed.create(lab.database, "CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(20))", "t")
    lab.feed.send(table, created(1, "a"), created(2, "b"), created(3, None))
    with closing(lab.apply().session()) as session:
        lab.until(lab.holds(table, (1, "a"), (2, "b"), (3, None)), session)
        lab.feed.send(table, updated((1, "a"), (1, "it's\\")), deleted(2, "b"), created(4, "d"))
        lab.until(lab.holds(table, (1, "it's\\"), (3, None), (4, "d")), session)


def test_a_restart_goes_on_at_the_fence(lab: Lab) -> None:
    table = lab.feed.create(lab.database, "CREATE TABLE t (v INT)", "t")  # no key: a record applied twice would show
    lab.feed.send(table, created(1), created(2))
    with closing(lab.apply().session()) as session:
        lab.until(lab.holds(table, (1,), (2,)), session)
    lab.feed.send(table, created(3))
    with closing(lab.apply().session()) as session:
        lab.until(lab.holds(table, (1,), (2,), (3,)), session)


def test_unique_values_change_hands(lab: Lab) -> None:
    table = lab.feed.create(lab.database, "CREATE TABLE t (id INT PRIMARY KEY, u INT UNIQUE, w INT UNIQUE)", "t")
    lab.feed.send(table, created(1, 10, 100), created(2, 20, 200), created(3, 30, 300))
    with closing(lab.apply().session()) as session:
        lab.until(lab.holds(table, (1, 10, 100), (2, 20, 200), (3, 30, 300)), session)
        lab.feed.send(
            table,
            updated((1, 10, 100), (1, None, 100)),
            updated((2, 20, 200), (2, 10, 200)),
            updated((1, None, 100), (1, 20, 100)),
            deleted(3, 30, 300),
            created(4, 30, 300),
            updated((1, 20, 100), (1, 20, None)),
            updated((4, 30, 300), (4, 30, 100)),
        )
        lab.until(lab.holds(table, (1, 20, None), (2, 10, 200), (4, 30, 100)), session)


def test_keys_that_the_collation_takes_for_one(lab: Lab) -> None:
    table = lab.feed.create(lab.database, "CREATE TABLE t (k VARCHAR(9) PRIMARY KEY, v INT)", "t")
    lab.feed.send(table, created("a", 1))
    with closing(lab.apply().session()) as session:
        lab.until(lab.holds(table, ("a", 1)), session)
        lab.feed.send(table, deleted("a", 1), created("A", 2))
        lab.until(lab.holds(table, ("A", 2)), session)
        lab.feed.send(table, deleted("A", 2), created("a", 3), deleted("a", 3), created("A", 4))
        lab.until(lab.holds(table, ("A", 4)), session)


def test_tables_without_a_key_are_changed_row_by_row(lab: Lab) -> None:
    table = lab.feed.create(
        lab.database,
        "CREATE TABLE t (v VARCHAR(9), f DOUBLE, j JSON, e ENUM('a','b'), g POINT, b VARBINARY(5), d DATE)",
        "t",
    )
    point = bytes(4) + bytes.fromhex("0101000000") + bytes(16)
    one: Row = ("x", "0.1", '{"a": 1.0}', 1, point, b"\0'", "2024-02-30")
    same_but_case: Row = ("X", "0.1", '{"a": 1.0}', 1, point, b"\0'", "2024-02-30")
    other_number: Row = ("x", "0.1", '{"a": 1}', 1, point, b"\0'", "2024-02-30")
    nothing: Row = (None,) * 7
    lab.feed.send(table, *(created(*row) for row in (one, same_but_case, other_number, one, nothing, nothing)))
    shown = lab.rows
    with closing(lab.apply().session()) as session:
        lab.until(lambda: lab.has(table) and len(shown(table)) == 6, session)
        lab.feed.send(table, deleted(*one), updated(nothing, ("new", *one[1:])), deleted(*other_number))
        lab.until(lambda: len(shown(table)) == 4, session)
    sql = f"SELECT v, CAST(j AS CHAR), CAST(d AS CHAR) FROM {qualified(table)} ORDER BY BINARY v"
    assert lab.destination.query(sql) == [
        (None, None, None),
        ("X", '{"a": 1.0}', "2024-02-30"),
        ("new", '{"a": 1.0}', "2024-02-30"),
        ("x", '{"a": 1.0}', "2024-02-30"),
    ]


def test_a_row_to_change_that_is_not_there_stops(lab: Lab) -> None:
    table = lab.feed.create(lab.database, "CREATE TABLE t (v INT)", "t")
    lab.feed.send(table, created(1), deleted(2))
    with (
        closing(lab.apply().session()) as session,
        pytest.raises(Stuck, match="without a key: no row of the destination equals"),
    ):
        lab.until(lambda: False, session)
    assert lab.rows(table) == [(1,)]
    assert [problem.offset for problem in lab.applied().problems] == [1]


def test_the_error_value_of_enum(lab: Lab) -> None:
    table = lab.feed.create(lab.database, "CREATE TABLE t (id INT PRIMARY KEY, e ENUM('a',''), v VARCHAR(3))", "t")
    lab.feed.send(table, created(1, 0, "x"), created(2, 1, "y"), created(3, 2, "z"))
    numbers = f"SELECT id, e + 0 FROM {qualified(table)} ORDER BY 1"
    with closing(lab.apply().session()) as session:
        lab.until(lambda: lab.has(table) and lab.destination.query(numbers) == [(1, 0.0), (2, 1.0), (3, 2.0)], session)
        lab.destination.execute(f"ALTER TABLE {qualified(table)} MODIFY v VARCHAR(2)")
        lab.feed.send(table, created(4, 0, "xyz"))
        with pytest.raises(Stuck, match=r"offset 4.*would be adjusted"):
            lab.until(lambda: False, session)
    assert len(lab.rows(table)) == 3


def test_committed_offsets_reach_the_ends_of_the_topics(lab: Lab) -> None:
    table = lab.feed.create(lab.database, "CREATE TABLE t (id INT PRIMARY KEY)", "t")
    with closing(lab.apply().session()) as session:
        lab.until(lab.all_committed, session)
        lab.feed.send(table, created(1))
        lab.until(lab.all_committed, session)
        lab.feed.change("TRUNCATE_TABLE", "TRUNCATE TABLE t", table)
        lab.feed.send(table, created(2))
        lab.until(lab.all_committed, session)
    assert lab.rows(table) == [(2,)]


def test_names_in_capitals_at_a_destination_that_lowers_them(lab: Lab) -> None:
    name = f"AP_{lab.database}"
    for _ in range(2):  # the second time it is there
        lab.feed.database(name)
    table = lab.feed.create(name, "CREATE TABLE Orders (Id INT PRIMARY KEY, V INT)", "Orders")
    lab.feed.send(table, created(1, 2))
    with closing(lab.apply().session()) as session:
        lab.until(lambda: lab.applied().epoch == lab.feed.epoch, session)
        lab.until(lambda: lab.rows(table) == [(1, 2)], session)
        lab.feed.change("DROP_DATABASE", f"DROP DATABASE {name}", table)
        lab.until(lambda: lab.applied().epoch == lab.feed.epoch, session)
    found = lab.destination.query("SELECT 1 FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = %s", (name.lower(),))
    assert found == []


def test_a_row_that_no_packet_holds(lab: Lab) -> None:
    limit = int(lab.destination.value("SELECT @@GLOBAL.max_allowed_packet"))
    table = lab.feed.create(lab.database, "CREATE TABLE t (id INT PRIMARY KEY, v LONGBLOB)", "t")
    lab.feed.send(table, created(1, b"a"), created(2, b"x" * (1 << 20)), created(3, b"c"))
    lab.destination.execute("SET GLOBAL max_allowed_packet = 1048576")
    try:
        with closing(lab.apply().session()) as session, pytest.raises(Stuck, match=r"key \(2\).*max_allowed_packet"):
            lab.until(lambda: False, session)
    finally:
        lab.destination.execute(f"SET GLOBAL max_allowed_packet = {limit}")
    with closing(lab.apply().session()) as session:
        lab.until(lambda: lab.count(table) == 3, session)
