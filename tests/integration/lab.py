"""A task that apply works for, fed by hand: its topics, its destination, its sessions."""

import re
import time
from collections.abc import Callable, Generator
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from typing import Any

from apply.destination import open_session
from apply.fences import Fences
from apply.layouts import Layouts
from apply.loop import Apply
from apply.records import Place
from apply.settings import ApplySettings
from apply.state import Applied, Fence, State, read
from apply.writer import Writer
from deploy.local import Stack
from runtime.kafka import KafkaSettings, TopicPartition, Topics, consumer
from runtime.mysql import Connection, Refused
from schemas.names import TableName
from schemas.sql import qualified
from schemas.topics import apply_subscription
from tests.integration.feed import Feed
from tests.unit.apply.values import Row

PATIENCE_SECONDS = 30.0


def all_committed(kafka: KafkaSettings, task: str) -> bool:
    """What Kafka's tools would call a lag of 0, on every partition."""
    topics = Topics(kafka)
    mine = {name: count for name, count in topics.layout().items() if re.match(apply_subscription(task), name)}
    ends = topics.ends([(name, number) for name, count in mine.items() for number in range(count)])
    committed = topics.committed(f"{task}.polar", list(ends))
    return {place: offset for place, (offset, _) in committed.items()} == ends


@dataclass
class Lab:
    """A task of its own with one target, and a database of its own at both ends."""

    stack: Stack
    feed: Feed
    task: str
    database: str
    state: str
    destination: Connection

    def apply(self, **settings: Any) -> Apply:
        """A process that ends soon when nothing but refused records is left."""
        chosen = ApplySettings(**{"state_database": self.state, "quiet_seconds": 0.5, **settings})
        return Apply(self.feed.kafka, self.task, "polar", self.stack.destination.endpoint("polar"), chosen)

    def rows(self, table: TableName, order: str = "1") -> list[Row]:
        return self.destination.query(f"SELECT * FROM {qualified(table)} ORDER BY {order}")

    def holds(self, table: TableName, *expected: Row) -> Callable[[], bool]:
        return lambda: self.has(table) and self.rows(table) == list(expected)

    def has(self, table: TableName) -> bool:
        sql = "SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA = %s AND TABLE_NAME = %s"
        return bool(self.destination.query(sql, (table.database, table.name)))

    def applied(self) -> Applied:
        return read(self.destination, self.state, f"{self.task}.polar")

    def fence(self, place: Place) -> Fence:
        return next(fence for fence in self.applied().fences if fence.place == place)

    def count(self, table: TableName) -> int:
        return int(self.destination.value(f"SELECT COUNT(*) FROM {qualified(table)}"))

    def writer(self, exit_stack: ExitStack, place: Place) -> Writer:
        """What a process would write with that has just been given a partition."""
        connection = exit_stack.enter_context(closing(open_session(self.stack.destination.endpoint("polar"), 5)))
        state = State(connection, self.state, f"{self.task}.polar")
        fences = Fences(self.feed.kafka, self.task, connection, state)
        fences.resume([place])
        return Writer(connection, state, Layouts(self.feed.kafka, self.task, connection), fences, ApplySettings())

    @property
    def group(self) -> str:
        return f"{self.task}.polar"

    def all_committed(self) -> bool:
        return all_committed(self.feed.kafka, self.task)

    def reset(self, table: TableName, offset: int) -> None:
        self.reset_topic(self.feed.topic(table), offset)

    def reset_topic(self, topic: str, offset: int) -> None:
        """As Kafka's own tool does it, while the group has no members."""
        with closing(consumer(self.feed.kafka, self.group)) as tool:
            tool.commit(offsets=[TopicPartition(topic, 0, offset)], asynchronous=False)

    def running(self, text: str) -> bool:
        sql = "SELECT 1 FROM information_schema.PROCESSLIST WHERE INFO LIKE %s AND USER = 'polar'"
        return bool(self.destination.query(sql, (f"%{text}%",)))

    def kill_sessions(self) -> None:
        sql = "SELECT ID FROM information_schema.PROCESSLIST WHERE USER = 'polar'"
        for (number,) in self.destination.query(sql):
            with suppress(Refused):  # it may have gone by itself
                self.destination.execute(f"KILL {number}")

    def until(self, condition: Callable[[], bool], *sessions: Generator[None]) -> None:
        """Runs sessions, turn by turn, until the condition holds."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not condition():
            assert time.monotonic() < deadline, "the condition did not come true in time"
            for session in sessions:
                next(session)

    def arrives(self, table: TableName, count: int, *sessions: Generator[None]) -> None:
        """Runs sessions until the table holds so many rows."""
        self.until(lambda: self.count(table) == count, *sessions)
