"""Apply on a real broker and a real destination; a feed stands in for capture."""

import re
import signal
import time
import uuid
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from multiprocessing import get_context

import pytest
from structlog.testing import capture_logs

from apply.destination import open_session
from apply.execution import Execution
from apply.fences import Fences
from apply.layouts import Layouts
from apply.loop import Apply
from apply.records import Place, Records
from apply.settings import ApplySettings, Limits
from apply.state import Applied, Fence, State, Stuck, read
from apply.writer import Writer
from deploy.local import Stack
from runtime import telemetry
from runtime.errors import Fatal, Transient
from runtime.kafka import TopicPartition, Topics, consumer
from runtime.mysql import Connection, Refused, connect
from runtime.seams import SEAMS
from runtime.service import Backoff, Stop, run
from schemas.names import TableName
from schemas.sql import identifier, qualified
from schemas.topics import apply_subscription
from tests.integration.feed import Feed
from tests.unit.apply.values import Row, created, deleted, updated

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

    def apply(self, batch_rows: int = 4000, lock_wait_seconds: int = 5) -> Apply:
        return Apply(
            self.feed.kafka,
            self.task,
            "polar",
            self.stack.destination.endpoint("polar"),
            ApplySettings(state_database=self.state, batch_rows=batch_rows, lock_wait_seconds=lock_wait_seconds),
        )

    def rows(self, table: TableName, order: str = "1") -> list[Row]:
        return self.destination.query(f"SELECT * FROM {qualified(table)} ORDER BY {order}")

    def holds(self, table: TableName, *expected: Row) -> Callable[[], bool]:
        return lambda: self.has(table) and self.rows(table) == list(expected)

    def has(self, table: TableName) -> bool:
        sql = "SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA = %s AND TABLE_NAME = %s"
        return bool(self.destination.query(sql, (table.database, table.name)))

    def applied(self) -> Applied:
        return read(self.destination, self.state, f"{self.task}.polar")

    def fence(self, place: Place) -> Fence:
        return next(fence for fence in self.applied().fences if fence.place == place)

    def count(self, table: TableName) -> int:
        return int(self.destination.value(f"SELECT COUNT(*) FROM {qualified(table)}"))

    def writer(self, exit_stack: ExitStack, place: Place) -> Writer:
        """What a process would write with that has just been given a partition."""
        connection = exit_stack.enter_context(closing(open_session(self.stack.destination.endpoint("polar"), 5)))
        state = State(connection, self.state, f"{self.task}.polar")
        fences = Fences(self.feed.kafka, connection, state)
        fences.resume([place])
        return Writer(connection, state, Layouts(self.feed.kafka, self.task, connection), fences, Limits())

    @property
    def group(self) -> str:
        return f"{self.task}.polar"

    def all_committed(self) -> bool:
        """What Kafka's tools would call a lag of 0, on every partition."""
        topics = Topics(self.feed.kafka)
        mine = {name: count for name, count in topics.layout().items() if re.match(apply_subscription(self.task), name)}
        ends = topics.ends([(name, number) for name, count in mine.items() for number in range(count)])
        return topics.committed(self.group, list(ends)) == ends

    def reset(self, table: TableName, offset: int) -> None:
        self.reset_topic(self.feed.topic(table), offset)

    def reset_topic(self, topic: str, offset: int) -> None:
        """As Kafka's own tool does it, while the group has no members."""
        with closing(consumer(self.feed.kafka, self.group)) as tool:
            tool.commit(offsets=[TopicPartition(topic, 0, offset)], asynchronous=False)

    def running(self, text: str) -> bool:
        sql = "SELECT 1 FROM information_schema.PROCESSLIST WHERE INFO LIKE %s AND USER = 'polar'"
        return bool(self.destination.query(sql, (f"%{text}%",)))

    def kill_sessions(self) -> None:
        sql = "SELECT ID FROM information_schema.PROCESSLIST WHERE USER = 'polar'"
        for (number,) in self.destination.query(sql):
            with suppress(Refused):  # it may have gone by itself
                self.destination.execute(f"KILL {number}")

    def until(self, condition: Callable[[], bool], *sessions: Generator[None]) -> None:
        """Runs sessions, turn by turn, until the condition holds."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not condition():
            assert time.monotonic() < deadline, "the condition did not come true in time"
            for session in sessions:
                next(session)


@pytest.fixture
def lab(stack: Stack, request: pytest.FixtureRequest) -> Iterator[Lab]:
    """The parameter, if there is one: how many partitions topics get that may have several."""
    name = f"ap_{uuid.uuid4().hex[:8]}"
    with ExitStack() as exit_stack:
        feed = exit_stack.enter_context(closing(Feed(stack, name, getattr(request, "param", 1))))
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


def test_a_stale_process_changes_nothing(lab: Lab) -> None:
    """Both believe that the partition is theirs; the destination decides."""
    table = lab.feed.create(lab.database, "CREATE TABLE t (v INT)", "t")
    lab.feed.send(table, created(1), created(2))
    with closing(lab.apply().session()) as session:
        lab.until(lab.holds(table, (1,), (2,)), session)
    place = Place(lab.feed.topic(table), 0)
    keys, values = lab.feed.encode(table, [created(3), created(4)])
    with ExitStack() as exit_stack:
        quick, stale = (lab.writer(exit_stack, place) for _ in range(2))
        end = lab.fence(place).next_offset
        batch = Records(place, [end, end + 1], keys, values, end + 2)
        assert quick.write([batch]) == []
        assert stale.write([batch]) == [place]
    assert lab.rows(table) == [(1,), (2,), (3,), (4,)]
    assert lab.fence(place).next_offset == end + 2


@pytest.mark.parametrize("lab", [4], indirect=True)
def test_partitions_move_between_processes(lab: Lab) -> None:
    table = lab.feed.create(lab.database, "CREATE TABLE t (id INT PRIMARY KEY, v INT)", "t")
    keyless = lab.feed.create(lab.database, "CREATE TABLE k (v INT)", "k")

    def publish(first: int) -> None:
        for number in range(first, first + 100, 10):
            lab.feed.send(table, *(created(each, each) for each in range(number, number + 10)))
            lab.feed.send(keyless, created(number))

    def arrived(count: int) -> Callable[[], bool]:
        return lambda: lab.count(table) == count and lab.count(keyless) == count // 10

    with closing(lab.apply().session()) as one:
        publish(0)
        lab.until(lambda: lab.has(keyless) and arrived(100)(), one)
        with closing(lab.apply().session()) as two:
            publish(100)
            lab.until(arrived(200), one, two)
            publish(200)
            lab.until(arrived(300), one, two)
        publish(300)
        lab.until(arrived(400), one)
    assert lab.rows(keyless) == [(number,) for number in range(0, 400, 10)]
    assert lab.rows(table) == [(number, number) for number in range(400)]


def test_a_partition_that_rests_may_go_and_come_back(lab: Lab) -> None:
    tables = [lab.feed.create(lab.database, f"CREATE TABLE {name} (v INT)", name) for name in ("a", "b", "c")]
    lab.feed.epoch += 1  # of a schema change that comes later
    for table in tables:
        lab.feed.send(table, created(1))
    lab.feed.epoch -= 1
    with capture_logs() as logs, closing(lab.apply().session()) as one:

        def moves(event: str) -> int:
            return sum(1 for entry in logs if entry["event"] == event and entry["partitions"])

        lab.until(lambda: lab.applied().epoch == lab.feed.epoch and moves("assigned") > 0, one)
        with closing(lab.apply().session()) as two:
            before = moves("assigned")
            lab.until(lambda: moves("revoked") > 0 and moves("assigned") > before, one, two)
        before = moves("assigned")
        lab.until(lambda: moves("assigned") > before, one)
        assert all(lab.rows(table) == [] for table in tables)
        lab.feed.create(lab.database, "CREATE TABLE d (v INT)", "d")
        lab.until(lambda: all(lab.rows(table) == [(1,)] for table in tables), one)


@pytest.mark.parametrize(
    ("seam", "occurrence"),
    [
        *((name, 1) for name in sorted(SEAMS) if name.startswith("apply.")),
        *((name, 4) for name in ("apply.ddl_intent", "apply.ddl_run", "apply.ddl_done")),  # the ALTER TABLE
    ],
)
def test_killed_anywhere_it_goes_on(lab: Lab, seam: str, occurrence: int, monkeypatch: pytest.MonkeyPatch) -> None:
    keyed = lab.feed.create(lab.database, "CREATE TABLE a (id INT PRIMARY KEY, u INT UNIQUE)", "a")
    keyless = lab.feed.create(lab.database, "CREATE TABLE b (v INT)", "b")
    lab.feed.send(keyed, created(1, 10), created(2, 20))
    lab.feed.send(keyless, created(1), created(1), created(2))
    lab.feed.change("ALTER_TABLE", "ALTER TABLE b ADD w INT NOT NULL DEFAULT 5", keyless)
    lab.feed.send(keyless, created(3, 6), deleted(1, 5))
    lab.feed.send(keyed, updated((1, 10), (1, None)), updated((2, 20), (2, 10)), created(3, 20))
    monkeypatch.setenv("PENSTOCK_SEAM", f"{seam}:{occurrence}:kill")
    child = get_context("spawn").Process(target=_run_apply, args=(lab.apply(),))
    child.start()
    child.join(PATIENCE_SECONDS)
    assert child.exitcode == -signal.SIGKILL
    with closing(lab.apply().session()) as session:
        lab.until(lambda: lab.applied().epoch == lab.feed.epoch, session)
        lab.until(lab.holds(keyless, (1, 5), (2, 5), (3, 6)), session)
        lab.until(lab.holds(keyed, (1, None), (2, 10), (3, 20)), session)


def _run_apply(apply: Apply) -> None:
    telemetry.configure(as_json=True)
    run(apply.session, Stop(), Backoff(60))


def test_a_reset_replays_a_table(lab: Lab) -> None:
    table = lab.feed.create(lab.database, "CREATE TABLE t (id INT PRIMARY KEY, u INT UNIQUE)", "t")
    with closing(lab.apply().session()) as session:
        lab.until(lab.all_committed, session)
        lab.feed.send(table, created(1, 10), created(2, 20))
        lab.feed.send(table, updated((1, 10), (1, None)), updated((2, 20), (2, 10)), updated((1, None), (1, 20)))
        lab.until(lab.holds(table, (1, 20), (2, 10)), session)
        lab.until(lab.all_committed, session)
    lab.destination.execute(f"DELETE FROM {qualified(table)} WHERE id = 1")
    lab.reset(table, 0)
    with closing(lab.apply(batch_rows=1).session()) as session:  # each older state meets newer rows
        lab.until(lab.all_committed, session)
    assert lab.rows(table) == [(1, 20), (2, 10)]
    assert lab.fence(Place(lab.feed.topic(table), 0)).replay_until == 6


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


def test_a_reset_fills_a_table_without_a_key_again(lab: Lab) -> None:
    table = lab.feed.create(lab.database, "CREATE TABLE t (v INT)", "t")
    lab.feed.send(table, created(1), created(1), created(2), deleted(1))
    with closing(lab.apply().session()) as session:
        lab.until(lab.holds(table, (1,), (2,)), session)
        lab.until(lab.all_committed, session)
    lab.reset(table, 2)
    with closing(lab.apply().session()) as session, pytest.raises(Fatal, match="has no key"):
        lab.until(lambda: False, session)
    lab.destination.execute(f"UPDATE {qualified(table)} SET v = 3")
    lab.reset(table, 0)
    with closing(lab.apply().session()) as session:
        lab.until(lab.holds(table, (1,), (2,)), session)
        lab.feed.send(table, created(7))
        lab.until(lab.holds(table, (1,), (2,), (7,)), session)


def test_a_reset_forward_skips_what_an_operator_wants_to_skip(lab: Lab) -> None:
    table = lab.feed.create(lab.database, "CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(3))", "t")
    lab.feed.send(table, created(1, "a"))
    with closing(lab.apply().session()) as session:
        lab.until(lab.holds(table, (1, "a")), session)
        lab.until(lab.all_committed, session)
    lab.feed.send(table, created(2, "b"), created(3, "c"))
    lab.reset(table, 3)
    with closing(lab.apply().session()) as session:
        lab.until(lab.holds(table, (1, "a"), (3, "c")), session)


def test_a_reset_to_before_a_schema_change_is_refused(lab: Lab) -> None:
    table = lab.feed.create(lab.database, "CREATE TABLE t (id INT PRIMARY KEY)", "t")
    lab.feed.send(table, created(1))
    lab.feed.change("ALTER_TABLE", "ALTER TABLE t ADD v INT", table)
    lab.feed.send(table, created(2, 2))
    with closing(lab.apply().session()) as session:
        lab.until(lab.holds(table, (1, None), (2, 2)), session)
        lab.until(lab.all_committed, session)
    lab.reset(table, 0)
    with closing(lab.apply().session()) as session, pytest.raises(Fatal, match="last schema change") as refused:
        lab.until(lambda: False, session)
    assert "all topics" in refused.value.hint
    lab.reset(table, 2)
    with closing(lab.apply().session()) as session:
        lab.until(lab.all_committed, session)
    assert lab.rows(table) == [(1, None), (2, 2)]


def test_resetting_the_schema_topic_rebuilds_the_target(lab: Lab) -> None:
    keyed = lab.feed.create(lab.database, "CREATE TABLE a (id INT PRIMARY KEY)", "a")
    keyless = lab.feed.create(lab.database, "CREATE TABLE b (v INT)", "b")
    gone = lab.feed.create(lab.database, "CREATE TABLE c (v INT)", "c")
    lab.feed.send(keyed, created(1))
    lab.feed.send(keyless, created(1))
    lab.feed.send(gone, created(1))
    lab.feed.change("ALTER_TABLE", "ALTER TABLE a ADD v INT", keyed)
    lab.feed.drop(gone)
    lab.feed.send(keyed, created(2, 2))
    with closing(lab.apply().session()) as session:
        lab.until(lambda: lab.applied().epoch == lab.feed.epoch, session)
        lab.until(lab.all_committed, session)
    lab.reset_topic(lab.task, 3)
    with closing(lab.apply().session()) as session, pytest.raises(Fatal, match="one by one"):
        lab.until(lambda: False, session)
    lab.destination.execute(f"UPDATE {qualified(keyed)} SET v = 9")
    lab.destination.execute(f"INSERT INTO {qualified(keyless)} VALUES (9)")
    for topic in (lab.task, *map(lab.feed.topic, (keyed, keyless, gone))):
        lab.reset_topic(topic, 0)
    with closing(lab.apply().session()) as one, closing(lab.apply().session()) as two:
        for _ in range(2):  # one of them rebuilds
            next(one)
        lab.until(lambda: lab.applied().epoch == lab.feed.epoch, one, two)
        lab.until(lab.all_committed, one, two)
    assert lab.rows(keyed) == [(1, None), (2, 2)]
    assert lab.rows(keyless) == [(1,)]
    assert not lab.has(gone)


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


def test_a_refused_row_stops_its_partition_with_its_name(lab: Lab) -> None:
    table = lab.feed.create(lab.database, "CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(9))", "t")
    with closing(lab.apply().session()) as session:
        lab.until(lab.all_committed, session)
        lab.destination.execute(f"ALTER TABLE {qualified(table)} MODIFY v VARCHAR(3)")
    lab.feed.send(table, *(created(number, "abcd" if number == 37 else "abc") for number in range(100)))
    with closing(lab.apply().session()) as session, pytest.raises(Stuck) as stuck:
        lab.until(lambda: False, session)
    assert str(table) in str(stuck.value)
    assert "offset 37" in str(stuck.value)
    assert "Data too long for column 'v'" in str(stuck.value)
    assert lab.count(table) == 37
    [problem] = lab.applied().problems
    assert (problem.topic, problem.partition, problem.offset) == (lab.feed.topic(table), 0, 37)
    assert (problem.table, problem.key) == (str(table), "(37)")
    lab.destination.execute(f"ALTER TABLE {qualified(table)} MODIFY v VARCHAR(9)")
    with closing(lab.apply().session()) as session:
        lab.until(lambda: lab.count(table) == 100, session)
    assert lab.applied().problems == ()


def test_records_that_are_gone_from_their_topic(lab: Lab) -> None:
    table = lab.feed.create(lab.database, "CREATE TABLE t (id INT PRIMARY KEY)", "t")
    with closing(lab.apply().session()) as session:
        lab.until(lab.all_committed, session)
    lab.reset(table, 1000)
    with closing(lab.apply().session()) as session, pytest.raises(Stuck, match="not in the topic any more"):
        lab.until(lambda: False, session)
    assert [problem.topic for problem in lab.applied().problems] == [lab.feed.topic(table)]


def test_a_record_that_somebody_else_wrote(lab: Lab) -> None:
    table = lab.feed.create(lab.database, "CREATE TABLE t (id INT PRIMARY KEY)", "t")
    lab.feed.send(table, created(1))
    with closing(lab.apply().session()) as session:
        lab.until(lab.all_committed, session)
    lab.feed.send_raw(table, b"key", b"not framed")
    with closing(lab.apply().session()) as session, pytest.raises(Fatal) as raised:
        lab.until(lambda: False, session)
    assert "the task's topics" in raised.value.hint
    assert [problem.offset for problem in lab.applied().problems] == [2]


def test_a_locked_row_is_waited_for(lab: Lab) -> None:
    table = lab.feed.create(lab.database, "CREATE TABLE t (id INT PRIMARY KEY, v INT)", "t")
    lab.feed.send(table, created(1, 1))
    with closing(lab.apply().session()) as session:
        lab.until(lab.holds(table, (1, 1)), session)
    with closing(connect(lab.stack.destination.endpoint("admin"))) as holder:
        holder.execute("BEGIN")
        holder.execute(f"UPDATE {qualified(table)} SET v = 9")
        lab.feed.send(table, updated((1, 1), (1, 2)))
        with closing(lab.apply(lock_wait_seconds=1).session()) as session, pytest.raises(Transient, match="1205"):
            lab.until(lambda: False, session)
        holder.execute("ROLLBACK")
    with closing(lab.apply().session()) as session:
        lab.until(lab.holds(table, (1, 2)), session)


def test_connections_that_are_killed(lab: Lab) -> None:
    """At each turn the destination's sessions die, whatever they are doing; the work goes on in new ones."""
    table = lab.feed.create(lab.database, "CREATE TABLE t (v INT)", "t")
    for number in range(60):
        lab.feed.send(table, created(number))
    lost = 0
    session = lab.apply(batch_rows=7).session()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not lab.holds(table, *((number,) for number in range(60)))():
        assert time.monotonic() < deadline
        if lost < 5:
            lab.kill_sessions()
        try:
            next(session)
        except Transient:
            lost += 1
            session.close()
            session = lab.apply(batch_rows=7).session()
    session.close()
    assert lost == 5


