"""Rows of 64 MB, before and after a change in one record; records that take a busy broker longer than others."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from control.broker import LARGEST_RECORD
from deploy.local import Stack
from runtime.errors import Exit, Transient
from runtime.kafka import KafkaSettings, Topics, large_records, read_to_end
from runtime.kafka_errors import PATIENCE_SECONDS
from runtime.kafka_producer import Producer
from runtime.mysql import Connection, connect
from runtime.service import Stop
from schemas.names import TableName
from schemas.topics import table_topic
from tests.conftest import NewTask

_MIB = 1 << 20
_PACKET = 1 << 30  # the most that a server takes
_SECONDS = 600
_LARGEST = {"message.max.bytes": str(LARGEST_RECORD)}


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
@pytest.mark.parametrize("column", ["LONGBLOB", "LONGTEXT"])
def test_rows_of_64_megabytes(source: Connection, task: NewTask, column: str) -> None:
    value = _bytes if column == "LONGBLOB" else _digits
    source.execute(f"CREATE TABLE large.t (id INT PRIMARY KEY, n INT NOT NULL DEFAULT 0, v {column})")
    _insert(source, 1, value(64 * _MIB))
    moving = task(include=["large.*"], overrides={"kafka": {"properties": dict(_LARGEST)}})
    migration = moving.start("migrate")
    moving.wait(_SECONDS)
    _insert(source, 2, value(64 * _MIB))
    moving.wait(_SECONDS)
    source.execute("UPDATE large.t SET n = 1 WHERE id = 1")
    moving.wait(_SECONDS)
    source.execute("UPDATE large.t SET id = 3 WHERE id = 2")
    moving.wait(_SECONDS)

    moving.assert_equal()
    assert "retrying" not in migration.stderr, "nothing was given up on the way"


def _insert(source: Connection, number: int, value: bytes) -> None:
    source.execute(b"INSERT INTO large.t (id, v) VALUES (%d, %b)" % (number, value))


def _bytes(size: int) -> bytes:
    """A literal of bytes that no compression makes small."""
    return b"X'%b'" % os.urandom(size).hex().encode()


def _digits(size: int) -> bytes:
    return b"'%b'" % os.urandom(size // 2).hex().encode()


@pytest.mark.long
def test_a_record_that_no_segment_holds(source: Connection, task: NewTask) -> None:
    source.execute("CREATE TABLE large.t (id INT PRIMARY KEY, v LONGBLOB)")
    moving = task(include=["large.*"])
    migration = moving.start("migrate")
    moving.wait()
    Topics(moving.kafka).configure(table_topic(moving.name, TableName("large", "t")), {"segment.bytes": str(_MIB)})

    _insert(source, 1, _bytes(2 * _MIB))

    assert migration.exit_code() == Exit.OPERATOR
    assert "raise segment.bytes of the topic" in migration.stderr


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
