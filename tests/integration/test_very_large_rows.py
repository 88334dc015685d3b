"""Rows of 64 MB, before and after a change in one record; records that take a busy broker longer than others."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from deploy.local import Stack
from runtime.errors import Transient
from runtime.kafka import KafkaSettings, Topics, large_records, read_to_end
from runtime.kafka_errors import PATIENCE_SECONDS
from runtime.kafka_producer import Producer
from runtime.mysql import Connection, connect
from runtime.service import Stop
from tests.conftest import NewTask

_MIB = 1 << 20
_PACKET = 1 << 30  # the most that a server takes
_SECONDS = 600
_LARGEST = {"message.max.bytes": "300000000"}


@pytest.fixture
def source(databases: Stack) -> Iterator[Connection]:
    """A database `large`, on servers that take the largest statements."""
    servers = [databases.source.endpoint("admin"), databases.destination.endpoint("admin")]
    limits = []
    for server in servers:
        with connect(server) as connection:
            limits.append(int(connection.value("SELECT @@GLOBAL.max_allowed_packet")))
            connection.execute(f"SET GLOBAL max_allowed_packet = {_PACKET}")
    with connect(servers[0], timeout=_SECONDS) as connection:
        connection.execute("CREATE DATABASE large")
        yield connection
    for server, limit in zip(servers, limits, strict=True):
        with connect(server) as connection:
            connection.execute(f"SET GLOBAL max_allowed_packet = {limit}")


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(("column", "size"), [("LONGBLOB", 64 * _MIB), ("LONGTEXT", 64 * _MIB)])
def test_rows_of_64_megabytes(source: Connection, task: NewTask, column: str, size: int) -> None:
    source.execute(f"CREATE TABLE large.t (id INT PRIMARY KEY, n INT NOT NULL DEFAULT 0, v {column})")
    _insert(source, 1, size)
    moving = task(include=["large.*"], overrides={"kafka": {"properties": dict(_LARGEST)}})
    moving.start("migrate")
    moving.wait(_SECONDS)
    _insert(source, 2, size)
    moving.wait(_SECONDS)
    source.execute("UPDATE large.t SET n = 1 WHERE id = 1")
    moving.wait(_SECONDS)
    source.execute("UPDATE large.t SET id = 3 WHERE id = 2")
    moving.wait(_SECONDS)

    moving.assert_equal()


def _insert(source: Connection, number: int, size: int) -> None:
    """Random digits, which no compression makes small."""
    source.execute(b"INSERT INTO large.t (id, v) VALUES (%d, '%b')" % (number, os.urandom(size // 2).hex().encode()))


@pytest.mark.long
@pytest.mark.parametrize("stopped", [False, True])
def test_a_broker_that_is_slow_to_take_a_large_record(databases: Stack, stopped: bool) -> None:
    kafka = KafkaSettings(databases.kafka, _LARGEST)
    Topics(kafka).ensure("slow", 1, large_records(kafka))
    stop = Stop()
    with closing(Producer(kafka, "slow", stop=stop)) as producer:
        producer.begin()
        assert databases.kafka_pid is not None
        os.kill(databases.kafka_pid, signal.SIGSTOP)
        goes_on = threading.Timer(PATIENCE_SECONDS + 3, os.kill, (databases.kafka_pid, signal.SIGCONT))
        goes_on.start()
        try:
            producer.send("slow", 0, [None], [os.urandom(64 * _MIB)])
            if stopped:
                stop.request()
                with pytest.raises(Transient, match="stays full"):
                    producer.send("slow", 0, [None], [b"next"])
                assert goes_on.is_alive(), "a stop waits no longer than before"
            else:
                producer.send("slow", 0, [None], [b"next"])
                producer.commit()
        finally:
            goes_on.join()
    assert len(list(read_to_end(kafka, "slow"))) == (0 if stopped else 2)
