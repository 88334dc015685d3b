"""The Kafka client: settings, consumers, topics. Only this, `kafka_producer` and `kafka_errors` import it."""

import logging
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from contextvars import copy_context
from dataclasses import dataclass, field
from typing import Any

import confluent_kafka
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._config import AlterConfigOpType, ConfigEntry, ConfigResource
from confluent_kafka.admin._listoffsets import OffsetSpec
from confluent_kafka.admin._resource import ResourceType
from confluent_kafka.cimpl import NewTopic

from runtime import stopping
from runtime.errors import Transient
from runtime.kafka_errors import PATIENCE_SECONDS, Complaints, errors_of, meaning, reasons_of
from runtime.telemetry import log

__all__ = [
    "Consumer",
    "KafkaError",
    "KafkaException",
    "KafkaSettings",
    "Message",
    "TopicPartition",
    "Topics",
]

#: of a record: below what brokers take by default in one request (socket.request.max.bytes, 100 MiB)
_LARGEST_RECORD = 100_000_000
_LARGEST_PROPERTY = "message.max.bytes"
_FETCH_SECONDS = 60.0  # for the next records: a slow link brings some megabytes at once
_STEP_SECONDS = 0.5
_LEAVE_SECONDS = 1.0
_NO_LEADER_YET = frozenset(  # of a partition that was made a moment ago
    (KafkaError.NOT_LEADER_FOR_PARTITION, KafkaError.LEADER_NOT_AVAILABLE, KafkaError.UNKNOWN_TOPIC_OR_PART)
)


class _ClientLog(logging.Handler):
    """Hears librdkafka, which else writes fatal errors to stderr in a form of its own, whatever its log_level."""

    def emit(self, record: logging.LogRecord) -> None:
        log.info("kafka_client", severity=record.levelname.lower(), text=record.getMessage())


def _client_log() -> logging.Logger:
    logger = logging.Logger("librdkafka")
    logger.addHandler(_ClientLog())
    return logger


@dataclass(frozen=True, slots=True)
class KafkaSettings:
    """Where the cluster is and how topics are made; `properties` go to librdkafka as they are."""

    bootstrap_servers: str
    properties: Mapping[str, str] = field(default_factory=dict, repr=False)
    replication_factor: int = -1  # -1: the broker's default
    partitions: int = 1

    @property
    def largest_record(self) -> int:
        """In bytes. A row that changes travels twice in one record: as it was and as it is."""
        return int(self.properties.get(_LARGEST_PROPERTY, _LARGEST_RECORD))

    def common(self) -> dict[str, Any]:
        own = {"bootstrap.servers": self.bootstrap_servers, "log_level": 0, "logger": _client_log()}
        return {**own, **self.properties}


def large_records(settings: KafkaSettings) -> dict[str, str]:
    """The configuration of a topic that takes the largest record and what frames it."""
    return {"max.message.bytes": str(settings.largest_record + (1 << 20))}


def consumer(settings: KafkaSettings, group: str, **properties: Any) -> Consumer:
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
                "fetch.queue.backoff.ms": 1,
                "fetch.error.backoff.ms": 50,
                **settings.common(),
                "group.id": group,
                **properties,
                # a fetch brings at least one record, however large (KIP-74), and more only up to the sizes above
                _LARGEST_PROPERTY: 1_000_000,
                "receive.message.max.bytes": 2_000_000_000,
            }
        )


def member(
    settings: KafkaSettings, group: str, committed: Callable[[KafkaError | None, list[TopicPartition]], None]
) -> Consumer:
    """A consumer that shares topics with the others of its group; `committed` hears how each commit went.

    New topics and lost members are seen within seconds. An offset that is no longer in its log is an error, never a
    reason to jump elsewhere.
    """
    properties: dict[str, Any] = {
        "partition.assignment.strategy": "cooperative-sticky",
        "topic.metadata.refresh.interval.ms": 1000,
        "max.poll.interval.ms": 86_400_000,  # a statement may take hours; a process that is gone misses heartbeats
        "auto.offset.reset": "error",
        "queued.max.messages.kbytes": 8 << 10,
        "fetch.message.max.bytes": 1 << 20,  # compressed: what comes out of it may be many times as large
        "fetch.max.bytes": 4 << 20,
        "on_commit": committed,
    }
    patience: dict[str, Any] = {"session.timeout.ms": 6_000, "heartbeat.interval.ms": 500, **settings.properties}
    return consumer(settings, group, **patience, **properties)


def leave(consumer: Consumer) -> None:
    """Closes a member of a group: the others get its partitions at once.

    The client waits for answers that it still expects, up to a minute from a broker that is away (librdkafka issue
    4519). Nobody waits for them with it for longer than a moment: the group misses the member's heartbeats then.
    """
    errors: list[Exception] = []

    def close() -> None:
        try:
            consumer.close()
        except Exception as error:  # noqa: BLE001 - raised again below
            errors.append(error)

    closing = threading.Thread(target=copy_context().run, args=(close,), daemon=True)  # its log lines name the process
    closing.start()
    closing.join(_LEAVE_SECONDS)
    if errors:
        with errors_of("leave the group"):
            raise errors[0]


