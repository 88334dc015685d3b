"""Both ends of one target's pipeline, opened for comparing them."""

import time
from collections.abc import Collection
from contextlib import ExitStack
from typing import TypeVar

from apply.identity import OtherTopics
from capture.definitions import selected_databases, selected_tables
from capture.hosts import primary
from control.cluster import BrokerDown, kafka_of
from control.config import TargetSettings, Task
from control.definitions import Definitions, common_to
from control.goal import Goal, read_goal
from control.reading import Reading
from control.row_text import plain_document, typed_document
from control.settle import Difference, Reader, Sides, settle
from control.wait import CaughtUp
from runtime.dialect import dialect_of
from runtime.environment import open_session
from runtime.errors import Transient
from runtime.service import Deadline
from schemas.names import TableName, folded
from schemas.sql import ON_PRIMARY

Key = TypeVar("Key")
Value = TypeVar("Value")

_ASK_SECONDS = 0.02
_SHORT_PATIENCE_SECONDS = 2.0


class Ends:
    """Connections to source and target, and the question how far the target is."""

    def __init__(self, task: Task, target: TargetSettings, patience_seconds: float) -> None:
        source = primary(task.sources)
        self.source = Reading(source)
        self.target = Reading(target.destination, ON_PRIMARY)
        self._task = task
        self._target_settings = target
        self._patience_seconds = patience_seconds
        self._question: CaughtUp | None = None
        with ExitStack() as stack:
            self.source_catalog = stack.enter_context(open_session(source))
            self.target_catalog = stack.enter_context(open_session(target.destination))
            both = (dialect_of(self.source_catalog), dialect_of(self.target_catalog))
            self.document = typed_document if all(one.lists_json for one in both) else plain_document
            self._lowers = bool(self.target_catalog.value("SELECT @@GLOBAL.lower_case_table_names"))
            common = common_to(*both, lowers=self._lowers)
            self.source_definitions = Definitions(self.source_catalog, common)
            self.target_definitions = Definitions(self.target_catalog, common)
            stack.callback(self.source.close)
            stack.callback(self.target.close)
            self._stack = stack.pop_all()

    def there(self, name: TableName) -> TableName:
        """A source table's name as the target spells it."""
        return TableName(folded(name.database), folded(name.name)) if self._lowers else name

    def selects(self, name: TableName) -> bool:
        """Whether the task would select a table of that name."""
        return self._task.selection.selected(name)

    def databases(self) -> list[str]:
        """The databases of the source that tables may be selected from."""
        return selected_databases(self.source_catalog, self._task.selection)

    def source_names(self) -> set[TableName]:
        """The selected tables of the source."""
        return set(selected_tables(self.source_catalog, self._task.selection))

    def target_names(self) -> set[TableName]:
        """What the target has in the selected databases, as it spells it."""
        return self.target_definitions.names({self.there(TableName(one, "")).database for one in self.databases()})

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
        except (BrokerDown, OtherTopics):
            return True  # without its private broker, or its topics, nothing is applied: the target stays as it is
        except Transient:
            return False
        return True

    def close(self) -> None:
        if self._question is not None:
            self._question.close()
        self._stack.close()

    def _asked(self, goal: Goal) -> CaughtUp:
        if self._question is None:
            self._question = CaughtUp(kafka_of(self._task), self._task.name, [self._target_settings], goal)
        else:
            self._question.aim(goal)
        return self._question
