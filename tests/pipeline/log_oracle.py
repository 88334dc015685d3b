"""Do the topics hold exactly the source's changes, once each and in order? Judged from the topics alone.

The changes come from the source's own log. Folding a topic must lead from one true state to the next: a created row
was not there, an updated or deleted one was as its before image says, a snapshot row never brings an older state
back; and at the end there are the source's rows.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from runtime.kafka import KafkaSettings, read_to_end
from runtime.mysql import Connection, connect
from schemas.names import TableName
from schemas.position import LogPosition
from schemas.records import PositionRecord, SchemaChange, parse_commit, parse_schema_record
from schemas.sql import identifier, qualified
from schemas.topics import commits_topic, schema_topic, table_topic
from tests.pipeline.compare import databases
from tests.pipeline.source_log import Changes, changes
from tests.pipeline.task import Task
from tests.pipeline.topics import Record, records, table_topics

_SHOWN = 8
_FRAME = 5
_RENAME = re.compile(r"RENAME TABLE (`(?:[^`]|``)+`|\w+) TO (`(?:[^`]|``)+`|\w+)$")
_KINDS = {("c",): "insert", ("u",): "update", ("d",): "delete", ("d", "c"): "update"}  # a changed key: delete, create
Row = Mapping[str, Any]


def check_topics(task: Task) -> int:
    """Fails with what is missing, doubled, out of order or untrue; returns the number of records."""
    start = _first_position(task.kafka, task.name)
    logged: dict[str, list[Changes]] = defaultdict(list)
    for change in changes(task.stack.source, start.gtid_set, start.file):
        logged[table_topic(task.name, TableName(*change.table))].append(change)
    held = {topic: list(records(task.kafka, task.name, topic)) for topic in table_topics(task.kafka, task.name)}
    faults = [f"{topic}: {len(logged[topic])} statements have no topic" for topic in logged.keys() - held.keys()]
    for topic, found in held.items():
        faults += _compare(topic, found, logged.get(topic, []))
    faults += Fold(task).run(held)
    assert not faults, "\n".join(faults[:60])
    return sum(map(len, held.values()))


def check_topics_of_hosts(task: Task) -> int:
    """The same for a task whose source has failed over: told by transaction, because positions of two servers do not
    compare. The log is that of the host that took over, which must hold everything since the task began."""
    start = _first_position(task.kafka, task.name)
    with connect(task.stack_source) as connection:
        first_file = str(connection.query("SHOW BINARY LOGS")[0][0])
    logged: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for change in changes(task.stack.source, start.gtid_set, first_file):
        logged[table_topic(task.name, TableName(*change.table))][change.gtid] += change.ops
    held = {topic: list(records(task.kafka, task.name, topic)) for topic in table_topics(task.kafka, task.name)}
    faults = [f"{topic}: {len(logged[topic])} transactions have no topic" for topic in logged.keys() - held.keys()]
    for topic, found in held.items():
        faults += _compare_transactions(topic, found, logged.get(topic, {}))
    faults += Fold(task).run(held)
    assert not faults, "\n".join(faults[:60])
    return sum(map(len, held.values()))


def _compare_transactions(topic: str, found: Sequence[Record], logged: Mapping[str, Sequence[str]]) -> list[str]:
    """Changes that are missing, doubled or made up, and transactions in another order than the log's."""
    rows: dict[str, dict[tuple[LogPosition, int], list[str]]] = defaultdict(lambda: defaultdict(list))
    for record in found:
        if record.op != "r":
            rows[record.gtid or ""][record.position, record.row].append(record.op)
    held = {gtid: [_KINDS.get(tuple(ops), f"{ops}") for ops in events.values()] for gtid, events in rows.items()}
    expected = dict(logged)
    if found and found[0].key is None and any(record.op == "r" for record in found):
        # read in one piece under a lock: what its log held before that place is in the rows that were read
        first = next((gtid for gtid in logged if gtid in held), None)
        for gtid in list(expected):
            if gtid == first:
                break
            del expected[gtid]
    faults = [
        f"{topic}: {gtid}: {expected[gtid]} became {held.get(gtid)}"
        for gtid in expected
        if held.get(gtid) != expected[gtid]
    ]
    faults += [f"{topic}: {gtid} is not in the source's log: {held[gtid]}" for gtid in held.keys() - logged.keys()]
    if list(held) != [gtid for gtid in expected if gtid in held]:
        faults.append(f"{topic}: its transactions are in another order than in the log")
    return faults[: 2 * _SHOWN]


