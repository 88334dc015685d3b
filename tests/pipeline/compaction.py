"""Kafka's compaction within seconds, and resets of groups, for topics that a test does not make itself."""

from contextlib import closing

from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._config import AlterConfigOpType, ConfigEntry, ConfigResource
from confluent_kafka.admin._resource import ResourceType
from confluent_kafka.cimpl import NewPartitions

from runtime.kafka import KafkaSettings, TopicPartition, Topics, consumer
from tests.pipeline.topics import table_topics

_HASTE = {"min.compaction.lag.ms": "0", "min.cleanable.dirty.ratio": "0.0", "segment.ms": "200"}


class Compaction:
    """Hastens what a task's topics say of it, whenever it is asked; a context manager for the broker's own patience."""

    def __init__(self, kafka: KafkaSettings, task: str) -> None:
        self._kafka = kafka
        self._task = task
        self._topics = Topics(kafka)
        self._admin = AdminClient(kafka.common())
        self._done: set[str] = set()

    def __enter__(self) -> "Compaction":
        self._set_broker(ConfigEntry("log.cleaner.backoff.ms", "100", incremental_operation=AlterConfigOpType.SET))
        return self

    def __exit__(self, *_: object) -> None:
        self._set_broker(ConfigEntry("log.cleaner.backoff.ms", None, incremental_operation=AlterConfigOpType.DELETE))

    def hasten(self) -> None:
        """Topics that have come since the last call are compacted soon too, if they are compacted at all."""
        for topic in set(table_topics(self._kafka, self._task)) - self._done:
            self._topics.configure(topic, _HASTE)
            self._done.add(topic)

    def policies(self) -> dict[str, str]:
        """The clean-up policy of each table topic, by the name of its table."""
        topics = {topic: ConfigResource(ResourceType.TOPIC, topic) for topic in table_topics(self._kafka, self._task)}
        told = self._admin.describe_configs(list(topics.values()))
        return {
            topic.split(".", 2)[2]: str(told[resource].result(10)["cleanup.policy"].value)
            for topic, resource in topics.items()
        }

    def add_partitions(self, topic: str, total: int) -> None:
        for future in self._admin.create_partitions([NewPartitions(topic, total)]).values():
            future.result(10)

    def _set_broker(self, entry: ConfigEntry) -> None:
        for number in self._admin.list_topics(timeout=10).brokers:
            broker = ConfigResource(ResourceType.BROKER, str(number), incremental_configs=[entry])
            for future in self._admin.incremental_alter_configs([broker]).values():
                future.result(10)


def reset_to_earliest(kafka: KafkaSettings, task: str, target: str = "polar") -> None:
    """As kafka-consumer-groups.sh --reset-offsets --to-earliest --all-topics does, while the group has no members."""
    layout = Topics(kafka).layout()
    topics = [task, *table_topics(kafka, task)]
    with closing(consumer(kafka, f"{task}.{target}")) as tool:
        places = [TopicPartition(topic, number, 0) for topic in topics for number in range(layout[topic])]
        tool.commit(offsets=places, asynchronous=False)
