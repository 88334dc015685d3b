"""A task that runs: its capture, its apply and the writer at its source, each restarted, killed and judged at will."""

from tests.pipeline.log_oracle import check_topics
from tests.pipeline.process import Process
from tests.pipeline.task import Place, Task
from tests.pipeline.writer import RandomWriter


class Running:
    """Capture and apply as processes of their own, so that each can die alone."""

    def __init__(self, task: Task, writer: RandomWriter, capture: Process, apply: Process) -> None:
        self.task = task
        self.writer = writer
        self._processes = {"capture": capture, "apply": apply}

    def process(self, verb: str) -> Process:
        return self._processes[verb]

    def restart(self, verb: str, dies_at: Place | None = None) -> Process:
        """Starts capture or apply in place of the one that ran, which is killed if it still runs."""
        self._processes[verb].kill()
        self._processes[verb] = self.task.start(verb, dies_at=dies_at)
        return self._processes[verb]

    def equal(self) -> None:
        """With the writer at rest, the destination becomes equal to the source."""
        with self.writer.paused():
            self.task.wait()
            self.task.assert_equal()

    def judge(self) -> None:
        """The writer ends: the destination becomes equal, and the topics hold every change once."""
        self.writer.stop()
        self.task.wait()
        self.task.assert_equal()
        check_topics(self.task)
        for process in self._processes.values():
            assert process.running, f"{process} ended by itself: {process.tail()}"
