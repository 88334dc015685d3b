"""Rows larger than one packet of the protocol, by snapshot and by log; and rows that are too large for a setting."""

import json
import os
from collections.abc import Iterator

import pytest

from deploy.local import Stack
from runtime.errors import Exit
from runtime.kafka import Topics
from runtime.mysql import Connection, connect
from schemas.names import TableName
from schemas.topics import table_topic
from tests.conftest import NewTask

_ROW = 17 << 20  # over one packet of 2^24-1 bytes; what changes it, over the 32 MB that a producer queues
_PACKET = 256 << 20


@pytest.fixture
def source(databases: Stack) -> Iterator[Connection]:
    """A database `large`, on servers that take large statements."""
    servers = [databases.source.endpoint("admin"), databases.destination.endpoint("admin")]
    limits = []
    for server in servers:
        with connect(server) as connection:
            limits.append(int(connection.value("SELECT @@GLOBAL.max_allowed_packet")))
            connection.execute(f"SET GLOBAL max_allowed_packet = {_PACKET}")
    with connect(servers[0], timeout=300) as connection:
        connection.execute("CREATE DATABASE large")
        connection.execute("CREATE TABLE large.t (id INT PRIMARY KEY, n INT NOT NULL DEFAULT 0, b LONGBLOB)")
        yield connection
    for server, limit in zip(servers, limits, strict=True):
        with connect(server) as connection:
            connection.execute(f"SET GLOBAL max_allowed_packet = {limit}")


def _insert(source: Connection, number: int, size: int) -> None:
    value = os.urandom(size).hex().encode()
    source.execute(b"INSERT INTO large.t (id, b) VALUES (%d, X'%b')" % (number, value))


def test_rows_over_one_packet(source: Connection, task: NewTask) -> None:
    _insert(source, 1, _ROW)
    moving = task(include=["large.*"])
    moving.start("migrate")
    moving.wait(120)
    _insert(source, 2, _ROW)
    source.execute("UPDATE large.t SET n = 1 WHERE id = 1")
    source.execute("UPDATE large.t SET id = 3 WHERE id = 2")

    moving.wait(120)

    moving.assert_equal()
    moving.run("verify")


def test_documents_over_one_packet(source: Connection, task: NewTask) -> None:
    document = f"JSON_OBJECT('text', REPEAT('x', {_ROW}), 'price', 1.10, 'list', JSON_ARRAY(DATE'2024-01-02'))"
    source.execute("CREATE TABLE large.documents (id INT PRIMARY KEY, doc JSON)")
    source.execute(f"INSERT INTO large.documents VALUES (1, {document})")
    moving = task(include=["large.*"])
    moving.start("migrate")
    moving.wait()

    source.execute(f"INSERT INTO large.documents VALUES (2, {document})")
    moving.wait()

    moving.assert_equal()


def test_check_finds_brokers_that_take_less(source: Connection, task: NewTask) -> None:
    asking = task(include=["large.*"], overrides={"kafka": {"properties": {"message.max.bytes": 900_000_000}}})

    told = json.loads(asking.run("check", "--json", expected=Exit.OPERATOR).stdout)

    failed = {finding["name"]: finding["repair"] for finding in told if finding["status"] == "failed"}
    assert failed.keys() == {"kafka.record_size"}
    assert "message.max.bytes" in failed["kafka.record_size"]


def test_a_record_that_the_producer_may_not_send(source: Connection, task: NewTask) -> None:
    moving = task(include=["large.*"], overrides={"kafka": {"properties": {"message.max.bytes": 1_000_000}}})
    migration = moving.start("migrate")
    moving.wait()

    _insert(source, 1, 1 << 20)

    assert migration.exit_code() == Exit.OPERATOR
    assert "large.t" in migration.stderr
    assert "raise message.max.bytes in kafka.properties" in migration.stderr


def test_a_record_that_the_topic_does_not_take(source: Connection, task: NewTask) -> None:
    moving = task(include=["large.*"])
    migration = moving.start("migrate")
    moving.wait()
    Topics(moving.kafka).configure(table_topic(moving.name, TableName("large", "t")), {"max.message.bytes": "1000000"})

    _insert(source, 1, 2 << 20)

    assert migration.exit_code() == Exit.OPERATOR
    assert "max.message.bytes of the topic" in migration.stderr


def test_a_row_that_the_destination_does_not_take(databases: Stack, source: Connection, task: NewTask) -> None:
    with connect(databases.destination.endpoint("admin")) as connection:
        connection.execute(f"SET GLOBAL max_allowed_packet = {16 << 20}")
    migration = (moving := task(include=["large.*"])).start("migrate")
    moving.wait()

    _insert(source, 7, 9 << 20)  # its statement has two digits per byte

    assert migration.exit_code() == Exit.OPERATOR
    assert "raise max_allowed_packet at the destination" in migration.stderr
    assert "key (7)" in migration.stderr
