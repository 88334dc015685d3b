"""The commit records of a task, read as they come: how far its topics are."""

import time
from dataclasses import dataclass

from capture.objects import require_selection
from runtime.errors import Fatal, Transient
from runtime.follower import Follower
from runtime.kafka import KafkaSettings, TopicPartition, Topics
from runtime.mysql import Connection
from runtime.service import Deadline
from schemas.position import GtidSet
from schemas.records import PositionRecord, ProblemRecord, RangeRecord, TaskRecord, parse_commit
from schemas.selection import Selection
from schemas.topics import commits_topic

_PATIENCE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Begun:
    """A task that has begun: what it has captured, and the objects that it moves (None: begun by an older version)."""

    executed: GtidSet
    task: TaskRecord | None

    def require(self, connection: Connection, selection: Selection) -> None:
        """Fatal when a selection differs from that of the task in what the source has."""
        if self.task is not None:
            require_selection(connection, self.task.selection, selection)


class Commits:
    """The last record of each kind; `refresh` brings it up to date."""

    def __init__(self, kafka: KafkaSettings, task: str) -> None:
        self._kafka = kafka
        self._topic = commits_topic(task)
        self._topics = Topics(kafka)
        self._follower: Follower | None = None
        self.position: PositionRecord | None = None
        self.executed = GtidSet()
        self.ranges: dict[str, RangeRecord] = {}
        self.problem: ProblemRecord | None = None
        self.task: TaskRecord | None = None

    @property
    def begun(self) -> Begun | None:
        return Begun(self.executed, self.task) if self.position else None

    @property
    def snapshot_done(self) -> bool:
        """True when every row that the tables had at the beginning is in the topics."""
        return self.position is not None and all(part.done for part in self.ranges.values())

    def refresh(self, seconds: float = 0.0) -> None:
        """Reads what is there; at its end waits at most `seconds` for more."""
        if self._follower is None:
            if not self._topics.partitions(self._topic):
                time.sleep(seconds)
                return
            self._follower = Follower(self._kafka, [TopicPartition(self._topic, 0, 0)])
        deadline = Deadline(_PATIENCE_SECONDS)
        while not self._follower.at_end:
            if deadline.passed:
                raise Transient(f"kafka: {self._topic}: no answer within {_PATIENCE_SECONDS:g} seconds")
            self._take(self._follower, 0.2)
        self._take(self._follower, seconds)

    def close(self) -> None:
        if self._follower is not None:
            self._follower.close()
            self._follower = None

    def _take(self, follower: Follower, seconds: float) -> None:
        for message in follower.receive(seconds):
            try:
                record = parse_commit(message.value() or b"")
            except ValueError as error:
                raise Fatal(
                    f"kafka: {self._topic}, offset {message.offset()}: not a commit record: {error}",
                    hint="something else writes to the task's topics: give the task a name of its own",
                ) from error
            match record:
                case PositionRecord():
                    self.position = record
                    self.executed = GtidSet.parse(record.gtid_set)
                case RangeRecord():
                    self.ranges[record.id] = record
                case ProblemRecord():
                    self.problem = record if record.error else None
                case TaskRecord():
                    self.task = record
