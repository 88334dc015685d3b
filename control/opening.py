"""The look before processes start: is everything fit, and is what does not answer waited for?

Kafka alone knows whether a task has begun; while it is away, the targets that have applied something know too. A task
that has begun waits for every server, as it does later on (Transient); one that is new ends at once with all that is
wrong, addresses included.
"""

from collections.abc import Collection

from apply import state
from control.check import before_start, captured, require
from control.check_kafka import UNREACHED
from control.config import TargetSettings, Task
from runtime.environment import open_session
from runtime.errors import Fatal, Transient
from runtime.kafka import KafkaSettings, Topics

_CONNECT_SECONDS = 10.0


def require_fit(task: Task, kafka: KafkaSettings, targets: Collection[TargetSettings]) -> None:
    """Raises what keeps the task from starting; `targets` are those that this process will feed."""
    try:
        Topics(kafka).layout()
        begun = captured(kafka, task.name)
    except Transient as error:
        if _new_to(task, targets):
            raise Fatal(f"{error}; no target knows the task {task.name}, so it is new", hint=UNREACHED) from error
        raise
    require(before_start(task, kafka, begun, targets))


def _new_to(task: Task, targets: Collection[TargetSettings]) -> bool:
    """True when there are targets, and all answer that nothing of the task was ever applied there."""
    return bool(targets) and not any(_may_know(task, target) for target in targets)


def _may_know(task: Task, target: TargetSettings) -> bool:
    try:
        with open_session(target.destination, timeout=_CONNECT_SECONDS) as connection:
            applied = state.read(connection, target.state_database, f"{task.name}.{target.name}")
    except Transient:
        return True
    return bool(applied.fences) or applied.epoch > 0
