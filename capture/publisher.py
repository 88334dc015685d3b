"""Writes to Kafka: data and one commit record per transaction, all or nothing.

What is open when a session ends in any way is aborted by the next session's producer.
"""

import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace

from capture.barriers import barriers
from capture.settings import CaptureSettings
from capture.table_topics import TableTopics
from runtime.kafka import KafkaSettings, Topics, large_records
from runtime.kafka_errors import PATIENCE_SECONDS
from runtime.kafka_producer import Producer
from runtime.seams import seam
from runtime.service import Stop
from runtime.telemetry import commit_seconds, published_bytes
from schemas.names import TableName
from schemas.records import (
    TOPIC_IDS,
    Commit,
    NamesRecord,
    PositionRecord,
    ProblemRecord,
    RangeRecord,
    SchemaChange,
    SchemaRecord,
    TaskRecord,
    commit_key,
    commit_value,
    fixed_schemas,
    schema_value,
)
from schemas.registry import Entry, Registry, entry_key, entry_value
from schemas.table import Table
from schemas.topics import commits_topic, schema_topic, schemas_topic

_FOREVER = {"cleanup.policy": "delete", "retention.ms": "-1", "retention.bytes": "-1"}
_SMALL_LOG = {
    "cleanup.policy": "compact",
    "segment.bytes": str(16 << 20),
    "segment.ms": "600000",
    "min.cleanable.dirty.ratio": "0.1",
    "delete.retention.ms": "60000",
}


class Publisher:
    """The task's one producer, its open Kafka transaction and its schema ids."""

    def __init__(self, kafka: KafkaSettings, settings: CaptureSettings, stop: Stop | None = None) -> None:
        self.task = settings.task
        self._kafka = kafka
        self._topics = Topics(kafka)
        large = large_records(kafka)
        self._topics.ensure(commits_topic(self.task), 1, _SMALL_LOG)
        self._topics.ensure(schemas_topic(self.task), 1, {**_SMALL_LOG, **large})
        self._topics.ensure(schema_topic(self.task), 1, {**_FOREVER, **large})
        self._producer = Producer(kafka, self.task, stop=stop)
        self._registry = Registry([])
        self.tables = TableTopics(self._topics, self.task, kafka.partitions, large)
        self._barriers: dict[str, tuple[int, ...]] = {}  # of topics that nothing was sent to since
        self._ids: dict[str, str] = {}  # of topics, in Kafka
        self.open = False
        self.bytes = 0
        self.since = 0.0

    def known(self, entries: Sequence[Entry]) -> None:
        """Takes over the schema ids that the topics hold."""
        self._registry = Registry(entries)

    def introduce(self) -> None:
        """Publishes the ids of the fixed records, in the open transaction of a new task."""
        for number, subject, schema in fixed_schemas(self.task):
            self._publish_entry(Entry(number, subject, schema, None))

    def stands(self, name: TableName) -> bool:
        """True when the table's barriers are known: nothing was sent since they were counted."""
        return self.tables.name(name) in self._barriers

    def barriers(self, name: TableName) -> tuple[int, ...]:
        """By partition of the table's topic, the offset after its last record.

        Unless it `stands`, nothing may be open.
        """
        topic = self.tables.name(name)
        if topic not in self._barriers:
            self._barriers[topic] = barriers(self._kafka, topic, self.tables.partitions(name))
        return self._barriers[topic]

    def schema_id(self, subject: str, schema: str, table: Table | None) -> int:
        """The id of a schema; a new one is published in the open transaction."""
        number, entry = self._registry.id_of(subject, schema, table)
        if entry is not None:
            self._publish_entry(entry)
        return number

    def send(self, topic: str, keys: Sequence[bytes | None], values: Sequence[bytes]) -> None:
        """Queues records of one topic, in order."""
        self._begin()
        self._producer.send(topic, self.tables.partition(topic), keys, values)
        self._barriers.pop(topic, None)
        size = sum(map(len, values))
        self.bytes += size
        published_bytes.inc(size)

    def schema_record(self, record: SchemaRecord) -> None:
        if isinstance(record, SchemaChange):
            record = replace(record, session=record.session | self._identities(record))
        self._begin()
        self._producer.send(schema_topic(self.task), 0, [None], [schema_value(record)])

    def task_record(self, record: TaskRecord) -> None:
        """What the task is, in the open transaction."""
        self._record(record)

    def progress(self, record: RangeRecord) -> None:
        """How far a range is, in the same transaction as its rows."""
        self._record(record)

    def names(self, record: NamesRecord) -> None:
        """What is known of names, in the same transaction as the statements that changed it."""
        self._record(record)

    def commit(self, position: PositionRecord, seconds: float = PATIENCE_SECONDS) -> None:
        """Closes the transaction with `position`, within `seconds`."""
        seam("capture.produced")
        self._record(position)
        seam("capture.before_commit")
        self._close(seconds)
        seam("capture.committed")

    def problem(self, problem: ProblemRecord) -> None:
        """Tells in a transaction of its own why capture stops, or that it runs again."""
        if self.open:
            self._producer.abort()
            self.open = False
        self.note(problem)

    def note(self, record: Commit) -> None:
        """Publishes one commit record in a transaction of its own; nothing may be open."""
        self._record(record)
        self._close(5.0)

    def close(self) -> None:
        """Gives up what is open: the next producer of the task aborts it."""
        self._producer.close()

    def identify(self, topics: Iterable[str]) -> None:
        """Asks for Kafka's ids of many topics at once."""
        self._ids |= self._topics.ids([topic for topic in topics if topic not in self._ids])

    def _identities(self, change: SchemaChange) -> dict[str, str]:
        """What tells a reader that it reads the topics that were written."""
        topics = [table.topic for table in change.tables if table.definition is not None]
        self.identify(topics)
        known = {topic: self._ids[topic] for topic in topics if self._ids.get(topic)}
        return {TOPIC_IDS: json.dumps(known)} if known else {}

    def _record(self, record: Commit) -> None:
        self._begin()
        self._producer.send(commits_topic(self.task), 0, [commit_key(record)], [commit_value(record)])

    def _publish_entry(self, entry: Entry) -> None:
        self._begin()
        self._producer.send(schemas_topic(self.task), 0, [entry_key(entry)], [entry_value(entry)])

    def _begin(self) -> None:
        if not self.open:
            self._producer.begin()
            self.open, self.since = True, time.monotonic()

    def _close(self, seconds: float) -> None:
        with commit_seconds.labels("kafka").time():
            self._producer.commit(seconds)
        self.open, self.bytes = False, 0
