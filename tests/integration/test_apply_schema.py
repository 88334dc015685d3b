"""Apply against real servers: schema changes between the rows before and after them."""

from contextlib import ExitStack, closing

import pytest
from structlog.testing import capture_logs

from apply.destination import open_session
from apply.records import Place
from apply.state import Stuck
from runtime.errors import Fatal, Transient
from runtime.mysql import connect
from schemas.names import TableName
from schemas.sql import identifier, qualified
from tests.integration.lab import Lab
from tests.integration.order import Order
from tests.unit.apply.values import created, updated


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


def test_a_schema_change_behind_records_that_compaction_removed(lab: Lab) -> None:
    table = lab.feed.create(lab.database, "CREATE TABLE t (id INT PRIMARY KEY)", "t")
    lab.feed.send(table, created(1))
    lab.feed.removed = 1  # the barrier counts one record more than there is
    lab.feed.change("ALTER_TABLE", "ALTER TABLE t ADD v INT", table)
    lab.feed.send(table, created(2, 2))
    with closing(lab.apply().session()) as session:
        lab.until(lambda: lab.applied().epoch == lab.feed.epoch, session)
        lab.until(lab.holds(table, (1, None), (2, 2)), session)


def test_a_schema_change_made_by_hand_after_a_refusal(lab: Lab) -> None:
    table = lab.feed.create(lab.database, "CREATE TABLE t (id INT PRIMARY KEY, v INT)", "t")
    with closing(lab.apply().session()) as session:
        lab.until(lab.all_committed, session)
        lab.destination.execute(f"ALTER TABLE {qualified(table)} DROP v")
        lab.feed.change("ALTER_TABLE", "ALTER TABLE t CHANGE v w BIGINT", table)
        lab.feed.send(table, created(1, 2))
        with pytest.raises(Stuck, match="Unknown column 'v'"):
            lab.until(lambda: False, session)
    lab.destination.execute(f"ALTER TABLE {qualified(table)} ADD w BIGINT")
    with closing(lab.apply().session()) as session:
        lab.until(lab.holds(table, (1, 2)), session)


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
        lab.until(lab.all_committed, session)
        lab.destination.execute(f"CREATE TABLE {identifier(lab.database)}.theirs (id INT PRIMARY KEY)")
        lab.feed.change("DROP_DATABASE", f"DROP DATABASE {lab.database}", table)
        lab.until(lambda: lab.applied().epoch == lab.feed.epoch, session)
    assert not lab.has(table)
    assert lab.has(TableName(lab.database, "theirs"))


STATEMENT = (
    "CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(3), n INT AS (id + 1) STORED, KEY k (v), CHECK (id < 99),"
    " CONSTRAINT self FOREIGN KEY (n) REFERENCES t (id)) COLLATE utf8mb4_0900_ai_ci"
)
UNLIKE = {
    "column v": "MODIFY v VARCHAR(4)",
    "collation": "COLLATE utf8mb4_bin",
    "unique key u": "ADD UNIQUE KEY u (v)",
    "check t_chk_1": "ALTER CHECK t_chk_1 NOT ENFORCED",
    "column n": "MODIFY n INT AS (id + 2) STORED",
    "index k": "ALTER INDEX k INVISIBLE",
    "foreign key self": "DROP FOREIGN KEY self",
    "row_format": "ROW_FORMAT = COMPRESSED",
}


