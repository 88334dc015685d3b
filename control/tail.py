"""The records of a task's topics, decoded by their own schemas: what any other consumer would read."""

import base64
import io
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from decimal import Decimal
from typing import Any

import fastavro

from runtime.errors import Fatal
from runtime.follower import Follower
from runtime.kafka import KafkaSettings, Message, TopicPartition, Topics, read_to_end
from runtime.service import Stop
from schemas.names import TableName
from schemas.records import fixed_schemas
from schemas.registry import FRAME_BYTES, Entry, id_at, parse_entry
from schemas.topics import is_table_topic, schema_topic, schemas_topic

_BEGINNING, _END = -2, -1
_WAIT_SECONDS = 0.2
_LOOK_SECONDS = 1.0  # how soon a new topic is noticed
_ENVELOPE = ("op", "before", "after", "exact", "epoch", "source")


class Decoder:
    """Framed Avro into plain values; schema ids are read from the task's topics when they are met."""

    def __init__(self, kafka: KafkaSettings, task: str) -> None:
        self._kafka = kafka
        self._topic = schemas_topic(task)
        self._schemas: dict[int, Any] = {
            number: fastavro.parse_schema(json.loads(schema)) for number, _, schema in fixed_schemas(task)
        }

    def decode(self, record: bytes | None) -> Any:
        """A key or a value; None for none."""
        if record is None:
            return None
        number = id_at(record)
        if number not in self._schemas:
            self._read()
        if number not in self._schemas:
            raise Fatal(f"schema id {number} is not in {self._topic}", hint="the topics of two tasks are mixed")
        return fastavro.schemaless_reader(io.BytesIO(record[FRAME_BYTES:]), self._schemas[number], None)

    def entries(self) -> Iterator[Entry]:
        """What the schemas topic holds now."""
        for message in read_to_end(self._kafka, self._topic):
            yield parse_entry(message.value() or b"")

    def _read(self) -> None:
        for entry in self.entries():
            if entry.id not in self._schemas:
                self._schemas[entry.id] = fastavro.parse_schema(json.loads(entry.schema))


class Tail:
    """Follows the chosen topics of a task, from their beginning or from now on."""

    def __init__(self, kafka: KafkaSettings, task: str, tables: Sequence[TableName], with_schema: bool) -> None:
        self._kafka = kafka
        self._task = task
        self._topics = Topics(kafka)
        self._decoder = Decoder(kafka, task)
        self._tables = frozenset(tables)
        self._found: dict[TableName, str] = {}  # topics of these tables, as far as they have any
        self._with_schema = with_schema

    def everything(self) -> Iterator[str]:
        """One line of JSON for each record that is there."""
        starts = self._starts(_BEGINNING, frozenset())
        if not starts:
            return
        with closing(Follower(self._kafka, starts)) as follower:
            while not follower.at_end:
                yield from map(self._line, follower.receive(_WAIT_SECONDS))

    def follow(self, from_beginning: bool, stop: Stop) -> Iterator[str]:
        """One line of JSON for each record, until the stop; topics that come meanwhile are read from their start."""
        starts = self._starts(_BEGINNING if from_beginning else _END, frozenset())
        known = {start.topic for start in starts}
        with closing(Follower(self._kafka, starts)) as follower:
            looked = time.monotonic()
            while not stop.requested:
                yield from map(self._line, follower.receive(_WAIT_SECONDS))
                if time.monotonic() - looked > _LOOK_SECONDS:
                    looked = time.monotonic()
                    new = self._starts(_BEGINNING, frozenset(known))
                    if new:
                        follower.follow(new)
                        known |= {start.topic for start in new}

    def _starts(self, offset: int, known: frozenset[str]) -> list[TopicPartition]:
        if len(self._found) < len(self._tables):
            entries = (entry for entry in self._decoder.entries() if entry.table and entry.table.name in self._tables)
            self._found |= {entry.table.name: entry.topic for entry in entries if entry.table and entry.topic}
        chosen = frozenset(self._found.values())
        return [
            TopicPartition(topic, partition, offset)
            for topic, partitions in self._topics.layout().items()
            if topic not in known and self._chosen(topic, chosen)
            for partition in range(partitions)
        ]

    def _chosen(self, topic: str, tables: frozenset[str]) -> bool:
        if topic == schema_topic(self._task):
            return self._with_schema
        return topic in tables if self._tables else is_table_topic(self._task, topic)

    def _line(self, message: Message) -> str:
        value = self._decoder.decode(message.value())
        head = {"topic": message.topic(), "partition": message.partition(), "offset": message.offset()}
        if message.topic() == schema_topic(self._task):
            body: Mapping[str, Any] = {"schema": value}
        else:
            envelope = value or {}
            body = {"key": self._decoder.decode(message.key()), **{name: envelope.get(name) for name in _ENVELOPE}}
        return json.dumps({**head, **body}, default=_plain, ensure_ascii=False)


def _plain(value: object) -> object:
    """What JSON cannot say by itself."""
    if isinstance(value, bytes):
        return {"base64": base64.b64encode(value).decode()}
    if isinstance(value, Decimal):
        return str(value)
    return str(value)


def table_name(text: str) -> TableName:
    """`database.table`, as the source spells both."""
    database, dot, table = text.partition(".")
    if not (database and dot and table):
        raise Fatal(f"{text!r} does not name a table", hint="write --table database.table")
    return TableName(database, table)
