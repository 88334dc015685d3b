"""Servers whose configuration means something else in every way: what is migrated is the same."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace

import pytest

from deploy.local import Profile, Server, Stack, start_mysql, stop_mysql
from runtime.environment import open_session
from runtime.mysql import Connection, Endpoint, connect
from tests.conftest import NewTask, empty
from tests.pipeline.compare import differences
from tests.pipeline.settle import settle

_MODES = (
    "ANSI_QUOTES,PIPES_AS_CONCAT,NO_BACKSLASH_ESCAPES,PAD_CHAR_TO_FULL_LENGTH,IGNORE_SPACE,REAL_AS_FLOAT,"
    "NO_UNSIGNED_SUBTRACTION,HIGH_NOT_PRECEDENCE,ONLY_FULL_GROUP_BY,STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE"
)
_MODES56 = f"{_MODES},NO_FIELD_OPTIONS,NO_KEY_OPTIONS,NO_TABLE_OPTIONS,MYSQL40"
#: variable -> a value under which something would go wrong, or look otherwise; those that a server has
HOSTILE = {
    "autocommit": "0",
    "big_tables": "1",
    "character_set_client": "latin1",
    "character_set_connection": "latin1",
    "character_set_results": "latin1",
    "collation_connection": "latin1_german2_ci",
    "completion_type": "RELEASE",
    "default_storage_engine": "MyISAM",
    "default_tmp_storage_engine": "MEMORY",
    "default_week_format": "6",
    "div_precision_increment": "0",
    "explicit_defaults_for_timestamp": "0",
    "foreign_key_checks": "1",
    "group_concat_max_len": "4",
    "information_schema_stats_expiry": "86400",
    "init_connect": "SET NAMES latin1",
    "innodb_lock_wait_timeout": "1",
    "innodb_strict_mode": "0",
    "innodb_table_locks": "0",
    "lc_messages": "de_DE",
    "lc_time_names": "ja_JP",
    "lock_wait_timeout": "1",
    "low_priority_updates": "1",
    "max_execution_time": "1",
    "max_join_size": "1",
    "max_sort_length": "4",
    "net_read_timeout": "1",
    "net_write_timeout": "1",
    "old_alter_table": "1",
    "range_optimizer_max_mem_size": "1",
    "show_create_table_skip_secondary_engine": "1",
    "show_create_table_verbosity": "1",
    "sql_auto_is_null": "1",
    "sql_big_selects": "0",
    "sql_buffer_result": "1",
    "sql_notes": "0",
    "sql_quote_show_create": "0",
    "sql_safe_updates": "1",
    "sql_select_limit": "0",
    "sql_warnings": "1",
    "terminology_use_previous": "BEFORE_8_0_26",
    "time_zone": "-07:00",
    "transaction_isolation": "SERIALIZABLE",
    "transaction_read_only": "1",
    "tx_isolation": "SERIALIZABLE",
    "tx_read_only": "1",
    "unique_checks": "0",
    "updatable_views_with_limit": "0",
    "use_secondary_engine": "FORCED",
    "wait_timeout": "1",
    "windowing_use_high_precision": "0",
}
_READ_ONLY56 = frozenset(("explicit_defaults_for_timestamp",))
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


@contextmanager
def hostile(server: Server) -> Iterator[None]:
    """The server with such a configuration; its own again afterwards."""
    with connect(server.endpoint("admin")) as admin:
        is_old = admin.server_version.startswith("5.6")
        known = {str(row[0]): str(row[1]) for row in admin.query("SHOW GLOBAL VARIABLES")}
        wanted = {**HOSTILE, "sql_mode": _MODES56 if is_old else _MODES}
        before = {name: known[name] for name in wanted if name in known and not (is_old and name in _READ_ONLY56)}
        _set(admin, {name: wanted[name] for name in before})
        try:
            yield
        finally:
            _set(admin, before)


def _set(admin: Connection, values: Mapping[str, str]) -> None:
    for name, value in values.items():
        admin.execute(f"SET GLOBAL {name} = {value if value.isdigit() or value in ('ON', 'OFF') else repr(value)}")


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
