"""Follows Kafka partitions from given offsets, outside any consumer group: it moves nobody's offsets."""

from collections.abc import Sequence

from runtime.kafka import KafkaError, KafkaSettings, Message, TopicPartition, consumer
from runtime.kafka_errors import errors_of, meaning


class Follower:
    """Reads committed records as they come; `at_end` when everything that was there has been handed over."""

    def __init__(self, settings: KafkaSettings, starts: Sequence[TopicPartition]) -> None:
        self._waiting = {(start.topic, start.partition) for start in starts}
        self._consumer = consumer(settings, "penstock-reader", **{"fetch.wait.max.ms": 20})
        with errors_of("follow topics"):
            self._consumer.assign(list(starts))

    @property
    def at_end(self) -> bool:
        return not self._waiting

    def follow(self, starts: Sequence[TopicPartition]) -> None:
        """Takes further partitions in."""
        self._waiting.update((start.topic, start.partition) for start in starts)
        with errors_of("follow topics"):
            self._consumer.incremental_assign(list(starts))

    def receive(self, seconds: float) -> list[Message]:
        """The records that are there, or else those that come within `seconds`."""
        with errors_of("follow topics"):
            first = self._consumer.poll(seconds)
            found = [] if first is None else [first, *self._consumer.consume(2000, 0)]
        return [message for message in found if self._is_record(message)]

    def close(self) -> None:
        self._consumer.close()

    def _is_record(self, message: Message) -> bool:
        error = message.error()
        if error is None:
            return True
        if error.code() == KafkaError._PARTITION_EOF:
            self._waiting.discard((str(message.topic()), message.partition() or 0))
        elif not error.retriable():
            raise meaning(error, f"follow {message.topic()}")
        return False
