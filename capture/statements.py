"""What a statement logged as text means to capture, and the session that a destination needs to run it again."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from capture.definitions import read_charsets
from capture.events import Query, query
from capture.zones import Zones
from runtime.dialect import dialect_of, logs_cascades
from runtime.errors import Fatal
from runtime.mysql import Connection
from schemas.ddl.lexer import SqlModes
from schemas.ddl.row_effects import RowEffects, row_effects
from schemas.ddl.session import Session
from schemas.ddl.statement import Kind, Statement, lowered, understand
from schemas.ddl.written import read
from schemas.names import TableName, folded
from schemas.selection import Selection
from schemas.sql import text_literal
from schemas.variables import OF_SOURCE, TIMESTAMP

TABLE_KINDS = frozenset(
    (
        Kind.CREATE_TABLE,
        Kind.CREATE_TABLE_LIKE,
        Kind.ALTER_TABLE,
        Kind.DROP_TABLE,
        Kind.RENAME_TABLE,
        Kind.TRUNCATE_TABLE,
        Kind.CREATE_INDEX,
        Kind.DROP_INDEX,
    )
)
DATABASE_KINDS = frozenset((Kind.CREATE_DATABASE, Kind.ALTER_DATABASE, Kind.DROP_DATABASE))

# sql/sql_const.h and sql/system_variables.h of MySQL 8; numbers without a name are modes of older servers
_SQL_MODES = {
    0: "REAL_AS_FLOAT",
    1: "PIPES_AS_CONCAT",
    2: "ANSI_QUOTES",
    3: "IGNORE_SPACE",
    5: "ONLY_FULL_GROUP_BY",
    6: "NO_UNSIGNED_SUBTRACTION",
    7: "NO_DIR_IN_CREATE",
    12: "MAXDB",
    18: "ANSI",
    19: "NO_AUTO_VALUE_ON_ZERO",
    20: "NO_BACKSLASH_ESCAPES",
    21: "STRICT_TRANS_TABLES",
    22: "STRICT_ALL_TABLES",
    23: "NO_ZERO_IN_DATE",
    24: "NO_ZERO_DATE",
    25: "ALLOW_INVALID_DATES",
    26: "ERROR_FOR_DIVISION_BY_ZERO",
    27: "TRADITIONAL",
    29: "HIGH_NOT_PRECEDENCE",
    30: "NO_ENGINE_SUBSTITUTION",
    31: "PAD_CHAR_TO_FULL_LENGTH",
    32: "TIME_TRUNCATE_FRACTIONAL",
}
_DELETES_ALL = re.compile(r"DELETE FROM `(?:[^`]|``)+`\.`(?:[^`]|``)+`")


_NO_BACKSLASH_ESCAPES = 1 << 20
_SHOWN = re.compile(rb"""CREATE TABLE (?:IF NOT EXISTS )?(?:`[^`]+`|"[^"]+")(?:\.(?:`[^`]+`|"[^"]+"))? \(\n  [`"]""")
_WITH_ROWS = b"\n) START TRANSACTION"


@dataclass(frozen=True, slots=True)
class Understood:
    """A statement's text and meaning."""

    text: str
    statement: Statement
    effects: RowEffects
    database: str | None  # the default of names without one
    session: Session  # that ran it
    deletes_all: bool = False  # as the server writes it, not as people do: DELETE FROM `database`.`table`


def unsaid(connection: Connection) -> dict[str, str]:
    """What every statement of a server means whose log does not say it; a newer destination takes it otherwise."""
    if dialect_of(connection).logs_defaults:
        return {}
    flag = connection.value("SELECT @@GLOBAL.explicit_defaults_for_timestamp")
    return {"default_collation_for_utf8mb4": "utf8mb4_general_ci", "explicit_defaults_for_timestamp": str(int(flag))}


def unlogged(connection: Connection) -> dict[str, str]:
    """Settings that no log tells, as the server has them now."""
    listed = ", ".join(map(text_literal, OF_SOURCE))
    return dict(connection.query(f"SHOW GLOBAL VARIABLES WHERE Variable_name IN ({listed})"))


