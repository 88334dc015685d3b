"""Names of topics: Debezium's for tables, our own beside them."""

import hashlib
import re
from collections.abc import Iterable, Iterator

from schemas.names import TableName
from schemas.sql import qualified

_UNSAFE = re.compile(r"[^A-Za-z0-9_-]")
_LONGEST = 249  # what Kafka takes
_DIGITS = (8, 16, 32, 64)


def table_topic(task: str, table: TableName) -> str:
    """The name that a table's topic has unless it is taken: `<task>.<database>.<table>`.

    Each character that a topic's name cannot hold becomes `_`, dots too. Where that, or cutting to what Kafka takes,
    has changed something, a hash of the exact name follows.
    """
    return next(topic_names(task, table))


def topic_names(task: str, table: TableName) -> Iterator[str]:
    """The names that a table's topic may have, the one to be preferred first; the later ones end in a longer hash."""
    parts = [_UNSAFE.sub("_", part) for part in (table.database, table.name)]
    plain = ".".join((task, *parts))
    if parts == [table.database, table.name] and len(plain) <= _LONGEST:
        yield plain
    digest = hashlib.sha256(qualified(table).encode("utf-8", "surrogatepass")).hexdigest()
    for digits in _DIGITS:
        room = _LONGEST - len(task) - len("..-") - digits
        database = parts[0][: max(room // 2, room - len(parts[1]))]
        yield f"{task}.{database}.{parts[1][: room - len(database)]}-{digest[:digits]}"


def alike(topic: str) -> str:
    """Equal for two topics of which Kafka takes only one: it does not tell dots from underscores."""
    return topic.replace(".", "_")


def assign(task: str, tables: Iterable[TableName], used: Iterable[str], present: Iterable[str]) -> dict[TableName, str]:
    """Topics for tables that have none. `used` are those of the task's other tables, `present` whatever Kafka holds:
    one that an earlier attempt has made for a table already is among these, under the very name."""
    taken: dict[str, str | None] = {alike(topic): topic for topic in present}
    taken |= {alike(topic): None for topic in used}
    found = {}
    for table in sorted(set(tables)):
        topic = next(name for name in topic_names(task, table) if taken.get(alike(name), name) == name)
        found[table] = topic
        taken[alike(topic)] = None
    return found


def schema_topic(task: str) -> str:
    """SchemaChange and SnapshotCompleted, in epoch order."""
    return task


def schemas_topic(task: str) -> str:
    """Schema ids: the built-in registry."""
    return f"{task}.schemas"


def commits_topic(task: str) -> str:
    """Commit records: where capture resumes."""
    return f"{task}.commits"


def apply_subscription(task: str) -> str:
    """A regular expression (as librdkafka wants it) for the schema topic and every table topic of the task."""
    return f"^{re.escape(task)}(\\.[^.]+\\.[^.]+)?$"


def is_table_topic(task: str, topic: str) -> bool:
    return topic.startswith(task + ".") and topic.count(".") == 2
