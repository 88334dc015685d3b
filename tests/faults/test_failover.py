"""The source's primary dies and its replica takes over: capture goes on there, or refuses to with a reason."""

import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from capture.checkpoint import load
from deploy.local import Profile, Server, Stack, kill_mysql, replicate, start_mysql
from runtime.errors import Exit
from runtime.mysql import Connection, Endpoint, connect
from schemas.position import GtidSet
from tests.conftest import NewTask
from tests.pipeline.log_oracle import check_topics_of_hosts
from tests.pipeline.proxy import Proxy
from tests.pipeline.running import Running
from tests.pipeline.task import Place, Task
from tests.pipeline.topics import records
from tests.pipeline.transactions import Mix
from tests.pipeline.writer import RandomWriter

_OPTIONS = ["--innodb-buffer-pool-size=64M", "--innodb-redo-log-capacity=16M", "--max-allowed-packet=256M"]
_PASSWORD = "mover-password-of-both"


class Pair:
    """A primary and its replica, with one account `mover` for both."""

    def __init__(self, folder: Path) -> None:
        self.primary = start_mysql(Profile.SOURCE, folder / "primary", _OPTIONS)
        self.replica = start_mysql(Profile.SOURCE, folder / "replica", _OPTIONS)
        self._do(
            self.primary,
            *["FLUSH BINARY LOGS"] * 5,  # so that its positions are all behind those of the replica
            f"CREATE USER mover IDENTIFIED BY '{_PASSWORD}'",
            "GRANT SELECT, LOCK TABLES, REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO mover",
        )
        self._do(self.replica, "SET GLOBAL super_read_only = ON")
        replicate(self.primary, self.replica)
        self.catch_up()

    def executed(self) -> str:
        with connect(self.primary.endpoint("admin")) as connection:
            return str(connection.value("SELECT @@GLOBAL.gtid_executed"))

    def catch_up(self) -> None:
        """The replica has all that the primary has now."""
        with connect(self.replica.endpoint("admin")) as connection:
            assert connection.value("SELECT WAIT_FOR_EXECUTED_GTID_SET(%s, 60)", (self.executed(),)) == 0

    def stop_replication(self) -> None:
        self._do(self.replica, "STOP REPLICA")

    def fail_over(self) -> None:
        """The primary dies; the replica applies what it has, and takes over."""
        kill_mysql(self.primary.directory)
        self._do(self.replica, "STOP REPLICA IO_THREAD")
        with connect(self.replica.endpoint("admin")) as connection:
            got = connection.value(
                "SELECT RECEIVED_TRANSACTION_SET FROM performance_schema.replication_connection_status"
            )
            assert connection.value("SELECT WAIT_FOR_EXECUTED_GTID_SET(%s, 60)", (got,)) == 0
        self._do(
            self.replica,
            "STOP REPLICA",
            "RESET REPLICA ALL",
            "SET GLOBAL super_read_only = OFF",
            "SET GLOBAL read_only = OFF",
        )

    def close(self) -> None:
        for server in (self.primary, self.replica):
            kill_mysql(server.directory)

    def _do(self, server: Server, *statements: str) -> None:
        with connect(server.endpoint("admin")) as connection:
            for statement in statements:
                connection.execute(statement)


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    with ExitStack() as cleaning:
        made = Pair(tmp_path)
        cleaning.callback(made.close)
        yield made


def two_hosts(task: NewTask, stack: Stack, pair: Pair, primary_port: int | None = None) -> Task:
    """A task that knows both hosts, and is judged against the one that takes over."""
    first = primary_port or pair.primary.port
    account = Endpoint("source", "127.0.0.1", first, "mover", _PASSWORD)
    hosts = [f"127.0.0.1:{first}", f"127.0.0.1:{pair.replica.port}"]
    return task(
        stack=replace(stack, source=pair.replica),
        include=["ran*.*"],
        source=account,
        overrides={"source": {"host": None, "port": None, "hosts": hosts}},
    )


def test_a_replica_takes_over_in_the_middle_of_the_snapshot(task: NewTask, databases: Stack, pair: Pair) -> None:
    """Capture stands still between two chunks while the primary writes on, dies, and the replica is promoted."""
    writer = RandomWriter(pair.primary.endpoint("admin"), 77, "ran", mix=Mix(rows=2000, ddl=0.01, large=0.003))
    writer.create()
    with Proxy("127.0.0.1", pair.primary.port) as proxy, writer:
        made = two_hosts(task, databases, pair, proxy.port)
        capture = made.start("capture", dies_at=Place("capture.chunk_published", 4, "stop"))
        running = Running(made, writer, capture, made.start("apply"))
        capture.wait_until_stopped()
        proxy.go_deaf()  # capture hears no more of the primary than the replica does
        writer.wait_for(transactions=50)
        with writer.paused():
            pair.catch_up()  # what capture has published must be at the host that takes over
            pair.fail_over()
            proxy.cut()
            writer.move(pair.replica.endpoint("admin"))
        capture.send(signal.SIGCONT)
        capture.wait_for(f'"host": "127.0.0.1:{pair.replica.port}"')
        writer.wait_for(transactions=150)

        writer.stop()
        made.wait()
        made.assert_equal()
        assert check_topics_of_hosts(made) > 0
        assert running.process("capture").running and running.process("apply").running
        positions = made.status()["source"]
        assert positions["position"].partition(":")[0] == positions["end_position"].partition(":")[0]
        assert made.run("verify").stdout


