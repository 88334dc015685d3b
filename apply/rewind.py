"""What an operator's reset of the consumer group asks for, carried out before the group is joined.

Kafka lets offsets be reset only while the group has no members, so every process sees a reset when it starts. One of
them carries it out, under a lock in the destination; the others wait for it. Each step can be repeated.
"""

from collections.abc import Generator, Mapping
from dataclasses import dataclass

from apply.destination import Shape, read_shape
from apply.inbox import MARK
from apply.records import Place
from apply.state import Fence, MadeTable, State
from runtime.errors import Fatal, Transient
from runtime.kafka import KafkaSettings, TopicPartition, Topics, consumer, read_to_end
from runtime.kafka_errors import errors_of
from runtime.mysql import Connection
from runtime.telemetry import log
from schemas.names import TableName
from schemas.sql import qualified
from schemas.topics import is_table_topic, schema_topic

REBUILD = "reset all topics of the group to earliest to rebuild the target"
_ROWS = 5000
_ANSWER_SECONDS = 8.0


@dataclass(frozen=True, slots=True)
class Wish:
    """The offset that an operator has set for a partition, and the fence that it is to replace."""

    place: Place
    fence: Fence
    offset: int


def wishes(committed: Mapping[Place, tuple[int, str | None]], fences: Mapping[Place, Fence]) -> list[Wish]:
    """Offsets without our mark that differ from the fences. A partition without a fence begins at its beginning."""
    return [
        Wish(place, fences[place], offset)
        for place, (offset, metadata) in sorted(committed.items())
        if offset >= 0 and metadata != MARK and place in fences and fences[place].next_offset != offset
    ]


def refusal(wish: Wish, table: MadeTable | None, shape: Shape | None) -> str | None:
    """Why a table's partition cannot go to where the operator wants it; None when it can.

    Forward it can always go: an operator who skips records means it.
    """
    if wish.offset >= wish.fence.next_offset:
        return None
    if table is None or shape is None:
        return "its table is not there"
    if wish.offset < table.barrier(wish.place.partition):
        return f"the last schema change of {table.name} comes after that offset"
    if shape.keyless and wish.offset > 0:
        return f"{table.name} has no key, so its rows can only be applied again from the beginning"
    return None


class Rewind:
    """Carries out what operators wish for one target; `connection` does the work while `guard` holds the lock."""

    def __init__(
        self, kafka: KafkaSettings, task: str, group: str, connection: Connection, state: State, guard: State
    ) -> None:
        self._kafka = kafka
        self._task = task
        self._group = group
        self._connection = connection
        self._state = state
        self._guard = guard

    def run(self) -> Generator[None]:
        """Safe to stop at each yield."""
        if not (self._state.rebuilding() or self._wishes()):
            return
        with self._guard.transaction():
            self._guard.lock()
            yield from self._carry_out(self._wishes())
        with self._guard.transaction():
            self._guard.lock()
            if self._guard.rebuilding():
                yield from self._rebuild()

    def _carry_out(self, wished: list[Wish]) -> Generator[None]:
        """Rewinds tables, or notes that the whole target is to be rebuilt: from then on nothing else may happen."""
        schema = Place(schema_topic(self._task), 0)
        if self._guard.rebuilding() or any(self._is_rebuild(wish) for wish in wished if wish.place == schema):
            self._guard.begin_rebuild()
            return
        tables = self._state.tables()
        for wish in wished:
            if wish.place != schema:
                yield from self._rewind(wish, tables.get(wish.place.topic))

    def _wishes(self) -> list[Wish]:
        topics = Topics(self._kafka).layout()
        mine = [name for name in topics if name == schema_topic(self._task) or is_table_topic(self._task, name)]
        places = [TopicPartition(name, number) for name in mine for number in range(topics[name])]
        if not places:
            return []
        asking = consumer(self._kafka, self._group)
        try:
            with errors_of(f"read the offsets of {self._group}"):
                committed = asking.committed(places, timeout=_ANSWER_SECONDS)
        finally:
            asking.close()
        found = {Place(at.topic, at.partition): (at.offset, at.metadata) for at in committed}
        return wishes(found, self._state.fences())

    def _is_rebuild(self, wish: Wish) -> bool:
        """True at the beginning; False when only transaction markers lie between; Fatal elsewhere."""
        if wish.offset == 0:
            return True
        between = read_to_end(self._kafka, wish.place.topic, {0: wish.fence.next_offset})
        first = next((message.offset() or 0 for message in between), wish.offset)
        if wish.offset < wish.fence.next_offset or first < wish.offset:
            raise Fatal(
                f"group {self._group}: {wish.place} was reset to {wish.offset}: schema changes cannot be skipped"
                " or run again one by one",
                hint=REBUILD,
            )
        return False

    def _rebuild(self) -> Generator[None]:
        """The target becomes what it was before its first record."""
        tables = self._state.tables().values()
        log.info("rebuild", tables=len(tables))
        for table in tables:
            self._connection.execute(f"DROP TABLE IF EXISTS {qualified(table.name)}")
            yield
        self._guard.forget()
        log.info("rebuild_begins_again")

    def _rewind(self, wish: Wish, table: MadeTable | None) -> Generator[None]:
        shape = None if table is None else read_shape(self._connection, table.name)
        reason = self._beyond(wish) or refusal(wish, table, shape)
        if reason is not None:
            raise Fatal(f"group {self._group}: {wish.place} was reset to {wish.offset}: {reason}", hint=REBUILD)
        if shape is not None and shape.keyless and wish.offset < wish.fence.next_offset:
            yield from self._empty(shape.name)
        if not self._state.rewind(wish.place, wish.fence.next_offset, wish.offset):
            raise Transient(f"the fence of {wish.place} has just moved")
        self._state.clear_problems(wish.place)
        log.info("rewound", partition=str(wish.place), before=wish.fence.next_offset, now=wish.offset)
        yield

    def _beyond(self, wish: Wish) -> str | None:
        end = Topics(self._kafka).written([wish.place])[wish.place]
        return f"its last offset is {end}" if wish.offset > end else None

    def _empty(self, table: TableName) -> Generator[None]:
        """Its records come again from the first one, and nothing tells an old row from the same row again."""
        while self._connection.execute(f"DELETE FROM {qualified(table)} LIMIT {_ROWS}"):
            yield
