"""Servers whose configuration means something else in every way: what is migrated is the same."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace

import pytest

from deploy.local import Profile, Stack, start_mysql, stop_mysql
from runtime.environment import open_session
from runtime.mysql import Endpoint, connect
from tests.conftest import NewTask, empty
from tests.pipeline.compare import differences
from tests.pipeline.hostile import HOSTILE, hostile
from tests.pipeline.settle import settle

_DATABASE = "CREATE DATABASE h CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci"
_BEFORE = (
    "CREATE TABLE a (id INT AUTO_INCREMENT PRIMARY KEY, v VARCHAR(40) DEFAULT 'it''s \\\\ \"x\"' COMMENT 'a\\\\b',"
    " c CHAR(5), d DECIMAL(10,4), z DATE, ts TIMESTAMP NULL, r DOUBLE, KEY(v))",
    "INSERT INTO a (v, c, d, z, ts, r) VALUES"
    " ('Größe 水\\\\ \\' \"', ' x', 1.5, '0000-00-00', '2020-01-01 00:00:00', 1e300),"
    " ('b', '', 2, '2020-02-31', '2037-12-31 23:00:00', -0.1), (DEFAULT, NULL, NULL, NULL, NULL, NULL)",
    "INSERT INTO a (v, d) SELECT v, d + 1 FROM a",
    "INSERT INTO a (v, d) SELECT v, d + 1 FROM a",
    "CREATE TABLE k (v VARCHAR(40), f FLOAT)",
    "INSERT INTO k VALUES ('ß水', 1.1), ('ß水', 1.1), (NULL, 3)",
    "CREATE TABLE u (id INT PRIMARY KEY, v VARCHAR(9) UNIQUE, b VARBINARY(9))",
    "INSERT INTO u VALUES (1, 'a', 0xC3), (2, 'b', 0x00)",
    "CREATE TABLE p (id INT PRIMARY KEY)",
    "CREATE TABLE c (id INT PRIMARY KEY, p INT, FOREIGN KEY (p) REFERENCES p (id) ON DELETE CASCADE)",
    "CREATE TABLE q (id INT PRIMARY KEY) PARTITION BY HASH (id) PARTITIONS 2",
    "INSERT INTO q VALUES (1)",
    "INSERT INTO p VALUES (1), (2), (3)",
    "INSERT INTO c VALUES (1, 1), (2, 1), (3, 2)",
)
_AFTER = (
    "UPDATE a SET v = CONCAT(v, 'é'), d = d + 1",
    "DELETE FROM k WHERE v = 'ß水' LIMIT 1",
    "UPDATE k SET v = '水' WHERE f = 3",
    "BEGIN",
    "DELETE FROM u WHERE id = 1",
    "UPDATE u SET v = 'a' WHERE id = 2",
    "INSERT INTO u VALUES (3, 'b', NULL)",
    "COMMIT",
    "DELETE FROM p WHERE id = 1",
    "ALTER TABLE a ADD x VARCHAR(5) DEFAULT 'ä\\\\'",
    "CREATE TABLE n (a INT, b VARCHAR(4) DEFAULT 'ö', `q``\"` ENUM('x''', '\\\\') DEFAULT 'x''')",
    "INSERT INTO n (a) VALUES (1), (2)",
    "UPDATE n SET a = 3 WHERE a = 2",
    *(f"ALTER TABLE q {verb} PARTITION ALL" for verb in ("ANALYZE", "CHECK", "OPTIMIZE", "REPAIR", "REBUILD")),
    "OPTIMIZE TABLE p, q",
    "INSERT INTO q VALUES (2)",
)


@pytest.fixture(params=[("9.7", "5.6"), ("5.6", "9.7")], ids=lambda pair: " to ".join(pair))
def ends(stack: Stack, request: pytest.FixtureRequest) -> Iterator[Stack]:
    """One server of 9.7 and one of 5.6."""
    source, _ = request.param
    profile = Profile.DESTINATION56 if source == "9.7" else Profile.SOURCE56
    old = start_mysql(profile, stack.directory / profile)
    found = replace(stack, destination=old) if source == "9.7" else replace(stack, source=old)
    empty(found)
    yield found
    stop_mysql(stack.directory / profile)


def _environment(account: Endpoint) -> dict[str, str]:
    with open_session(account) as connection:
        told = connection.query("SHOW SESSION VARIABLES")
        return {str(name): str(value) for name, value in told if name in HOSTILE or name == "sql_mode"}


_LEFT_ALONE = frozenset(
    ("explicit_defaults_for_timestamp", "init_connect", "innodb_strict_mode", "low_priority_updates")
)


def test_nothing_of_a_configuration_is_left(ends: Stack, task: NewTask) -> None:
    servers = (ends.source, "penstock"), (ends.destination, "polar")
    with ExitStack() as opened, connect(ends.source.endpoint("admin")) as writer:
        for statement in ("SET SESSION sql_mode = '', wait_timeout = 86400", _DATABASE, "USE h", *_BEFORE):
            writer.execute(statement)
        usual = [_environment(server.endpoint(account)) for server, account in servers]
        for server, _ in servers:
            opened.enter_context(hostile(server))
        for (server, account), expected in zip(servers, usual, strict=True):
            found = _environment(server.endpoint(account))
            assert {name for name in expected if found[name] != expected[name]} <= _LEFT_ALONE

        moved = task(stack=ends, include=["h.*"])
        running = moved.start("migrate")
        settle(moved, [running])
        for statement in _AFTER:
            writer.execute(statement)
        moved.wait()
        moved.run("verify")
        moved.status()
        assert running.terminate() == 0
    assert differences(ends.source.endpoint("admin"), ends.destination.endpoint("admin")) == []
