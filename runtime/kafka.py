"""The one Kafka client module: a transactional producer, consumers, topics. Nothing else imports the client.

Exactly once into Kafka rests on the transactional producer (KIP-98): `Producer` fences every older producer of the
same id when it is built, and what it wrote becomes visible only by `commit`.
"""

import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import confluent_kafka
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._config import AlterConfigOpType, ConfigEntry, ConfigResource
from confluent_kafka.admin._listoffsets import OffsetSpec
from confluent_kafka.admin._resource import ResourceType
from confluent_kafka.cimpl import NewTopic

from runtime.errors import Fatal, Fenced, Transient

__all__ = [
    "Consumer",
    "KafkaError",
    "KafkaException",
    "KafkaSettings",
    "Message",
    "Producer",
    "TopicPartition",
    "Topics",
]

TRANSACTION_TIMEOUT_SECONDS = 900
_FENCED = frozenset((KafkaError._FENCED, KafkaError.INVALID_PRODUCER_EPOCH, KafkaError.PRODUCER_FENCED))
_OPERATOR = {
    KafkaError._AUTHENTICATION: "correct the security settings under kafka.properties",
    KafkaError.SASL_AUTHENTICATION_FAILED: "correct the security settings under kafka.properties",
    KafkaError.TOPIC_AUTHORIZATION_FAILED: "grant the task's principal the rights on its topics",
    KafkaError.GROUP_AUTHORIZATION_FAILED: "grant the task's principal the right on its consumer group",
    KafkaError.CLUSTER_AUTHORIZATION_FAILED: "grant the task's principal the right on the cluster",
    KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED: "grant the task's principal the right on its transactional id",
    KafkaError._INVALID_ARG: "correct kafka.properties",
    KafkaError.MSG_SIZE_TOO_LARGE: "raise max.message.bytes of the topic and message.max.bytes in kafka.properties",
    KafkaError.INVALID_TRANSACTION_TIMEOUT: "set the broker's transaction.max.timeout.ms to 900000",
    KafkaError.POLICY_VIOLATION: "the cluster's policy refuses the topic's settings: see the message",
    KafkaError.INVALID_REPLICATION_FACTOR: "lower kafka.replication_factor, or add brokers",
}


@dataclass(frozen=True, slots=True)
class KafkaSettings:
    """Where the cluster is and how topics are made; `properties` go to librdkafka as they are."""

    bootstrap_servers: str
    properties: Mapping[str, str] = field(default_factory=dict, repr=False)
    replication_factor: int = -1  # -1: the broker's default
    partitions: int = 1

    def common(self) -> dict[str, str | int | float | bool]:
        return {"bootstrap.servers": self.bootstrap_servers, "log_level": 0, **self.properties}


@contextmanager
def errors_of(what: str) -> Generator[None]:
    """Maps the client's exceptions, once, to ours."""
    try:
        yield
    except KafkaException as error:
        raise meaning(error.args[0], what) from error
    except BufferError as error:
        raise Transient(f"{what}: the producer's queue is full") from error


def meaning(error: KafkaError, what: str) -> Exception:
    """The kind of a Kafka error, as an exception to raise."""
    text = f"kafka: {what}: {error.str()}"
    if error.code() in _FENCED:
        return Fenced(text, hint="another process runs this task: keep one of them")
    if error.code() in _OPERATOR:
        return Fatal(text, hint=_OPERATOR[error.code()])
    return Transient(text)


