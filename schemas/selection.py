"""Which tables a task moves: patterns `database.table` with `*` and `?`, compared as the source spells names."""

import re
from dataclasses import dataclass
from functools import cached_property

from schemas.names import TableName

#: what penstock itself writes at a source without GTIDs lies here
HEARTBEAT_DATABASE = "penstock"
HEARTBEAT_TABLE = "heartbeat"
SYSTEM_DATABASES = frozenset(("mysql", "sys", "information_schema", "performance_schema"))


@dataclass(frozen=True, kw_only=True)
class Selection:
    """A table is selected when `include` matches it, `exclude` does not, and its database is not in `never`."""

    include: tuple[str, ...] = ("*.*",)
    exclude: tuple[str, ...] = ()
    never: frozenset[str] = SYSTEM_DATABASES | {HEARTBEAT_DATABASE}

    def selected(self, table: TableName) -> bool:
        return (
            table.database not in self.never
            and any(pattern.matches(table) for pattern in self._included)
            and not any(pattern.matches(table) for pattern in self._excluded)
        )

    def may_select_database(self, name: str) -> bool:
        """True when a table of this database can be selected, whatever tables it has now."""
        return (
            name not in self.never
            and any(pattern.database.fullmatch(name) for pattern in self._included)
            and not any(pattern.whole and pattern.database.fullmatch(name) for pattern in self._excluded)
        )

    @cached_property
    def _included(self) -> tuple["Pattern", ...]:
        return tuple(Pattern.parse(text) for text in self.include)

    @cached_property
    def _excluded(self) -> tuple["Pattern", ...]:
        return tuple(Pattern.parse(text) for text in self.exclude)


@dataclass(frozen=True, slots=True)
class Pattern:
    """One pattern; `whole` when it takes every table of the databases it matches."""

    database: re.Pattern[str]
    table: re.Pattern[str]
    whole: bool

    @classmethod
    def parse(cls, text: str) -> "Pattern":
        """Reads a pattern; the first dot parts database from table (one inside a database's name is written `?`)."""
        database, dot, table = text.partition(".")
        if not (database and dot and table):
            raise ValueError("must be written database.table, for example shop.* or crm.customer_*")
        return cls(_compiled(database), _compiled(table), set(table) == {"*"})

    def matches(self, table: TableName) -> bool:
        return bool(self.database.fullmatch(table.database) and self.table.fullmatch(table.name))


def _compiled(wildcards: str) -> re.Pattern[str]:
    return re.compile("".join({"*": ".*", "?": "."}.get(mark, re.escape(mark)) for mark in wildcards), re.DOTALL)
