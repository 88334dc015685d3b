"""Apply against real servers: processes that die or stand still, and a destination that refuses."""

import signal
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from multiprocessing import get_context

import pytest
from structlog.testing import capture_logs

from apply.destination import open_session
from apply.loop import Apply
from apply.records import Place, Records
from apply.state import State, Stuck
from runtime import telemetry
from runtime.errors import Fatal, Transient
from runtime.mysql import connect
from runtime.seams import SEAMS
from runtime.service import Backoff, Stop, run
from schemas.sql import identifier, qualified
from tests.integration.lab import PATIENCE_SECONDS, Lab
from tests.unit.apply.values import created, deleted, updated


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


_SEAMS = [name for name in sorted(SEAMS) if name.startswith("apply.") and "cascade" not in name]
_TELLING = ("apply.fenced", "apply.written", "apply.committed")  # tests of faults pass the others, too


@pytest.mark.parametrize(
    ("seam", "occurrence"),
    [
        *((name, 1) for name in _TELLING),
        *(pytest.param(name, 1, marks=pytest.mark.long) for name in _SEAMS if name not in _TELLING),
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
    table = lab.feed.create(lab.database, "CREATE TABLE t (v INT)", "t")
    with closing(lab.apply().session()) as session:
        lab.until(lab.all_committed, session)
    lab.reset(table, 1000)
    with closing(lab.apply().session()) as session, pytest.raises(Fatal, match="its last offset is 0"):
        lab.until(lambda: False, session)
    lab.reset(table, 0)
    lab.feed.send(table, created(1))
    lab.feed.remove_records(table, 1)
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


def test_partitions_that_stand_still_stand_still_alone(lab: Lab) -> None:
    """One is refused, one is locked by row, one as a whole; each goes on when its cause is gone."""
    names = ("free", "narrow", "one", "whole")
    create = "CREATE TABLE {} (id INT PRIMARY KEY, v VARCHAR(9))"
    free, narrow, row, whole = (lab.feed.create(lab.database, create.format(name), name) for name in names)
    for table in (free, narrow, row, whole):
        lab.feed.send(table, created(1, "a"))
    apply = lab.apply(lock_wait_seconds=1, refused_seconds=0.2, quiet_seconds=PATIENCE_SECONDS)
    with (
        closing(connect(lab.stack.destination.endpoint("admin"))) as rows_locked,
        closing(connect(lab.stack.destination.endpoint("admin"))) as table_locked,
        ExitStack() as both,
    ):
        one, two = (both.enter_context(closing(apply.session())) for _ in range(2))
        lab.until(lab.all_committed, one, two)
        lab.destination.execute(f"ALTER TABLE {qualified(narrow)} MODIFY v VARCHAR(3)")
        rows_locked.execute("BEGIN")
        rows_locked.execute(f"UPDATE {qualified(row)} SET v = 'z'")
        table_locked.execute(f"LOCK TABLES {qualified(whole)} READ")
        lab.feed.send(narrow, created(2, "abc"), created(3, "abcd"))
        lab.feed.send(whole, created(2, "b"))
        for number in range(2, 9):
            lab.feed.send(row, updated((1, "a"), (1, "b")))
            lab.feed.send(free, created(number, "b"))
            lab.arrives(free, number, one, two)
        lab.feed.change("ALTER_TABLE", "ALTER TABLE free ADD w INT", free)
        lab.feed.send(free, created(9, "b", 5))
        lab.arrives(free, 9, one, two)
        lab.until(lambda: bool(lab.applied().problems), one, two)
        [problem] = lab.applied().problems
        assert (problem.table, problem.key) == (str(narrow), "(3)")
        assert (lab.count(narrow), lab.rows(row), lab.count(whole)) == (2, [(1, "a")], 1)

        lab.destination.execute(f"ALTER TABLE {qualified(narrow)} MODIFY v VARCHAR(9)")
        lab.until(lab.holds(narrow, (1, "a"), (2, "abc"), (3, "abcd")), one, two)
        rows_locked.execute("ROLLBACK")
        lab.until(lab.holds(row, (1, "b")), one, two)
        table_locked.execute("UNLOCK TABLES")
        lab.until(lab.holds(whole, (1, "a"), (2, "b")), one, two)
        lab.until(lab.all_committed, one, two)
    assert lab.applied().problems == ()


def test_several_that_are_refused_are_all_named_in_the_end(lab: Lab) -> None:
    """A record that is none, a refused schema change and the table that waits for it: nothing else is left."""
    create = "CREATE TABLE {} (id INT PRIMARY KEY, v INT)"
    a, b = (lab.feed.create(lab.database, create.format(name), name) for name in ("a", "b"))
    with closing(lab.apply().session()) as session:
        lab.until(lab.all_committed, session)
    lab.destination.execute(f"ALTER TABLE {qualified(b)} ADD w INT")
    lab.feed.send(a, created(1, 1))
    lab.feed.send_raw(a, b"key", b"not framed")
    lab.feed.send(a, created(2, 2))
    lab.feed.change("ALTER_TABLE", "ALTER TABLE b ADD w INT", b)
    lab.feed.send(b, created(1, 2, 3))
    with closing(lab.apply().session()) as session, pytest.raises(Fatal) as raised:
        lab.until(lambda: False, session)
    assert "refuses schema change" in str(raised.value)
    assert f"{lab.feed.topic(a)}/0 offset 2" in str(raised.value)
    assert len(lab.applied().problems) == 2
    assert (lab.rows(a), lab.count(b)) == ([(1, 1)], 0)


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


def test_a_state_database_that_cannot_be_made(lab: Lab) -> None:
    with (
        closing(open_session(lab.stack.destination.endpoint("polar_rw"), 5)) as connection,
        pytest.raises(Fatal, match=f"{lab.state} is missing and cannot be made") as raised,
    ):
        State(connection, lab.state, "polar").ensure()
    assert lab.state in raised.value.hint


def test_a_state_database_of_an_older_version(lab: Lab) -> None:
    table = lab.feed.create(lab.database, "CREATE TABLE t (id INT PRIMARY KEY)", "t")
    with closing(lab.apply().session()) as session:
        lab.until(lab.all_committed, session)
    state = identifier(lab.state)
    lab.destination.execute(f"ALTER TABLE {state}.intents DROP PRIMARY KEY, ADD PRIMARY KEY (target)")
    lab.destination.execute(
        f"ALTER TABLE {state}.problems DROP PRIMARY KEY, ADD PRIMARY KEY (target, topic, `partition`)"
    )
    lab.destination.execute(f"DROP TABLE {state}.applied")
    lab.feed.change("ALTER_TABLE", "ALTER TABLE t ADD v INT", table)
    lab.feed.send(table, created(1, 2))
    with closing(lab.apply().session()) as session:
        lab.until(lab.holds(table, (1, 2)), session)
    keys = lab.destination.query(
        "SELECT TABLE_NAME, COUNT(*) FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = %s"
        " AND INDEX_NAME = 'PRIMARY' AND TABLE_NAME IN ('intents', 'problems') GROUP BY 1 ORDER BY 1",
        (lab.state,),
    )
    assert keys == [("intents", 2), ("problems", 4)]
