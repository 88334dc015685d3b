"""Where a task stands, from durable facts only: topics, fences at the destinations, the source.

Any process on any machine can ask. What cannot be reached becomes a problem in the report, and what it would have told
is None.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from typing import TypeVar

from apply import state
from apply.identity import OtherTopics
from apply.state import Applied
from capture.hosts import primary
from control.cluster import BrokerDown, kafka_of
from control.commits import Commits
from control.config import TargetSettings, Task
from control.delivery import Delivery, Sight
from control.goal import Goal, read_goal
from control.reached import Destination, Lead, Unapplied
from control.report import (
    CaptureStatus,
    Phase,
    Report,
    SnapshotStatus,
    SourceStatus,
    TableProgress,
    TargetStatus,
    Trouble,
)
from runtime.environment import open_session
from runtime.errors import Fatal, Transient
from runtime.kafka import KafkaSettings
from runtime.mysql import Connection, Endpoint
from schemas.names import TableName
from schemas.position import GtidSet, LogPosition
from schemas.records import PositionRecord

Answer = TypeVar("Answer")

_SILENT_SECONDS = 30.0  # capture gives a sign of life every 10 seconds
_ANSWER_SECONDS = 8.0


class Observer:
    """Reads the facts again and again over the same connections."""

    def __init__(self, task: Task, kafka: KafkaSettings) -> None:
        self._task = task
        self._commits = Commits(kafka, task.name)
        self._delivery = Delivery(kafka, task.name)
        self._destinations = {name: Destination(task.name, target) for name, target in task.targets.items()}
        self._unapplied = {name: Unapplied(self._delivery) for name in task.targets}
        self._connections: dict[str, Connection] = {}
        self._problems: list[Trouble] = []
        self._failed = False

    def read(self) -> Report:
        """The report of this moment."""
        self._problems, self._failed = [], False
        topics = self._ask("kafka", self._topics)
        source = self._ask("source", lambda: self._source(self._task.sources))
        now_us = time.time_ns() // 1000
        capture = self._capture(source, now_us)
        targets = {target.name: self._target(target, topics, capture) for target in self._task.targets.values()}
        position = self._commits.position
        if self._commits.problem is not None:
            problem, self._failed = self._commits.problem, True
            self._problems.insert(0, Trouble(problem.place, problem.error, problem.hint))
        return Report(
            task=self._task.name,
            phase=self._phase(capture, targets),
            epoch=position.epoch if position else None,
            source=SourceStatus(_place(position), str(source.end) if source else None),
            capture=capture,
            snapshot=self._snapshot(),
            targets=targets,
            problems=tuple(dict.fromkeys(self._problems)),
        )

    def tables(self) -> dict[TableName, TableProgress]:
        """The snapshot table by table, as of the last report."""
        found: dict[TableName, TableProgress] = {}
        for part in self._commits.ranges.values():
            table = found.setdefault(part.name, TableProgress())
            table.rows_done += part.rows_done
            table.rows_estimated += part.rows_done if part.done else max(part.rows_done, part.rows_estimated)
            table.done = table.done and part.done
        return found

    @property
    def snapshot_done(self) -> bool:
        return self._commits.snapshot_done

    def close(self) -> None:
        self._commits.close()
        self._delivery.close()
        for destination in self._destinations.values():
            destination.close()
        for connection in self._connections.values():
            connection.close()

    def _ask(self, where: str, question: Callable[[], Answer]) -> Answer | None:
        try:
            return question()
        except Transient as error:
            self._problems.append(Trouble(where, _told(where, error), "see whether it runs and can be reached"))
        except Fatal as error:
            self._problems.append(Trouble(where, _told(where, error), error.hint))
        self._forget(where)
        return None

    def _connection(self, where: str, endpoint: Endpoint) -> Connection:
        if where not in self._connections:
            self._connections[where] = open_session(endpoint, timeout=_ANSWER_SECONDS)
        return self._connections[where]

    def _forget(self, where: str) -> None:
        if where in self._connections:
            self._connections.pop(where).abort()

    def _topics(self) -> Sight:
        self._commits.refresh()
        return self._delivery.sight()

    def _source(self, sources: Sequence[Endpoint]) -> Goal:
        return read_goal(self._connections.get("source") or self._connection("source", primary(sources)))

    def _capture(self, goal: Goal | None, now_us: int) -> CaptureStatus:
        position = self._commits.position
        if position is None:
            return CaptureStatus()
        silent = (now_us - position.time_us) / 1e6
        executed = self._commits.executed
        rest = None if goal is None else goal.named(executed.naming).minus(executed)
        lag = 0.0 if rest is not None and not rest else max(0.0, (now_us - position.source_us) / 1e6)
        return CaptureStatus(
            running=not position.stopped and silent < _SILENT_SECONDS,
            caught_up=None if rest is None else not rest,
            lag_seconds=round(lag, 3),
            seconds_since_commit=round(max(0.0, silent), 3),
            transactions_behind=_transactions(rest),
        )

    def _target(self, target: TargetSettings, topics: Sight | None, capture: CaptureStatus) -> TargetStatus:
        where, destination = f"target {target.name}", self._destinations[target.name]
        workers = self._ask("kafka", lambda: self._delivery.members(target.name)) if topics else None
        applied = self._ask(where, destination.read)
        if applied is None:
            return TargetStatus(workers=workers)
        if refused := _refused(where, applied):
            self._problems += refused
            self._failed = True
        if topics is None:
            return TargetStatus(applied_epoch=applied.epoch, workers=workers)
        if not self._is_fed(where, destination, applied, topics):
            return TargetStatus(caught_up=False, applied_epoch=applied.epoch, workers=workers)
        lead = self._ask("kafka", lambda: self._unapplied[target.name].lead(applied, topics.ends))
        caught_up = None if lead is None else self._is_caught_up(lead, topics, capture)
        if caught_up:
            ordered = self._ask("kafka", lambda: self._delivery.ordered(target.name, applied))
            caught_up = None if ordered is None else not ordered
        return TargetStatus(
            caught_up=caught_up,
            lag_seconds=_lag(lead, capture),
            applied_epoch=applied.epoch,
            workers=workers,
            offsets_behind=None if lead is None else lead.offsets,
        )

    def _is_fed(self, where: str, destination: Destination, applied: Applied, topics: Sight) -> bool:
        """False when the target was fed from other topics than Kafka has."""
        try:
            destination.require_same(applied, topics, self._delivery)
        except OtherTopics as error:
            self._problems.append(Trouble(where, str(error), error.hint))
            self._failed = True
            return False
        return True

    def _is_caught_up(self, lead: Lead, topics: Sight, capture: CaptureStatus) -> bool | None:
        """None when nothing is known of the source."""
        if lead.since_us is not None or not self._commits.snapshot_done:
            return False
        if not capture.caught_up:
            return capture.caught_up
        return self._ask("kafka", self._delivery.written) == topics.ends  # a commit may be seen before its rows

    def _snapshot(self) -> SnapshotStatus:
        tables = self.tables().values()
        return SnapshotStatus(
            tables_total=len(tables),
            tables_done=sum(table.done for table in tables),
            rows_done=sum(table.rows_done for table in tables),
            rows_estimated=sum(table.rows_estimated for table in tables),
        )

    def _phase(self, capture: CaptureStatus, targets: Mapping[str, TargetStatus]) -> Phase:
        if self._failed:
            return Phase.FAILED
        if not capture.running and not any(target.workers for target in targets.values()):
            return Phase.STOPPED
        if self._commits.position is None:
            return Phase.SCHEMA
        return Phase.STREAMING if self._commits.snapshot_done else Phase.SNAPSHOT


def report_of(task: Task) -> Report:
    """The report of this moment; also when the task's private broker does not run."""
    try:
        kafka = kafka_of(task)
    except BrokerDown as error:
        unknown = {name: TargetStatus() for name in task.targets}
        problem = Trouble("kafka", _told("kafka", error), error.hint)
        return Report(task=task.name, targets=unknown, problems=(problem,))
    with closing(Observer(task, kafka)) as observer:
        return observer.read()