def test_a_table_that_somebody_else_made(lab: Lab) -> None:
    """Refused whatever the difference; used when it is the same and empty."""
    table = TableName(lab.database, "t")
    lab.destination.execute(f"CREATE DATABASE {lab.database}")
    lab.destination.execute(f"USE {lab.database}")
    lab.feed.create(lab.database, STATEMENT, "t")
    for aspect, change in UNLIKE.items():
        lab.destination.execute(STATEMENT)
        lab.destination.execute(f"ALTER TABLE t {change}")
        with (
            closing(lab.apply().session()) as session,
            pytest.raises(Fatal, match=f"with a difference: {aspect}: [^;]*"),
        ):
            lab.until(lambda: False, session)
        lab.destination.execute("DROP TABLE t")
    lab.destination.execute(STATEMENT)
    lab.destination.execute("CREATE TRIGGER fires BEFORE INSERT ON t FOR EACH ROW SET NEW.v = 'x'")
    with closing(lab.apply().session()) as session, pytest.raises(Fatal, match="trigger fires would fire"):
        lab.until(lambda: False, session)
    lab.destination.execute("DROP TRIGGER fires")
    lab.feed.send(table, created(1, "a", 2))
    with closing(lab.apply().session()) as session:
        lab.until(lab.holds(table, (1, "a", 2)), session)
    trials = lab.destination.query("SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_NAME LIKE 'trial%'")
    assert trials == []


def test_a_database_that_somebody_else_made(lab: Lab) -> None:
    """An empty one gets the source's defaults; one that is used is refused; ours is left alone."""
    name = f"{lab.database}_2"
    lab.destination.execute(f"CREATE DATABASE {name} COLLATE utf8mb4_0900_ai_ci")
    lab.destination.execute(f"CREATE TABLE {name}.theirs (id INT)")
    lab.feed.database(name, "CHARACTER SET utf8mb4 COLLATE utf8mb4_bin")
    with closing(lab.apply().session()) as session, pytest.raises(Fatal, match="default collation: source utf8mb4_bin"):
        lab.until(lambda: False, session)
    lab.destination.execute(f"DROP TABLE {name}.theirs")
    lab.feed.database_again(name)
    table = lab.feed.create(name, "CREATE TABLE t (k VARCHAR(5) PRIMARY KEY)", "t")
    lab.feed.send(table, created("a"), created("A"))
    with closing(lab.apply().session()) as session:
        lab.until(lab.holds(table, ("A",), ("a",)), session)


def test_a_refused_schema_change_stops_and_is_tried_again(lab: Lab) -> None:
    table = lab.feed.create(lab.database, "CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(3))", "t")
    with closing(lab.apply().session()) as session:
        lab.until(lab.all_committed, session)
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


def test_a_partition_whose_table_is_just_being_dropped(lab: Lab) -> None:
    """The statement that drops a table has run, its note is not written yet, and a partition without fence comes."""
    table = lab.feed.create(lab.database, "CREATE TABLE t (v INT)", "t")
    with closing(lab.apply().session()) as session:
        lab.until(lab.all_committed, session)
    place = Place(lab.feed.topic(table), 0)
    lab.destination.execute(f"DELETE FROM {identifier(lab.state)}.fences WHERE topic = '{place.topic}'")
    lab.destination.execute(f"DROP TABLE {qualified(table)}")
    with ExitStack() as exit_stack:
        lab.writer(exit_stack, place)
    assert lab.fence(place).next_offset == 0


def test_only_one_process_runs_a_schema_change(lab: Lab) -> None:
    table = lab.feed.create(lab.database, "CREATE TABLE t (id INT PRIMARY KEY)", "t")
    with closing(lab.apply().session()) as session:
        lab.until(lab.all_committed, session)
    place = Place(lab.task, 0)
    change = lab.feed.change("ALTER_TABLE", "ALTER TABLE t ADD v INT", table)
    with ExitStack() as exit_stack, closing(connect(lab.stack.destination.endpoint("admin"))) as reader:
        endpoint = lab.stack.destination.endpoint("polar")
        offset = lab.fence(place).next_offset + 1
        order = Order(lab.feed.kafka, endpoint, lab.state, lab.group, place, offset, change, lock_wait_seconds=1)
        execution = order.execution(exit_stack.enter_context(closing(open_session(endpoint, 5))))
        reader.execute("BEGIN")
        reader.query(f"SELECT * FROM {qualified(table)}")  # holds the ALTER TABLE up
        with closing(execution.run()) as first:
            next(first)
            with closing(execution.run()) as second, pytest.raises(Transient, match="1205"):
                next(second)
            reader.execute("COMMIT")
            for _ in first:
                pass
        with closing(execution.run()) as late, pytest.raises(Transient, match="another process"):
            next(late)
    assert [row[0] for row in lab.destination.query(f"SHOW COLUMNS FROM {qualified(table)}")] == ["id", "v"]
    assert lab.applied().epoch == change.epoch


