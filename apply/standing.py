"""What stands at the destination already where a table or a database is to be made: is it what the source has?

A table is compared with what the statement would make there: it makes that, in the state database and for a moment.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from apply.ddl import lexed_modes
from apply.defaults import missing_defaults
from apply.destination import definition, read_shape, version
from runtime.errors import Fatal
from runtime.mysql import Connection, Refused
from runtime.telemetry import log
from schemas.ddl.charset_names import Charsets, Collated
from schemas.ddl.cursor import Unclear
from schemas.ddl.shown import Aspects, Common, describe_database, describe_table, differences
from schemas.ddl.trial import database_defaults, made_elsewhere
from schemas.names import TableName
from schemas.records import SchemaChange
from schemas.sql import ON_PRIMARY, identifier, qualified, text_literal
from schemas.table import from_json

_UNKNOWN_DATABASE, _UNKNOWN_VARIABLE = 1049, 1193
_COLLATIONS = f"{ON_PRIMARY}SELECT COLLATION_NAME, CHARACTER_SET_NAME, IS_DEFAULT FROM information_schema.COLLATIONS"
_DEFAULT = (
    f"{ON_PRIMARY}SELECT DEFAULT_CHARACTER_SET_NAME, DEFAULT_COLLATION_NAME FROM information_schema.SCHEMATA"
    " WHERE SCHEMA_NAME = {}"
)
_INSIDE = f"{ON_PRIMARY}SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = {{}} LIMIT 1"
_TRIGGERS = (
    f"{ON_PRIMARY}SELECT TRIGGER_NAME FROM information_schema.TRIGGERS"
    " WHERE EVENT_OBJECT_SCHEMA = {} AND EVENT_OBJECT_TABLE = {} ORDER BY TRIGGER_NAME"
)


def read_charsets(connection: Connection) -> Charsets:
    """The server's character sets and collations, by the names that it gives them."""
    rows = connection.query(_COLLATIONS)
    return Charsets(
        of_collation={str(name): str(charset) for name, charset, _ in rows},
        defaults={str(charset): str(name) for name, charset, default in rows if default == "Yes"},
    )


def read_database(connection: Connection, name: str, charsets: Charsets) -> Aspects | None:
    """The defaults of a database; None where there is none."""
    try:
        shown = connection.query(f"{ON_PRIMARY}SHOW CREATE DATABASE {identifier(name)}")
    except Refused as error:
        if error.code == _UNKNOWN_DATABASE:
            return None
        raise
    return describe_database(str(shown[0][1]), charsets)


def triggers(connection: Connection, table: TableName) -> list[str]:
    """The triggers that would fire on rows of a table."""
    found = _TRIGGERS.format(text_literal(table.database), text_literal(table.name))
    return [str(row[0]) for row in connection.query(found)]


def is_empty(connection: Connection, database: str) -> bool:
    """Whether a database holds neither a table nor a view."""
    return not connection.query(_INSIDE.format(text_literal(database)))


def stands(connection: Connection, database: str) -> bool:
    """Whether there is a database of this name."""
    return bool(connection.query(_DEFAULT.format(text_literal(database))))


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Looks for a schema change. `runner` is in the session of the statement, `reader` in one of our own."""

    runner: Connection
    reader: Connection
    state_database: str
    target: str
    change: SchemaChange

    def suit_database(self, name: str, statement: str) -> None:
        """Gives a database that is there the defaults of `statement`; Fatal when others may count on its own."""
        charsets = read_charsets(self.reader)
        wanted, present = self._defaults(statement, charsets), read_database(self.reader, name, charsets)
        found = differences(wanted, present or {})
        if not found:
            return
        alter = f"ALTER DATABASE {identifier(name)} COLLATE {wanted['default collation']}"
        if "default encryption" in wanted:
            alter += " ENCRYPTION 'Y'"
        if not is_empty(self.reader, name):
            raise Fatal(
                f"schema change {self.change.epoch} makes database {name}, which the destination has already, with"
                f" other defaults: {'; '.join(found)}; tables made later would differ",
                hint=f"run {alter} at the destination if nothing else there depends on it, then start again; or migrate"
                " to another server",
            )
        self.reader.execute(alter)
        log.info("database_altered", database=name, differences=found)

    def differences(self, name: TableName, statement: str) -> list[str]:
        """What there is instead of the statement's table, with or without the defaults that follow it."""
        charsets = read_charsets(self.reader)
        there = describe_table(str(definition(self.reader, name)), name.database, charsets, Common())
        trials = [
            differences(
                as_named(describe_table(wanted, name.database, charsets, Common()), self._scratch.name, name.name),
                there,
            )
            for wanted in self._would_make(name, statement)
        ]
        found = [] if [] in trials else trials[0]
        return found + [f"trigger {trigger} would fire" for trigger in triggers(self.reader, name)]

    @property
    def _scratch(self) -> TableName:
        """One name for each change of each target: several may share a state database, and run at the same time."""
        which = f"{self.target} {self.change.epoch}".encode()
        return TableName(self.state_database, f"trial_{hashlib.sha256(which).hexdigest()[:12]}")

    def _would_make(self, name: TableName, statement: str) -> Iterator[str]:
        """SHOW CREATE TABLE of what the statement makes, and again with what is made of it then."""
        rows = self.reader.query(_DEFAULT.format(text_literal(name.database)))
        modes, drop = lexed_modes(self.change), f"DROP TABLE IF EXISTS {qualified(self._scratch)}"
        try:
            elsewhere = made_elsewhere(statement, modes, version(self.reader), self._scratch, str(rows[0][1]))
        except Unclear as error:
            raise Fatal(
                f"schema change {self.change.epoch} makes table {name}, which the destination has already, and its"
                " text does not tell whether it is the same",
                hint=f"drop or rename the destination's table {name}",
            ) from error
        self.reader.execute(drop)
        try:
            self.runner.execute(elsewhere)
            yield str(definition(self.reader, self._scratch))
            made = self.change.tables[0].definition
            if made is not None:
                for completing in missing_defaults(read_shape(self.reader, self._scratch), from_json(made)):
                    self.reader.execute(completing)
            yield str(definition(self.reader, self._scratch))
        finally:
            self.reader.execute(drop)

    def _defaults(self, statement: str, charsets: Charsets) -> Aspects:
        ((charset, collation),) = self.runner.query("SELECT @@character_set_server, @@collation_server")
        charsets = charsets.with_utf8mb4(self._default_for_utf8mb4())
        modes, server = lexed_modes(self.change), Collated(str(charset), str(collation))
        try:
            return database_defaults(statement, modes, version(self.reader), charsets, server)
        except Unclear as error:
            raise Fatal(
                f"schema change {self.change.epoch} makes a database with a charset that the destination does not know",
                hint="use a destination that knows it",
            ) from error

    def _default_for_utf8mb4(self) -> str | None:
        """None where the server has but one."""
        try:
            return str(self.runner.value("SELECT @@default_collation_for_utf8mb4"))
        except Refused as error:
            if error.code == _UNKNOWN_VARIABLE:
                return None
            raise


def as_named(aspects: Aspects, scratch: str, name: str) -> Aspects:
    """With the names that constraints get from their table's."""
    marks = (f"{scratch}_chk_", f"{scratch}_ibfk_")
    return {
        next((aspect.replace(mark, name + mark[len(scratch) :]) for mark in marks if mark in aspect), aspect): text
        for aspect, text in aspects.items()
    }