def _first_position(kafka: KafkaSettings, task: str) -> PositionRecord:
    for message in read_to_end(kafka, commits_topic(task)):
        record = parse_commit(message.value() or b"")
        if isinstance(record, PositionRecord):
            assert message.offset() is not None and record.units_done == 0
            return record
    raise AssertionError(f"{task} has no position")


def _compare(topic: str, found: Sequence[Record], logged: Sequence[Changes]) -> list[str]:
    """Changes that are missing, doubled, made up, or of another kind."""
    first_snapshot = next((record for record in found if record.op == "r"), None)
    if found and found[0].key is None and first_snapshot is not None:
        # read in one piece under a lock: what its log held before that place is in the rows that were read
        begin = first_snapshot.position
        logged = [change for change in logged if change.events[0] >= begin]
    held: dict[tuple[str | None, LogPosition], dict[int, list[str]]] = defaultdict(lambda: defaultdict(list))
    for record in found:
        if record.op != "r":
            held[record.gtid, record.position][record.row].append(record.op)
    faults, missing = [], []
    for change in logged:
        rows = [held.pop((change.gtid, event), {}) for event in change.events]
        ops = tuple(_KINDS.get(tuple(ops), f"{ops}") for numbered in rows for _, ops in sorted(numbered.items()))
        if not ops:
            missing.append(str(change))
        elif ops != change.ops:
            faults.append(f"{topic}: {change}: {change.ops} became {ops}")
        elif not change.together and any(sorted(numbered) != list(range(len(numbered))) for numbered in rows):
            faults.append(f"{topic}: {change}: rows are numbered {[sorted(numbered) for numbered in rows]}")
    faults += [f"{topic}: {place} is not in the source's log: {dict(rows)}" for place, rows in held.items()]
    if missing:
        faults.append(f"{topic}: {len(missing)} of {len(logged)} statements are missing: {missing[:_SHOWN]}")
    return faults[: 2 * _SHOWN] + _ordered(topic, found)


def _ordered(topic: str, found: Sequence[Record]) -> list[str]:
    faults = []
    last: dict[int, Record] = {}
    for record in found:
        before = last.get(record.partition)
        if before is not None:
            if record.epoch < before.epoch:
                faults.append(f"{record}: epoch {record.epoch} after {before.epoch}")
            if (record.position, record.row) < (before.position, before.row if record.op != "r" else -1):
                faults.append(f"{record} comes after {before}")
        last[record.partition] = record
    return faults[:_SHOWN]


@dataclass(slots=True)
class State:
    """A table as far as its topic tells: rows by key, with the schema they came in; keyless rows as a multiset."""

    rows: dict[bytes, tuple[int, Row]] = field(default_factory=dict)
    deleted: set[bytes] = field(default_factory=set)
    bag: Counter[str] = field(default_factory=Counter)
    read: set[bytes] = field(default_factory=set)


