"""XA transactions whose XA PREPARE capture has not seen, that are large, or whose log is gone."""

import uuid
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import pytest

from capture.loop import Capture
from capture.settings import CaptureSettings
from deploy.local import Stack
from runtime.errors import Fatal
from runtime.kafka import KafkaSettings, Topics, read_to_end
from runtime.mysql import Connection, connect
from schemas.position import GtidSet
from schemas.records import PositionRecord, RangeRecord, parse_commit
from schemas.selection import Selection
from schemas.topics import commits_topic
from snapshot.marks import Marks
from tests.pipeline.topics import Record, records


@dataclass(slots=True)
class Site:
    """A database with a table `t` in which applications prepare transactions, and a task that captures it."""

    stack: Stack
    name: str
    admin: Connection

    @property
    def kafka(self) -> KafkaSettings:
        return KafkaSettings(self.stack.kafka)

    def prepare(self, xid: str, *statements: str) -> None:
        with connect(self.stack.source.endpoint("admin"), database=self.name) as session:
            session.execute(f"XA START '{xid}', '{self.name}'")
            for statement in statements:
                session.execute(statement)
            session.execute(f"XA END '{xid}', '{self.name}'")
            session.execute(f"XA PREPARE '{xid}', '{self.name}'")

    def decide(self, verb: str, xid: str) -> None:
        self.admin.execute(f"XA {verb} '{xid}', '{self.name}'")

    def new_log(self) -> None:
        self.admin.execute("FLUSH BINARY LOGS")

    def catch_up(self, **settings: int) -> None:
        """One session of capture, up to now."""
        goal = Marks(self.admin, None).low()
        chosen: dict[str, Any] = {"task": self.name, "selection": Selection(include=(f"{self.name}.*",)), **settings}
        capture = Capture([self.stack.source.endpoint("penstock")], self.kafka, CaptureSettings(**chosen))
        with closing(capture.session()) as session:
            for _ in session:
                if self._reached(goal):
                    return

    def _reached(self, goal: GtidSet) -> bool:
        """As far as transactions are committed; one may be open."""
        done, ranges = GtidSet(), {}
        for message in read_to_end(self.kafka, commits_topic(self.name)):
            match parse_commit(message.value() or b""):
                case PositionRecord() as position:
                    done = GtidSet.parse(position.gtid_set)
                case RangeRecord() as part:
                    ranges[part.id] = part.done
        return done.covers(goal) and all(ranges.values())

    def published(self) -> list[Record]:
        topic = f"{self.name}.{self.name}.t"
        return list(records(self.kafka, self.name, topic)) if topic in Topics(self.kafka).names() else []

    def ids(self) -> list[int]:
        return [int((record.value or record.before or {})["id"][0]) for record in self.published()]


@pytest.fixture
def site(stack: Stack) -> Iterator[Site]:
    name = f"xa_{uuid.uuid4().hex[:8]}"
    with connect(stack.source.endpoint("admin")) as admin:
        admin.execute(f"CREATE DATABASE {name}")
        admin.execute(f"USE {name}")
        admin.execute("CREATE TABLE t (id INT PRIMARY KEY, v LONGTEXT)")
        yield Site(stack, name, admin)
        for _, first, second, xid in admin.query("XA RECOVER"):
            if str(xid).endswith(name):
                admin.execute(f"XA ROLLBACK '{str(xid)[: int(first)]}', '{str(xid)[-int(second) :]}'")
        admin.execute(f"DROP DATABASE {name}")


def test_prepared_before_the_task_begins(site: Site) -> None:
    site.prepare("early", "INSERT INTO t VALUES (1, 'x')")
    site.prepare("dropped", "INSERT INTO t VALUES (2, 'x')")
    site.catch_up()
    assert site.ids() == []
    site.decide("COMMIT", "early")
    site.decide("ROLLBACK", "dropped")
    goal = Marks(site.admin, None).low()
    site.catch_up()
    assert site.ids() == [1]
    (record,) = site.published()
    assert goal.contains(record.gtid or "")
    assert record.gtid != "", "the GTID is that of the commit"


def test_prepared_in_an_older_session_and_an_older_log(site: Site) -> None:
    site.catch_up()
    site.prepare("a", "INSERT INTO t VALUES (1, 'x')")
    site.decide("COMMIT", "a")
    site.prepare("a", "INSERT INTO t VALUES (2, 'x')", "UPDATE t SET v = 'y' WHERE id = 2")
    site.new_log()
    site.prepare("b", "INSERT INTO t VALUES (3, 'x')")
    site.prepare("c", "INSERT INTO t VALUES (4, 'x')")
    site.decide("ROLLBACK", "c")
    site.catch_up()
    assert site.ids() == [1]
    site.decide("COMMIT", "b")
    site.prepare("c", "INSERT INTO t VALUES (5, 'x')")
    site.new_log()
    site.catch_up()
    assert site.ids() == [1, 3]
    site.decide("COMMIT", "c")
    site.catch_up()
    site.admin.execute("INSERT INTO t VALUES (6, 'x')")
    site.decide("COMMIT", "a")
    site.catch_up()
    assert site.ids() == [1, 3, 5, 6, 2, 2]


def test_a_large_one_is_held_on_disk_and_published_in_parts(site: Site) -> None:
    site.catch_up()
    rows = 300
    statements = [f"INSERT INTO t VALUES ({number}, REPEAT('x', 5000))" for number in range(rows)]
    site.prepare("large", *statements)
    site.prepare("small", "INSERT INTO t VALUES (1000, 'x')")
    site.decide("COMMIT", "small")
    site.decide("COMMIT", "large")
    site.catch_up(held_bytes=20_000, transaction_bytes=50_000)
    found = site.published()
    assert site.ids() == [1000, *range(rows)]
    assert [record.row for record in found[1:]] == list(range(rows)), "they lie at one place"
    assert len({record.position for record in found[1:]}) == 1
    assert found[1].position > found[0].position


def test_the_rows_are_purged(site: Site) -> None:
    site.catch_up()
    site.prepare("late", "INSERT INTO t VALUES (1, 'x')")
    site.catch_up()
    site.new_log()
    newest = str(site.admin.query("SHOW BINARY LOG STATUS")[0][0])
    site.admin.execute(f"PURGE BINARY LOGS TO '{newest}'")
    site.catch_up()
    site.decide("COMMIT", "late")
    with pytest.raises(Fatal, match="the log does not hold the rows") as raised:
        site.catch_up()
    assert "migrate anew" in raised.value.hint
