"""What happens to a pipeline beside the stories that go through it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from enum import StrEnum

from deploy.local import Profile, Stack, start_mysql, stop_mysql
from runtime.mysql import Endpoint, connect
from schemas.sql import identifier
from tests.pipeline.compaction import Compaction
from tests.pipeline.compare import databases
from tests.pipeline.hostile import hostile
from tests.pipeline.process import Process
from tests.pipeline.settle import settle
from tests.pipeline.task import Task
from tests.pipeline.topics import lose

PATIENCE_SECONDS = 600.0
STATE_DATABASE = "penstock"


class Trial(StrEnum):
    """One for each pipeline."""

    NONE = "none"
    COMPACTED = "compacted"  # topics are compacted within seconds, and a destination that lost all is built from them
    LOST = "lost"  # Kafka is killed, its topics are gone, and the task captures anew
    HOSTILE = "hostile"  # both servers have a configuration that means something else
    TWO = "two"  # a second target


@contextmanager
def second(trial: Trial, stack: Stack) -> Iterator[Endpoint | None]:
    """The server of a second target, if there is to be one."""
    if trial is not Trial.TWO:
        yield None
        return
    folder = stack.directory / "stories-second"
    server = start_mysql(Profile.DESTINATION, folder)
    try:
        yield server.endpoint("admin")
    finally:
        stop_mysql(folder)


@contextmanager
def around(trial: Trial, task: Task) -> Iterator[Callable[[], None]]:
    """What surrounds the pipeline's life; to be called now and then while it lives."""
    with ExitStack() as opened:
        if trial is Trial.HOSTILE:
            for server in (task.stack.source, task.stack.destination):
                opened.enter_context(hostile(server))
        if trial is Trial.COMPACTED:
            yield opened.enter_context(Compaction(task.kafka, task.name)).hasten
        else:
            yield lambda: None


def afterwards(trial: Trial, task: Task, running: Process) -> Process:
    """What happens to a pipeline that has applied everything: it has done so again when this returns."""
    if trial not in (Trial.COMPACTED, Trial.LOST):
        return running
    assert running.terminate() == 0, running.tail()
    with connect(task.stack_destination, init="SET foreign_key_checks = 0") as there:
        if trial is Trial.COMPACTED:
            for name in (*databases(there), STATE_DATABASE):
                there.execute(f"DROP DATABASE {identifier(name)}")
        else:
            lose(task.kafka, task.name)
            task.stack.kill_kafka()
            task.stack.restart_kafka()
            there.execute(f"UPDATE {STATE_DATABASE}.epochs SET rebuilding = 1 WHERE target = '{task.name}.polar'")
    again = task.start("migrate")
    settle(task, [again], seconds=PATIENCE_SECONDS)
    return again