def test_a_destination_that_is_read_only_for_a_while(lab: Lab) -> None:
    table = lab.feed.create(lab.database, "CREATE TABLE t (id INT PRIMARY KEY)", "t")
    with closing(lab.apply().session()) as session:
        lab.until(lab.all_committed, session)
        lab.destination.execute("SET GLOBAL super_read_only = ON")
        try:
            lab.feed.send(table, created(1))
            with pytest.raises(Transient, match="1290"):
                lab.until(lambda: False, session)
            with closing(lab.apply().session()) as again, pytest.raises(Transient, match="1290"):
                next(again)
        finally:
            lab.destination.execute("SET GLOBAL read_only = OFF")
    with closing(lab.apply().session()) as session:
        lab.until(lab.holds(table, (1,)), session)


def test_only_one_process_runs_a_schema_change(lab: Lab) -> None:
    table = lab.feed.create(lab.database, "CREATE TABLE t (id INT PRIMARY KEY)", "t")
    with closing(lab.apply().session()) as session:
        lab.until(lab.all_committed, session)
    place = Place(lab.task, 0)
    change = lab.feed.change("ALTER_TABLE", "ALTER TABLE t ADD v INT", table)
    execution = Execution(
        endpoint=lab.stack.destination.endpoint("polar"),
        state_database=lab.state,
        target=lab.group,
        lock_wait_seconds=1,
        place=place,
        fence=lab.fence(place).next_offset,
        offset=lab.fence(place).next_offset + 1,
        change=change,
    )
    with closing(connect(lab.stack.destination.endpoint("admin"))) as reader:
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


def test_a_state_database_that_cannot_be_made(lab: Lab) -> None:
    with (
        closing(open_session(lab.stack.destination.endpoint("polar_rw"), 5)) as connection,
        pytest.raises(Fatal, match=f"{lab.state} is missing and cannot be made") as raised,
    ):
        State(connection, lab.state, "polar").ensure()
    assert lab.state in raised.value.hint


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
