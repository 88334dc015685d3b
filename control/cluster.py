"""The Kafka of a task: an operator's cluster, or the private broker beside the task file."""

from dataclasses import replace

from control.broker import Broker
from control.config import Task
from control.files import default_cache
from runtime.errors import Fatal
from runtime.kafka import KafkaSettings
from runtime.service import Stop

_POLL_SECONDS = 0.1


class BrokerDown(Fatal):
    """The private broker of a task does not run."""


def private_broker(task: Task) -> Broker:
    """The broker whose data and address live beside the task file."""
    return Broker(task.folder, default_cache())


def kafka_of(task: Task) -> KafkaSettings:
    """How to reach the task's Kafka now."""
    if not task.embedded:
        return task.kafka
    address = private_broker(task).address()
    if address is None:
        raise BrokerDown(
            f"the private Kafka of the task {task.name} does not run",
            hint=f"start: penstock migrate --config {task.file}",
        )
    return replace(task.kafka, bootstrap_servers=address)


def kafka_when_up(task: Task, stop: Stop) -> KafkaSettings:
    """The same for a process that `penstock migrate` runs, which brings a broker that has died up again."""
    while True:
        try:
            return kafka_of(task)
        except BrokerDown:
            if stop.wait(_POLL_SECONDS):
                raise
