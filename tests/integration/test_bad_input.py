"""What the source may throw at capture: each thing gives one clear error with a hint, and no row is lost by it."""

import uuid
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

import pytest

from capture.checkpoint import load
from capture.events import Event
from capture.loop import Capture
from capture.reader import LogReader
from capture.settings import CaptureSettings
from deploy.local import Stack
from runtime.errors import Exit, Fatal
from runtime.kafka import KafkaSettings
from runtime.mysql import Connection, Endpoint, connect
from runtime.service import Backoff, Stop, run
from schemas.position import GtidSet, LogPosition
from schemas.selection import Selection
from snapshot.marks import Marks
from tests.conftest import NewTask

_NOT_FULL = "SET SESSION binlog_row_image = MINIMAL"
BAD = {
    "minimal image of an update": ("a row of the log lacks", [_NOT_FULL, "UPDATE t SET v = 2"]),
    "minimal image of a delete": ("a row of the log lacks", [_NOT_FULL, "DELETE FROM t"]),
    "minimal image of an insert": ("a row of the log lacks", [_NOT_FULL, "INSERT INTO t (id) VALUES (7)"]),
    "no BLOBs in the image": (
        "a row of the log lacks x",
        ["SET SESSION binlog_row_image = NOBLOB", "UPDATE w SET v = 2"],
    ),
    "minimal image, compressed": (
        "a row of the log lacks",
        [_NOT_FULL, "SET SESSION binlog_transaction_compression = ON", "UPDATE t SET v = 2"],
    ),
    "partial JSON without the older document": (
        "a row of the log lacks v, j",
        [_NOT_FULL, "SET SESSION binlog_row_value_options = PARTIAL_JSON", "UPDATE t SET j = JSON_SET(j, '$.a', 5)"],
    ),
    "statement in the log": ("logged as text", ["SET SESSION binlog_format = STATEMENT", "UPDATE t SET v = 2"]),
}


@dataclass(slots=True)
class Site:
    """A database of its own, a capture of it, and what has been committed before anything bad happens."""

    stack: Stack
    name: str
    admin: Connection
    good: GtidSet

    @property
    def kafka(self) -> KafkaSettings:
        return KafkaSettings(self.stack.kafka)

    def capture(self, source: Endpoint | None = None) -> Capture:
        settings = CaptureSettings(task=self.name, selection=Selection(include=(f"{self.name}.*",)))
        return Capture([source or self.stack.source.endpoint("penstock")], self.kafka, settings)

    def catch_up(self) -> None:
        """Publishes everything up to now."""
        self.good = Marks(self.admin, None).low()
        with closing(self.capture().session()) as session:
            for _ in session:
                if load(self.kafka, self.name).executed.covers(self.good):
                    return

    def fails(self, match: str, source: Endpoint | None = None) -> Fatal:
        """Runs until capture stops for an operator. What passes by itself is tried again, as in a process: now and then
        librdkafka fails to abort a transaction (its issue 4849)."""
        with pytest.raises(Fatal, match=match) as raised:
            run(self.capture(source).session, Stop(), Backoff(60, first=0.01))
        assert raised.value.hint
        return raised.value


@pytest.fixture
def site(stack: Stack) -> Iterator[Site]:
    name = f"bad_{uuid.uuid4().hex[:8]}"
    with connect(stack.source.endpoint("admin")) as admin:
        admin.execute(f"CREATE DATABASE {name}")
        admin.execute(f"USE {name}")
        admin.execute("CREATE TABLE t (id INT PRIMARY KEY, v INT, j JSON)")
        admin.execute("CREATE TABLE w (id INT PRIMARY KEY, v INT, x TEXT)")
        admin.execute("INSERT INTO w VALUES (1, 1, 'one')")
        admin.execute('INSERT INTO t VALUES (1, 1, \'{"a": 1, "b": "some text that is long enough"}\')')
        site = Site(stack, name, admin, GtidSet())
        site.catch_up()
        yield site
        admin.execute(f"DROP DATABASE {name}")


@pytest.mark.parametrize("what", BAD)
def test_the_source_does_what_is_not_handled(site: Site, what: str) -> None:
    match, statements = BAD[what]
    with connect(site.stack.source.endpoint("admin"), database=site.name) as session:
        session.execute("INSERT INTO t VALUES (2, 2, NULL)")
        good = Marks(session, None).low()
        for statement in statements:
            session.execute(statement)
    error = site.fails(match)
    found = load(site.kafka, site.name)
    assert good.covers(found.executed), "nothing of the bad transaction counts as published"
    assert found.problem is not None
    assert found.problem.error == str(error)
    assert found.problem.hint == error.hint


