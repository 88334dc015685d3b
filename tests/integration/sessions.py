"""A database whose table `t` is captured session by session, and what its topic then holds."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from capture.loop import Capture
from capture.settings import CaptureSettings
from deploy.local import Server
from runtime.kafka import KafkaSettings, Topics, read_to_end
from runtime.mysql import Connection, connect
from schemas.position import GtidSet
from schemas.records import Commit, PositionRecord, RangeRecord, parse_commit
from schemas.selection import Selection
from schemas.topics import commits_topic
from snapshot.marks import Marks, place_server
from tests.pipeline.topics import Record, records


@dataclass(slots=True)
class Site:
    """The task has the database's name; `admin` is a session in the database."""

    source: Server
    kafka: KafkaSettings
    name: str
    admin: Connection

    def execute(self, *statements: str) -> None:
        """In a session of its own."""
        with connect(self.source.endpoint("admin"), database=self.name) as session:
            for statement in statements:
                session.execute(statement)

    def catch_up(self, **settings: int) -> None:
        """One session of capture, up to now."""
        goal = Marks(self.admin, place_server(self.admin, None)).low()
        self._run(lambda: self._reached(goal), settings)

    def stop_within_a_transaction(self, **settings: int) -> None:
        """One session of capture, which ends when a transaction is published in part."""
        self._run(lambda: any(position.units_done for position in self.positions()), settings)

    def _run(self, reached: Callable[[], bool], settings: dict[str, int]) -> None:
        chosen: dict[str, Any] = {"task": self.name, "selection": Selection(include=(f"{self.name}.*",)), **settings}
        capture = Capture([self.source.endpoint("penstock")], self.kafka, CaptureSettings(**chosen))
        with closing(capture.session()) as session:
            for _ in session:
                if reached():
                    return

    def published(self, table: str = "t") -> list[Record]:
        topic = f"{self.name}.{self.name}.{table}"
        return list(records(self.kafka, self.name, topic)) if topic in Topics(self.kafka).names() else []

    def ids(self, table: str = "t") -> list[int]:
        return [int((record.value or record.before or {})["id"][0]) for record in self.published(table)]

    def _reached(self, goal: GtidSet) -> bool:
        """As far as transactions are committed; one may be open."""
        ranges = {record.id: record.done for record in self._commits() if isinstance(record, RangeRecord)}
        positions = self.positions()
        return bool(positions) and GtidSet.parse(positions[-1].gtid_set).covers(goal) and all(ranges.values())

    def positions(self) -> list[PositionRecord]:
        return [record for record in self._commits() if isinstance(record, PositionRecord)]

    def _commits(self) -> list[Commit]:
        return [parse_commit(message.value() or b"") for message in read_to_end(self.kafka, commits_topic(self.name))]
