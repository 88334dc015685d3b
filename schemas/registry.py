"""Schema ids: which Avro schema, and which table definition, a framed record was written with.

A record starts with 0x00 and the id in four big-endian bytes (Confluent's framing).
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from runtime.errors import Fatal
from schemas.table import Table, from_json, to_json

MAGIC = 0
FRAME_BYTES = 5
FIRST_TABLE_ID = 20  # ids below belong to the fixed records


@dataclass(frozen=True, slots=True)
class Entry:
    """One id. `table` is the definition that a table's envelopes were written from, None for any other schema."""

    id: int
    subject: str
    schema: str
    table: Table | None

    @property
    def topic(self) -> str | None:
        """The topic of the table's records; None where there is no table. A topic is one table name's for good."""
        return None if self.table is None else self.subject.removesuffix("-value")


def frame(number: int) -> bytes:
    """What precedes a record of the schema `number`."""
    return bytes((MAGIC,)) + number.to_bytes(FRAME_BYTES - 1, "big")


def id_at(record: bytes) -> int:
    """The schema id of a framed record."""
    if len(record) < FRAME_BYTES or record[0] != MAGIC:
        raise Fatal("a record without a schema id", hint="remove what other programs wrote to the task's topics")
    return int.from_bytes(record[1:FRAME_BYTES], "big")


def entry_key(entry: Entry) -> bytes:
    return str(entry.id).encode()


def entry_value(entry: Entry) -> bytes:
    return json.dumps(
        {
            "id": entry.id,
            "subject": entry.subject,
            "schema": entry.schema,
            "topic": entry.topic,
            "table": None if entry.table is None else to_json(entry.table),
        },
        ensure_ascii=False,
        separators=(",", ":"),
    ).encode()


def parse_entry(value: bytes) -> Entry:
    try:
        fields = json.loads(value)
        table = fields["table"]
        return Entry(
            id=int(fields["id"]),
            subject=str(fields["subject"]),
            schema=str(fields["schema"]),
            table=None if table is None else from_json(table),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise Fatal(
            f"a record of the schemas topic cannot be read: {error}",
            hint="remove what other programs wrote to the task's topics",
        ) from error


class Registry:
    """The ids of a task. An id never changes what it stands for."""

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self._by_id: dict[int, Entry] = {}
        self._by_content: dict[tuple[str, str, Table | None], int] = {}
        self._last = FIRST_TABLE_ID - 1
        for entry in entries:
            self.add(entry)

    def add(self, entry: Entry) -> None:
        """Takes an entry that was read from the schemas topic."""
        self._by_id[entry.id] = entry
        self._by_content[entry.subject, entry.schema, entry.table] = entry.id
        self._last = max(self._last, entry.id)

    def entry(self, number: int) -> Entry:
        if number not in self._by_id:
            raise Fatal(
                f"schema id {number} is not in the schemas topic",
                hint="the topics of two tasks are mixed, or the schemas topic lost records: start the task afresh",
            )
        return self._by_id[number]

    def knows(self, number: int) -> bool:
        return number in self._by_id

    def id_of(self, subject: str, schema: str, table: Table | None) -> tuple[int, Entry | None]:
        """The id of a schema, and its entry when it is new and must be published before its first use."""
        known = self._by_content.get((subject, schema, table))
        if known is not None:
            return known, None
        entry = Entry(self._last + 1, subject, schema, table)
        self.add(entry)
        return entry.id, entry
