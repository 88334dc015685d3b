"""The state tables in the destination: fences, epochs, intents, tables, problems.

They change in the same transactions as the rows they speak of. A fence moves only by compare-and-set, so a process
that works from an old fence changes nothing.
"""

import json
import time
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import IntEnum

from apply.records import Place
from apply.state_keys import ensure_keys
from apply.state_tables import ensure_tables
from runtime.errors import Fatal
from runtime.mysql import Connection, Refused
from runtime.telemetry import log
from schemas.names import TableName
from schemas.sql import ON_PRIMARY, identifier, text_literal

_SELECT = f"{ON_PRIMARY}SELECT"
_OLDER_FENCE = "topic, `partition`, next_offset, replay_until, epoch, source_us"
_FENCE = f"{_OLDER_FENCE}, topic_id"
_UNKNOWN_DATABASE = 1049
_DUPLICATE_KEY = 1062
_UNKNOWN_COLUMN = 1054
_NO_SUCH_TABLE = 1146


@dataclass(frozen=True, slots=True)
class Fence:
    """How far a partition is applied; records before `replay_until` may have been applied before."""

    topic: str
    partition: int
    next_offset: int
    replay_until: int
    epoch: int
    source_us: int
    topic_id: str = ""  # of the topic that the offsets count; empty where Kafka tells none

    @property
    def place(self) -> Place:
        return Place(self.topic, self.partition)


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a partition stands still until an operator acts."""

    topic: str
    partition: int
    offset: int
    table: str
    key: str
    error: str
    hint: str
    since_us: int


class Stuck(Fatal):
    """A record that cannot be applied: its partition stands still."""

    def __init__(self, place: Place, offset: int, error: str, hint: str, table: str = "", key: str = "") -> None:
        text = f"{place} offset {offset}: {error}"
        super().__init__(text, hint)
        self.place = place
        self.problem = Problem(place.topic, place.partition, offset, table, key, text, hint, time.time_ns() // 1000)


@dataclass(frozen=True, slots=True)
class Applied:
    """What the destination holds, for whoever asks."""

    epoch: int
    fences: tuple[Fence, ...]
    problems: tuple[Problem, ...]
    rebuilding: bool = False

    def offsets(self) -> dict[tuple[str, int], int]:
        """The next offset of each partition that has a fence."""
        return {(fence.topic, fence.partition): fence.next_offset for fence in self.fences}

    def lasting(self) -> tuple[Problem, ...]:
        """The problems whose record has not been passed, by a repair or by an operator who skips it."""
        passed = {fence.place: fence.next_offset for fence in self.fences}
        return tuple(each for each in self.problems if each.offset >= passed.get(Place(each.topic, each.partition), 0))


@dataclass(frozen=True, slots=True)
class MadeTable:
    """A table that a schema change made or changed; `barriers[p]`: where that change stands in partition p."""

    topic: str
    name: TableName
    ddl_epoch: int
    barriers: tuple[int, ...]

    def barrier(self, partition: int) -> int:
        return self.barriers[partition] if partition < len(self.barriers) else 0


class Refusal(IntEnum):
    """What the destination has said to a statement. One that it refused has not run, unless an operator has done the
    same by hand since."""

    NONE = 0
    BLIND = 1  # refused, and nothing that can be read here tells whether its effect is there
    SEEN = 2  # refused, and its effect was seen to be missing: where it is seen later, it was done by hand


@dataclass(frozen=True, slots=True)
class Intent:
    """A schema change that may have run; `definitions` is the digest of what stood before it."""

    epoch: int
    definitions: str
    refused: Refusal = Refusal.NONE


def read(connection: Connection, state_database: str, target: str) -> Applied:
    """What is applied to a target, by plain reads; nothing when penstock has never been there."""
    state = State(connection, state_database, target)
    try:
        return Applied(state.epoch(), tuple(state.fences().values()), state.problems(), state.rebuilding())
    except Refused as error:
        if error.code in (_UNKNOWN_DATABASE, _NO_SUCH_TABLE):
            return Applied(0, (), ())
        if error.code == _UNKNOWN_COLUMN:  # apply has not brought the state database up to date yet
            return Applied(state.epoch(), tuple(state.fences(_OLDER_FENCE).values()), state.problems())
        raise


class State:
    """The rows of one target, over one connection. Who calls it decides where transactions begin and end."""

    def __init__(self, connection: Connection, database: str, target: str) -> None:
        self._connection = connection
        self.database = database
        self.target = target
        self._schema = identifier(database)
        self._target = text_literal(target)

    def ensure(self) -> None:
        """Makes what is missing, and writes one row: a destination that is read-only for now says so here."""
        ensure_tables(self._connection, self.database)
        ensure_keys(self._connection, self.database)
        sql = f"{_SELECT} @@server_uuid, (SELECT server_uuid FROM {self._schema}.epochs WHERE target = {self._target})"
        server, before = self._connection.query(sql)[0]
        if before not in (None, "", server):
            log.info("server_changed", before=before, now=server)
        self._connection.execute(
            f"INSERT INTO {self._schema}.epochs (target, applied_epoch, rebuilding, opened, server_uuid)"
            f" VALUES ({self._target}, 0, 0, 1, {text_literal(server)})"
            " ON DUPLICATE KEY UPDATE opened = opened + 1, server_uuid = VALUES(server_uuid)"
        )

    @contextmanager
    def transaction(self) -> Generator[None]:
        """Everything inside happens at once, or not at all."""
        self._connection.execute("BEGIN")
        try:
            yield
        except BaseException:
            self._connection.abort()  # the server rolls back; nothing is known of this session any more
            raise
        self._connection.execute("COMMIT")

    def epoch(self) -> int:
        """The last schema change that is applied."""
        sql = f"{_SELECT} applied_epoch FROM {self._schema}.epochs WHERE target = {self._target}"
        return int(self._connection.value(sql) or 0)

    def rebuilding(self) -> bool:
        sql = f"{_SELECT} rebuilding FROM {self._schema}.epochs WHERE target = {self._target}"
        return bool(self._connection.value(sql))

    def lock(self) -> None:
        """Holds the target against every other process that wants to rewind it, until the transaction ends."""
        sql = f"{_SELECT} applied_epoch FROM {self._schema}.epochs WHERE target = {self._target} FOR UPDATE"
        self._connection.query(sql)

    def raise_epoch(self, epoch: int) -> None:
        self._connection.execute(
            f"UPDATE {self._schema}.epochs SET applied_epoch = {epoch} WHERE target = {self._target}"
        )

    @property
    def rebuild_statement(self) -> str:
        """What makes the next process drop the target's tables and build them again, also when an operator runs it."""
        return f"UPDATE {self._schema}.epochs SET rebuilding = 1 WHERE target = {self._target}"

    def begin_rebuild(self) -> None:
        self._connection.execute(self.rebuild_statement)

    def forget(self) -> None:
        """Everything about the target is as before its first record; its tables must be gone."""
        for name in ("fences", "intents", "applied", "tables", "made_databases", "problems", "owners"):
            self._connection.execute(f"DELETE FROM {self._schema}.{name} WHERE target = {self._target}")
        self._connection.execute(
            f"UPDATE {self._schema}.epochs SET applied_epoch = 0, rebuilding = 0, task_id = ''"
            f" WHERE target = {self._target}"
        )

    def task_id(self) -> str:
        """The task whose records are applied; empty before the first one."""
        return str(
            self._connection.value(f"{_SELECT} task_id FROM {self._schema}.epochs WHERE target = {self._target}")
        )

    def begin_task(self, task_id: str) -> None:
        self._connection.execute(
            f"UPDATE {self._schema}.epochs SET task_id = {text_literal(task_id)}"
            f" WHERE target = {self._target} AND task_id = ''"
        )

    def fences(self, columns: str = _FENCE) -> dict[Place, Fence]:
        rows = self._connection.query(f"{_SELECT} {columns} FROM {self._schema}.fences WHERE target = {self._target}")
        return {fence.place: fence for fence in (Fence(*row) for row in rows)}

    def fence(self, place: Place) -> Fence | None:
        rows = self._connection.query(f"{_SELECT} {_FENCE} FROM {self._schema}.fences WHERE {self._at(place)}")
        return Fence(*rows[0]) if rows else None

    def next_offset(self, place: Place) -> int:
        """Where a fence stands; 0 for a partition without one."""
        sql = f"{_SELECT} next_offset FROM {self._schema}.fences WHERE {self._at(place)}"
        return int(self._connection.value(sql) or 0)

    def locked_fence(self, place: Place) -> int | None:
        """The offset of one fence, which nobody else can move until the transaction ends."""
        sql = f"{_SELECT} next_offset FROM {self._schema}.fences WHERE {self._at(place)} FOR UPDATE"
        offset = self._connection.value(sql)
        return None if offset is None else int(offset)

    def add_fences(self, first: Iterable[tuple[Place, int, str]]) -> None:
        """Fences at the beginning of partitions, with their `replay_until` and `topic_id`. One that is there stays."""
        rows = ", ".join(
            f"({self._target}, {text_literal(place.topic)}, {place.partition}, 0, {replay_until}, 0, 0,"
            f" {text_literal(topic_id)})"
            for place, replay_until, topic_id in first
        )
        self._connection.execute(
            f"INSERT INTO {self._schema}.fences"
            " (target, topic, `partition`, next_offset, replay_until, epoch, source_us, topic_id)"
            f" VALUES {rows} ON DUPLICATE KEY UPDATE target = VALUES(target)"
        )

    def name_topics(self, ids: Mapping[str, str]) -> None:
        """Gives fences that know no topic's id the one that their topic has."""
        for topic, topic_id in ids.items():
            self._connection.execute(
                f"UPDATE {self._schema}.fences SET topic_id = {text_literal(topic_id)}"
                f" WHERE target = {self._target} AND topic = {text_literal(topic)} AND topic_id = ''"
            )

    def drop_fences(self, topic: str, topic_id: str) -> None:
        """Forgets a topic that has been made anew since."""
        self._connection.execute(
            f"DELETE FROM {self._schema}.fences WHERE target = {self._target} AND topic = {text_literal(topic)}"
            f" AND topic_id = {text_literal(topic_id)}"
        )

    def advance(self, place: Place, old: int, new: int, epoch: int, source_us: int) -> bool:
        """Moves a fence from `old` to `new`; False when it does not stand at `old`."""
        return (
            self._connection.execute(
                f"UPDATE {self._schema}.fences SET next_offset = {new}, epoch = {epoch}, source_us = {source_us}"
                f" WHERE {self._at(place)} AND next_offset = {old}"
            )
            == 1
        )

    def rewind(self, place: Place, old: int, new: int) -> bool:
        """Moves a fence to where an operator wants it; what has been applied before is remembered."""
        return (
            self._connection.execute(
                f"UPDATE {self._schema}.fences SET next_offset = {new}, replay_until = GREATEST(replay_until, {old})"
                f" WHERE {self._at(place)} AND next_offset = {old}"
            )
            == 1
        )

    def intent(self, epoch: int) -> Intent | None:
        sql = (
            f"{_SELECT} epoch, definitions, refused FROM {self._schema}.intents"
            f" WHERE target = {self._target} AND epoch = {epoch}"
        )
        rows = self._connection.query(sql)
        return Intent(int(rows[0][0]), str(rows[0][1]), Refusal(rows[0][2])) if rows else None

    def intend(self, intent: Intent) -> None:
        self._connection.execute(
            f"REPLACE INTO {self._schema}.intents (target, epoch, definitions, refused)"
            f" VALUES ({self._target}, {intent.epoch}, {text_literal(intent.definitions)}, {int(intent.refused)})"
        )

    def clear_intent(self, epoch: int) -> None:
        self._connection.execute(
            f"DELETE FROM {self._schema}.intents WHERE target = {self._target} AND epoch = {epoch}"
        )

    def progress(self) -> tuple[int, frozenset[int]]:
        """The epoch up to which everything is applied, and those beyond it that are."""
        rows = self._connection.query(
            f"{_SELECT} applied_epoch FROM {self._schema}.epochs WHERE target = {self._target}"
            f" UNION ALL SELECT epoch FROM {self._schema}.applied WHERE target = {self._target}"
        )
        epochs = [int(row[0]) for row in rows]
        return (epochs[0], frozenset(epochs[1:])) if epochs else (0, frozenset())

    def claim(self, epoch: int) -> bool:
        """Notes an epoch as applied; False when it is already. Waits for another session that has not decided yet."""
        try:
            self._connection.execute(
                f"INSERT INTO {self._schema}.applied (target, epoch) VALUES ({self._target}, {epoch})"
            )
        except Refused as error:
            if error.code != _DUPLICATE_KEY:
                raise
            return False
        return True

    def unclaim(self, epoch: int) -> None:
        """Takes the note back. One row by its key: others may be locked."""
        self._connection.execute(
            f"DELETE FROM {self._schema}.applied WHERE target = {self._target} AND epoch = {epoch}"
        )

    def tables(self) -> dict[str, MadeTable]:
        """The tables that penstock has made, by topic."""
        rows = self._connection.query(
            f"{_SELECT} topic, database_name, table_name, ddl_epoch, barriers"
            f" FROM {self._schema}.tables WHERE target = {self._target}"
        )
        return {
            topic: MadeTable(topic, TableName(database, table), epoch, tuple(json.loads(barriers)))
            for topic, database, table, epoch, barriers in rows
        }

    def put_table(self, table: MadeTable) -> None:
        self._connection.execute(
            f"REPLACE INTO {self._schema}.tables (target, topic, database_name, table_name, ddl_epoch, barriers)"
            f" VALUES ({self._target}, {text_literal(table.topic)}, {text_literal(table.name.database)},"
            f" {text_literal(table.name.name)}, {table.ddl_epoch}, {text_literal(json.dumps(table.barriers))})"
        )

    def drop_table(self, topic: str) -> None:
        self._connection.execute(
            f"DELETE FROM {self._schema}.tables WHERE target = {self._target} AND topic = {text_literal(topic)}"
        )

    def has_made(self, database: str) -> bool:
        """Whether a schema change has made this database."""
        sql = f"{_SELECT} 1 FROM {self._schema}.made_databases WHERE {self._named(database)}"
        return bool(self._connection.query(sql))

    def put_database(self, database: str) -> None:
        self._connection.execute(
            f"REPLACE INTO {self._schema}.made_databases (target, database_name)"
            f" VALUES ({self._target}, {text_literal(database)})"
        )

    def drop_database(self, database: str) -> None:
        self._connection.execute(f"DELETE FROM {self._schema}.made_databases WHERE {self._named(database)}")

    def problems(self) -> tuple[Problem, ...]:
        rows = self._connection.query(
            f"{_SELECT} topic, `partition`, `offset`, table_name, row_key, error, hint, since_us"
            f" FROM {self._schema}.problems WHERE target = {self._target}"
        )
        return tuple(Problem(*row) for row in rows)

    def put_problem(self, problem: Problem) -> None:
        """Notes a problem of a record; one that lasts keeps the time at which it began."""
        values: Sequence[str] = (
            text_literal(problem.topic),
            str(problem.partition),
            str(problem.offset),
            text_literal(problem.table),
            text_literal(problem.key),
            text_literal(problem.error),
            text_literal(problem.hint),
            str(problem.since_us),
        )
        self._connection.execute(
            f"INSERT INTO {self._schema}.problems"
            " (target, topic, `partition`, `offset`, table_name, row_key, error, hint, since_us)"
            f" VALUES ({self._target}, {', '.join(values)}) ON DUPLICATE KEY UPDATE"
            " table_name = VALUES(table_name), row_key = VALUES(row_key), error = VALUES(error), hint = VALUES(hint)"
        )

    def clear_problem(self, place: Place, offset: int) -> None:
        self._connection.execute(f"DELETE FROM {self._schema}.problems WHERE {self._at(place)} AND `offset` = {offset}")

    def clear_problems(self, place: Place) -> None:
        """The partition goes on."""
        self._connection.execute(f"DELETE FROM {self._schema}.problems WHERE {self._at(place)}")

    def _named(self, database: str) -> str:
        return f"target = {self._target} AND database_name = {text_literal(database)}"

    def _at(self, place: Place) -> str:
        return f"target = {self._target} AND topic = {text_literal(place.topic)} AND `partition` = {place.partition}"
