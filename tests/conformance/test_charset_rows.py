"""Rows of every charset through the real capture: snapshot and log say the same of the same bytes, and from what they
say the bytes can be had again, also where they are no text at all."""

import uuid
from collections.abc import Iterator
from contextlib import closing

import pytest

from capture.loop import Capture
from capture.settings import CaptureSettings
from deploy.local import Stack
from runtime.kafka import KafkaSettings, Topics, read_to_end
from runtime.mysql import Connection, connect
from schemas.charsets import longest, trimmed
from schemas.names import TableName
from schemas.selection import Selection
from schemas.topics import is_table_topic
from tests.conformance import raw_rows
from tests.conformance.charset_values import CHARSETS, broken, part, whole
from tests.golden.test_golden import Record, read_topics

_BATCH = 400


def test_a_part_of_every_charset(stack: Stack) -> None:
    _all_arrive(stack, {charset: [*part(charset)[:400:3], *broken(charset)] for charset in CHARSETS})


@pytest.mark.long
@pytest.mark.timeout(3000)
def test_the_whole_of_every_charset(stack: Stack) -> None:
    for charset in CHARSETS:
        _all_arrive(stack, {charset: [*whole(charset), *broken(charset)]})


def _all_arrive(stack: Stack, values: dict[str, list[bytes]]) -> None:
    database = f"raw_{uuid.uuid4().hex[:8]}"
    kafka = KafkaSettings(stack.kafka)
    settings = CaptureSettings(task=database, selection=Selection(include=(f"{database}.*",)))
    count = sum(map(len, values.values()))
    with connect(stack.source.endpoint("admin")) as source:
        source.execute(f"CREATE DATABASE {database}")
        _put(source, database, "read", values)
        capture = Capture([stack.source.endpoint("penstock")], kafka, settings)
        with closing(capture.session()) as session:
            _work(session, kafka, database, count)
            _put(source, database, "logged", values)
            _work(session, kafka, database, 2 * count)
        found = _records(kafka, database)
        for charset, listed in values.items():
            read, logged = found[f"read_{charset}"], found[f"logged_{charset}"]
            assert [record["op"] for record in (read[0], logged[0])] == ["r", "c"]
            images = ([(record["after"], record.get("exact")) for record in way] for way in (read, logged))
            assert [pair for pair in zip(*images, strict=True) if pair[0] != pair[1]] == [], charset
            _lead_back(source, charset, read, listed)
        source.execute(f"DROP DATABASE {database}")


def _put(source: Connection, database: str, way: str, values: dict[str, list[bytes]]) -> None:
    for charset, listed in values.items():
        table = TableName(database, f"{way}_{charset}")
        raw_rows.make(source, table, charset, longest(charset))
        raw_rows.put(source, table, charset, listed)


def _work(session: Iterator[object], kafka: KafkaSettings, task: str, number: int) -> None:
    """Lets capture work until its topics hold `number` records."""
    for _ in session:
        topics = Topics(kafka)
        places = [(topic, 0) for topic in topics.names() if is_table_topic(task, topic)]
        ends = topics.ends(places).values() if places else ()
        # Kafka counts the ends of transactions too
        if sum(ends) >= number and sum(1 for topic, _ in places for _ in read_to_end(kafka, topic)) >= number:
            return


def _records(kafka: KafkaSettings, database: str) -> dict[str, list[Record]]:
    """The records of each table by id."""
    found: dict[str, list[Record]] = {}
    for record in sorted(read_topics(kafka, database, database), key=lambda record: int(record["after"]["id"])):
        found.setdefault(record["table"], []).append(record)
    return found


def _lead_back(source: Connection, charset: str, records: list[Record], values: list[bytes]) -> None:
    """The bytes, from `exact` or by the server's own conversion of the text, are those that were put in."""
    texts: dict[bytes, str] = {}
    for record, value in zip(records, values, strict=True):
        for column in ("v", "w"):
            stored = value if column == "v" else _in_char(charset, value)
            exact = record.get("exact", {}).get(column)
            if exact is None:
                texts[stored] = record["after"][column]
            else:
                assert exact == f"_{charset} 0x{stored.hex()}"
    listed = list(texts.items())
    for start in range(0, len(listed), _BATCH):
        batch = listed[start : start + _BATCH]
        backs = ", ".join(f"HEX(CONVERT(_utf8mb4 X'{text.encode().hex()}' USING {charset}))" for _, text in batch)
        assert [bytes.fromhex(back) for back in source.query(f"SELECT {backs}")[0]] == [stored for stored, _ in batch]


def _in_char(charset: str, value: bytes) -> bytes:
    """A CHAR loses the spaces at its end."""
    return trimmed(charset, raw_rows.in_char(charset, value))
