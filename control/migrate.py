"""Runs a whole task on one machine: the private broker if there is one, capture, and apply for each target.

Holds no state of its own: killed at any moment and started again, it goes on where the topics and the targets are.
"""

import fcntl
import threading
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager, nullcontext
from contextvars import copy_context
from dataclasses import replace

from control.broker import Broker
from control.cluster import private_broker
from control.config import Task
from control.opening import require_fit
from control.progress import Display
from control.status import Observer
from control.supervisor import Child, Supervisor
from control.wait import CaughtUp, source_position
from runtime.errors import Fatal, Transient
from runtime.kafka import KafkaSettings
from runtime.service import Backoff, Deadline, Stop, run
from runtime.telemetry import log

_STEP_SECONDS = 0.05
_LOOK_SECONDS = 0.5
_STOP_SECONDS = 9.0  # of the ten in which SIGTERM must end everything
_BROKER_SHARE_SECONDS = 4.0


def migrate(task: Task, until_caught_up: bool, display: Display, stop: Stop) -> None:
    """Returns when it was asked to stop, or when everything is caught up and that was wanted."""
    with _alone(task) if task.embedded else nullcontext():
        broker = private_broker(task) if task.embedded else None
        supervisor, watcher = Supervisor([], {}), None
        try:
            kafka = _in_background(lambda: _prepare(task, broker, stop), stop)
            if kafka is None:
                return
            supervisor = _supervisor(task, display)
            watcher = Watcher(task, kafka, broker, until_caught_up, display)
            watcher.start()
            while not stop.wait(_STEP_SECONDS) and not watcher.finished:
                watcher.check()
                if watcher.moved():
                    supervisor.restart()
                supervisor.step()
                if watcher.awaited:
                    supervisor.require_others(watcher.awaited)
            log.info("ending", reason="caught up" if watcher.finished else "asked to stop")
        finally:
            deadline = Deadline(_STOP_SECONDS)
            if watcher is not None:
                watcher.end()
            supervisor.stop(_STOP_SECONDS - _BROKER_SHARE_SECONDS if broker else _STOP_SECONDS)
            if broker is not None:
                _end_broker(broker, deadline)


def _prepare(task: Task, broker: Broker | None, stop: Stop) -> KafkaSettings:
    kafka = task.kafka
    if broker is not None:
        if broker.pid() is None:
            log.info("private_kafka_starting", folder=str(task.folder))
        kafka = replace(kafka, bootstrap_servers=broker.start())

    def look() -> Generator[None]:
        require_fit(task, kafka, task.targets.values())
        yield

    run(look, stop, Backoff(task.retry_minutes * 60, "migrate"))
    return kafka


def _supervisor(task: Task, display: Display) -> Supervisor:
    config = ["--config", str(task.file)]
    capture = Child("capture", ["capture", *config], display.relay)
    targets: dict[str, list[Child]] = {name: [] for name in task.targets}
    port = task.apply_metrics_port
    for target in task.targets.values():
        for number in range(1, target.workers + 1):
            name = f"apply {target.name}" if target.workers == 1 else f"apply {target.name} {number}"
            arguments = ["apply", *config, "--target", target.name]
            if port is not None:
                arguments += ["--metrics-port", str(port)]
                port += 1
            targets[target.name].append(Child(name, arguments, display.relay))
    return Supervisor([capture], targets)


class Watcher(threading.Thread):
    """Looks after the broker and the progress, beside the supervision: it may have to wait for servers."""

    def __init__(
        self, task: Task, kafka: KafkaSettings, broker: Broker | None, until_caught_up: bool, display: Display
    ) -> None:
        super().__init__(daemon=True)
        self._task = task
        self._kafka = kafka
        self._broker = broker
        self._until_caught_up = until_caught_up
        self._display = display
        self._moved = threading.Event()
        self._ended = threading.Event()
        self._error: Exception | None = None
        self.finished = False
        self.awaited: frozenset[str] = frozenset()  # the only targets that keep this from being finished

    def check(self) -> None:
        """Raises what went wrong here."""
        if self._error is not None:
            raise self._error

    def moved(self) -> bool:
        """True once after the broker has come back at another address."""
        moved = self._moved.is_set()
        self._moved.clear()
        return moved

    def end(self) -> None:
        """Keeps it from touching anything more."""
        self._ended.set()

    def run(self) -> None:
        while not (self.finished or self._error or self._ended.is_set()):
            try:
                self._watch()
            except Transient as error:
                log.warning("cannot_look", error=str(error))
                self._ended.wait(_LOOK_SECONDS)
            except Exception as error:  # noqa: BLE001 - raised again by the main thread, in check
                self._error = error

    def _watch(self) -> None:
        """Until the broker moves, or everything is caught up and that was wanted."""
        question: CaughtUp | None = None
        with closing(Observer(self._task, self._kafka)) as observer:
            while not (self._ended.is_set() or self._broker_moved()):
                self._display.show(observer.read(), observer.tables())
                if self._until_caught_up and observer.snapshot_done and question is None:
                    targets = list(self._task.targets.values())
                    question = CaughtUp(self._kafka, self._task.name, targets, source_position(self._task.sources))
                if self._reached(question, Deadline(_LOOK_SECONDS)):
                    self.finished = True
                    return

    def _reached(self, question: CaughtUp | None, deadline: Deadline) -> bool:
        while not deadline.passed:
            if question is None:
                self._ended.wait(deadline.remaining)
            elif question.reached(_STEP_SECONDS):
                return True
            else:
                self.awaited = question.awaited
        return False

    def _broker_moved(self) -> bool:
        """Starts a broker that has died; true when it is elsewhere now."""
        if self._broker is None or self._broker.pid() is not None:
            return False
        log.warning("broker_ended")
        address = self._broker.start()
        if address == self._kafka.bootstrap_servers:
            return False
        self._kafka = replace(self._kafka, bootstrap_servers=address)
        self._moved.set()
        return True


def _in_background(work: Callable[[], KafkaSettings], stop: Stop) -> KafkaSettings | None:
    """The result of `work`; None when the stop came first. Its error is raised here."""
    results: list[KafkaSettings] = []
    errors: list[Exception] = []

    def attempt() -> None:
        try:
            results.append(work())
        except Exception as error:  # noqa: BLE001 - raised again below
            errors.append(error)

    thread = threading.Thread(target=copy_context().run, args=(attempt,), daemon=True)  # its log lines name the process
    thread.start()
    while thread.is_alive() and not stop.requested:
        thread.join(_STEP_SECONDS)
    if errors:
        raise errors[0]
    return results[0] if results and not stop.requested else None


@contextmanager
def _alone(task: Task) -> Generator[None]:
    """Keeps a second `migrate` of the same file away from the private broker."""
    task.folder.mkdir(parents=True, exist_ok=True)
    with (task.folder / "migrate.lock").open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Fatal(
                f"another penstock migrate runs the task {task.name} on this machine",
                hint="use penstock status to look at it, or stop it first",
            ) from error
        yield


def _end_broker(broker: Broker, deadline: Deadline) -> None:
    """Ends the broker; one that is just being started, perhaps downloaded, is not waited for beyond the deadline."""
    thread = threading.Thread(target=broker.stop, daemon=True)
    thread.start()
    thread.join(deadline.remaining)
