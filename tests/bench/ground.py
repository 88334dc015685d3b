"""Where the benchmarks run: the stack, tasks on it, measured processes, and waiting for what they do."""

import time
from collections.abc import Callable, Generator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

from control.commits import Commits
from control.delivery import Delivery
from control.reached import Destination
from control.wait import source_position
from deploy.local import Stack, mysql_pid
from runtime.errors import Exit
from runtime.kafka import KafkaSettings
from runtime.mysql import connect
from schemas.names import TableName
from schemas.position import GtidSet
from tests.bench.meter import Meter
from tests.pipeline.process import Process
from tests.pipeline.settle import settle
from tests.pipeline.task import Task

_TARGET = "polar"
_PATIENCE_SECONDS = 900
_STEP_SECONDS = 0.05


class Ground:
    """One stack; its tasks are found again by name, so that benchmarks can build on each other."""

    def __init__(self, stack: Stack, folder: Path) -> None:
        self.stack = stack
        self.kafka = KafkaSettings(stack.kafka)
        self.source = stack.source.endpoint("admin")
        self.destination = stack.destination.endpoint("admin")
        self._folder = folder
        self._tasks: dict[str, Task] = {}
        self._running: list[Process] = []

    def task(self, name: str, database: str) -> Task:
        """The task of that name, with the settings that users get."""
        if name not in self._tasks:
            settings = {"snapshot": {"chunk_bytes": 2 << 20}}
            self._tasks[name] = Task(self.stack, self._folder, include=[f"{database}.*"], overrides=settings)
        return self._tasks[name]

    @contextmanager
    def measured(self, task: Task, *verbs: str) -> Generator[Meter]:
        """Runs commands of the task and measures from their very beginning."""
        with self.processes(task, *verbs) as pids, self.meter(pids) as meter:
            yield meter

    @contextmanager
    def processes(self, task: Task, *verbs: str) -> Generator[dict[str, int]]:
        """Process ids by verb; at the end the processes are asked to stop, and must."""
        started = {verb: task.start(verb) for verb in verbs}
        self._running = list(started.values())
        try:
            yield {verb: process.pid for verb, process in started.items()}
            for process in self._running:
                code = process.terminate()
                assert code == Exit.DONE, f"{process} ended with {code}; it said:\n{process.tail()}"
        finally:
            task.close()

    def meter(self, pids: Mapping[str, int]) -> Meter:
        """Measures these processes and the servers."""
        servers = {
            "kafka": self.stack.kafka_pid,
            "source": mysql_pid(self.stack.source.directory),
            "destination": mysql_pid(self.stack.destination.directory),
        }
        found = {role: pid for role, pid in servers.items() if pid is not None}
        return Meter({**pids, **found}, {"capture": "readers"})

    def executed(self) -> GtidSet:
        """Everything that the source has committed."""
        return source_position([self.source]).gtids

    def wait_for_topics(self, task: Task) -> None:
        """Until the topics hold everything that the source has now."""
        goal = self.executed()
        with closing(Commits(self.kafka, task.name)) as commits:

            def reached() -> bool:
                commits.refresh(_STEP_SECONDS)
                return commits.snapshot_done and commits.executed.covers(goal)

            self._until(reached)

    def wait_for_apply(self, task: Task) -> None:
        """Until the destination holds everything that the topics hold now; capture need not run."""
        with (
            closing(Delivery(self.kafka, task.name)) as delivery,
            closing(Destination(task.name, task.target(_TARGET))) as destination,
        ):
            goals = delivery.goals(delivery.ends())

            def reached() -> bool:
                fences = destination.read().offsets()
                return all(fences.get(place, 0) >= goal for place, goal in goals.items())

            self._until(reached)

    def wait_for_target(self, task: Task) -> None:
        """Until the destination holds everything that the source has now."""
        settle(task, self._running, seconds=_PATIENCE_SECONDS)

    def compare(self, table: TableName) -> None:
        """A benchmark whose destination is not equal has measured nothing."""
        sums = []
        for endpoint in (self.source, self.destination):
            with connect(endpoint, timeout=600.0) as connection:
                sums.append(connection.query(f"CHECKSUM TABLE {table}")[0][1])
        assert sums[0] == sums[1], f"{table}: the destination differs from the source"

    def _until(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not condition():
            for process in self._running:
                assert process.running, f"{process} has ended; it said:\n{process.tail()}"
            assert time.monotonic() < deadline, "\n".join(process.tail() for process in self._running)
            time.sleep(_STEP_SECONDS)
