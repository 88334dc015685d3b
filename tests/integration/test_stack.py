"""The stack of real servers: reused, repaired after kill -9, removed without a trace in others, granted as it says."""

import os
import signal
import subprocess
import uuid
from collections.abc import Iterator

import pytest

from deploy.local import Stack, client, down, load, mysql_pid, up
from deploy.local.stack import answering
from runtime.errors import Fatal
from runtime.kafka import KafkaSettings, Topics, read_to_end
from runtime.kafka_producer import Producer
from runtime.mysql import Refused, connect

_REFUSED_TO_POLAR = (
    "SET GLOBAL max_connections = 10",
    "SET SESSION sql_log_bin = 0",
    "SET PERSIST max_connections = 10",
    "LOCK INSTANCE FOR BACKUP",
    "XA RECOVER",
    "DELETE FROM mysql.user",
    "CREATE DEFINER = root@localhost SQL SECURITY INVOKER VIEW judge.v AS SELECT 1",
)


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    name = f"test-{uuid.uuid4().hex[:8]}"
    yield up(name)
    down(name)


def _pids(stack: Stack) -> list[int]:
    pids = [mysql_pid(stack.source.directory), mysql_pid(stack.destination.directory), stack.kafka_pid]
    return [pid for pid in pids if pid is not None]


def test_a_second_up_finds_the_running_stack(stack: Stack) -> None:
    before = _pids(stack)

    assert len(before) == 3
    assert up(stack.name) == stack == load(stack.name)
    assert _pids(stack) == before


def test_what_was_killed_comes_back_with_its_data(stack: Stack) -> None:
    for endpoint in (stack.source.endpoint("admin"), stack.destination.endpoint("polar")):
        with connect(endpoint) as connection:
            connection.execute("CREATE DATABASE kept")
            connection.execute("CREATE TABLE kept.t (id INT PRIMARY KEY)")
            connection.execute("INSERT INTO kept.t VALUES (1), (2)")
    kafka = KafkaSettings(stack.kafka)
    Topics(kafka).ensure("kept", 1, {})
    producer = Producer(kafka, "kept")
    producer.begin()
    producer.send("kept", 0, [b"key"], [b"value"])
    killed = _pids(stack)
    producer.commit()  # the broker has promised it, and has not yet marked it in the topic
    for pid in killed:
        os.kill(pid, signal.SIGKILL)

    assert up(stack.name) == stack
    assert set(_pids(stack)).isdisjoint(killed)
    for endpoint in (stack.source.endpoint("penstock"), stack.destination.endpoint("polar")):
        with connect(endpoint) as connection:
            assert connection.query("SELECT id FROM kept.t") == [(1,), (2,)]
    Producer(kafka, "kept").close()  # ends what the first left open
    assert [(record.key(), record.value()) for record in read_to_end(kafka, "kept")] == [(b"key", b"value")]


def test_down_removes_one_stack_and_leaves_the_other(stack: Stack) -> None:
    before = _pids(stack)
    other = up(f"{stack.name}-other")
    ports = {other.source.port, other.destination.port, other.kafka}

    assert ports.isdisjoint({stack.source.port, stack.destination.port, stack.kafka})
    down(other.name)

    assert not other.directory.exists()
    assert not any(answering(other).values())
    assert _pids(stack) == before
    with pytest.raises(Fatal, match="there is no stack"):
        load(other.name)


def test_the_source_is_as_penstock_asks_for_it(stack: Stack) -> None:
    with connect(stack.source.endpoint("penstock")) as connection:
        settings = dict(connection.query("SHOW GLOBAL VARIABLES"))
        grants = connection.query("SHOW GRANTS")

    wanted = {"gtid_mode": "ON", "log_bin": "ON", "binlog_format": "ROW", "sync_binlog": "1"}
    wanted |= {"binlog_row_image": "FULL", "binlog_row_metadata": "FULL", "bind_address": "127.0.0.1"}
    assert wanted.items() <= settings.items()
    assert grants == [("GRANT SELECT, LOCK TABLES, REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO `penstock`@`%`",)]


def test_the_destination_is_as_lax_and_as_strict_as_polardb(stack: Stack) -> None:
    with connect(stack.destination.endpoint("polar")) as connection:
        settings = dict(connection.query("SHOW GLOBAL VARIABLES"))
        connection.execute("CREATE DATABASE judge")
        connection.execute("CREATE TABLE judge.Loud (a INT) ENGINE=MyISAM")
        made = connection.query("SELECT table_name, engine FROM information_schema.tables WHERE table_schema = 'judge'")
        for statement in _REFUSED_TO_POLAR:
            with pytest.raises(Refused):
                connection.execute(statement)

    wanted = {"lower_case_table_names": "1", "sql_mode": "", "time_zone": "+08:00", "log_bin": "OFF"}
    wanted |= {"transaction_isolation": "READ-COMMITTED", "local_infile": "OFF", "event_scheduler": "OFF"}
    assert wanted.items() <= settings.items()
    assert made == [("loud", "InnoDB")]


def test_a_standard_account_cannot_create_a_database(stack: Stack) -> None:
    with connect(stack.destination.endpoint("polar")) as connection:
        connection.execute("CREATE DATABASE shop")
    with connect(stack.destination.endpoint("polar_rw")) as connection:
        connection.execute("CREATE TABLE shop.t (id INT PRIMARY KEY)")
        with pytest.raises(Refused):
            connection.execute("CREATE DATABASE other")


def test_mysql_own_tools_reach_a_server(stack: Stack) -> None:
    asked = [*client(stack.source), "--batch", "--skip-column-names", "--execute", "SELECT CURRENT_USER(), @@port"]
    done = subprocess.run(asked, capture_output=True, text=True, check=True)

    assert done.stdout == f"admin@%\t{stack.source.port}\n"
    assert stack.source.account("admin").password not in " ".join(asked)
