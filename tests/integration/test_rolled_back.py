"""A source that logs what was rolled back: MySQL 5.6, whose log keeps it behind temporary tables."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local import Profile, Stack, start_mysql, stop_mysql
from runtime.kafka import KafkaSettings
from runtime.mysql import connect
from tests.integration.sessions import Site

_TEMPORARY = ("CREATE TEMPORARY TABLE scratch (a INT) ENGINE=InnoDB", "DROP TEMPORARY TABLE scratch")


@pytest.fixture
def site(stack: Stack, tmp_path: Path) -> Iterator[Site]:
    source = start_mysql(Profile.SOURCE56, tmp_path / "source56")
    name = f"rolled_{uuid.uuid4().hex[:8]}"
    with connect(source.endpoint("admin")) as admin:
        admin.execute(f"CREATE DATABASE {name}")
        admin.execute(f"USE {name}")
        admin.execute("CREATE TABLE t (id INT PRIMARY KEY, v LONGTEXT)")
        yield Site(source, KafkaSettings(stack.kafka), name, admin)
    stop_mysql(source.directory)


def test_what_the_log_takes_back_is_not_published(site: Site) -> None:
    site.catch_up()
    filled = [f"INSERT INTO t VALUES ({number}, REPEAT('x', 5000))" for number in range(100, 200)]
    site.execute("BEGIN", "INSERT INTO t VALUES (1, '')", *_TEMPORARY, "INSERT INTO t VALUES (2, '')", "ROLLBACK")
    site.execute("BEGIN", *filled, *_TEMPORARY, "ROLLBACK")
    site.execute(
        *("BEGIN", "INSERT INTO t VALUES (3, '')", _TEMPORARY[0], "SAVEPOINT `A b`", "INSERT INTO t VALUES (4, '')"),
        *(_TEMPORARY[1], "ROLLBACK TO SAVEPOINT `a B`", "INSERT INTO t VALUES (5, '')", "COMMIT"),
    )
    site.execute("CREATE TABLE copied (PRIMARY KEY (id)) SELECT id FROM t")
    site.execute("INSERT INTO t VALUES (6, '')", "XA START 'left'", "INSERT INTO t VALUES (7, '')")
    site.execute("XA START 'x'", "INSERT INTO t VALUES (8, '')", "XA END 'x'", "XA PREPARE 'x'", "XA COMMIT 'x'")
    site.catch_up(held_bytes=20_000, transaction_bytes=50_000)
    assert site.admin.query("SELECT id FROM t ORDER BY id") == [(3,), (5,), (6,), (8,)]
    assert site.ids() == [3, 5, 6, 8]
    assert site.ids("copied") == [3, 5]
