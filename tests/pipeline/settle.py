"""Waits, inside the test's own process, until targets have what the source has: many waits cost no process each."""

import time
from collections.abc import Sequence
from contextlib import closing

from control.wait import CaughtUp, source_position
from runtime.errors import Transient
from tests.pipeline.process import Process
from tests.pipeline.task import Task

_STEP_SECONDS = 0.05


class Unsettled(AssertionError):
    """The pipeline has ended, or was not done in time; the text says what it said."""


def settle(
    task: Task, processes: Sequence[Process], targets: Sequence[str] = ("polar",), seconds: float = 120.0
) -> None:
    """Returns when `targets` have applied everything that the source has now; fails as soon as a process has ended."""
    deadline = time.monotonic() + seconds
    goal = source_position([task.stack.source.endpoint("admin")])
    with closing(CaughtUp(task.kafka, task.name, [task.target(name) for name in targets], goal)) as question:
        while not _reached(question):
            for process in processes:
                if not process.running:
                    raise ended(process)
            if time.monotonic() > deadline:
                raise Unsettled(f"not done after {seconds:.0f} s: {'; '.join(question.missing())}\n{task.told()}")


def ended(process: Process) -> Unsettled:
    """A process has ended by itself: with what it said for people, else the errors of its log."""
    code = process.exit_code()
    plain = [line for line in process.log if not line.startswith("{")]
    errors = [str(event["error"]) for event in process.events() if "error" in event]
    told = "\n".join(plain or errors[-2:]) or process.tail()
    return Unsettled(f"{process} ended with {code}: {told}")


def _reached(question: CaughtUp) -> bool:
    try:
        return question.reached(_STEP_SECONDS)
    except Transient:  # the group is just being made
        return False
