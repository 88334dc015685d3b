"""What the topics say of how far capture has come: the whole of its durable state.

Must be read after the producer of the task was built: that ended whatever an older capture had left open, so what is
read here does not change any more.
"""

from dataclasses import dataclass, field, replace

from runtime.errors import Fatal
from runtime.kafka import KafkaSettings, Topics, read_to_end
from schemas.ddl.kinds import Kind
from schemas.names import TableName
from schemas.position import GtidSet
from schemas.records import (
    CASCADE,
    NamesRecord,
    PositionRecord,
    ProblemRecord,
    RangeRecord,
    SchemaChange,
    SnapshotCompleted,
    TaskRecord,
    frame,
    parse_commit,
    parse_schema_record,
)
from schemas.registry import Entry, parse_entry
from schemas.table import Table, from_json
from schemas.topics import commits_topic, schema_topic, schemas_topic

_CASCADE = frame(CASCADE)


@dataclass(slots=True)
class Checkpoint:
    """Durable state, read once per session."""

    position: PositionRecord | None = None
    ranges: dict[str, RangeRecord] = field(default_factory=dict)
    problem: ProblemRecord | None = None
    names: NamesRecord = field(default_factory=NamesRecord)
    task: TaskRecord | None = None
    entries: list[Entry] = field(default_factory=list)
    tables: dict[TableName, Table] = field(default_factory=dict)
    doubtful: set[TableName] = field(default_factory=set)  # their definitions may be newer than the stream
    topics: dict[TableName, str] = field(default_factory=dict)  # of every table that there is or has been
    partitions: dict[TableName, int] = field(default_factory=dict)  # of those topics
    databases: list[SchemaChange] = field(default_factory=list)  # changes of databases, in order
    statements: list[SchemaChange] = field(default_factory=list)  # every change, in order, without definitions
    completed: set[TableName] = field(default_factory=set)
    topic_ids: dict[str, str] = field(default_factory=dict)  # of topics, in Kafka

    @property
    def spread(self) -> dict[TableName, int]:
        """The tables whose records a key's hash spreads since their last schema change, and over how many partitions.

        A definition that was not certain there may have had a second unique key.
        """
        return {
            name: self.partitions[name]
            for name, table in self.tables.items()
            if name not in self.doubtful and table.may_be_spread and self.partitions[name] > 1
        }

    @property
    def executed(self) -> GtidSet:
        return GtidSet.parse(self.position.gtid_set) if self.position else GtidSet()


def load(kafka: KafkaSettings, task: str) -> Checkpoint:
    """Reads the commit records, the schema ids and the tracked definitions."""
    Topics(kafka).settle([(topic, 0) for topic in (commits_topic(task), schemas_topic(task), schema_topic(task))])
    found = Checkpoint()
    for message in read_to_end(kafka, commits_topic(task)):
        match parse_commit(_value(message.value(), task)):
            case PositionRecord() as position:
                found.position = position
            case RangeRecord() as part:
                found.ranges[part.id] = part
            case ProblemRecord() as problem:
                found.problem = problem if problem.error else None
            case NamesRecord() as names:
                found.names = names
            case TaskRecord() as record:
                found.task = record
    for message in read_to_end(kafka, schemas_topic(task)):
        found.entries.append(parse_entry(_value(message.value(), task)))
    for message in read_to_end(kafka, schema_topic(task)):
        value = _value(message.value(), task)
        if value.startswith(_CASCADE):  # there may be many, and they leave definitions as they are
            continue
        match parse_schema_record(value):
            case SchemaChange() as change:
                _track(found, change)
            case SnapshotCompleted() as completed:
                found.completed.add(TableName(completed.database, completed.table))
    return found


def _track(found: Checkpoint, change: SchemaChange) -> None:
    found.statements.append(replace(change, tables=()))
    if change.kind in (Kind.CREATE_DATABASE.name, Kind.ALTER_DATABASE.name, Kind.DROP_DATABASE.name):
        found.databases.append(change)
    found.topic_ids |= change.topic_ids
    for touched in change.tables:
        found.topics[touched.name] = touched.topic
        found.partitions[touched.name] = len(touched.barriers)
        if touched.definition is None:
            found.tables.pop(touched.name, None)
        else:
            found.tables[touched.name] = from_json(touched.definition)
        (found.doubtful.discard if touched.certain else found.doubtful.add)(touched.name)


def _value(value: bytes | None, task: str) -> bytes:
    if value is None:
        raise Fatal(
            f"a topic of the task {task} holds a record without a value",
            hint="something else writes to the task's topics: give the task a name of its own",
        )
    return value
