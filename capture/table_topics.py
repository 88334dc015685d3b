"""The topics of a task's tables: their names, which of their partitions records take, and what Kafka keeps of them.

All of it follows from the schema topic, so every session does the same. A topic is a table name's for good; how its
records are spread, and whether it is compacted, follows from the definition in force.
"""

from collections.abc import Collection, Iterable, Mapping

from runtime.errors import Fatal
from runtime.kafka import Topics
from schemas.names import TableName
from schemas.table import Table
from schemas.topics import assign

BY_KEY = -1  # the partition argument that lets a hash of the key decide
_FOREVER = {"cleanup.policy": "delete", "retention.ms": "-1", "retention.bytes": "-1"}
_COMPACT = {"cleanup.policy": "compact", "min.compaction.lag.ms": str(7 * 24 * 3600 * 1000)}


class TableTopics:
    """Makes them as tables come, and changes them where a schema change stands between the records."""

    def __init__(self, topics: Topics, task: str, partitions: int, config: Mapping[str, str]) -> None:
        """`partitions`: of a topic whose table may be spread when it is made; `config`: what all of them have."""
        self._topics = topics
        self._task = task
        self._wanted = partitions
        self._config = config
        self._names: dict[TableName, str] = {}
        self._spread: set[str] = set()  # topics
        self._kept: set[str] = set()  # topics of which every record stays, as far as this session knows

    def known(self, names: Mapping[TableName, str], spread: Mapping[TableName, int]) -> None:
        """Takes over what the schema topic tells: each table's topic, and how many partitions those have that are
        spread since their tables' last schema change."""
        self._names = dict(names)
        self._spread = {names[name] for name in spread}
        if spread:
            layout = self._topics.layout()
            for name, count in spread.items():
                self._refuse_more(name, count, layout.get(names[name], count))

    def claim(self, tables: Iterable[TableName]) -> None:
        """Gives topics to tables that have none yet; what is published next must tell which."""
        new = set(tables) - self._names.keys()
        if new:
            self._names |= assign(self._task, new, self._names.values(), self._topics.names())

    def name(self, table: TableName) -> str:
        return self._names[table]

    def partition(self, topic: str) -> int:
        """The partition argument for the records of a topic."""
        return BY_KEY if topic in self._spread else 0

    def is_spread(self, table: TableName) -> bool:
        return self._names[table] in self._spread

    def partitions(self, table: TableName) -> int:
        """How many there are; 0 before the topic is made."""
        return self._topics.partitions(self._names[table])

    def prepare(self, table: Table, spread: bool) -> None:
        """Makes the topic that rows of the table need. A schema change stands between those of before and those that
        come now, of which the key decides the partition if they are `spread`."""
        topic = self._names[table.name]
        if topic in self._kept or not table.primary_key:
            self.keep([table.name])
            policy = _FOREVER
        else:
            policy = _COMPACT
        self._topics.ensure(topic, self._wanted if spread else 1, {**policy, **self._config})
        if spread and self._topics.partitions(topic) > 1:
            self._spread.add(topic)
        else:
            self._spread.discard(topic)

    def keep(self, tables: Collection[TableName]) -> None:
        """Every record of these tables' topics stays from now on: nothing of the task ever takes that back."""
        for topic in {self._names[table] for table in tables} - self._kept:
            if self._topics.partitions(topic):
                self._topics.configure(topic, _FOREVER)
            self._kept.add(topic)

    def _refuse_more(self, table: TableName, before: int, now: int) -> None:
        if before != now:
            raise Fatal(
                f"{table}: its topic {self._names[table]} has {now} partitions now, not {before}: changes of one row "
                "would lie in two of them, in no order",
                hint="migrate anew with a new task name, and leave the partitions of its topics as they are made",
            )
