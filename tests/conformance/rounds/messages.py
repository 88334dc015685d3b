"""Table records taken apart by fastavro alone: the exact bytes of each row image, what lies beside it, its values."""

import io
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import confluent_kafka
import fastavro
from confluent_kafka import KafkaError, TopicPartition

from runtime.kafka import KafkaSettings, consumer, read_to_end
from schemas.registry import FRAME_BYTES
from schemas.topics import is_table_topic, schemas_topic

_NULL: dict[str, str] = {}
State = tuple[bytes | None, bytes, tuple[tuple[str, str], ...]]


@dataclass(frozen=True, slots=True)
class Image:
    """One image of a row: its Avro, the values that fastavro reads from it, and its part of `exact`."""

    key: bytes | None
    row: bytes
    exact: tuple[tuple[str, str], ...]
    values: Mapping[str, Any]

    @property
    def state(self) -> State:
        """What snapshot and log must agree on, to the byte; a frame's schema id aside."""
        return self.key, self.row, self.exact


@dataclass(frozen=True, slots=True)
class Change:
    """One record; `file`, `position` and `row` say where in the log it comes from."""

    op: str
    before: Image | None
    after: Image | None
    place: tuple[str, int, int]


class Schemas:
    """The schemas topic as fastavro needs it."""

    def __init__(self, kafka: KafkaSettings, task: str) -> None:
        self._known: dict[int, tuple[Any, Any]] = {}
        for message in read_to_end(kafka, schemas_topic(task)):
            entry = json.loads(message.value() or b"{}")
            schema = json.loads(entry["schema"])
            envelope = fastavro.parse_schema(schema, _force=True)
            images = None
            if schema["name"] == "Envelope":
                row = schema["fields"][0]["type"]
                images = fastavro.parse_schema(row, _force=True)
            self._known[int(entry["id"])] = envelope, images

    def change(self, key: bytes | None, value: bytes) -> Change:
        envelope, images = self._known[int.from_bytes(value[1:FRAME_BYTES], "big")]
        body = value[FRAME_BYTES:]
        stream = io.BytesIO(body)
        record: Any = fastavro.schemaless_reader(stream, envelope, None)
        assert stream.tell() == len(body), "a record with bytes behind its end"
        stream.seek(0)
        before: Any = fastavro.schemaless_reader(stream, images, None)
        middle = stream.tell()
        after: Any = fastavro.schemaless_reader(stream, images, None)
        old, new = _exact(record["op"], record["exact"] or _NULL)
        plain = None if key is None else key[FRAME_BYTES:]
        source = record["source"]
        return Change(
            op=record["op"],
            before=None if before is None else Image(plain, body[1:middle], old, before),
            after=None if after is None else Image(plain, body[middle + 1 : stream.tell()], new, after),
            place=(source["file"], source["pos"], source["row"]),
        )


def _exact(op: str, exact: Mapping[str, str]) -> tuple[tuple[tuple[str, str], ...], tuple[tuple[str, str], ...]]:
    """What `exact` says of the older and of the newer image (docs/records.md)."""
    old, new = [], []
    for name, text in exact.items():
        if op == "u" and name.startswith("before."):
            old.append((name.removeprefix("before."), text))
        else:
            new.append((name.removeprefix("after."), text))
    if op == "d":
        old, new = new, []
    return tuple(sorted(old)), tuple(sorted(new))


def changes(kafka: KafkaSettings, task: str) -> dict[str, list[Change]]:
    """Every record of every table topic of the task in its order, by topic."""
    known = Schemas(kafka, task)
    found: dict[str, list[Change]] = defaultdict(list)
    for topic, key, value in _raw(kafka, task):
        found[topic].append(known.change(key, value))
    return found


def _raw(kafka: KafkaSettings, task: str) -> Iterator[tuple[str, bytes | None, bytes]]:
    """All of them through one consumer; tables of the rounds have one partition."""
    with closing(consumer(kafka, "rounds", **{"fetch.wait.max.ms": 10})) as reader:
        topics = [
            (name, number)
            for name, topic in reader.list_topics(timeout=30).topics.items()
            if is_table_topic(task, name)
            for number in topic.partitions
        ]
        reader.assign([TopicPartition(name, number, confluent_kafka.OFFSET_BEGINNING) for name, number in topics])
        rest = len(topics)
        while rest:
            first = reader.poll(30.0)  # to wait for many is to wait for all of them, or for the whole time
            assert first is not None, f"{rest} topics have no end"
            for message in (first, *reader.consume(2000, 0)):
                error = message.error()
                if error is None:
                    key, value = message.key(), message.value()
                    assert value is not None
                    yield str(message.topic()), key.encode() if isinstance(key, str) else key, value
                else:
                    assert error.code() == KafkaError._PARTITION_EOF, str(error)
                    rest -= 1