def read_to_end(settings: KafkaSettings, topic: str, start: Mapping[int, int] | None = None) -> Iterator[Message]:
    """Every committed record of a topic that was there when the reading began, partition by partition.

    `start` gives the partitions to read and their first offsets (default: all, from the beginning). A topic that does
    not exist is empty.
    """
    # the end of a partition is told only when a fetch comes back empty
    complaints = Complaints()
    reader = consumer(settings, "penstock-reader", error_cb=complaints, **{"fetch.wait.max.ms": 10})
    try:
        with reasons_of(f"read {topic}", reader, complaints):
            metadata = reader.list_topics(topic, timeout=PATIENCE_SECONDS).topics[topic]
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
    patience = time.monotonic() + _FETCH_SECONDS
    while True:
        stopping.check()
        waited = reader.poll(0.5)
        if waited is None and time.monotonic() > patience:
            raise Transient(f"kafka: {at.topic}/{at.partition}: no answer within {_FETCH_SECONDS:g} seconds")
        for message in [waited, *reader.consume(2000, 0)] if waited is not None else []:
            patience = time.monotonic() + _FETCH_SECONDS
            error = message.error()
            if error is None:
                yield message
            elif error.code() == KafkaError._PARTITION_EOF:
                return
            elif not error.retriable():
                raise meaning(error, f"read {at.topic}")


