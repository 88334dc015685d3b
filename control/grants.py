"""What an account may do, read from the text of SHOW GRANTS. Pure.

https://dev.mysql.com/doc/refman/8.4/en/show-grants.html, and partial-revokes.html for its REVOKE lines.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

_QUOTED = r"`(?:[^`]|``)*`"
_LINE = re.compile(
    rf"(?P<verb>GRANT|REVOKE) (?P<privileges>(?:[^`]|{_QUOTED})+?) ON (?:TABLE )?"
    rf"(?P<database>\*|{_QUOTED})\.(?P<table>\*|{_QUOTED}) (?:TO|FROM) ",
)
_COLUMNS = re.compile(rf"\((?:[^`)]|{_QUOTED})*\)")
_ALL = "ALL PRIVILEGES"


@dataclass(frozen=True, slots=True)
class Grant:
    """One line: privileges on everything (no database), a database (no table) or a table."""

    privileges: frozenset[str]
    database: str | None = None
    table: str | None = None

    def gives(self, privilege: str) -> bool:
        return privilege in self.privileges or _ALL in self.privileges


@dataclass(frozen=True, slots=True)
class Grants:
    """All grants of one account; `literal_names` when the server takes % and _ in database names as they are."""

    given: tuple[Grant, ...]
    revoked: tuple[Grant, ...] = ()
    literal_names: bool = False

    @classmethod
    def parse(cls, lines: Iterable[str], literal_names: bool = False) -> "Grants":
        given: list[Grant] = []
        revoked: list[Grant] = []
        for line in lines:
            match = _LINE.match(line)
            if match is not None:  # else a role, or PROXY
                grant = Grant(
                    frozenset(_privileges(match["privileges"])), _name(match["database"]), _name(match["table"])
                )
                (given if match["verb"] == "GRANT" else revoked).append(grant)
        return cls(tuple(given), tuple(revoked), literal_names)

    def everywhere(self, privilege: str) -> bool:
        """True for a privilege on *.*, whatever is revoked on single databases."""
        return any(grant.database is None and grant.gives(privilege) for grant in self.given)

    def on_database(self, privilege: str, database: str) -> bool:
        """True when every table of the database has it, also one that is created later."""
        if self.everywhere(privilege) and not any(
            grant.database == database and grant.gives(privilege) for grant in self.revoked
        ):
            return True
        return any(
            grant.database is not None
            and grant.table is None
            and grant.gives(privilege)
            and self._names(grant.database, database)
            for grant in self.given
        )

    def on_table(self, privilege: str, database: str, table: str) -> bool:
        return self.on_database(privilege, database) or any(
            (grant.database, grant.table) == (database, table) and grant.gives(privilege) for grant in self.given
        )

    def _names(self, pattern: str, database: str) -> bool:
        if pattern == database:
            return True
        return not self.literal_names and bool(_like(pattern).fullmatch(database))


def _privileges(text: str) -> list[str]:
    """Names in capitals; a privilege on single columns is none on the table."""
    whole = [part.strip() for part in _COLUMNS.sub("(", text).split(",")]
    return [privilege for privilege in whole if not privilege.endswith("(")]


def _name(text: str) -> str | None:
    return None if text == "*" else text[1:-1].replace("``", "`")


def _like(pattern: str) -> re.Pattern[str]:
    parts = re.findall(r"\\.|.", pattern, re.DOTALL)
    marks = {"%": ".*", "_": "."}
    return re.compile("".join(marks.get(part, re.escape(part.removeprefix("\\"))) for part in parts), re.DOTALL)
