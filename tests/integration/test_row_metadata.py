"""A source whose log does not name columns, through streams of DDL that capture meets late, and across restarts.

Columns here change names and places and keep their types: a definition that is too new would fit, and be wrong.
"""

from collections.abc import Iterator

import pytest

from deploy.local import Stack
from runtime.errors import Exit
from runtime.mysql import Connection, connect
from tests.conftest import NewTask
from tests.pipeline.task import Place

_CREATE = (
    "CREATE TABLE meta.t (id INT PRIMARY KEY, a INT, b INT, c VARCHAR(20) CHARACTER SET latin1, "
    "e ENUM('x','y','z'), UNIQUE (b))"
)
_INSERT = "INSERT INTO meta.t VALUES ({0}, {0} + 1, {0} + 2, 'größe', 'y')"
#: each is followed by rows
_CHANGES = (
    "ALTER TABLE meta.t RENAME COLUMN a TO b, RENAME COLUMN b TO a",
    "ALTER TABLE meta.t CHANGE b n INT, CHANGE a b INT AFTER n",
    "ALTER TABLE meta.t MODIFY c VARCHAR(20) CHARACTER SET cp1250",
    "ALTER TABLE meta.t MODIFY e ENUM('z','y','x')",
    "ALTER TABLE meta.t DROP COLUMN n, ADD COLUMN m INT AFTER id",
    "ALTER TABLE meta.t DROP INDEX b, DROP PRIMARY KEY, ADD PRIMARY KEY (id, b)",
    "RENAME TABLE meta.t TO meta.u, meta.u TO meta.t",
    "CREATE TABLE meta.like_t LIKE meta.t",
    "ALTER TABLE meta.t CONVERT TO CHARACTER SET utf8mb4, ALGORITHM=COPY",
)


@pytest.fixture
def source(databases: Stack) -> Iterator[Connection]:
    """A session at a source with MINIMAL."""
    with connect(databases.source.endpoint("admin")) as admin:
        admin.execute("SET GLOBAL binlog_row_metadata = MINIMAL")
        yield admin
        admin.execute("SET GLOBAL binlog_row_metadata = FULL")


def create(source: Connection) -> None:
    source.execute("CREATE DATABASE meta CHARACTER SET latin1")
    source.execute(_CREATE)
    source.execute(_INSERT.format(1))


def write(source: Connection, first: int) -> None:
    """Rows before and after each change; the columns are five at all times."""
    number = first
    for change in _CHANGES:
        source.execute(change)
        for _ in range(2):
            source.execute(f"INSERT INTO meta.t VALUES ({number}, {number} + 1, {number} + 2, 'x', 'y')")
            number += 10
        source.execute(f"UPDATE meta.t SET c = 'ü', e = 1 WHERE id = {number - 10}")


def test_definitions_are_exact_however_late_they_are_met(task: NewTask, source: Connection) -> None:
    create(source)
    run = task(include=["meta.*"])
    run.run("migrate", "--until", "caught-up")
    write(source, 10)
    source.execute("ALTER DATABASE meta CHARACTER SET utf8mb4")
    source.execute("CREATE TABLE meta.late (k VARCHAR(30) PRIMARY KEY, v CHAR(3) BINARY)")
    source.execute("INSERT INTO meta.late VALUES ('€', 'A')")
    source.execute("DROP TABLE meta.like_t")

    ended = run.run("migrate", "--until", "caught-up")

    run.assert_equal()
    assert "computed_definition_differs" not in ended.stderr
    assert "definition_adopted" not in ended.stderr


def test_the_log_may_begin_and_end_to_name_columns(task: NewTask, source: Connection) -> None:
    create(source)
    run = task(include=["meta.*"])
    run.run("migrate", "--until", "caught-up")
    for number, (metadata, change) in enumerate(zip(("FULL", "MINIMAL") * 2, _CHANGES, strict=False)):
        source.execute(f"SET GLOBAL binlog_row_metadata = {metadata}")
        source.execute(_INSERT.format(100 + 20 * number))
        source.execute(change)
        source.execute(_INSERT.format(110 + 20 * number))
        if number == 1:
            run.run("migrate", "--until", "caught-up")

    run.run("migrate", "--until", "caught-up")
    run.assert_equal()


def test_an_effect_that_is_not_certain_stops_and_names_what_came_between(task: NewTask, source: Connection) -> None:
    create(source)
    run = task(include=["meta.*"])
    run.run("migrate", "--until", "caught-up")
    source.execute("ALTER TABLE meta.t CONVERT TO CHARACTER SET utf8mb4, MODIFY c TEXT")
    source.execute(_INSERT.format(7))
    source.execute("ALTER TABLE meta.t RENAME COLUMN a TO b, RENAME COLUMN b TO a")

    ended = run.run("migrate", "--until", "caught-up", expected=Exit.OPERATOR)

    assert "meta.t: the log does not name the columns" in ended.tail()
    assert "ALTER TABLE meta.t RENAME COLUMN a TO b" in ended.tail()


def test_a_change_that_was_not_logged_is_read_from_the_source(task: NewTask, source: Connection) -> None:
    create(source)
    run = task(include=["meta.*"])
    run.run("migrate", "--until", "caught-up")
    source.execute("SET SESSION sql_log_bin = 0")
    source.execute("ALTER TABLE meta.t MODIFY a BIGINT")
    source.execute("SET SESSION sql_log_bin = 1")
    source.execute(_INSERT.format(7))

    ended = run.run("migrate", "--until", "caught-up")

    assert "definition_adopted" in ended.stderr
    with connect(run.stack.destination.endpoint("admin")) as there:
        assert there.query("SELECT a, b FROM meta.t WHERE id = 7") == [(8, 9)]


def test_rows_are_read_again_when_the_stream_meets_what_changed_them(task: NewTask, source: Connection) -> None:
    create(source)
    source.execute("CREATE TABLE meta.bag (a INT, b INT)")
    source.execute("INSERT INTO meta.bag VALUES (1, 2), (1, 2)")
    run = task(include=["meta.*"])
    begun = run.start("capture", dies_at=Place("capture.opened"))
    assert begun.exit_code() == -9
    for number in range(300):  # what the stream must pass before it meets the changes
        source.execute(_INSERT.format(10 + 3 * number))
    for table in ("t", "bag"):
        source.execute(f"ALTER TABLE meta.{table} RENAME COLUMN a TO b, RENAME COLUMN b TO a")
        source.execute(f"ALTER TABLE meta.{table} MODIFY a VARCHAR(30)")
        source.execute(f"UPDATE meta.{table} SET a = CONCAT('text ', a)")

    run.run("migrate", "--until", "caught-up")

    run.assert_equal()