def _answer(future: Future[Any]) -> Any:
    """What the admin client is told, in steps that hear a request to stop."""
    deadline = time.monotonic() + 2 * PATIENCE_SECONDS
    while True:
        stopping.check()
        try:
            return future.result(_STEP_SECONDS)
        except TimeoutError:
            if time.monotonic() > deadline:
                raise


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
        self._complaints = Complaints()
        with errors_of("open the admin client"):
            self._admin = AdminClient(settings.common() | {"error_cb": self._complaints})
        self._asking: dict[str, Consumer] = {}

    def _asking_to(self, what: str) -> AbstractContextManager[None]:
        stopping.check()
        return reasons_of(what, self._admin, self._complaints)

    def names(self) -> set[str]:
        with self._asking_to(f"list topics at {self._settings.bootstrap_servers}"):
            return set(self._admin.list_topics(timeout=PATIENCE_SECONDS).topics)

    def layout(self) -> dict[str, int]:
        """Every topic with the number of its partitions."""
        with self._asking_to(f"list topics at {self._settings.bootstrap_servers}"):
            found = self._admin.list_topics(timeout=PATIENCE_SECONDS).topics
        return {name: len(topic.partitions) for name, topic in found.items() if topic.error is None}

    def ids(self, topics: Collection[str]) -> dict[str, str]:
        """Kafka's own name of each topic that is there: one that is deleted and made anew gets another.

        Empty where brokers know no such ids (before Kafka 2.8).
        """
        if not topics:
            return {}
        found = {}
        with self._asking_to("describe topics"):
            asked = self._admin.describe_topics(TopicCollection(list(topics)), request_timeout=PATIENCE_SECONDS)
            for topic, future in asked.items():
                try:
                    number = future.result(2 * PATIENCE_SECONDS).topic_id
                except KafkaException as error:
                    if error.args[0].code() != KafkaError.UNKNOWN_TOPIC_OR_PART:
                        raise
                    continue
                named = number.get_most_significant_bits() or number.get_least_significant_bits()
                found[topic] = str(number) if named else ""
        return found

    def partitions(self, topic: str) -> int:
        """The number of partitions; 0 when the topic does not exist."""
        with self._asking_to(f"describe {topic}"):
            metadata = self._admin.list_topics(topic, timeout=PATIENCE_SECONDS).topics[topic]
            return 0 if metadata.error is not None else len(metadata.partitions)

    def ensure(self, topic: str, partitions: int, config: Mapping[str, str]) -> None:
        """Creates a topic unless it is there; waits until it can be written."""
        if self.partitions(topic):
            return
        new = NewTopic(topic, partitions, self._settings.replication_factor, config=dict(config))
        for future in self._admin.create_topics([new], operation_timeout=PATIENCE_SECONDS).values():
            try:
                _answer(future)
            except KafkaException as error:
                if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                    raise meaning(error.args[0], f"create topic {topic}") from error
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self.partitions(topic) < partitions:
            if time.monotonic() > deadline:
                raise Transient(
                    f"kafka: topic {topic} is created but not to be seen after {PATIENCE_SECONDS:g} seconds"
                )
            time.sleep(0.01)

    def would_create(self, topic: str, partitions: int, config: Mapping[str, str]) -> None:
        """Asks the brokers whether they would create such a topic; raises what they object to."""
        new = NewTopic(topic, partitions, self._settings.replication_factor, config=dict(config))
        with self._asking_to(f"create topic {topic}"):
            for future in self._admin.create_topics(
                [new], operation_timeout=PATIENCE_SECONDS, validate_only=True
            ).values():
                _answer(future)

    def configure(self, topic: str, config: Mapping[str, str]) -> None:
        """Sets single settings of a topic; waits until they are in force."""
        resource = ConfigResource(ResourceType.TOPIC, topic)
        for name, value in config.items():
            resource.add_incremental_config(ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET))
        deadline = time.monotonic() + PATIENCE_SECONDS
        with self._asking_to(f"configure {topic}"):
            for future in self._admin.incremental_alter_configs([resource]).values():
                _answer(future)
            while not self._is_configured(topic, config):
                if time.monotonic() > deadline:
                    raise Transient(f"kafka: settings of {topic} are not in force after {PATIENCE_SECONDS:g} seconds")
                time.sleep(0.005)

    def _is_configured(self, topic: str, config: Mapping[str, str]) -> bool:
        """The controller takes a setting before brokers know it."""
        [future] = self._admin.describe_configs([ConfigResource(ResourceType.TOPIC, topic)]).values()
        found = _answer(future)
        return all(found[name].value == value for name, value in config.items())

    def broker_setting(self, name: str) -> str:
        """A setting of one of the brokers."""
        with self._asking_to("read the brokers' settings"):
            [number, *_] = self._admin.list_topics(timeout=PATIENCE_SECONDS).brokers
            resource = ConfigResource(ResourceType.BROKER, str(number))
            [future] = self._admin.describe_configs([resource]).values()
            return str(_answer(future)[name].value)

    def ends(self, partitions: Sequence[tuple[str, int]]) -> dict[tuple[str, int], int]:
        """The offset after the last committed record of each (topic, partition), transaction markers included."""
        return self._ends(partitions, confluent_kafka.IsolationLevel.READ_COMMITTED)

    def written(self, partitions: Sequence[tuple[str, int]]) -> dict[tuple[str, int], int]:
        """The offset after the last record of each (topic, partition), visible or not yet."""
        return self._ends(partitions, confluent_kafka.IsolationLevel.READ_UNCOMMITTED)

    def settle(self, partitions: Sequence[tuple[str, int]]) -> dict[tuple[str, int], int]:
        """Waits until everything written so far is visible or dropped; returns the ends.

        A transaction is committed before its markers reach the partitions (KIP-98, "Data Flow", 5.2), so readers may
        not see at once what a producer has committed. No transaction may be open.
        """
        written = self.written(partitions)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            ends = self.ends(partitions)
            if all(ends[place] >= offset for place, offset in written.items()):
                return ends
            if time.monotonic() > deadline:
                raise Transient(f"kafka: a transaction stays undecided for over {PATIENCE_SECONDS:g} seconds")
            time.sleep(0.002)

    def _ends(
        self, partitions: Sequence[tuple[str, int]], isolation: confluent_kafka.IsolationLevel
    ) -> dict[tuple[str, int], int]:
        if not partitions:
            return {}
        request = {
            TopicPartition(topic, number): OffsetSpec.latest()  # type: ignore[no-untyped-call]
            for topic, number in partitions
        }
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                return self._ask_ends(request, isolation)
            except KafkaException as error:
                if error.args[0].code() not in _NO_LEADER_YET or time.monotonic() > deadline:
                    raise meaning(error.args[0], "read end offsets") from error
                time.sleep(0.02)

    def _ask_ends(
        self, request: dict[TopicPartition, OffsetSpec], isolation: confluent_kafka.IsolationLevel
    ) -> dict[tuple[str, int], int]:
        answers = self._admin.list_offsets(request, isolation_level=isolation, request_timeout=PATIENCE_SECONDS)
        return {(at.topic, at.partition): _answer(future).offset for at, future in answers.items()}

    def committed(
        self, group: str, partitions: Sequence[tuple[str, int]]
    ) -> dict[tuple[str, int], tuple[int, str | None]]:
        """The offsets that a consumer group has committed, of these partitions, each with its metadata.

        Asked by a consumer that never joins: the admin client's own question (list_consumer_group_offsets of
        librdkafka 2.16) crashes the process when the group's coordinator has just started.
        """
        if not partitions:
            return {}
        if group not in self._asking:
            self._asking[group] = consumer(self._settings, group)
        wanted = [TopicPartition(topic, number) for topic, number in partitions]
        with errors_of(f"read the offsets of {group}"):
            found = self._asking[group].committed(wanted, timeout=PATIENCE_SECONDS)
        return {(at.topic, at.partition): (at.offset, at.metadata) for at in found if at.offset >= 0}

    def members(self, group: str) -> int:
        """How many consumers are in a group now; 0 for one that does not exist."""
        with self._asking_to(f"describe the group {group}"):
            [future] = self._admin.describe_consumer_groups([group], request_timeout=PATIENCE_SECONDS).values()
            return len(_answer(future).members)
