"""The fixed records: commit records, schema changes, and how they lie in Kafka.

All of them use the Confluent framing with the reserved schema ids below 20
(https://docs.confluent.io/platform/current/schema-registry/fundamentals/serdes-develop/index.html#wire-format).
"""

import io
import json
from dataclasses import asdict, dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import fastavro

from schemas.names import TableName
from schemas.selection import Selection
from schemas.topics import commits_topic, schema_topic

COMMIT_KEY, POSITION, RANGE, PROBLEM, SCHEMA_CHANGE, SNAPSHOT_COMPLETED, CASCADE, NAMES = range(1, 9)
TASK = 9
RANGE_IN_ORDER = 10  # RANGE with `descending`
TOPIC_IDS = "topic_ids"  # among a schema change's session
SHOWN = "shown"  # the same: SHOW CREATE TABLE of its first table behind it, where foreign keys may have moved indexes
FIRST_TABLE_ID = 20
_FILES = {
    COMMIT_KEY: "commit_key",
    POSITION: "position",
    RANGE: "range",
    PROBLEM: "problem",
    SCHEMA_CHANGE: "schema_change",
    SNAPSHOT_COMPLETED: "snapshot_completed",
    CASCADE: "cascade",
    NAMES: "names",
    TASK: "task",
    RANGE_IN_ORDER: "range_in_order",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionRecord:
    """How far the topics are (position.avsc)."""

    gtid_set: str
    file: str
    offset: int
    gtid: str | None
    units_done: int
    selection: str
    epoch: int
    source_us: int
    time_us: int
    stopped: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RangeRecord:
    """A key range of a table and how much of it is published (range.avsc, range_in_order.avsc).

    `descending`: the columns of the key that are read from their greatest value on. Bounds mean nothing without it, so
    it stays what it was when the range was made, whatever becomes of the index.
    """

    id: str
    database: str
    table: str
    lower: tuple[str, ...] | None = None
    upper: tuple[str, ...] | None = None
    last: tuple[str, ...] | None = None
    descending: tuple[str, ...] = ()
    rows_done: int = 0
    rows_estimated: int = 0
    done: bool = False

    @property
    def name(self) -> TableName:
        return TableName(self.database, self.table)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemRecord:
    """Why capture stopped (problem.avsc)."""

    place: str
    error: str
    hint: str
    time_us: int


@dataclass(frozen=True, slots=True)
class NamedTable:
    """A table, or a view."""

    database: str
    table: str

    @property
    def name(self) -> TableName:
        return TableName(self.database, self.table)


@dataclass(frozen=True, slots=True)
class TemporaryTable:
    """A temporary table of the source's session `thread`."""

    thread: int
    database: str
    table: str

    @property
    def name(self) -> TableName:
        return TableName(self.database, self.table)


@dataclass(frozen=True, slots=True, kw_only=True)
class NamesRecord:
    """What capture knows of names beside the captured tables (names.avsc)."""

    views: tuple[NamedTable, ...] = ()
    newcomers: tuple[NamedTable, ...] = ()
    temporary: tuple[TemporaryTable, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRecord:
    """What a task moves, and the topics that it began with (task.avsc)."""

    include: tuple[str, ...]
    exclude: tuple[str, ...]
    never: tuple[str, ...]
    topics: dict[str, str]

    @property
    def selection(self) -> Selection:
        return Selection(include=self.include, exclude=self.exclude, never=frozenset(self.never))


@dataclass(frozen=True, slots=True, kw_only=True)
class TouchedTable:
    """A table that a statement touches; `barriers[p]`: rows of partition p before this offset precede it."""

    database: str
    table: str
    topic: str
    definition: str | None
    barriers: tuple[int, ...]
    certain: bool = True  # False: the definition may be newer, or older, than the statement; row events tell

    @property
    def name(self) -> TableName:
        return TableName(self.database, self.table)


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaChange:
    """One DDL statement of the source (schema_change.avsc)."""

    epoch: int
    gtid: str | None
    file: str
    offset: int
    source_us: int
    time_us: int
    kind: str
    statement: str
    database: str | None
    session: dict[str, str]
    tables: tuple[TouchedTable, ...]

    @property
    def topic_ids(self) -> dict[str, str]:
        """Kafka's ids of the touched tables' topics, as far as they are known."""
        found: dict[str, str] = json.loads(self.session.get(TOPIC_IDS, "{}"))
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotCompleted:
    """Every row that a table had when its snapshot ran is in its topic (snapshot_completed.avsc)."""

    database: str
    table: str
    topic: str
    rows: int
    epoch: int
    time_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowingTable:
    """A table whose rows may follow others; `barriers[p]`: rows of partition p before this offset precede that.

    `parents` are the tables whose rows they may follow, as `database.table`; `certain` says of each that there is such
    a foreign key.
    """

    database: str
    table: str
    topic: str
    barriers: tuple[int, ...]
    parents: tuple[TableName, ...]
    certain: tuple[bool, ...]

    @property
    def name(self) -> TableName:
        return TableName(self.database, self.table)


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowedRow:
    """The values of a row that others may refer to, as SQL literals; `after` is None for a deleted row."""

    before: tuple[str, ...]
    after: tuple[str, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cascade:
    """Rows of a table went or changed, and by foreign keys others followed of which the log says nothing
    (cascade.avsc)."""

    epoch: int
    gtid: str | None
    file: str
    offset: int
    source_us: int
    time_us: int
    database: str
    table: str
    columns: tuple[str, ...]
    rows: tuple[FollowedRow, ...]
    tables: tuple[FollowingTable, ...]

    @property
    def name(self) -> TableName:
        return TableName(self.database, self.table)


Commit = PositionRecord | RangeRecord | ProblemRecord | NamesRecord | TaskRecord
SchemaRecord = SchemaChange | SnapshotCompleted | Cascade


def fixed_schemas(task: str) -> list[tuple[int, str, str]]:
    """(id, subject, Avro schema) of every fixed record."""
    subjects = {
        COMMIT_KEY: f"{commits_topic(task)}-key",
        POSITION: f"{commits_topic(task)}-position",
        RANGE: f"{commits_topic(task)}-range",
        PROBLEM: f"{commits_topic(task)}-problem",
        NAMES: f"{commits_topic(task)}-names",
        SCHEMA_CHANGE: f"{schema_topic(task)}-schema-change",
        SNAPSHOT_COMPLETED: f"{schema_topic(task)}-snapshot-completed",
        CASCADE: f"{schema_topic(task)}-cascade",
        TASK: f"{commits_topic(task)}-task",
        RANGE_IN_ORDER: f"{commits_topic(task)}-range-in-order",
    }
    return [(number, subjects[number], json.dumps(_source(number))) for number in _FILES]


def commit_key(record: Commit) -> bytes:
    match record:
        case PositionRecord():
            return _encode(COMMIT_KEY, {"kind": "position", "id": ""})
        case RangeRecord():
            return _encode(COMMIT_KEY, {"kind": "range", "id": record.id})
        case ProblemRecord():
            return _encode(COMMIT_KEY, {"kind": "problem", "id": ""})
        case NamesRecord():
            return _encode(COMMIT_KEY, {"kind": "names", "id": ""})
        case TaskRecord():
            return _encode(COMMIT_KEY, {"kind": "task", "id": ""})


def commit_value(record: Commit) -> bytes:
    match record:
        case PositionRecord():
            return _encode(POSITION, asdict(record))
        case RangeRecord():
            return _encode(RANGE_IN_ORDER if record.descending else RANGE, asdict(record))
        case ProblemRecord():
            return _encode(PROBLEM, asdict(record))
        case NamesRecord():
            return _encode(NAMES, asdict(record))
        case TaskRecord():
            return _encode(TASK, asdict(record))


def schema_value(record: SchemaRecord) -> bytes:
    match record:
        case SchemaChange():
            return _encode(SCHEMA_CHANGE, asdict(record))
        case SnapshotCompleted():
            return _encode(SNAPSHOT_COMPLETED, asdict(record))
        case Cascade():
            return _encode(CASCADE, asdict(record))


def parse_commit(value: bytes) -> Commit:
    """A record of `<task>.commits`; ValueError when it is none."""
    number, fields = _decode(value)
    match number:
        case 2:
            return PositionRecord(**fields)
        case 3 | 10:
            fields["descending"] = tuple(fields.get("descending", ()))
            for name in ("lower", "upper", "last"):
                fields[name] = None if fields[name] is None else tuple(fields[name])
            return RangeRecord(**fields)
        case 4:
            return ProblemRecord(**fields)
        case 8:
            return NamesRecord(
                views=tuple(NamedTable(**each) for each in fields["views"]),
                newcomers=tuple(NamedTable(**each) for each in fields["newcomers"]),
                temporary=tuple(TemporaryTable(**each) for each in fields["temporary"]),
            )
        case 9:
            texts = {name: tuple(fields[name]) for name in ("include", "exclude", "never")}
            return TaskRecord(**texts, topics=fields["topics"])
    raise ValueError(f"schema {number} is not a commit record's")


def parse_schema_record(value: bytes) -> SchemaRecord:
    """A record of `<task>`; ValueError when it is none."""
    number, fields = _decode(value)
    if number == SNAPSHOT_COMPLETED:
        return SnapshotCompleted(**fields)
    if number == SCHEMA_CHANGE:
        touched = tuple(TouchedTable(**{**table, "barriers": tuple(table["barriers"])}) for table in fields["tables"])
        return SchemaChange(**{**fields, "tables": touched})
    if number == CASCADE:
        return _cascade(fields)
    raise ValueError(f"schema {number} is not a schema record's")


def _cascade(fields: dict[str, Any]) -> Cascade:
    rows = tuple(
        FollowedRow(before=tuple(row["before"]), after=None if row["after"] is None else tuple(row["after"]))
        for row in fields["rows"]
    )
    tables = tuple(
        FollowingTable(
            database=table["database"],
            table=table["table"],
            topic=table["topic"],
            barriers=tuple(table["barriers"]),
            parents=tuple(TableName(parent["database"], parent["name"]) for parent in table["parents"]),
            certain=tuple(table["certain"]),
        )
        for table in fields["tables"]
    )
    return Cascade(**{**fields, "columns": tuple(fields["columns"]), "rows": rows, "tables": tables})


def frame(number: int) -> bytes:
    """The five bytes before a value of schema `number`."""
    return b"\x00" + number.to_bytes(4, "big")


@cache
def _source(number: int) -> Any:
    return json.loads(files("schemas").joinpath(f"{_FILES[number]}.avsc").read_text())


@cache
def _parsed(number: int) -> Any:
    return fastavro.parse_schema(_source(number))


def _encode(number: int, fields: dict[str, Any]) -> bytes:
    out = io.BytesIO()
    out.write(frame(number))
    fastavro.schemaless_writer(out, _parsed(number), _listed(fields))
    return out.getvalue()


def _listed(value: Any) -> Any:
    """Lists for tuples: fastavro takes a tuple inside a union for a (type, value) hint."""
    if isinstance(value, dict):
        return {name: _listed(part) for name, part in value.items()}
    return [_listed(part) for part in value] if isinstance(value, list | tuple) else value


def _decode(value: bytes) -> tuple[int, dict[str, Any]]:
    if value[:1] != b"\x00" or len(value) < 5:
        raise ValueError("not framed")
    number = int.from_bytes(value[1:5], "big")
    if number not in _FILES:
        raise ValueError(f"schema {number} is not a fixed record's")
    fields: Any = fastavro.schemaless_reader(io.BytesIO(value[5:]), _parsed(number), None)
    return number, fields
