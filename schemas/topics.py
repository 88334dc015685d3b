"""Names of topics: Debezium's for tables, our own beside them."""

import re
from collections.abc import Iterable

from schemas.names import TableName

_UNSAFE = re.compile(r"[^A-Za-z0-9_-]")
TASK_NAME = re.compile(r"[A-Za-z0-9_-]+")


def table_topic(task: str, table: TableName) -> str:
    """`<task>.<database>.<table>`, with `_` for each character that a topic's name cannot hold (and for dots)."""
    return f"{task}.{_UNSAFE.sub('_', table.database)}.{_UNSAFE.sub('_', table.name)}"


def sharing(task: str, tables: Iterable[TableName]) -> list[str]:
    """For each topic that several tables would share: those tables. Kafka takes dots and `_` for the same here."""
    found: dict[str, list[str]] = {}
    for table in tables:
        found.setdefault(table_topic(task, table).replace(".", "_"), []).append(str(table))
    return [" and ".join(sorted(names)) for names in found.values() if len(names) > 1]


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
