"""XA transactions whose XA PREPARE capture has not seen, that are large, or whose log is gone."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deploy.local import Profile, Server, Stack, start_mysql, stop_mysql
from runtime.errors import Fatal
from runtime.kafka import KafkaSettings
from runtime.mysql import connect
from snapshot.marks import Marks
from tests.integration.sessions import Site


def prepare(site: Site, xid: str, *statements: str) -> None:
    name = f"'{xid}', '{site.name}'"
    site.execute(f"XA START {name}", *statements, f"XA END {name}", f"XA PREPARE {name}")


def decide(site: Site, verb: str, xid: str) -> None:
    site.admin.execute(f"XA {verb} '{xid}', '{site.name}'")


def new_log(site: Site) -> None:
    site.admin.execute("FLUSH BINARY LOGS")


@contextmanager
def made(source: Server, kafka: str) -> Iterator[Site]:
    name = f"xa_{uuid.uuid4().hex[:8]}"
    with connect(source.endpoint("admin")) as admin:
        admin.execute(f"CREATE DATABASE {name}")
        admin.execute(f"USE {name}")
        admin.execute("CREATE TABLE t (id INT PRIMARY KEY, v LONGTEXT)")
        yield Site(source, KafkaSettings(kafka), name, admin)
        for _, first, second, xid in admin.query("XA RECOVER"):
            if str(xid).endswith(name):
                admin.execute(f"XA ROLLBACK '{str(xid)[: int(first)]}', '{str(xid)[-int(second) :]}'")
        admin.execute(f"DROP DATABASE {name}")


@pytest.fixture
def site(stack: Stack) -> Iterator[Site]:
    with made(stack.source, stack.kafka) as site:
        yield site


@pytest.fixture
def site_without_gtids(stack: Stack, tmp_path: Path) -> Iterator[Site]:
    server = start_mysql(Profile.SOURCE, tmp_path / "source", ["--gtid-mode=OFF", "--enforce-gtid-consistency=OFF"])
    with made(server, stack.kafka) as site:
        heartbeat = "GRANT CREATE, SELECT, INSERT, UPDATE ON penstock.* TO penstock"
        site.execute("CREATE DATABASE IF NOT EXISTS penstock", heartbeat)
        yield site
    stop_mysql(server.directory)


def test_prepared_before_the_task_begins(site: Site) -> None:
    prepare(site, "early", "INSERT INTO t VALUES (1, 'x')")
    prepare(site, "dropped", "INSERT INTO t VALUES (2, 'x')")
    site.catch_up()
    assert site.ids() == []
    decide(site, "COMMIT", "early")
    decide(site, "ROLLBACK", "dropped")
    goal = Marks(site.admin, None).low()
    site.catch_up()
    assert site.ids() == [1]
    (record,) = site.published()
    assert goal.contains(record.gtid or "")
    assert record.gtid != "", "the GTID is that of the commit"


def test_prepared_in_an_older_session_and_an_older_log(site: Site) -> None:
    site.catch_up()
    prepare(site, "a", "INSERT INTO t VALUES (1, 'x')")
    decide(site, "COMMIT", "a")
    prepare(site, "a", "INSERT INTO t VALUES (2, 'x')", "UPDATE t SET v = 'y' WHERE id = 2")
    new_log(site)
    prepare(site, "b", "INSERT INTO t VALUES (3, 'x')")
    prepare(site, "c", "INSERT INTO t VALUES (4, 'x')")
    decide(site, "ROLLBACK", "c")
    site.catch_up()
    assert site.ids() == [1]
    decide(site, "COMMIT", "b")
    prepare(site, "c", "INSERT INTO t VALUES (5, 'x')")
    new_log(site)
    site.catch_up()
    assert site.ids() == [1, 3]
    decide(site, "COMMIT", "c")
    site.catch_up()
    site.admin.execute("INSERT INTO t VALUES (6, 'x')")
    decide(site, "COMMIT", "a")
    site.catch_up()
    assert site.ids() == [1, 3, 5, 6, 2, 2]


def test_a_large_one_is_held_on_disk_and_published_in_parts(site: Site) -> None:
    site.catch_up()
    rows = 300
    statements = [f"INSERT INTO t VALUES ({number}, REPEAT('x', 5000))" for number in range(rows)]
    prepare(site, "large", *statements)
    prepare(site, "small", "INSERT INTO t VALUES (1000, 'x')")
    decide(site, "COMMIT", "small")
    decide(site, "COMMIT", "large")
    site.catch_up(held_bytes=20_000, transaction_bytes=50_000)
    found = site.published()
    assert site.ids() == [1000, *range(rows)]
    assert [record.row for record in found[1:]] == list(range(rows)), "they lie at one place"
    assert len({record.position for record in found[1:]}) == 1
    assert found[1].position > found[0].position


def test_a_session_ends_when_a_part_is_published(site: Site) -> None:
    site.catch_up()
    prepare(site, "large", *(f"INSERT INTO t VALUES ({number}, REPEAT('x', 5000))" for number in range(200)))
    decide(site, "COMMIT", "large")
    site.stop_within_a_transaction(held_bytes=20_000, transaction_bytes=50_000)
    part = len(site.ids())
    assert 0 < part < 200
    site.catch_up()
    assert site.ids() == list(range(200))
    assert [record.row for record in site.published()] == list(range(200))


def test_by_file_and_offset(site_without_gtids: Site) -> None:
    site = site_without_gtids
    prepare(site, "early", "INSERT INTO t VALUES (1, 'x')")
    site.catch_up()
    prepare(site, "late", "INSERT INTO t VALUES (2, 'x')")
    prepare(site, "never", "INSERT INTO t VALUES (3, 'x')")
    site.catch_up()
    new_log(site)
    decide(site, "COMMIT", "late")
    decide(site, "ROLLBACK", "never")
    prepare(site, "large", *(f"INSERT INTO t VALUES ({number}, REPEAT('x', 5000))" for number in range(100, 200)))
    decide(site, "COMMIT", "early")
    decide(site, "COMMIT", "large")
    site.stop_within_a_transaction(transaction_bytes=50_000)
    site.catch_up()
    assert site.ids() == [2, 1, *range(100, 200)]
    # its rows come in a transaction of their own behind the definition, as CREATE TABLE ... SELECT once was logged
    site.execute("CREATE TABLE two_parts ENGINE=MyISAM SELECT id FROM t WHERE id < 3")
    site.catch_up()
    assert sorted(site.ids("two_parts")) == [1, 2]


def test_the_rows_are_purged(site: Site) -> None:
    site.catch_up()
    prepare(site, "late", "INSERT INTO t VALUES (1, 'x')")
    site.catch_up()
    new_log(site)
    newest = str(site.admin.query("SHOW BINARY LOG STATUS")[0][0])
    site.admin.execute(f"PURGE BINARY LOGS TO '{newest}'")
    site.catch_up()
    decide(site, "COMMIT", "late")
    with pytest.raises(Fatal, match="the log does not hold the rows") as raised:
        site.catch_up()
    assert "migrate anew" in raised.value.hint
