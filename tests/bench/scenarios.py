"""The benchmarks, in the order in which they build on each other."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from deploy.local import Stack
from runtime.mysql import connect
from tests.bench import latency, limits
from tests.bench.data import CHARSETS, JSON, MIXED, SYSBENCH, Source, Workload
from tests.bench.figures import Figure
from tests.bench.ground import Ground

_ROWS = {SYSBENCH: 1_000_000, MIXED: 300_000, JSON: 200_000, CHARSETS: 200_000}
_TRANSACTIONS_OF_100 = {SYSBENCH: 5_000, MIXED: 2_000, JSON: 1_500, CHARSETS: 1_500}
_TRANSACTIONS_OF_1 = 100_000
_RATE, _LATENCY_SECONDS = 200, 30


class Bench:
    """Runs benchmarks on one stack; what one of them builds on is run before it. `divisor` makes all of it smaller."""

    def __init__(self, stack: Stack, folder: Path, divisor: int, mysqld: list[str]) -> None:
        self.figures: dict[str, Figure] = {}
        self._ground = Ground(stack, folder)
        self._divisor = divisor
        self._replica = (stack.directory / "replica", mysqld)
        self._source = Source(self._ground.source, max(_ROWS.values()) // divisor)
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
            "snapshot_json": partial(self._snapshot, JSON),
            "apply_json": partial(self._apply_snapshot, JSON),
            "log_100_row_json": partial(self._log, JSON, self._transactions_of_100),
            "snapshot_charsets": partial(self._snapshot, CHARSETS),
            "apply_charsets": partial(self._apply_snapshot, CHARSETS),
            "log_100_row_charsets": partial(self._log, CHARSETS, self._transactions_of_100),
            "latency_200": self._latency,
        }

    def run(self, name: str) -> None:
        """Puts the figures of a benchmark, and of those it builds on, into `figures`."""
        if name not in self.figures:
            self.scenarios[name](name)

    def _snapshot(self, workload: Workload, name: str) -> None:
        ground, rows = self._ground, self._rows(workload)
        self._source.fill(workload, rows)
        task = ground.task(workload.name, workload.database)
        with ground.measured(task, "capture") as meter:
            ground.wait_for_topics(task)
            usage = meter.usage()
        limit = {"raw SELECT": limits.raw_select(ground.source, workload.table)}
        self._note(Figure(name=name, rows=rows, usage=usage, limits=limit))

    def _apply_snapshot(self, workload: Workload, name: str) -> None:
        self.run(f"snapshot_{workload.name}")
        ground = self._ground
        task = ground.task(workload.name, workload.database)
        with ground.measured(task, "apply") as meter:
            ground.wait_for_apply(task)
            usage = meter.usage()
        ground.compare(workload.table)
        limit = {"INSERT SELECT": limits.insert_select(ground.destination, workload.table)}
        self._note(Figure(name=name, rows=self._rows(workload), usage=usage, limits=limit))

    def _log(self, workload: Workload, write: Callable[[Workload], int], name: str) -> None:
        """A backlog is written while nothing of ours runs; then capture reads it, then apply writes it."""
        self.run(f"apply_{workload.name}")
        ground = self._ground
        task = ground.task(workload.name, workload.database)
        with limits.replica(ground.stack.source, *self._replica) as replica:
            before = ground.executed()
            replica.reach(before)
            replica.hold()
            rows = write(workload)
            after = ground.executed()
            native = rows / replica.reach(after)
        with ground.measured(task, "capture") as meter:
            ground.wait_for_topics(task)
            usage = meter.usage()
        raw = limits.raw_log(ground.source, before, after, rows)
        self._note(Figure(name=name, rows=rows, usage=usage, limits={"raw log": raw}))
        with ground.measured(task, "apply") as meter:
            ground.wait_for_apply(task)
            usage = meter.usage()
        ground.compare(workload.table)
        self._note(Figure(name=f"apply_{name}", rows=rows, usage=usage, limits={"native replica": native}))

    def _end_to_end(self, name: str) -> None:
        """A new task moves the table, as it is by now, into an empty destination; then the figures of its limit."""
        self.run("apply_sysbench")
        ground = self._ground
        limit = {"INSERT SELECT": limits.insert_select(ground.destination, SYSBENCH.table)}
        with connect(ground.destination) as connection:
            rows = int(connection.value(f"SELECT COUNT(*) FROM {SYSBENCH.table}"))
            connection.execute(f"DROP DATABASE {SYSBENCH.database}")
        task = ground.task("whole", SYSBENCH.database)
        with ground.measured(task, "capture", "apply") as meter:
            ground.wait_for_target(task)
            usage = meter.usage()
        ground.compare(SYSBENCH.table)
        self._note(Figure(name=name, rows=rows, usage=usage, limits=limit))

    def _one_transaction(self, name: str) -> None:
        """Every row of a table changes in one transaction: the memory of our processes must not follow its size."""
        self.run("end_to_end_sysbench")
        ground = self._ground
        task = ground.task("whole", SYSBENCH.database)
        with ground.processes(task, "capture", "apply") as pids:
            ground.wait_for_target(task)
            rows = self._source.transaction_of_all(SYSBENCH)
            with ground.meter(pids) as meter:
                ground.wait_for_target(task)
                usage = meter.usage()
        ground.compare(SYSBENCH.table)
        self._note(Figure(name=name, rows=rows, usage=usage))

    def _latency(self, name: str) -> None:
        ground = self._ground
        latency.create(ground.source)
        task = ground.task("latency", latency.DATABASE)
        seconds = max(5, _LATENCY_SECONDS // self._divisor)
        with ground.processes(task, "capture", "apply") as pids:
            ground.wait_for_target(task)
            with ground.meter(pids) as meter:
                delays = latency.measure(ground.source, ground.destination, _RATE, seconds)
                usage = meter.usage()
        self._note(Figure(name=name, rows=_RATE * seconds, usage=usage, milliseconds=delays))

    def _transactions_of_100(self, workload: Workload) -> int:
        count = _TRANSACTIONS_OF_100[workload] // self._divisor
        return self._source.transactions_of_100(workload, self._rows(workload), count)

    def _transactions_of_1(self, workload: Workload) -> int:
        return self._source.transactions_of_1(workload, self._rows(workload), _TRANSACTIONS_OF_1 // self._divisor)

    def _rows(self, workload: Workload) -> int:
        return _ROWS[workload] // self._divisor

    def _note(self, figure: Figure) -> None:
        self.figures[figure.name] = figure
        print(f"{figure.name}: {figure.rows_per_second:,.0f} rows/s", flush=True)