class Producer:
    """A transactional producer. Building it ends what an older one left open and fences that one.

    Memory is bounded by `queue_bytes`. After any error but Fatal the owner drops it and builds a new one.
    """

    def __init__(self, settings: KafkaSettings, transactional_id: str, queue_bytes: int = 32 << 20) -> None:
        with errors_of("open the producer"):
            self._producer = confluent_kafka.Producer(
                {
                    "linger.ms": 5,
                    "batch.size": 1 << 20,
                    "compression.type": "lz4",
                    "queue.buffering.max.kbytes": queue_bytes >> 10,
                    "queue.buffering.max.messages": 1_000_000,
                    "message.max.bytes": 100 << 20,
                    "partitioner": "murmur2_random",
                    **settings.common(),
                    "transactional.id": transactional_id,
                    "transaction.timeout.ms": TRANSACTION_TIMEOUT_SECONDS * 1000,
                }
            )
            self._producer.init_transactions(60)

    def begin(self) -> None:
        with errors_of("begin a transaction"):
            self._producer.begin_transaction()

    def send(self, topic: str, partition: int, keys: Sequence[bytes | None], values: Sequence[bytes]) -> None:
        """Queues records in order; waits while the queue is full. Partition -1 lets the key's hash decide."""
        produce = self._producer.produce
        with errors_of(f"produce to {topic}"):
            for key, value in zip(keys, values, strict=True):
                while True:
                    try:
                        produce(topic, value, key, partition)
                        break
                    except BufferError:
                        self._producer.poll(0.05)
            self._producer.poll(0)

    def commit(self, seconds: float = 60.0) -> None:
        """Makes everything since `begin` visible at once. After a Transient the outcome is read from the topics."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                self._producer.commit_transaction(min(10.0, seconds))
            except KafkaException as error:
                if error.args[0].retriable() and time.monotonic() < deadline:
                    continue
                raise meaning(error.args[0], "commit a transaction") from error
            return

    def abort(self) -> None:
        """Drops everything since `begin`, as far as the broker can be reached."""
        with errors_of("abort a transaction"):
            self._producer.purge()
            self._producer.abort_transaction(10)

    def close(self) -> None:
        """Drops what is queued, without waiting for anybody."""
        self._producer.purge()


def consumer(settings: KafkaSettings, group: str, **properties: str | int | float | bool) -> Consumer:
    """A read-committed consumer that never commits by itself and tells the end of each partition."""
    with errors_of("open a consumer"):
        return Consumer(
            {
                "isolation.level": "read_committed",
                "enable.auto.commit": False,
                "enable.auto.offset.store": False,
                "auto.offset.reset": "earliest",
                "enable.partition.eof": True,
                "queued.max.messages.kbytes": 16 << 10,
                "queued.min.messages": 20_000,
                "fetch.message.max.bytes": 4 << 20,
                "fetch.max.bytes": 16 << 20,
                "receive.message.max.bytes": 120 << 20,
                "fetch.queue.backoff.ms": 1,
                "fetch.error.backoff.ms": 50,
                **settings.common(),
                "group.id": group,
                **properties,
            }
        )


def read_to_end(settings: KafkaSettings, topic: str, start: Mapping[int, int] | None = None) -> Iterator[Message]:
    """Every committed record of a topic that was there when the reading began, partition by partition.

    `start` gives the partitions to read and their first offsets (default: all, from the beginning). A topic that does
    not exist is empty.
    """
    reader = consumer(settings, "penstock-reader")
    try:
        with errors_of(f"read {topic}"):
            metadata = reader.list_topics(topic, timeout=30).topics[topic]
            if metadata.error is not None:
                if metadata.error.code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
                    return
                raise meaning(metadata.error, f"read {topic}")
            wanted = start or dict.fromkeys(metadata.partitions, confluent_kafka.OFFSET_BEGINNING)
            for partition, first in wanted.items():
                yield from _read_partition(reader, TopicPartition(topic, partition, first))
    finally:
        reader.close()


def _read_partition(reader: Consumer, at: TopicPartition) -> Iterator[Message]:
    reader.assign([at])
    patience = time.monotonic() + 60
    while True:
        waited = reader.poll(0.5)
        if waited is None and time.monotonic() > patience:
            raise Transient(f"kafka: {at.topic}/{at.partition}: no answer within 60 seconds")
        for message in [waited, *reader.consume(2000, 0)] if waited is not None else []:
            patience = time.monotonic() + 60
            error = message.error()
            if error is None:
                yield message
            elif error.code() == KafkaError._PARTITION_EOF:
                return
            elif not error.retriable():
                raise meaning(error, f"read {at.topic}")


def answers(settings: KafkaSettings, timeout: float) -> bool:
    """True when a broker is there and takes part in its cluster, within `timeout` seconds."""
    try:
        return bool(AdminClient(settings.common()).list_topics(timeout=timeout).brokers)
    except KafkaException:
        return False


class Topics:
    """Makes, describes and measures topics."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        with errors_of("open the admin client"):
            self._admin = AdminClient(settings.common())

    def names(self) -> set[str]:
        with errors_of("list topics"):
            return set(self._admin.list_topics(timeout=30).topics)

    def partitions(self, topic: str) -> int:
        """The number of partitions; 0 when the topic does not exist."""
        with errors_of(f"describe {topic}"):
            metadata = self._admin.list_topics(topic, timeout=30).topics[topic]
            return 0 if metadata.error is not None else len(metadata.partitions)

    def ensure(self, topic: str, partitions: int, config: Mapping[str, str]) -> None:
        """Creates a topic unless it is there; waits until it can be written."""
        if self.partitions(topic):
            return
        new = NewTopic(topic, partitions, self._settings.replication_factor, config=dict(config))
        for future in self._admin.create_topics([new], operation_timeout=30).values():
            try:
                future.result(60)
            except KafkaException as error:
                if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                    raise meaning(error.args[0], f"create topic {topic}") from error
        deadline = time.monotonic() + 60
        while self.partitions(topic) < partitions:
            if time.monotonic() > deadline:
                raise Transient(f"kafka: topic {topic} is created but not to be seen after 60 seconds")
            time.sleep(0.01)

    def configure(self, topic: str, config: Mapping[str, str]) -> None:
        """Sets single settings of a topic."""
        resource = ConfigResource(ResourceType.TOPIC, topic)
        for name, value in config.items():
            resource.add_incremental_config(ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET))
        with errors_of(f"configure {topic}"):
            for future in self._admin.incremental_alter_configs([resource]).values():
                future.result(60)

    def ends(self, partitions: Sequence[tuple[str, int]]) -> dict[tuple[str, int], int]:
        """The offset after the last committed record of each (topic, partition), transaction markers included."""
        if not partitions:
            return {}
        request = {
            TopicPartition(topic, number): OffsetSpec.latest()  # type: ignore[no-untyped-call]
            for topic, number in partitions
        }
        isolation = confluent_kafka.IsolationLevel.READ_COMMITTED
        ends: dict[tuple[str, int], int] = {}
        with errors_of("read end offsets"):
            for at, future in self._admin.list_offsets(request, isolation_level=isolation, request_timeout=30).items():
                ends[at.topic, at.partition] = future.result(60).offset
        return ends
