"""Runs corpus cases through a real pipeline: "execute on the source; expect the destination equal"."""

import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from deploy.local import Stack, client
from runtime.mysql import connect
from schemas.names import TableName
from schemas.sql import identifier, qualified
from tests.conformance.corpora import Case, Mode, Worth
from tests.pipeline.compare import differences
from tests.pipeline.process import Process
from tests.pipeline.settle import Unsettled, ended, settle
from tests.pipeline.task import Task

_PATIENCE_SECONDS = 120.0
_PATIENCE_PER_CASE_SECONDS = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one case in one mode; `reason` is empty exactly when the destination was equal.

    `together`: why the batch failed that the case was the first of; the cases have then been run one by one.
    """

    case: str
    mode: Mode
    worth: Worth
    tables: int
    rows: int
    seconds: float
    reason: str
    together: str = ""

    @property
    def equal(self) -> bool:
        return not self.reason


class Pipeline:
    """`penstock migrate` for the databases of some cases; a context manager."""

    def __init__(self, stack: Stack, folder: Path, cases: Sequence[Case]) -> None:
        databases = sorted(set[str]().union(*(case.databases for case in cases)))
        self._task = Task(stack, folder, include=[f"{name}.*" for name in databases])
        self._patience = _PATIENCE_SECONDS + _PATIENCE_PER_CASE_SECONDS * len(cases)
        self._process: Process | None = None

    def start(self) -> None:
        self._process = self._task.start("migrate")

    def kill(self) -> None:
        """SIGKILL for all of it."""
        assert self._process is not None
        self._process.kill()

    def begin(self) -> None:
        """Starts it and waits until capture has begun: what is fed from now on comes by the log."""
        self.start()
        assert self._process is not None
        process = self._process
        process.until(lambda: not process.running or "capturing" in process.stderr, "capture", self._patience)
        if not process.running:
            raise ended(process)

    def settle(self) -> None:
        """Waits until the destination has everything that the source has now."""
        assert self._process is not None
        settle(self._task, [self._process], seconds=self._patience)

    def __enter__(self) -> "Pipeline":
        return self

    def __exit__(self, *_: object) -> None:
        self._task.close()


class Corpora:
    """Runs cases on one stack."""

    def __init__(self, stack: Stack, folder: Path) -> None:
        self._stack = stack
        self._folder = folder
        self._source = stack.source.endpoint("admin")
        self._destination = stack.destination.endpoint("admin")
        self.refused: dict[str, list[str]] = {}  # what the source answered, by case

    def follow(self, cases: Sequence[Case]) -> Iterator[Outcome]:
        """Mode I: one pipeline follows all cases, one after another. A case that ends it is followed by a new one."""
        rest = list(cases)
        while rest:
            self._clean(cases)
            with Pipeline(self._stack, self._folder, cases) as pipeline:
                pipeline.start()
                alive = True
                while rest and alive:
                    outcome, alive = self._follow(pipeline, rest.pop(0))
                    yield outcome

    def side_by_side(self, cases: Sequence[Case], mode: Mode) -> list[Outcome]:
        """Modes S, M and R: a pipeline of its own for cases that do not share a database."""
        began = time.monotonic()
        self._clean(cases)
        try:
            with Pipeline(self._stack, self._folder, cases) as pipeline:
                self._run(pipeline, cases, mode)
        except Unsettled as error:
            if len(cases) > 1:
                return self._one_by_one(cases, mode, str(error))
            return [self._outcome(cases[0], mode, time.monotonic() - began, str(error))]
        seconds = (time.monotonic() - began) / len(cases)
        return [self._outcome(case, mode, seconds, self._judge(case)) for case in cases]

    def _one_by_one(self, cases: Sequence[Case], mode: Mode, error: str) -> list[Outcome]:
        """Whose fault was it that they failed side by side?"""
        first, *others = [outcome for case in cases for outcome in self.side_by_side([case], mode)]
        return [replace(first, together=f"{len(cases)} cases side by side: {error}"), *others]

    def in_mode(self, cases: Sequence[Case], mode: Mode) -> list[Outcome]:
        """Cases of one group (corpora_report.groups)."""
        return list(self.follow(cases)) if mode is Mode.INCREMENTAL else self.side_by_side(cases, mode)

    def _run(self, pipeline: Pipeline, cases: Sequence[Case], mode: Mode) -> None:
        for case in cases:
            before, _ = case.steps(mode)
            self._prepare(case)
            self._feed(case, before)
        pipeline.begin()
        if mode is Mode.RESTART:
            pipeline.kill()
            pipeline.start()
        for case in cases:
            _, after = case.steps(mode)
            self._feed(case, after)
        if mode is Mode.RESTART:
            pipeline.kill()
            pipeline.start()
        pipeline.settle()

    def _follow(self, pipeline: Pipeline, case: Case) -> tuple[Outcome, bool]:
        """Runs a case and drops its databases, which must go at the destination too. False: the pipeline has ended."""
        began = time.monotonic()
        alive = True
        try:
            reason = self._increment(pipeline, case)
        except Unsettled as error:
            reason, alive = str(error), False
        outcome = self._outcome(case, Mode.INCREMENTAL, time.monotonic() - began, reason)
        self._drop(case)
        if not alive:
            return outcome, False
        try:
            pipeline.settle()
            left = self._differences(case)
        except Unsettled as error:
            left, alive = str(error), False
        return (replace(outcome, reason=f"{reason} after its drop: {left}") if left else outcome), alive

    def _increment(self, pipeline: Pipeline, case: Case) -> str:
        self._prepare(case)
        _, files = case.steps(Mode.INCREMENTAL)
        for file in files:
            self._feed(case, [file])
            pipeline.settle()
            if reason := self._differences(case):
                return f"after {file.name}: {reason}"
        return self._judge(case)

    def _judge(self, case: Case) -> str:
        """Why the case has failed; empty when it has not."""
        tables, rows = self._count(case)
        if case.held is None and not (tables and rows):
            return "the source holds no rows"
        if case.held is not None and (tables, rows) != case.held:
            return f"the source holds {tables} tables, {rows} rows instead of {case.held[0]}, {case.held[1]}"
        return self._differences(case)

    def _differences(self, case: Case) -> str:
        return "; ".join(differences(self._source, self._destination, case.databases))

    def _outcome(self, case: Case, mode: Mode, seconds: float, reason: str) -> Outcome:
        tables, rows = self._count(case)
        return Outcome(
            case=case.id, mode=mode, worth=case.worth, tables=tables, rows=rows, seconds=seconds, reason=reason
        )

    def _count(self, case: Case) -> tuple[int, int]:
        with connect(self._source) as connection:
            found = connection.query(
                "SELECT TABLE_SCHEMA, TABLE_NAME FROM information_schema.TABLES "
                "WHERE TABLE_SCHEMA IN %s AND TABLE_TYPE = 'BASE TABLE'",
                (tuple(case.databases),),
            )
            counts = [connection.value(f"SELECT COUNT(*) FROM {qualified(TableName(*name))}") for name in found]
        return len(counts), sum(counts)

    def _prepare(self, case: Case) -> None:
        with connect(self._source) as connection:
            connection.execute(f"CREATE DATABASE IF NOT EXISTS {identifier(case.database)}")

    def _feed(self, case: Case, files: Sequence[Path]) -> None:
        """One client session per file; statements that fail are part of many cases."""
        command = [*client(self._stack.source), "-f", "--commands", "--default-character-set=utf8mb4", case.database]
        for file in files:
            with file.open("rb") as script:
                fed = subprocess.run(command, stdin=script, capture_output=True, check=False, timeout=_PATIENCE_SECONDS)
            answers = fed.stderr.decode("utf-8", "replace").splitlines()
            refused = [f"{file.name}: {answer}" for answer in answers if answer.startswith("ERROR")]
            self.refused.setdefault(case.id, []).extend(refused)

    def _drop(self, case: Case) -> None:
        with connect(self._source, init="SET foreign_key_checks = 0") as connection:  # tables of two may refer to one
            for name in case.databases:
                connection.execute(f"DROP DATABASE IF EXISTS {identifier(name)}")

    def _clean(self, cases: Sequence[Case]) -> None:
        for endpoint in (self._source, self._destination):
            with connect(endpoint, init="SET foreign_key_checks = 0") as connection:
                for name in {"penstock"}.union(*(case.databases for case in cases)):
                    connection.execute(f"DROP DATABASE IF EXISTS {identifier(name)}")
