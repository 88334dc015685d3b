"""kill -9 at random times under the random writer: capture, snapshot readers, apply, the broker, connections."""

import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from deploy.local import Stack
from runtime.errors import Transient
from runtime.mysql import Endpoint, Refused, connect
from tests.conftest import NewTask, empty
from tests.pipeline.running import Running
from tests.pipeline.task import Task
from tests.pipeline.transactions import Mix
from tests.pipeline.writer import RandomWriter

_GONE = 1094
Kill = Callable[[Running], None]


@pytest.fixture
def writer(databases: Stack) -> Iterator[RandomWriter]:
    made = RandomWriter(databases.source.endpoint("admin"), 41, "ran", mix=Mix(rows=2000, ddl=0.01, large=0.003))
    made.create()
    with made:
        yield made


def start(task: Task, writer: RandomWriter) -> Running:
    return Running(task, writer, task.start("capture"), task.start("apply"))


def kill_capture(running: Running) -> None:
    running.restart("capture")


def kill_apply(running: Running) -> None:
    running.restart("apply")


def kill_reader(running: Running) -> None:
    """One of capture's children, if the snapshot still runs."""
    with suppress(psutil.NoSuchProcess):
        for reader in psutil.Process(running.process("capture").pid).children()[:1]:
            reader.kill()


def kill_broker(running: Running) -> None:
    running.task.stack.kill_kafka()
    running.task.stack.restart_kafka()


def kill_connections(running: Running) -> None:
    for server in (running.task.source, running.task.destination):
        _disconnect(running.task, server)


def _disconnect(task: Task, server: Endpoint) -> None:
    admin = task.stack_source if server is task.source else task.stack_destination
    with connect(admin) as connection:
        for (number,) in connection.query(
            "SELECT ID FROM performance_schema.processlist WHERE USER = %s", (server.user,)
        ):
            with suppress(Transient):
                try:
                    connection.execute(f"KILL CONNECTION {number}")
                except Refused as error:
                    if error.code != _GONE:
                        raise


@pytest.mark.parametrize(
    ("kill", "times"),
    [(kill_capture, 3), (kill_reader, 3), (kill_apply, 2), (kill_broker, 1), (kill_connections, 3)],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_kills_early_on(task: NewTask, writer: RandomWriter, kill: Kill, times: int) -> None:
    running = start(task(include=["ran*.*"]), writer)
    moments = random.Random(kill.__name__)
    running.process("capture").wait_for("capturing")

    for _ in range(times):
        writer.wait_for(transactions=moments.randint(1, 150))
        kill(running)

    running.judge()


def test_everything_dies_at_once(task: NewTask, writer: RandomWriter) -> None:
    """`penstock migrate` with all it started, and the broker."""
    made = task(include=["ran*.*"])
    migrate = made.start("migrate")
    writer.wait_for(transactions=400)

    made.stack.kill_kafka()
    migrate.kill()
    made.stack.restart_kafka()
    again = made.start("migrate")
    writer.stop()

    made.wait()
    made.assert_equal()
    assert again.running


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_soak(stack: Stack, tmp_path: Path) -> None:
    """Random kills for PENSTOCK_SOAK_MINUTES (5); PENSTOCK_SOAK_SEED repeats a run."""
    seed = int(os.environ.get("PENSTOCK_SOAK_SEED") or random.randrange(10**6))
    end = time.monotonic() + 60 * float(os.environ.get("PENSTOCK_SOAK_MINUTES") or 5)
    print(f"PENSTOCK_SOAK_SEED={seed}")
    chance = random.Random(seed)
    kills = [kill_capture, kill_reader, kill_apply, kill_broker, kill_connections]
    rounds = 0
    while time.monotonic() < end:
        rounds += 1
        empty(stack)
        mix = Mix(rows=3000, ddl=chance.choice((0.0, 0.01, 0.03)), large=0.003)
        writer = RandomWriter(stack.source.endpoint("admin"), seed + rounds, f"ran{rounds}", mix=mix, threads=2)
        writer.create()
        with Task(stack, tmp_path, include=[f"ran{rounds}*.*"]) as task, writer:
            running = start(task, writer)
            for _ in range(chance.randint(3, 12)):
                writer.wait_for(transactions=chance.randint(1, 600))
                chance.choice(kills)(running)
            running.judge()


def _children(pid: int) -> list[int]:
    return [child.pid for child in psutil.Process(pid).children(recursive=True)]


def test_migrate_starts_a_killed_child_again(task: NewTask, writer: RandomWriter) -> None:
    made = task(include=["ran*.*"])
    migrate = made.start("migrate")
    for _ in range(2):
        migrate.until(lambda: len(_children(migrate.pid)) >= 2, "start its children")
        for child in _children(migrate.pid):
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        writer.wait_for(transactions=100)
    writer.stop()

    made.wait()
    made.assert_equal()
    assert migrate.running
    assert migrate.terminate() == 0
