"""Both ends of one target's pipeline, opened for comparing them."""

import time
from collections.abc import Collection
from contextlib import ExitStack
from typing import TypeVar

from capture.definitions import selected_databases
from capture.hosts import primary
from control.catalog import TableFacts, read_catalog
from control.cluster import BrokerDown, kafka_of
from control.compare_schema import lowered, undirected
from control.config import TargetSettings, Task
from control.goal import Goal, read_goal
from control.reading import Reading
from control.row_text import plain_document, typed_document
from control.server import version_of
from control.settle import Difference, Reader, Sides, settle
from control.wait import CaughtUp
from runtime.dialect import dialect_of
from runtime.errors import Transient
from runtime.mysql import Connection, Endpoint, connect
from runtime.service import Deadline
from schemas.names import TableName, folded
from schemas.sql import ON_PRIMARY

Key = TypeVar("Key")
Value = TypeVar("Value")

_ASK_SECONDS = 0.02
_SHORT_PATIENCE_SECONDS = 2.0
_SESSION = "SET SESSION wait_timeout = 86400"


class Ends:
    """Connections to source and target, and the question how far the target is."""

    def __init__(self, task: Task, target: TargetSettings, patience_seconds: float) -> None:
        source = primary(task.sources)
        self.source = Reading(source)
        self.target = Reading(target.destination, ON_PRIMARY)
        self._task = task
        self._target_name = target.name
        self._patience_seconds = patience_seconds
        self._question: CaughtUp | None = None
        with ExitStack() as stack:
            self.source_catalog = stack.enter_context(_catalog_connection(source))
            self._target_catalog = stack.enter_context(_catalog_connection(target.destination))
            both = (dialect_of(self.source_catalog), dialect_of(self._target_catalog))
            self.document = typed_document if all(one.lists_json for one in both) else plain_document
            self._directs = all(one.indexes_descend for one in both)
            self._lowers = bool(self._target_catalog.value("SELECT @@GLOBAL.lower_case_table_names"))
            stack.callback(self.source.close)
            stack.callback(self.target.close)
            self._stack = stack.pop_all()

    def there(self, name: TableName) -> TableName:
        """A source table's name as the target spells it."""
        return TableName(folded(name.database), folded(name.name)) if self._lowers else name

    def selects(self, name: TableName) -> bool:
        """Whether the task would select a table of that name."""
        return self._task.selection.selected(name)

    def source_tables(self) -> dict[TableName, TableFacts]:
        """The selected tables of the source; those that the target renames to lower case are described so."""
        found = self._tables(self.source_catalog, selected_databases(self.source_catalog, self._task.selection))
        selected = {name: table for name, table in found.items() if self._task.selection.selected(name)}
        return {name: lowered(table) for name, table in selected.items()} if self._lowers else selected

    def target_tables(self) -> dict[TableName, TableFacts]:
        """The tables of the target in the selected databases."""
        databases = selected_databases(self.source_catalog, self._task.selection)
        spelled = {self.there(TableName(database, "")).database for database in databases}
        return self._tables(self._target_catalog, spelled)

    def settled(
        self, suspects: Collection[Key], source: Reader[Key, Value], target: Reader[Key, Value]
    ) -> list[Difference[Key, Value]]:
        """What really differs. Once patience has ended in vain, later questions get little of it."""
        sides = Sides(source=source, target=target, caught_up=self.caught_up, pause=time.sleep)
        found = settle(suspects, sides, Deadline(self._patience_seconds))
        if not all(difference.proven for difference in found):
            self._patience_seconds = min(self._patience_seconds, _SHORT_PATIENCE_SECONDS)
        return found

    def caught_up(self) -> bool:
        """Waits, within the patience, until the target has applied what the source has now."""
        goal = read_goal(self.source_catalog)
        deadline = Deadline(self._patience_seconds)
        try:
            question = self._asked(goal)
            while not question.reached(_ASK_SECONDS):
                if deadline.passed:
                    return False
        except BrokerDown:
            return True  # without its private broker nothing of the task runs: the target stays as it is
        except Transient:
            return False
        return True

    def close(self) -> None:
        if self._question is not None:
            self._question.close()
        self._stack.close()

    def _tables(self, connection: Connection, databases: Collection[str]) -> dict[TableName, TableFacts]:
        found = read_catalog(connection, databases, version_of(str(connection.value("SELECT VERSION()"))))
        return found if self._directs else {name: undirected(table) for name, table in found.items()}

    def _asked(self, goal: Goal) -> CaughtUp:
        if self._question is None:
            self._question = CaughtUp(kafka_of(self._task), self._task.name, [self._target_name], goal)
        else:
            self._question.aim(goal)
        return self._question


def _catalog_connection(endpoint: Endpoint) -> Connection:
    return connect(endpoint, init=_SESSION)
