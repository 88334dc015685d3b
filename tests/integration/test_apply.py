"""Apply on a real broker and a real destination; a feed stands in for capture."""

import time
import uuid
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass

import pytest

from apply.loop import Apply
from apply.settings import ApplySettings
from apply.state import Applied, Stuck, read
from deploy.local import Stack
from runtime.errors import Fatal
from runtime.mysql import Connection, connect
from schemas.names import TableName
from schemas.sql import identifier, qualified
from tests.integration.feed import Feed, Row, created, deleted, updated

PATIENCE_SECONDS = 30.0


@dataclass
class Lab:
    """A task of its own with one target, and a database of its own at both ends."""

    stack: Stack
    feed: Feed
    task: str
    database: str
    state: str
    destination: Connection

    def apply(self, **settings: int) -> Apply:
        return Apply(
            self.feed.kafka,
            self.task,
            "polar",
            self.stack.destination.endpoint("polar"),
            ApplySettings(state_database=self.state, **settings),
        )

    def rows(self, table: TableName, order: str = "1") -> list[Row]:
        return self.destination.query(f"SELECT * FROM {qualified(table)} ORDER BY {order}")

    def holds(self, table: TableName, *expected: Row) -> Callable[[], bool]:
        return lambda: self.has(table) and self.rows(table) == list(expected)

    def has(self, table: TableName) -> bool:
        sql = "SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA = %s AND TABLE_NAME = %s"
        return bool(self.destination.query(sql, (table.database, table.name)))

    def applied(self) -> Applied:
        return read(self.destination, self.state, "polar")

    def until(self, condition: Callable[[], bool], *sessions: Generator[None]) -> None:
        """Runs sessions, turn by turn, until the condition holds."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not condition():
            assert time.monotonic() < deadline, "the condition did not come true in time"
            for session in sessions:
                next(session)


@pytest.fixture
def lab(stack: Stack) -> Iterator[Lab]:
    name = f"ap_{uuid.uuid4().hex[:8]}"
    with ExitStack() as exit_stack:
        feed = exit_stack.enter_context(closing(Feed(stack, name)))
        destination = exit_stack.enter_context(closing(connect(stack.destination.endpoint("admin"))))
        feed.database(name)
        yield Lab(stack, feed, name, name, f"{name}_state", destination)
        for database in (name, f"{name}_state"):
            destination.execute(f"DROP DATABASE IF EXISTS {identifier(database)}")
        feed.source.execute(f"DROP DATABASE IF EXISTS {identifier(name)}")


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
    with closing(lab.apply().session()) as session, pytest.raises(Stuck, match="no row of the destination equals"):
        lab.until(lambda: False, session)
    assert lab.rows(table) == []


def test_the_error_value_of_enum(lab: Lab) -> None:
    table = lab.feed.create(lab.database, "CREATE TABLE t (id INT PRIMARY KEY, e ENUM('a',''), v VARCHAR(3))", "t")
    lab.feed.send(table, created(1, 0, "x"), created(2, 1, "y"), created(3, 2, "z"))
    numbers = f"SELECT id, e + 0 FROM {qualified(table)} ORDER BY 1"
    with closing(lab.apply().session()) as session:
        lab.until(
            lambda: lab.has(table) and lab.destination.query(numbers) == [(1, 0.0), (2, 1.0), (3, 2.0)], session
        )
        lab.destination.execute(f"ALTER TABLE {qualified(table)} MODIFY v VARCHAR(2)")
        lab.feed.send(table, created(4, 0, "xyz"))
        with pytest.raises(Stuck, match=r"offset 4.*would be adjusted"):
            lab.until(lambda: False, session)
    assert len(lab.rows(table)) == 3


def test_a_schema_change_waits_for_the_rows_before_it(lab: Lab) -> None:
    first = lab.feed.create(lab.database, "CREATE TABLE a (id INT PRIMARY KEY, v INT)", "a")
    second = lab.feed.create(lab.database, "CREATE TABLE b (id INT PRIMARY KEY)", "b")
    for number in range(20):
        lab.feed.send(first, created(number, number))
        lab.feed.send(second, created(number))
    lab.feed.change("ALTER_TABLE", "ALTER TABLE a ADD w INT NOT NULL DEFAULT 7, DROP v", first)
    lab.feed.send(first, created(100, 1), updated((0, 7), (0, 8)))
    lab.feed.send(second, created(100))
    lab.feed.change("TRUNCATE_TABLE", "TRUNCATE TABLE b", second)
    lab.feed.send(second, created(200))
    lab.feed.completed(second)
    lab.feed.change("RENAME_TABLE", "RENAME TABLE a TO c", first, TableName(lab.database, "c"))
    third = TableName(lab.database, "c")
    lab.feed.send(third, created(101, 2))
    with closing(lab.apply().session()) as session:
        rows = [(0, 8), *((number, 7) for number in range(1, 20)), (100, 1), (101, 2)]
        lab.until(lab.holds(third, *rows), session)
        lab.until(lab.holds(second, (200,)), session)
    assert not lab.has(first)
    assert lab.applied().epoch == lab.feed.epoch


def test_statements_about_databases(lab: Lab) -> None:
    other = f"{lab.database}_2"
    lab.feed.database(other)
    table = lab.feed.create(other, "CREATE TABLE t (id INT PRIMARY KEY)", "t")
    lab.feed.send(table, created(1))
    with closing(lab.apply().session()) as session:
        lab.until(lab.holds(table, (1,)), session)
        lab.feed.change("DROP_DATABASE", f"DROP DATABASE {other}", table)
        lab.until(lambda: lab.applied().epoch == lab.feed.epoch, session)
    found = lab.destination.query("SELECT 1 FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = %s", (other,))
    assert found == []


def test_a_database_that_holds_more_stays(lab: Lab) -> None:
    table = lab.feed.create(lab.database, "CREATE TABLE t (id INT PRIMARY KEY)", "t")
    with closing(lab.apply().session()) as session:
        lab.until(lab.holds(table), session)
        lab.destination.execute(f"CREATE TABLE {identifier(lab.database)}.theirs (id INT PRIMARY KEY)")
        lab.feed.change("DROP_DATABASE", f"DROP DATABASE {lab.database}", table)
        lab.until(lambda: lab.applied().epoch == lab.feed.epoch, session)
    assert not lab.has(table)
    assert lab.has(TableName(lab.database, "theirs"))


def test_a_table_that_somebody_else_made(lab: Lab) -> None:
    table = TableName(lab.database, "t")
    lab.destination.execute(f"CREATE DATABASE {lab.database}")
    lab.destination.execute(f"CREATE TABLE {qualified(table)} (id INT PRIMARY KEY, v INT)")
    lab.feed.create(lab.database, "CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(3))", "t")
    with closing(lab.apply().session()) as session, pytest.raises(Fatal, match=r"which the destination has already"):
        lab.until(lambda: False, session)
    lab.destination.execute(f"ALTER TABLE {qualified(table)} MODIFY v VARCHAR(3)")
    lab.feed.send(table, created(1, "a"))
    with closing(lab.apply().session()) as session:
        lab.until(lab.holds(table, (1, "a")), session)


def test_a_refused_schema_change_stops_and_is_tried_again(lab: Lab) -> None:
    table = lab.feed.create(lab.database, "CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(3))", "t")
    with closing(lab.apply().session()) as session:
        lab.until(lab.holds(table), session)
        lab.destination.execute(f"ALTER TABLE {qualified(table)} ADD w INT")
        lab.feed.change("ALTER_TABLE", "ALTER TABLE t ADD w BIGINT", table)
        lab.feed.send(table, created(1, "a", 2))
        with pytest.raises(Stuck, match=r"refuses schema change 3: .*Duplicate column.*ADD w BIGINT"):
            lab.until(lambda: False, session)
    assert [problem.table for problem in lab.applied().problems] == [str(table)]
    lab.destination.execute(f"ALTER TABLE {qualified(table)} DROP w")
    with closing(lab.apply().session()) as session:
        lab.until(lab.holds(table, (1, "a", 2)), session)
    assert lab.applied().problems == ()