class Fold:
    """Replays every topic in epoch order, schema changes between."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._states: dict[tuple[str, str], State] = defaultdict(State)
        self._lasting: dict[str, frozenset[str]] = {}
        self._faults: list[str] = []

    def run(self, held: Mapping[str, Sequence[Record]]) -> list[str]:
        self._lasting = {topic: _lasting(found) for topic, found in held.items()}
        by_epoch: dict[int, list[Record]] = defaultdict(list)
        for found in held.values():
            for record in found:
                by_epoch[record.epoch].append(record)
        schema_changes = _schema_changes(self._task.kafka, self._task.name)
        for epoch in sorted(by_epoch.keys() | schema_changes.keys()):
            if epoch in schema_changes:
                self._alter(schema_changes[epoch])
            for record in by_epoch[epoch]:
                self._take(record)
        self._judge()
        return self._faults

    def _alter(self, change: SchemaChange) -> None:
        names = [(touched.database, touched.table) for touched in change.tables]
        rename = _RENAME.match(change.statement)
        if rename:
            old, new = (_plain(name) for name in rename.groups())
            database = change.database or ""
            self._states[database, new] = self._states.pop((database, old), State())
            return
        for name, touched in zip(names, change.tables, strict=True):
            if touched.definition is None or change.kind in ("TRUNCATE_TABLE", "DROP_TABLE"):
                self._states.pop(name, None)
            elif change.kind.startswith("CREATE_TABLE"):
                self._states[name] = State()

    def _take(self, record: Record) -> None:
        state = self._states[record.table]
        if record.key is None:
            self._take_keyless(state, record)
            return
        key = record.key[_FRAME:]  # a renamed table has another topic, whose keys have another schema
        there = state.rows.get(key)
        if record.op == "r":
            if key in state.read:
                self._fault(record, "was read twice")
            if key in state.deleted:
                self._fault(record, "brings back a deleted row")
            if there is not None and there[0] == record.schema and there[1] != record.value:
                self._fault(record, "is an older state of a row that is there")
            state.read.add(key)
        elif record.op == "c" and there is not None:
            self._fault(record, "creates a row that is there")
        elif record.op in "ud" and there is not None and there[0] == record.schema and there[1] != record.before:
            self._fault(record, "changes a row that was otherwise before")
        if record.value is None:
            state.rows.pop(key, None)
            state.deleted.add(key)
        else:
            state.rows[key] = (record.schema, record.value)
            state.deleted.discard(key)

    def _take_keyless(self, state: State, record: Record) -> None:
        columns = self._lasting[record.topic]
        if record.before is not None:
            row = _identity(record.before, columns)
            state.bag[row] -= 1
            if state.bag[row] < 0:
                self._fault(record, "changes a row that is not there")
        if record.value is not None:
            state.bag[_identity(record.value, columns)] += 1

    def _judge(self) -> None:
        """The rows that the topics lead to, and the source's: by key and version."""
        with connect(self._task.stack_source) as connection:
            for table in _tables(connection):
                state = self._states[table.database, table.name]
                names = _columns(connection.query(f"SHOW COLUMNS FROM {qualified(table)}"))
                chosen = ", ".join(map(identifier, names))
                source = Counter(connection.query(f"SELECT {chosen} FROM {qualified(table)}"))
                if state.bag:
                    if state.bag.total() != source.total():
                        self._faults.append(f"{table}: {state.bag.total()} rows, the source has {source.total()}")
                    continue
                topic = Counter(tuple(row[name][0] for name in names) for _, row in state.rows.values())
                if topic != source:
                    lost, made_up = list(source - topic)[:_SHOWN], list(topic - source)[:_SHOWN]
                    self._faults.append(f"{table}: {names}: the source also has {lost}, the topic also has {made_up}")

    def _fault(self, record: Record, what: str) -> None:
        self._faults.append(f"{record} {what}")


def _schema_changes(kafka: KafkaSettings, task: str) -> dict[int, SchemaChange]:
    found: dict[int, SchemaChange] = {}
    for message in read_to_end(kafka, schema_topic(task)):
        record = parse_schema_record(message.value() or b"")
        if isinstance(record, SchemaChange):
            assert record.epoch == len(found) + 1, f"epoch {record.epoch} after {len(found)}"
            found[record.epoch] = record
    return found


def _columns(described: Iterable[tuple[Any, ...]]) -> list[str]:
    """Key columns and `version`: what every table of the random writer has and Python reads alike from both sides."""
    return [str(row[0]) for row in described if row[3] == "PRI" or row[0] == "version"]


def _lasting(found: Iterable[Record]) -> frozenset[str]:
    """The columns that every record of a topic has: schema changes add and drop others."""
    images = {record.schema: frozenset(record.value or record.before or ()) for record in found}
    return frozenset.intersection(*images.values()) if images else frozenset()


def _identity(row: Row, columns: frozenset[str]) -> str:
    return repr([(name, row[name]) for name in sorted(columns)])


def _tables(connection: Connection) -> list[TableName]:
    return [
        TableName(name, str(table))
        for name in databases(connection)
        for (table, _) in connection.query(f"SHOW FULL TABLES FROM {identifier(name)} WHERE Table_type = 'BASE TABLE'")
    ]


def _plain(name: str) -> str:
    return name[1:-1].replace("``", "`") if name.startswith("`") else name