def refused_by(task: Task) -> list[Trouble]:
    """What the targets have refused, as far as they can be asked now."""
    found: list[Trouble] = []
    for target in task.targets.values():
        where = f"target {target.name}"
        try:
            with open_session(target.destination, timeout=_ANSWER_SECONDS) as connection:
                applied = state.read(connection, target.state_database, f"{task.name}.{target.name}")
                found += _refused(where, applied)
        except Fatal as error:
            found.append(Trouble(where, _told(where, error), error.hint))
        except Transient:
            continue
    return found


def _refused(where: str, applied: Applied | None) -> list[Trouble]:
    """The records that wait for an operator at a target."""
    return [
        Trouble(
            f"{where}, {problem.topic}/{problem.partition} offset {problem.offset}",
            (f"{problem.table} {problem.key}: " if problem.table else "") + problem.error,
            problem.hint,
        )
        for problem in (applied.lasting() if applied else ())
    ]


def _transactions(rest: GtidSet | None) -> int | None:
    """How many; without GTIDs only known when there is none."""
    return None if rest is None or (rest and rest.place is not None) else rest.count()


def _place(position: PositionRecord | None) -> str | None:
    return None if position is None else str(LogPosition.of(position.file, position.offset))


def _lag(lead: Lead | None, capture: CaptureStatus) -> float | None:
    """The age of the oldest change that the target lacks, wherever it is."""
    if lead is None:
        return None
    if lead.since_us is None:
        return capture.lag_seconds
    return max(round(max(0.0, time.time() - lead.since_us / 1e6), 3), capture.lag_seconds or 0.0)


def _told(where: str, error: Exception) -> str:
    """What went wrong at a place, which the error itself may name first."""
    return str(error).removeprefix(f"{where}: ")
