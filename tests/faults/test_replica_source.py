"""The source is itself a replica: GTIDs of several servers, numbers out of order, commits in another order."""

from dataclasses import replace

from deploy.local import Stack
from runtime.mysql import connect
from tests.conftest import NewTask
from tests.faults.test_failover import Pair, pair
from tests.pipeline.log_oracle import check_topics
from tests.pipeline.running import Running
from tests.pipeline.transactions import Mix
from tests.pipeline.writer import RandomWriter

__all__ = ["pair"]
_OWN = ("SET GLOBAL super_read_only = OFF", "SET GLOBAL read_only = OFF", "CREATE DATABASE ran_here")
_UNORDERED = (
    "STOP REPLICA SQL_THREAD",
    "SET GLOBAL replica_parallel_workers = 4",
    "SET GLOBAL replica_preserve_commit_order = OFF",
    "START REPLICA SQL_THREAD",
)


def test_a_replica_with_parallel_workers_is_followed(task: NewTask, databases: Stack, pair: Pair) -> None:
    mix = Mix(rows=500, ddl=0.005, large=0.003, xa=0.05, tagged=0.1)
    writer = RandomWriter(pair.primary.endpoint("admin"), 31, "ran", mix=mix, threads=4)
    writer.create()
    with connect(pair.replica.endpoint("admin")) as replica:
        for statement in (*_UNORDERED, *_OWN, "CREATE TABLE ran_here.t (id INT PRIMARY KEY, version INT)"):
            replica.execute(statement)
        source = pair.replica.endpoint("penstock")
        made = task(stack=replace(databases, source=pair.replica), include=["ran*.*"], source=source)
        with writer:
            running = Running(made, writer, made.start("capture"), made.start("apply"))
            for number in range(4):
                writer.wait_for(transactions=150)
                replica.execute(f"INSERT INTO ran_here.t VALUES ({number}, {number})")
                running.restart("capture")
            writer.stop()
        pair.catch_up()
        assert replica.value("SELECT COUNT(*) FROM ran_here.t") == 4
        assert ":" in str(replica.value("SELECT @@GLOBAL.gtid_executed")).partition(",")[2], "GTIDs of two servers"
    made.wait()
    made.assert_equal()
    assert check_topics(made) > 0
