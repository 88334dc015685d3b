"""Plays rounds through one pipeline: half of the log before it starts, the rest while it follows."""

import pickle
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.local import Stack
from runtime.mysql import Connection, Refused, connect
from schemas.names import TableName
from schemas.sql import identifier
from tests.conformance.rounds.judge import faults
from tests.conformance.rounds.readers import place_now
from tests.conformance.rounds.tables import Round
from tests.pipeline.process import ROOT
from tests.pipeline.settle import Unsettled, settle
from tests.pipeline.task import Task

DATABASE = "rounds"
_SESSION = (
    "SET SESSION sql_mode = 'ALLOW_INVALID_DATES,NO_AUTO_VALUE_ON_ZERO,NO_ENGINE_SUBSTITUTION', time_zone = '+00:00', "
    "timestamp = 1700000000.123456, group_concat_max_len = 1000000"
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a round: the source refused its table, or these faults were found (none: it passed)."""

    round: Round
    refused: str = ""
    faults: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        return not self.refused and not self.faults


def made(vintage: str, first: int, count: int) -> list[Round]:
    """Rounds for servers of a vintage by their numbers."""
    command = [sys.executable, "-m", "tests.conformance.rounds", vintage, str(first), str(count)]
    told = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True)
    found: list[Round] = pickle.loads(told.stdout)
    return found


def play(stack: Stack, folder: Path, rounds: Sequence[Round]) -> Iterator[Outcome]:
    """Plays all of them side by side. What ends the pipeline is that round's fault, and the others are played anew."""
    rest = list(rounds)
    while rest:
        _clean(stack)
        with _session(stack) as session:
            told = {round_.number: _before(session, round_) for round_ in rest}
        for round_ in rest:
            if told[round_.number]:
                yield Outcome(round_, refused=told[round_.number])
        rest = [round_ for round_ in rest if not told[round_.number]]
        try:
            found = _play(stack, folder, rest)
        except Unsettled as error:
            guilty, half = _guilty(str(error), rest), rest[: len(rest) // 2]
            if len(rest) == 1 or guilty is not None:
                guilty = guilty or rest[0]
                yield Outcome(guilty, faults=(str(error),))
                rest.remove(guilty)
            else:
                yield from play(stack, folder, half)
                rest = rest[len(half) :]
            continue
        for round_ in rest:
            yield Outcome(round_, faults=tuple(found.get(round_.name, ())))
        return


def _guilty(error: str, rounds: Sequence[Round]) -> Round | None:
    """The round whose table an error names."""
    named = re.search(rf"(?:\b{DATABASE}`?\.|CREATE TABLE )`?t(\d+)", error)
    return next((round_ for round_ in rounds if named is not None and round_.number == int(named[1])), None)


def _play(stack: Stack, folder: Path, rounds: Sequence[Round]) -> dict[str, list[str]]:
    with Task(stack, folder, include=[f"{DATABASE}.*"]) as task:
        begin = place_now(stack.source)
        _follow(task, rounds)
        return faults(task, [TableName(DATABASE, round_.name) for round_ in rounds], begin)


def _follow(task: Task, rounds: Sequence[Round]) -> None:
    process = task.start("migrate")
    settle(task, [process], seconds=300)
    with _session(task.stack) as session:
        for round_ in rounds:
            _after(session, round_)
    settle(task, [process], seconds=300)


def _before(session: Connection, round_: Round) -> str:
    """The table with its rows; what the source says if it does not want it."""
    try:
        session.execute(round_.create)
    except Refused as error:
        return str(error)
    _run(session, round_.inserts)
    return ""


def _after(session: Connection, round_: Round) -> None:
    """The same rows by log, then every change."""
    _run(session, [f"DELETE FROM {identifier(round_.name)}", *round_.inserts])
    if round_.settings:
        session.execute(f"SET SESSION {round_.settings}")
    _run(session, round_.follows)
    for setting in filter(None, round_.settings.split(", ")):
        session.execute(f"SET SESSION {setting.partition(' = ')[0]} = DEFAULT")


def _run(session: Connection, statements: Sequence[str]) -> None:
    """One transaction; what the source refuses is no part of it."""
    session.execute("BEGIN")
    for statement in statements:
        try:
            session.execute(statement)
        except Refused:
            continue
    session.execute("COMMIT")


@contextmanager
def _session(stack: Stack) -> Iterator[Connection]:
    with connect(stack.source.endpoint("admin"), database=DATABASE, init=_SESSION) as session:
        yield session


def _clean(stack: Stack) -> None:
    for server in (stack.source, stack.destination):
        with connect(server.endpoint("admin")) as connection:
            for name in (DATABASE, "penstock"):
                connection.execute(f"DROP DATABASE IF EXISTS {name}")
    with connect(stack.source.endpoint("admin")) as connection:
        connection.execute(f"CREATE DATABASE {DATABASE} CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci")
