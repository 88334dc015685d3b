"""The benchmarks, in the order in which they build on each other."""

import time
from collections.abc import Callable, Generator, Mapping
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

from control.commits import Commits
from control.delivery import Delivery
from control.wait import CaughtUp, source_position
from deploy.local import Stack, mysql_pid
from runtime.kafka import KafkaSettings
from runtime.mysql import connect
from schemas.names import TableName
from schemas.position import GtidSet
from tests.bench import latency, limits
from tests.bench.data import MIXED, SYSBENCH, Source, Workload
from tests.bench.figures import Figure
from tests.bench.meter import Meter, Usage
from tests.bench.verbs import Task

ROWS = {SYSBENCH: 1_000_000, MIXED: 300_000}
_TRANSACTIONS_OF_100 = {SYSBENCH: 5_000, MIXED: 2_000}
_TRANSACTIONS_OF_1 = 100_000
_RATE, _LATENCY_SECONDS = 200, 30
_PATIENCE_SECONDS = 900
_STEP_SECONDS = 0.05


class Bench:
    """Runs benchmarks on one stack; what one of them builds on is run before it."""

    def __init__(self, stack: Stack, folder: Path, divisor: int, mysqld: list[str], profile: bool) -> None:
        self.figures: dict[str, Figure] = {}
        self._stack = stack
        self._folder = folder
        self._divisor = divisor
        self._mysqld = mysqld
        self._profile = profile
        self._there = stack.destination.endpoint("admin")
        self._kafka = KafkaSettings(stack.kafka)
        self._source = Source(stack.source.endpoint("admin"), max(ROWS.values()) // divisor)
        self.scenarios: Mapping[str, Callable[[str], None]] = {
            "snapshot_sysbench": partial(self._snapshot, SYSBENCH),
            "apply_sysbench": partial(self._apply_snapshot, SYSBENCH),
            "snapshot_mixed": partial(self._snapshot, MIXED),
            "apply_mixed": partial(self._apply_snapshot, MIXED),
            "log_100_row_sysbench": partial(self._log, SYSBENCH, self._transactions_of_100),
            "log_100_row_mixed": partial(self._log, MIXED, self._transactions_of_100),
            "log_single_row": partial(self._log, SYSBENCH, self._transactions_of_1),
            "end_to_end_sysbench": self._end_to_end,
            "one_transaction_sysbench": self._one_transaction,
            "latency_200": self._latency,
        }

    def run(self, name: str) -> None:
        """Puts the figures of a benchmark, and of those it builds on, into `figures`."""
        if name not in self.figures:
            print(f"{name} ...", flush=True)
            self.scenarios[name](name)

    # ---- the benchmarks

    def _snapshot(self, workload: Workload, name: str) -> None:
        rows = self._rows(workload)
        self._source.fill(workload, rows)
        task = self._task(workload.name, workload.database)
        with self._running(task, "capture") as meter:
            self._wait_for_topics(task)
            usage = meter.usage()
        limit = {"raw SELECT": limits.raw_select(self._stack.source.endpoint("penstock"), workload.table)}
        self._note(Figure(name=name, rows=rows, usage=usage, limits=limit))

    def _apply_snapshot(self, workload: Workload, name: str) -> None:
        self.run(f"snapshot_{workload.name}")
        usage = self._apply(self._task(workload.name, workload.database))
        self._compare(workload.table)
        limit = {"INSERT SELECT": limits.insert_select(self._there, workload.table)}
        self._note(Figure(name=name, rows=self._rows(workload), usage=usage, limits=limit))

    def _log(self, workload: Workload, write: Callable[[Workload], int], name: str) -> None:
        """A backlog is written while nothing of ours runs; then capture reads it, then apply writes it."""
        self.run(f"apply_{workload.name}")
        task = self._task(workload.name, workload.database)
        replica = limits.Replica(self._stack.source, self._stack.directory / "replica", self._mysqld)
        try:
            before = self._executed()
            replica.reach(before)
            replica.hold()
            rows = write(workload)
            after = self._executed()
            native = rows / replica.reach(after)
        finally:
            replica.close()
        with self._running(task, "capture") as meter:
            self._wait_for_topics(task)
            usage = meter.usage()
        raw = limits.raw_log(self._stack.source.endpoint("penstock"), before, after, rows)
        self._note(Figure(name=name, rows=rows, usage=usage, limits={"raw log": raw}))
        usage = self._apply(task)
        self._compare(workload.table)
        self._note(Figure(name=f"apply_{name}", rows=rows, usage=usage, limits={"native replica": native}))

    def _end_to_end(self, name: str) -> None:
        self.run("apply_sysbench")
        limit = {"INSERT SELECT": limits.insert_select(self._there, SYSBENCH.table)}
        with connect(self._there) as connection:
            rows = int(connection.value(f"SELECT COUNT(*) FROM {SYSBENCH.table}"))
            connection.execute(f"DROP DATABASE {SYSBENCH.database}")
        task = self._task("whole", SYSBENCH.database)
        with self._running(task, "capture", "apply") as meter:
            self._wait_for_target(task)
            usage = meter.usage()
        self._compare(SYSBENCH.table)
        self._note(Figure(name=name, rows=rows, usage=usage, limits=limit))

    def _one_transaction(self, name: str) -> None:
        """Every row of a table changes in one transaction: the memory of our processes must not follow its size."""
        self.run("end_to_end_sysbench")
        task = self._task("whole", SYSBENCH.database)
        with self._running(task, "capture", "apply") as meter:
            self._wait_for_target(task)
            rows = self._source.transaction_of_all(SYSBENCH)
            self._wait_for_target(task)
            usage = meter.usage()
        self._compare(SYSBENCH.table)
        self._note(Figure(name=name, rows=rows, usage=usage))

    def _latency(self, name: str) -> None:
        source = self._stack.source.endpoint("admin")
        latency.create(source)
        task = self._task("latency", latency.DATABASE)
        seconds = max(5, _LATENCY_SECONDS // self._divisor)
        with self._running(task, "capture", "apply") as warm:
            self._wait_for_target(task)
            warm.usage()
            with self._measuring(task, "capture", "apply") as meter:
                delays = latency.measure(source, self._there, _RATE, seconds)
                usage = meter.usage()
        self._note(Figure(name=name, rows=_RATE * seconds, usage=usage, milliseconds=delays))

    # ---- their parts

    def _transactions_of_100(self, workload: Workload) -> int:
        count = _TRANSACTIONS_OF_100[workload] // self._divisor
        return self._source.transactions_of_100(workload, self._rows(workload), count)

    def _transactions_of_1(self, workload: Workload) -> int:
        return self._source.transactions_of_1(workload, self._rows(workload), _TRANSACTIONS_OF_1 // self._divisor)

    def _apply(self, task: Task) -> Usage:
        delivery = Delivery(self._kafka, task.name)
        ends = delivery.ends()
        with self._running(task, "apply") as meter:
            self._until(lambda: not delivery.behind(task.target, ends), f"{task.name} to be applied")
            return meter.usage()

    def _rows(self, workload: Workload) -> int:
        return ROWS[workload] // self._divisor

    def _executed(self) -> GtidSet:
        return source_position(self._stack.source.endpoint("admin"))