def test_an_event_that_nobody_knows(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """It stops, unless it may be ignored."""
    unknown, ignorable = Event(200, 1, 1, 500, 0, 100, b"?"), Event(200, 1, 1, 0, 0x80, 100, b"?")
    events = iter([unknown, ignorable, Event(201, 1, 1, 0, 0, 100, b"?")])
    monkeypatch.setattr(LogReader, "_begin", lambda self: LogPosition.of("binlog.000001", 4))
    monkeypatch.setattr(LogReader, "ready", lambda self, seconds: True)
    monkeypatch.setattr(LogReader, "read", lambda self: next(events))
    for number in (200, 201):
        site.fails(f"an event of type {number}")


def test_the_logs_are_purged(site: Site) -> None:
    site.admin.execute("INSERT INTO t VALUES (3, 3, NULL)")
    site.admin.execute("FLUSH BINARY LOGS")
    newest = str(site.admin.query("SHOW BINARY LOG STATUS")[0][0])
    site.admin.execute(f"PURGE BINARY LOGS TO '{newest}'")
    site.fails("has purged 1 transactions of its log that are not published yet")


def test_another_reader_takes_the_server_id(site: Site) -> None:
    """Two replicas with one server_id end each other for ever: said, and not taken for a purged log."""
    source = site.stack.source.endpoint("penstock")
    number = site.capture()._settings.server_id
    with (
        closing(site.capture().session()) as session,
        pytest.raises(Fatal, match="same server_uuid/server_id") as raised,
    ):
        next(session)
        with closing(LogReader(source, site.good, number, 1000)):
            for _ in session:
                pass
    assert "another process runs this task" in raised.value.hint


def test_a_privilege_is_missing(site: Site) -> None:
    site.admin.execute("CREATE USER IF NOT EXISTS blind IDENTIFIED BY 'blind'")
    site.admin.execute("GRANT SELECT ON *.* TO blind")
    here = site.stack.source.endpoint("penstock")
    blind = Endpoint(here.name, here.host, here.port, "blind", "blind", here.tls)
    assert "REPLICATION" in str(site.fails("REPLICATION", blind)).upper()
    site.admin.execute("DROP USER blind")


def test_the_command_says_it_and_goes_on_after_the_repair(task: NewTask) -> None:
    run = task(include=["repaired.*"])
    with connect(run.stack.source.endpoint("admin")) as admin:
        admin.execute("CREATE DATABASE repaired")
        admin.execute("CREATE TABLE repaired.t (id INT PRIMARY KEY)")
        admin.execute("CREATE DATABASE elsewhere")
        admin.execute("CREATE TABLE elsewhere.t (id INT PRIMARY KEY)")
        admin.execute("SET GLOBAL binlog_row_image = MINIMAL")
        try:
            ended = run.run("migrate", "--until", "caught-up", expected=Exit.OPERATOR)
            assert "binlog_row_image" in ended.tail()
        finally:
            admin.execute("SET GLOBAL binlog_row_image = FULL")
        admin.execute("INSERT INTO repaired.t VALUES (1)")
    with connect(run.stack.source.endpoint("admin")) as stranger:
        stranger.execute("SET SESSION binlog_format = STATEMENT")
        stranger.execute("INSERT INTO elsewhere.t VALUES (1)")  # as text, but it touches nothing that is selected
    run.run("migrate", "--until", "caught-up")
    with connect(run.stack.destination.endpoint("admin")) as there:
        assert there.query("SELECT id FROM repaired.t") == [(1,)]


def test_a_full_disk_at_the_destination(task: NewTask) -> None:
    run = task(include=["crowded.*"])
    with connect(run.stack.source.endpoint("admin")) as here, connect(run.stack.destination.endpoint("admin")) as there:
        here.execute("CREATE DATABASE crowded")
        here.execute("CREATE TABLE crowded.t (id INT PRIMARY KEY)")
        run.run("migrate", "--until", "caught-up")
        there.execute(
            "CREATE TRIGGER crowded.full BEFORE INSERT ON crowded.t FOR EACH ROW "
            "SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = 1114, MESSAGE_TEXT = 'The table is full'"
        )
        here.execute("INSERT INTO crowded.t VALUES (1), (2)")
        ended = run.run("migrate", "--until", "caught-up", expected=Exit.OPERATOR)
        assert "out of space" in ended.tail()
        there.execute("DROP TRIGGER crowded.full")
        run.run("migrate", "--until", "caught-up")
        assert there.query("SELECT id FROM crowded.t ORDER BY id") == [(1,), (2,)]
