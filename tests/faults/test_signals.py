"""SIGTERM ends every command within 10 seconds, with exit code 0, whatever it is doing; a new start goes on."""

import os
import signal
from collections.abc import Iterator

import pytest

from deploy.local import Stack
from tests.conftest import NewTask
from tests.pipeline.transactions import Mix
from tests.pipeline.writer import RandomWriter


@pytest.fixture
def writer(databases: Stack) -> Iterator[RandomWriter]:
    made = RandomWriter(databases.source.endpoint("admin"), 6, "ran", mix=Mix(rows=2000))
    made.create()
    with made:
        yield made


def test_capture_and_apply_end_cleanly_and_go_on(task: NewTask, writer: RandomWriter) -> None:
    made = task(include=["ran.*"])
    for transactions in (1, 200):
        capture, apply = made.start("capture"), made.start("apply")
        capture.wait_for("capturing")
        writer.wait_for(transactions)
        assert capture.terminate() == 0
        assert apply.terminate() == 0
    writer.stop()
    made.start("capture")
    made.start("apply")

    made.wait()
    made.assert_equal()


def test_migrate_ends_with_its_children(task: NewTask, writer: RandomWriter) -> None:
    made = task(include=["ran.*"])
    migrate = made.start("migrate")
    writer.wait_for(transactions=300)

    assert migrate.terminate() == 0


def test_migrate_and_its_children_end_while_the_broker_is_away(task: NewTask, writer: RandomWriter) -> None:
    made = task(include=["ran.*"])
    migrate = made.start("migrate")
    made.wait()
    made.stack.kill_kafka()
    try:
        writer.wait_for(transactions=50)
        assert migrate.terminate() == 0
    finally:
        made.stack.restart_kafka()
    made.start("migrate")
    writer.stop()

    made.wait()
    made.assert_equal()


def test_capture_and_apply_end_while_the_broker_is_deaf(task: NewTask, writer: RandomWriter) -> None:
    """It holds its connections and answers nothing: not what was committed last, nor who leaves the group."""
    made = task(include=["ran.*"])
    processes = [made.start("capture"), made.start("apply")]
    made.wait()
    broker = made.stack.kafka_pid
    assert broker is not None
    os.kill(broker, signal.SIGSTOP)
    try:
        writer.wait_for(transactions=50)
        for process in processes:
            assert process.terminate() == 0
    finally:
        os.kill(broker, signal.SIGCONT)
    processes = [made.start("capture"), made.start("apply")]
    writer.stop()

    made.wait()
    made.assert_equal()


def test_tail_and_wait_end(task: NewTask, writer: RandomWriter) -> None:
    made = task(include=["ran.*"])
    capture = made.start("capture")
    capture.wait_for("capturing")
    tail = made.start("tail", "--from-beginning")
    tail.until(lambda: len(tail.output) > 10, "print records")
    wait = made.start("wait", "--timeout", "600")

    assert tail.terminate() == 0
    assert wait.terminate() != 0  # 0 would say that everything is applied


@pytest.mark.long
def test_capture_waits_for_a_broker_that_is_away_at_its_start(task: NewTask, writer: RandomWriter) -> None:
    made = task(include=["ran.*"])
    first = made.start("capture")
    first.wait_for("capturing")
    assert first.terminate() == 0
    made.stack.kill_kafka()
    try:
        again = made.start("capture")
        again.wait_for("retrying")
    finally:
        made.stack.restart_kafka()
    again.wait_for("capturing")
    made.start("apply")
    writer.stop()

    made.wait()
    made.assert_equal()