def test_a_statement_that_outlives_its_process_is_waited_for(lab: Lab) -> None:
    table = lab.feed.create(lab.database, "CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, v CHAR(200))", "t")
    with closing(lab.apply().session()) as session:
        lab.until(lab.all_committed, session)
        lab.destination.execute(f"INSERT INTO {qualified(table)} (v) VALUES ('x'), ('y')")
        for _ in range(17):
            lab.destination.execute(f"INSERT INTO {qualified(table)} (v) SELECT v FROM {qualified(table)}")
        lab.feed.change("ALTER_TABLE", "ALTER TABLE t ADD w INT, ALGORITHM=COPY", table)
        lab.until(lambda: lab.running("ADD w INT"), session)
    with capture_logs() as logs, closing(lab.apply().session()) as session:
        lab.until(lambda: lab.applied().epoch == lab.feed.epoch, session)
    events = [entry["event"] for entry in logs]
    assert events.index("ddl_still_running") < events.index("ddl_had_run") < events.index("ddl_applied")


def test_a_statement_that_takes_long_holds_up_its_own_table_alone(lab: Lab) -> None:
    """Rows and later statements of other tables go on, in every process; what is done stays done after a restart."""
    create = "CREATE TABLE {} (id INT PRIMARY KEY, v INT)"
    slow, quick, third = (lab.feed.create(lab.database, create.format(name), name) for name in ("slow", "quick", "x"))
    child = TableName(lab.database, "child")
    waits = "CREATE TABLE child (id INT PRIMARY KEY, FOREIGN KEY (id) REFERENCES slow (id))"

    def later() -> list[int]:
        return [row[0] for row in lab.destination.query(f"SELECT epoch FROM {identifier(lab.state)}.applied")]

    with ExitStack() as exit_stack, closing(connect(lab.stack.destination.endpoint("admin"))) as reader:
        one, two = (exit_stack.enter_context(closing(lab.apply().session())) for _ in range(2))
        lab.until(lab.all_committed, one, two)
        before = lab.feed.epoch
        reader.execute("BEGIN")
        reader.query(f"SELECT * FROM {qualified(slow)}")
        lab.feed.change("ALTER_TABLE", "ALTER TABLE slow ADD w INT NOT NULL DEFAULT 5", slow)
        lab.feed.send(slow, created(1, 2, 3))
        lab.feed.create(lab.database, waits, "child")
        lab.feed.send(child, created(1))
        for number, column in enumerate(("w", "x"), 1):
            lab.feed.change("ALTER_TABLE", f"ALTER TABLE quick ADD {column} INT NOT NULL DEFAULT 7", quick)
            lab.feed.send(quick, created(number, *[1] * (number + 1)))
        lab.feed.send(third, created(1, 1))
        new = lab.feed.create(lab.database, create.format("new"), "new")
        lab.feed.send(new, created(1, 1))
        for table, rows in ((quick, [(1, 1, 1, 7), (2, 1, 1, 1)]), (third, [(1, 1)]), (new, [(1, 1)])):
            lab.until(lab.holds(table, *rows), one, two)
        assert (lab.applied().epoch, len(later())) == (before, 3)
        assert not lab.has(child)
        exit_stack.close()
        with closing(lab.apply().session()) as again:
            lab.feed.send(new, created(2, 2))
            lab.arrives(new, 2, again)
            assert lab.applied().epoch == before
            reader.execute("COMMIT")
            lab.until(lambda: lab.has(child) and lab.count(child) == 1, again)
            lab.until(lab.all_committed, again)
    assert lab.rows(slow) == [(1, 2, 3)]
    assert (lab.applied().epoch, later()) == (lab.feed.epoch, [])
