"""The destination as a session and as definitions: what its tables really are, whatever the source says."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from runtime import environment
from runtime.errors import Fatal
from runtime.mysql import Connection, Endpoint, Refused
from schemas.ddl.shown import generated
from schemas.ddl.shown_text import shown_text
from schemas.labels import printed
from schemas.names import TableName
from schemas.sql import ON_PRIMARY, qualified
from schemas.table import TEXT_TYPES, Table

SQL_MODE = "STRICT_ALL_TABLES,NO_AUTO_VALUE_ON_ZERO,NO_ENGINE_SUBSTITUTION,ALLOW_INVALID_DATES"
PLAIN_SQL_MODE = "NO_AUTO_VALUE_ON_ZERO,NO_ENGINE_SUBSTITUTION"
LENIENT_SQL_MODE = f"{PLAIN_SQL_MODE},ALLOW_INVALID_DATES"
# A process that freezes inside a transaction loses it after this time, and its locks with it.
IDLE_SECONDS = 60
_FIRST_WORD = re.compile("[( ]")
_DISPLAY_WIDTH = re.compile(r"(?<=int)\(\d+\)|(?<=^year)\(4\)")
_NO_SUCH_TABLE = frozenset((1049, 1146))


@dataclass(frozen=True, slots=True)
class Field:
    """A column of the destination; `required` when an INSERT must name it, `renewed` when an update that does not name
    it sets it to the time."""

    name: str
    column_type: str  # as MySQL prints it
    generated: bool
    required: bool
    charset: str = ""  # of a character column
    renewed: bool = False
    stored: bool = False  # generated, and stored with its row
    counts: bool = False  # AUTO_INCREMENT

    @property
    def type(self) -> str:
        """The first word of its type."""
        return _FIRST_WORD.split(self.column_type, 1)[0]


@dataclass(frozen=True, slots=True)
class Unique:
    """A unique index; `total` when each part is a whole NOT NULL column."""

    name: str
    columns: tuple[str, ...]
    total: bool


@dataclass(frozen=True, slots=True)
class Shape:
    """A table of the destination, as far as writing rows depends on it."""

    name: TableName
    fields: Mapping[str, Field]  # by name in lower case
    uniques: tuple[Unique, ...]  # the primary key first
    #: the expressions of generated columns, by name in lower case
    expressions: Mapping[str, str] = field(default_factory=dict)

    @property
    def types(self) -> dict[str, str]:
        """The data types of the columns, by name in lower case."""
        return {name: each.type for name, each in self.fields.items()}

    @property
    def keyless(self) -> bool:
        return not any(unique.total for unique in self.uniques)

    def text(self, column: str) -> bool:
        return self.fields[column.lower()].type in TEXT_TYPES

    def columns_differ(self, table: Table) -> bool:
        """Whether the columns of `table` are others, or of other types, or in another order."""
        wanted = [(column.name.lower(), _plain_type(printed(column.column_type))) for column in table.columns]
        return wanted != [(name, _plain_type(each.column_type)) for name, each in self.fields.items()]


def open_session(endpoint: Endpoint, lock_wait_seconds: int) -> Connection:
    """A session in which every value arrives as it is, or is refused; nothing is left to the server's defaults."""
    return environment.open_session(
        endpoint,
        {
            "sql_mode": f"'{SQL_MODE}'",
            "foreign_key_checks": "0",
            "innodb_lock_wait_timeout": str(lock_wait_seconds),
            "lock_wait_timeout": str(lock_wait_seconds),
            "wait_timeout": str(IDLE_SECONDS),
            **environment.READ_COMMITTED,
        },
    )


def set_lock_wait(connection: Connection, seconds: int) -> None:
    """How long the session's statements wait for a row or a table that something else has locked."""
    connection.execute(f"SET SESSION innodb_lock_wait_timeout = {seconds}, lock_wait_timeout = {seconds}")


def packet_limit(connection: Connection) -> int:
    """The largest statement that the destination takes, in bytes."""
    return int(connection.value("SELECT @@max_allowed_packet"))


def version(connection: Connection) -> int:
    """The version as executable comments write it: 80018 for 8.0.18."""
    major, minor, patch = connection.server_version.split("-")[0].split(".")[:3]
    return int(major) * 10000 + int(minor) * 100 + int(patch)


def definition(connection: Connection, table: TableName) -> str | None:
    """The CREATE TABLE of a table; None when there is none."""
    try:
        return shown_text(environment.shown(connection, f"{ON_PRIMARY}SHOW CREATE TABLE {qualified(table)}")[0][1])
    except Refused as error:
        if error.code in _NO_SUCH_TABLE:
            return None
        raise


def has_rows(connection: Connection, table: TableName) -> bool:
    """False for a table that is not there."""
    try:
        return bool(connection.query(f"{ON_PRIMARY}SELECT 1 FROM {qualified(table)} LIMIT 1"))
    except Refused as error:
        if error.code in _NO_SUCH_TABLE:
            return False
        raise


def read_shape(connection: Connection, table: TableName) -> Shape:
    """The shape of a table that must be there; Fatal when it is not."""
    found = find_shape(connection, table)
    if found is None:
        raise Fatal(
            f"table {table} is missing at the destination",
            hint="make it again as it was, or reset every topic of the group to earliest to rebuild the target",
        )
    return found


def find_shape(connection: Connection, table: TableName) -> Shape | None:
    try:
        columns = connection.query(f"{ON_PRIMARY}SHOW FULL COLUMNS FROM {qualified(table)}")
        indexes = connection.query(f"{ON_PRIMARY}SHOW INDEX FROM {qualified(table)}")
    except Refused as error:
        if error.code in _NO_SUCH_TABLE:
            return None
        raise
    fields = [_field(str(row[0]), str(row[1]), row[2], str(row[3]), row[5], str(row[6])) for row in columns]
    expressions = generated(definition(connection, table) or "") if any(each.generated for each in fields) else {}
    return Shape(
        table,
        {each.name.lower(): each for each in fields},
        _uniques(indexes),
        {name.lower(): expression for name, expression in expressions.items()},
    )


def _field(name: str, column_type: str, collation: str | None, nullable: str, default: object, extra: str) -> Field:
    """Of SHOW FULL COLUMNS; a collation's name begins with its charset."""
    computed = "GENERATED" in extra.upper().replace("DEFAULT_GENERATED", "")
    counts = "auto_increment" in extra.lower()
    filled = nullable == "YES" or default is not None or counts or "DEFAULT_GENERATED" in extra
    return Field(
        name,
        column_type,
        computed,
        not (computed or filled),
        (collation or "").split("_")[0],
        "on update" in extra.lower(),
        "STORED" in extra.upper(),
        counts,
    )


def _plain_type(column_type: str) -> str:
    """Without the display widths that servers before 8.0.19 print, and by the name since 8.0."""
    return "geomcollection" if column_type == "geometrycollection" else _DISPLAY_WIDTH.sub("", column_type)


def _uniques(indexes: list[tuple[object, ...]]) -> tuple[Unique, ...]:
    """A row of SHOW INDEX: table, non-unique, name, number, column, collation, cardinality, sub part, packed, null."""
    found: dict[str, Unique] = {}
    for row in indexes:
        if row[1]:
            continue
        name, column = str(row[2]), str(row[4])
        whole = row[4] is not None and row[7] is None and row[9] != "YES"
        before = found.get(name, Unique(name, (), True))
        found[name] = Unique(name, (*before.columns, column), before.total and whole)
    return tuple(found.values())
