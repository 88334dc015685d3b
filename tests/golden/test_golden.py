"""Runs the files of `cases/`: their SQL on the real source, their records out of the real topics, in order.

README.md beside this says how to add a file.
"""

import io
import json
import os
import uuid
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import fastavro
import pytest

from capture.checkpoint import load
from capture.loop import Capture
from capture.settings import CaptureSettings
from deploy.local import Stack
from runtime.kafka import KafkaSettings, Topics, read_to_end
from runtime.mysql import connect
from schemas.registry import Registry, id_at, parse_entry
from schemas.selection import Selection
from schemas.topics import is_table_topic, schemas_topic
from snapshot.marks import Marks

CASES = sorted((Path(__file__).parent / "cases").glob("*.sql"))
Record = dict[str, Any]
Place = tuple[str, int]
_WRITE = os.environ.get("PENSTOCK_GOLDEN") == "write"


@dataclass(frozen=True, slots=True)
class Case:
    """The statements of a file, and the records that must come, in order."""

    statements: list[str]
    expected: list[Record]


@dataclass(frozen=True, slots=True)
class Told:
    """The records of a case with their places in the log, and where the log was after each of its statements."""

    records: list[tuple[Place, Record]]
    ends: list[Place]


def read_case(path: Path) -> Case:
    case = Case([], [])
    for line in path.read_text().splitlines():
        if line.startswith("-> "):
            case.expected.append({"table": "t", **json.loads(line[3:])})
        elif line and not line.startswith("#"):
            case.statements.append(line.removesuffix(";"))
    return case


@pytest.fixture(scope="module", params=["FULL", "MINIMAL"])
def records(stack: Stack, request: pytest.FixtureRequest) -> Iterator[dict[str, Told]]:
    """The records of every case, by file name: all of them run through one capture, whatever the log tells of columns.

    All statements run before capture reads the first of them: it meets each definition when the server has a newer one.
    """
    prefix = f"golden_{uuid.uuid4().hex[:6]}"
    kafka = KafkaSettings(stack.kafka)
    settings = CaptureSettings(task=prefix, selection=Selection(include=(f"{prefix}_*.*",)))
    capture = Capture([stack.source.endpoint("penstock")], kafka, settings)
    with connect(stack.source.endpoint("admin")) as admin:
        admin.execute(f"SET GLOBAL binlog_row_metadata = {request.param}")
        with closing(capture.session()) as session:
            next(session)
            ends = {path: run_case(stack, f"{prefix}_{path.stem}", read_case(path)) for path in CASES}
            goal = Marks(admin, None).low()
            for _ in session:
                if load(kafka, prefix).executed.covers(goal):
                    break
        told = {path: Told(placed_records(kafka, prefix, f"{prefix}_{path.stem}"), ends[path]) for path in CASES}
        if _WRITE and request.param == "FULL":
            for path in CASES:
                path.write_text(written(path.read_text().splitlines(), told[path]))
        yield {path.stem: told[path] for path in CASES}
        for path in CASES:
            admin.execute(f"DROP DATABASE `{prefix}_{path.stem}`")
        admin.execute("SET GLOBAL binlog_row_metadata = FULL")


def run_case(stack: Stack, database: str, case: Case) -> list[Place]:
    """Returns where the log was after each statement."""
    ends: list[Place] = []
    with connect(stack.source.endpoint("admin")) as session, connect(stack.source.endpoint("admin")) as beside:
        session.execute(f"CREATE DATABASE `{database}`")
        session.execute(f"USE `{database}`")
        for statement in case.statements:
            session.execute(statement)
            file, offset = beside.query("SHOW BINARY LOG STATUS")[0][:2]
            ends.append((str(file), int(offset)))
    return ends


def written(lines: list[str], told: Told) -> str:
    """The text of a case with the records that came, each behind the statement that wrote it to the log."""
    out, rest, ends = [], list(told.records), iter(told.ends)
    for line in lines:
        if line.startswith("-> "):
            continue
        out.append(line)
        if line and not line.startswith("#"):
            end = next(ends)
            while rest and rest[0][0] < end:
                record = rest.pop(0)[1]
                shown_table = {} if record["table"] == "t" else {"table": record["table"]}
                parts = shown_table | {name: part for name, part in record.items() if name != "table"}
                out.append("-> " + json.dumps(parts, ensure_ascii=False))
    assert not rest, f"records behind the last statement: {rest}"
    return "\n".join(out) + "\n"


def read_topics(kafka: KafkaSettings, task: str, database: str) -> list[Record]:
    """Every table record of a database in the order of the source's log."""
    return [record for _, record in placed_records(kafka, task, database)]


def placed_records(kafka: KafkaSettings, task: str, database: str) -> list[tuple[Place, Record]]:
    registry = Registry(parse_entry(message.value() or b"") for message in read_to_end(kafka, schemas_topic(task)))
    found = []
    for topic in sorted(Topics(kafka).names()):
        if is_table_topic(task, topic) and topic.split(".")[1] == database:
            for message in read_to_end(kafka, topic):
                value = decoded(registry, message.value() or b"")
                key = message.key()
                place = (value["source"]["file"], value["source"]["pos"], value["source"]["row"], message.offset() or 0)
                found.append((place, shown(topic, None if key is None else decoded(registry, key), value)))
    return [(place[:2], record) for place, record in sorted(found, key=lambda pair: pair[0])]


def decoded(registry: Registry, framed: bytes) -> Record:
    schema = fastavro.parse_schema(json.loads(registry.entry(id_at(framed)).schema))
    value = fastavro.schemaless_reader(io.BytesIO(framed[5:]), schema, None)
    assert isinstance(value, dict)
    return value


def shown(topic: str, key: Record | None, value: Record) -> Record:
    """A record as the files write it: what is null at the top is left out."""
    record = {"table": topic.split(".")[2], "op": value["op"], "key": key}
    record |= {name: value[name] for name in ("before", "after", "exact")}
    return {name: plain(part) for name, part in record.items() if part is not None}


def plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: plain(part) for name, part in value.items()}
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, Decimal):
        return f"{value:f}"
    return value


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_records_are_exactly_these(records: dict[str, Told], path: Path) -> None:
    expected = read_case(path).expected
    assert expected
    # compared as text: -0.0 is not 0.0, and an int is not a float
    assert [json.dumps(record, sort_keys=True) for _, record in records[path.stem].records] == [
        json.dumps(record, sort_keys=True) for record in expected
    ]
