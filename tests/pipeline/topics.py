"""What a task's topics hold, read as any Confluent-framing Avro consumer would: with fastavro and the schemas topic."""

import io
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import fastavro
from confluent_kafka.admin import AdminClient

from runtime.kafka import KafkaSettings, Topics, read_to_end
from schemas.position import LogPosition
from schemas.topics import is_table_topic, schemas_topic


@dataclass(frozen=True, slots=True)
class Record:
    """One record of a table topic; `key` is the raw key, None for a keyless table."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    schema: int
    envelope: dict[str, Any]

    @property
    def op(self) -> str:
        return str(self.envelope["op"])

    @property
    def epoch(self) -> int:
        return int(self.envelope["epoch"])

    @property
    def gtid(self) -> str | None:
        gtid: str | None = self.envelope["source"]["gtid"]
        return gtid

    @property
    def position(self) -> LogPosition:
        return LogPosition.of(self.envelope["source"]["file"], self.envelope["source"]["pos"])

    @property
    def row(self) -> int:
        return int(self.envelope["source"]["row"])

    @property
    def table(self) -> tuple[str, str]:
        return str(self.envelope["source"]["db"]), str(self.envelope["source"]["table"])

    @property
    def value(self) -> dict[str, Any] | None:
        """The row after the change, with what its columns cannot hold exactly; None after a delete."""
        return self._image("after", "")

    @property
    def before(self) -> dict[str, Any] | None:
        return self._image("before", "before.")

    def _image(self, name: str, prefix: str) -> dict[str, Any] | None:
        image: dict[str, Any] | None = self.envelope[name]
        if image is None:
            return None
        exact = self.envelope["exact"] or {}
        prefix = prefix if self.op == "u" else ""
        return {column: (value, exact.get(prefix + column)) for column, value in image.items()}

    def __str__(self) -> str:
        return f"{self.topic}/{self.partition}@{self.offset} {self.op} {self.gtid} {self.position} row {self.row}"


def table_topics(kafka: KafkaSettings, task: str) -> list[str]:
    return sorted(topic for topic in Topics(kafka).names() if is_table_topic(task, topic))


def lose(kafka: KafkaSettings, task: str, targets: Sequence[str] = ("polar",)) -> None:
    """Removes every topic of a task and its targets' groups, as with a removed folder of Kafka's."""
    admin = AdminClient(kafka.common())
    names = [name for name in Topics(kafka).names() if name == task or name.startswith(f"{task}.")]
    for future in [
        *admin.delete_topics(names).values(),
        *admin.delete_consumer_groups([f"{task}.{target}" for target in targets]).values(),
    ]:
        future.result(10)
    while any(name in Topics(kafka).names() for name in names):
        time.sleep(0.05)


def records(kafka: KafkaSettings, task: str, topic: str) -> Iterator[Record]:
    """Every committed record of a topic, by partition and offset."""
    known = schemas(kafka, task)
    for message in read_to_end(kafka, topic):
        value = message.value()
        assert value is not None and value[0] == 0, f"{topic}@{message.offset()}: not framed"
        number = int.from_bytes(value[1:5], "big")
        envelope: Any = fastavro.schemaless_reader(io.BytesIO(value[5:]), known[number], None)
        offset, partition = message.offset(), message.partition()
        assert offset is not None and partition is not None
        key = message.key()
        yield Record(topic, partition, offset, key.encode() if isinstance(key, str) else key, number, envelope)


def schemas(kafka: KafkaSettings, task: str) -> dict[int, Any]:
    """Parsed Avro schemas by id."""
    found: dict[int, Any] = {}
    for message in read_to_end(kafka, schemas_topic(task)):
        entry = json.loads(message.value() or b"{}")
        found[int(entry["id"])] = fastavro.parse_schema(json.loads(entry["schema"]), _force=True)
    return found