def test_prepared_xa_transactions_outlive_the_promotion(task: NewTask, databases: Stack, pair: Pair) -> None:
    """Prepared at the old primary, before the task and while it ran; decided at the new one, whose log holds their rows
    at other places. Each row is published once."""
    with connect(pair.primary.endpoint("admin"), database="mysql") as primary:
        primary.execute("CREATE DATABASE ran")
        primary.execute("CREATE TABLE ran.t (id INT PRIMARY KEY, v INT)")
        primary.execute("INSERT INTO ran.t VALUES (0, 0), (7, 0)")
        _prepare(primary, "early", "INSERT INTO ran.t VALUES (1, 0)")
        made = two_hosts(task, databases, pair)
        capture, apply = made.start("capture"), made.start("apply")
        capture.wait_for("snapshot_completed")
        _prepare(primary, "late", "INSERT INTO ran.t VALUES (2, 0), (3, 0)", "UPDATE ran.t SET v = 1 WHERE id = 7")
        _prepare(primary, "never", "INSERT INTO ran.t VALUES (4, 0)")
        _prepare(primary, "done", "INSERT INTO ran.t VALUES (5, 0)")
        primary.execute("XA COMMIT 'done'")
    pair.catch_up()
    goal = GtidSet.parse(pair.executed())
    capture.until(lambda: load(made.kafka, made.name).executed.covers(goal), "publish what was committed")
    pair.fail_over()
    capture.wait_for(f'"host": "127.0.0.1:{pair.replica.port}"')
    with connect(pair.replica.endpoint("admin"), database="mysql") as promoted:
        assert len(promoted.query("XA RECOVER")) == 3
        promoted.execute("INSERT INTO ran.t VALUES (6, 0)")
        for decision in ("COMMIT 'late'", "ROLLBACK 'never'", "COMMIT 'early'"):
            promoted.execute(f"XA {decision}")
        promoted.execute("UPDATE ran.t SET v = v + 1")
        assert [row[0] for row in promoted.query("SELECT id FROM ran.t ORDER BY id")] == [0, 1, 2, 3, 5, 6, 7]
    made.wait()
    made.assert_equal()
    assert check_topics_of_hosts(made) > 0
    ops = Counter(record.op for record in records(made.kafka, made.name, f"{made.name}.ran.t"))
    assert ops == {"r": 2, "c": 5, "u": 8}
    assert "xa_looked_up" in capture.stderr
    assert capture.running and apply.running


def _prepare(connection: Connection, xid: str, *statements: str) -> None:
    for statement in (f"XA START '{xid}'", *statements, f"XA END '{xid}'", f"XA PREPARE '{xid}'"):
        connection.execute(statement)


def test_a_replica_that_lost_transactions_is_refused(task: NewTask, databases: Stack, pair: Pair) -> None:
    """What capture has published and no server has any more is named, wherever one asks."""
    with connect(pair.primary.endpoint("admin")) as primary:
        for statement in (
            "CREATE DATABASE ran",
            "CREATE TABLE ran.t (id INT PRIMARY KEY)",
            "INSERT INTO ran.t VALUES (1)",
        ):
            primary.execute(statement)
        pair.catch_up()
        server = str(primary.value("SELECT @@GLOBAL.server_uuid"))
        made = two_hosts(task, databases, pair)
        capture = made.start("capture")
        capture.wait_for("capturing")
        pair.stop_replication()
        primary.execute("INSERT INTO ran.t VALUES (2)")
        number = str(primary.value("SELECT @@GLOBAL.gtid_executed")).rpartition("-")[2]
        capture.until(lambda: load(made.kafka, made.name).executed.contains(f"{server}:{number}"), "publish it")
    pair.fail_over()
    assert capture.exit_code() == Exit.OPERATOR
    lost = f"lacks 1 transactions that are published already: {server}:{number}"
    assert lost in capture.stderr
    told = made.status()
    assert any(lost in problem["error"] for problem in told["problems"])
    checked = made.start("check")
    assert checked.exit_code() == Exit.OPERATOR
    assert f"{server}:{number}" in checked.stdout
