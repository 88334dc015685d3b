"""Statements that take long, answer in unusual ways, or are not waited for any longer."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace

import pytest

from deploy.local import Stack
from runtime import mysql, stopping
from runtime.answer import Answer
from runtime.environment import open_session
from runtime.line import Unreachable
from runtime.mysql import Connection, Endpoint, connect
from runtime.stopping import Stopped
from tests.conftest import NewTask
from tests.pipeline.proxy import Proxy


@pytest.fixture
def account(databases: Stack) -> Endpoint:
    return databases.destination.endpoint("polar")


@pytest.fixture
def admin(databases: Stack) -> Iterator[Connection]:
    with connect(databases.destination.endpoint("admin")) as connection:
        connection.execute("CREATE DATABASE long_ones")
        yield connection


@pytest.fixture
def asked_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that works is asked every half second whether it lives."""
    monkeypatch.setattr(mysql.WhileAlive, "ASK_AFTER_SECONDS", 0.5)


@pytest.fixture
def stop() -> Iterator[Callable[[], None]]:
    """As a signal does it."""
    yield stopping.ask
    stopping.forget()


def running(admin: Connection, text: str) -> bool:
    sql = "SELECT 1 FROM information_schema.PROCESSLIST WHERE INFO LIKE %s AND ID <> CONNECTION_ID()"
    return bool(admin.query(sql, (f"%{text}%",)))


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        time.sleep(0.01)


def answered(session: Connection, statement: str) -> Answer:
    started = session.start(statement)
    until(lambda: started.finished(0.05))
    return started.answer


def test_every_answer_is_read_to_its_end(admin: Connection, account: Endpoint) -> None:
    admin.execute("USE long_ones")
    admin.execute("CREATE TABLE p (id INT PRIMARY KEY) PARTITION BY HASH (id) PARTITIONS 2")
    results = "SELECT 1, NULL; SELECT REPEAT('x', 70000) FROM p; SELECT 'end'"
    admin.execute(f"CREATE PROCEDURE several() BEGIN {results}; END")
    with open_session(account) as session:
        for statement, expected in (
            ("INSERT INTO long_ones.p VALUES (1), (2), (3)", (3, [])),
            ("UPDATE long_ones.p SET id = id + 10", (3, [])),
            ("ALTER TABLE long_ones.p ANALYZE PARTITION p0", (0, [(b"long_ones.p", b"analyze", b"status", b"OK")])),
            ("DO 1", (0, [])),
            ("CALL long_ones.several()", (0, [(b"1", None), *[(b"x" * 70000,)] * 3, (b"end",)])),
        ):
            answer = answered(session, statement)
            assert (answer.changed, answer.rows) == expected
            assert session.value("SELECT 'in step'") == "in step"
        for verb in ("ANALYZE", "CHECK", "OPTIMIZE", "REPAIR"):
            answer = answered(session, f"{verb} TABLE long_ones.p, long_ones.missing")
            assert b"Error" in {row[2] for row in answer.rows}
            session.execute(f"ALTER TABLE long_ones.p {verb} PARTITION ALL")
            assert session.value("SELECT COUNT(*) FROM long_ones.p") == 3


@pytest.mark.usefixtures("asked_often")
def test_a_server_that_works_is_waited_for_and_one_that_is_gone_is_not(
    account: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = Proxy(account.host, account.port)
    with proxy, closing(open_session(replace(account, port=proxy.port))) as session:
        assert session.value("SELECT SLEEP(1.5)") == 0
        assert list(session.raw_stream("SELECT SLEEP(1.5)")) == [b"\x010"]
        monkeypatch.setattr(mysql, "_CONNECT_SECONDS", 1.0)
        proxy.go_deaf()
        with pytest.raises(Unreachable, match="silent for"):
            session.execute("DO 1")


def test_a_stop_ends_a_statement_here_and_there(
    admin: Connection, account: Endpoint, stop: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stopping, "_GRACE_SECONDS", 0.0)

    def stop_it() -> None:
        until(lambda: running(admin, "SLEEP(300)"))
        stop()

    asking = threading.Thread(target=stop_it)
    with closing(open_session(account)) as session:
        asking.start()
        with pytest.raises(Stopped):
            session.execute("DO SLEEP(300)")
        asking.join()
    stopping.forget()
    until(lambda: not running(admin, "SLEEP(300)"))


def test_commands_end_while_a_server_works(admin: Connection, databases: Stack, task: NewTask) -> None:
    """What they have begun is ended there; a batch is rolled back, and the next process writes it."""
    with connect(databases.source.endpoint("admin")) as source:
        source.execute("CREATE DATABASE shop")
        source.execute("CREATE TABLE shop.t (id INT PRIMARY KEY)")
        source.execute("INSERT INTO shop.t VALUES (1)")
        made = task(include=["shop.*"])
        migrate = made.start("migrate")
        made.wait()

        admin.execute("LOCK TABLES shop.t WRITE")
        verify = made.start("verify")
        until(lambda: running(admin, "`t`"))
        assert verify.terminate() != 0
        until(lambda: not running(admin, "`t`"))
        admin.execute("UNLOCK TABLES")

        admin.execute("CREATE TRIGGER shop.slow BEFORE INSERT ON shop.t FOR EACH ROW DO SLEEP(300)")
        source.execute("INSERT INTO shop.t VALUES (2)")
    until(lambda: running(admin, "SLEEP(300)"))
    assert migrate.terminate() == 0
    until(lambda: not running(admin, "SLEEP(300)"))
    admin.execute("DROP TRIGGER shop.slow")
    made.start("migrate")
    made.wait()
    with connect(databases.destination.endpoint("admin")) as destination:
        assert destination.query("SELECT id FROM shop.t") == [(1,), (2,)]