class Statements:
    """Understands the statements of one source."""

    def __init__(self, connection: Connection, selection: Selection) -> None:
        self._selection = selection
        self._connection = connection
        self._zones = Zones(connection)
        self._unsaid = unsaid(connection)
        self.logs_cascades = logs_cascades(connection)
        self._version = _number(dialect_of(connection).version)
        self.default_engine = str(connection.value("SELECT @@GLOBAL.default_storage_engine"))
        self._charsets = read_charsets(connection)
        told = connection.query("SHOW GLOBAL VARIABLES LIKE 'explicit_defaults_for_timestamp'")
        self._explicit_timestamps = any(value == "ON" for _, value in told)
        self._lowers = _lowers(connection, selection)
        self._collations: dict[int, tuple[str, str]] = {
            int(number): (str(name), str(charset))
            for number, name, charset in connection.query(
                "SELECT ID, COLLATION_NAME, CHARACTER_SET_NAME FROM information_schema.COLLATIONS"
            )
        }

    def read(self, body: bytes) -> Query:
        """The statement of a QUERY event. What the server itself writes escapes with backslashes, whatever the mode."""
        found = query(body)
        if _is_shown(found) and _WITH_ROWS in found.text:
            return replace(found, sql_mode=(found.sql_mode or 0) & ~_NO_BACKSLASH_ESCAPES)
        return found

    def understand(self, query: Query) -> Understood:
        modes = SqlModes.from_bits(query.sql_mode or 0)
        charset = self._collations.get(query.charset_client or 0, ("", "utf8mb4"))[1]
        written = read(query.text, charset, modes)
        text = written.text
        if self._lowers:
            text = lowered(text, modes, self._version)
        statement = understand(text, query.database, modes, self._version)
        if self._lowers:
            objects = (TableName(folded(name.database), folded(name.name)) for name in statement.objects)
            statement = replace(statement, objects=tuple(objects))
        if statement.kind is Kind.CREATE_TABLE and _is_shown(query):  # by whom is not told, nor what it means then
            statement = replace(statement, kind=Kind.CREATE_TABLE_LIKE)
        if written.doubt is not None and self.changes_schema(statement):
            raise Fatal(
                f"a statement in the log cannot be carried over, {written.doubt}: {query.text[:200]!r}",
                hint="run DDL from a session with SET NAMES utf8mb4; for this one, migrate anew with a new task name",
            )
        altering = statement.kind is Kind.ALTER_TABLE and self.changes_schema(statement)
        effects = row_effects(text, modes, self._version) if altering else RowEffects()
        return Understood(
            text,
            statement,
            effects,
            query.database,
            self.meaning(self.session(query)),
            _DELETES_ALL.fullmatch(text) is not None,
        )

    def changes_schema(self, statement: Statement) -> bool:
        """True when the statement touches the definition of something selected."""
        if statement.kind in DATABASE_KINDS:
            return statement.database is not None and self._selection.may_select_database(statement.database)
        return statement.kind in TABLE_KINDS and any(map(self._selection.selected, statement.tables))

    def names_views(self, statement: Statement) -> bool:
        """True when it makes, changes or drops a view whose name a selected table might have."""
        may_be = self._selection.may_select_database
        return statement.kind is Kind.VIEW and any(may_be(view.database) for view in statement.objects)

    def changes_rows(self, statement: Statement) -> bool:
        """True when the statement may change rows of a selected table that no row event carries."""
        if statement.unbounded:
            return True
        written = statement.kind in (Kind.DML, Kind.CREATE_TABLE_SELECT)
        return written and any(map(self._selection.selected, statement.tables))

    def carried(self, query: Query, second: int) -> dict[str, str]:
        """The session of a statement that began in this second, in words that hold at any destination."""
        found = unlogged(self._connection) | self.session(query)
        found[TIMESTAMP.name] = f"{second}.{query.microseconds:06}"  # what NOW() is to the statement
        return found | self._zones.carried(query.time_zone, second)

    def session(self, query: Query) -> dict[str, str]:
        """What the log tells of a statement's session; without its time and its zone."""
        found: dict[str, str] = dict(self._unsaid)
        if query.sql_mode is not None:
            found["sql_mode"] = ",".join(name for bit, name in _SQL_MODES.items() if query.sql_mode >> bit & 1)
        for name, number in (
            ("collation_connection", query.collation_connection),
            ("collation_server", query.collation_server),
            ("default_collation_for_utf8mb4", query.default_collation_for_utf8mb4),
        ):
            if number in self._collations:
                found[name] = self._collations[number][0]
        found["auto_increment_increment"], found["auto_increment_offset"] = map(str, query.auto_increment)
        if query.lc_time_names:
            found["lc_time_names"] = str(query.lc_time_names)
        for name, flag in (
            ("explicit_defaults_for_timestamp", query.explicit_defaults_for_timestamp),
            ("default_table_encryption", query.default_table_encryption),
        ):
            if flag is not None:
                found[name] = str(int(flag))
        return found

    def meaning(self, session: Mapping[str, str]) -> Session:
        """What `session` tells of the meaning of a statement."""
        modes = session.get("sql_mode", "").split(",")
        bits = sum(1 << bit for bit, name in _SQL_MODES.items() if name in modes)
        explicit = session.get("explicit_defaults_for_timestamp")
        return Session(
            server_version=self._version,
            charsets=self._charsets.with_utf8mb4(session.get("default_collation_for_utf8mb4")),
            modes=SqlModes.from_bits(bits),
            sql_mode=bits,
            collation_server=session.get("collation_server"),
            explicit_timestamps=self._explicit_timestamps if explicit is None else explicit == "1",
        )


def _is_shown(query: Query) -> bool:
    """True for a CREATE TABLE that looks as servers write it (for CREATE ... SELECT, and for LIKE a temporary table),
    and whose backslashes would mean something else if they did."""
    escapes = not (query.sql_mode or 0) & _NO_BACKSLASH_ESCAPES
    return not escapes and b"\\" in query.text and _SHOWN.match(query.text) is not None


def _number(version: tuple[int, int, int]) -> int:
    """MMmmrr, as executable comments write it."""
    major, minor, release = version
    return major * 10000 + minor * 100 + release


def _lowers(connection: Connection, selection: Selection) -> bool:
    """True when the source keeps names in lower case, however a statement spells them."""
    case = int(connection.value("SELECT @@GLOBAL.lower_case_table_names"))
    if case == 2:
        raise Fatal(
            f"{connection.endpoint}: lower_case_table_names is 2: the log spells names otherwise than the server",
            hint="migrate from a server with lower_case_table_names 0 or 1",
        )
    spelled = [text for text in (*selection.include, *selection.exclude) if text != folded(text)]
    if case == 1 and spelled:
        raise Fatal(
            f"{connection.endpoint}: the server keeps names in lower case: {', '.join(spelled)} can match nothing",
            hint="write the patterns of objects.include and objects.exclude in lower case",
        )
    return case == 1
