"""A task moves the objects that it began with: what was selected later would never be copied.

Two selections are compared by the objects that exist, not by their words: the same tables may be written otherwise, and
a pattern for databases that do not exist yet takes nothing away and misses nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from capture.definitions import selected_databases, selected_tables
from runtime.errors import Fatal
from runtime.mysql import Connection
from schemas.names import TableName
from schemas.selection import Selection

_SHOWN = 8
_HINT = (
    "restore objects.include and objects.exclude, or begin a new task, with another name, for the new selection: "
    "objects cannot be added to a running task, nor taken from it"
)


class OtherObjects(Fatal):
    """The task file selects other objects than the task began with."""


@dataclass(frozen=True, slots=True)
class Objects:
    """Databases and tables of which a selection takes some."""

    databases: frozenset[str]
    tables: frozenset[TableName]

    def differing(self, before: Selection, now: Selection) -> tuple[list[str], list[str]]:
        """What only the new selection takes, and what only the older one takes."""
        gained, lost = _taken(self, now), _taken(self, before)
        return sorted(gained - lost), sorted(lost - gained)


def _taken(objects: Objects, selection: Selection) -> set[str]:
    databases = {f"database {name}" for name in objects.databases if selection.may_select_database(name)}
    return databases | {str(table) for table in objects.tables if selection.selected(table)}


def objects_of(connection: Connection, before: Selection, now: Selection, tracked: Iterable[TableName]) -> Objects:
    """What the source has of either selection; `tracked` are tables that the task has published, gone or not."""
    both = (before, now)
    return Objects(
        frozenset(name for each in both for name in selected_databases(connection, each)),
        frozenset(tracked).union(*(selected_tables(connection, each) for each in both)),
    )


def require_selection(
    connection: Connection, before: Selection, now: Selection, tracked: Sequence[TableName] = ()
) -> None:
    """Raises OtherObjects when two selections differ in what exists."""
    if same_words(before, now):
        return
    gained, lost = objects_of(connection, before, now, tracked).differing(before, now)
    if not (gained or lost):
        return
    words = []
    if gained:
        words.append(f"{_listed(gained)} would be selected, and would never be copied")
    if lost:
        words.append(f"{_listed(lost)} would be selected no longer, and stay at the targets as they are")
    raise OtherObjects(
        f"the task began with other objects ({_shown(before)}) than are selected now ({_shown(now)}):"
        f" {'; '.join(words)}",
        hint=_HINT,
    )


def same_words(one: Selection, other: Selection) -> bool:
    """Whether they say the same in whatever order."""
    return all(
        set(here) == set(there)
        for here, there in ((one.include, other.include), (one.exclude, other.exclude), (one.never, other.never))
    )


def unknown_selection() -> OtherObjects:
    """For a task of which only the fingerprint of its objects is known."""
    return OtherObjects("the task began with other objects than are selected now", hint=_HINT)


def _shown(selection: Selection) -> str:
    return f"include {list(selection.include)}, exclude {list(selection.exclude)}"


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
