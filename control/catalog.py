"""Everything information_schema knows of the tables of some databases, as both servers of a task can be asked for it.

Reads MySQL 5.6 and later: what a version cannot tell, its tables cannot have. One query per kind of thing, whatever the
number of tables.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import groupby

from runtime.dialect import Dialect, dialect_of
from runtime.errors import Fatal
from runtime.mysql import Connection
from schemas.names import TableName

OLDEST = (5, 6, 0)
#: after the part of an index
DESCENDING = " DESC"

_TABLES = """
SELECT TABLE_SCHEMA, TABLE_NAME, ENGINE, TABLE_COLLATION, TABLE_COMMENT
FROM information_schema.TABLES WHERE TABLE_TYPE = 'BASE TABLE' AND TABLE_SCHEMA IN %s
"""
_COLUMNS = """
SELECT TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME, DATA_TYPE, COLUMN_TYPE, IS_NULLABLE, COLUMN_DEFAULT, EXTRA,
       CHARACTER_SET_NAME, COLLATION_NAME, {expression}, {srid}, COLUMN_COMMENT
FROM information_schema.COLUMNS WHERE TABLE_SCHEMA IN %s ORDER BY TABLE_SCHEMA, TABLE_NAME, ORDINAL_POSITION
"""
_INDEXES = """
SELECT TABLE_SCHEMA, TABLE_NAME, INDEX_NAME, NON_UNIQUE, INDEX_TYPE, {visible}, INDEX_COMMENT,
       COLUMN_NAME, SUB_PART, COLLATION, {expression}, NULLABLE
FROM information_schema.STATISTICS WHERE TABLE_SCHEMA IN %s
ORDER BY TABLE_SCHEMA, TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX
"""
_FOREIGN_KEYS = """
SELECT k.TABLE_SCHEMA, k.TABLE_NAME, k.CONSTRAINT_NAME, k.REFERENCED_TABLE_SCHEMA, k.REFERENCED_TABLE_NAME,
       r.UPDATE_RULE, r.DELETE_RULE, k.COLUMN_NAME, k.REFERENCED_COLUMN_NAME
FROM information_schema.KEY_COLUMN_USAGE k
JOIN information_schema.REFERENTIAL_CONSTRAINTS r
  ON r.CONSTRAINT_SCHEMA = k.CONSTRAINT_SCHEMA AND r.CONSTRAINT_NAME = k.CONSTRAINT_NAME AND r.TABLE_NAME = k.TABLE_NAME
WHERE k.TABLE_SCHEMA IN %s AND k.REFERENCED_TABLE_NAME IS NOT NULL
ORDER BY k.TABLE_SCHEMA, k.TABLE_NAME, k.CONSTRAINT_NAME, k.ORDINAL_POSITION
"""
_CHECKS = """
SELECT t.TABLE_SCHEMA, t.TABLE_NAME, t.CONSTRAINT_NAME, c.CHECK_CLAUSE, t.ENFORCED
FROM information_schema.TABLE_CONSTRAINTS t
JOIN information_schema.CHECK_CONSTRAINTS c
  ON c.CONSTRAINT_SCHEMA = t.CONSTRAINT_SCHEMA AND c.CONSTRAINT_NAME = t.CONSTRAINT_NAME
WHERE t.TABLE_SCHEMA IN %s AND t.CONSTRAINT_TYPE = 'CHECK'
"""
_PARTITIONS = """
SELECT TABLE_SCHEMA, TABLE_NAME, PARTITION_METHOD, PARTITION_EXPRESSION, SUBPARTITION_METHOD, SUBPARTITION_EXPRESSION,
       PARTITION_NAME, SUBPARTITION_NAME, PARTITION_DESCRIPTION
FROM information_schema.PARTITIONS WHERE TABLE_SCHEMA IN %s AND PARTITION_NAME IS NOT NULL
ORDER BY TABLE_SCHEMA, TABLE_NAME, PARTITION_ORDINAL_POSITION, SUBPARTITION_ORDINAL_POSITION
"""


@dataclass(frozen=True, slots=True)
class ColumnFacts:
    """One row of information_schema.COLUMNS."""

    name: str
    data_type: str
    column_type: str
    nullable: bool
    default: str | None
    extra: str
    charset: str | None
    collation: str | None
    expression: str
    srid: int | None
    comment: str


@dataclass(frozen=True, slots=True)
class IndexFacts:
    """One index; each part is written as in CREATE TABLE; `total` when every part is a whole NOT NULL column."""

    name: str
    unique: bool
    kind: str
    visible: bool
    comment: str
    parts: tuple[str, ...]
    total: bool


@dataclass(frozen=True, slots=True)
class ForeignKeyFacts:
    """One foreign key."""

    name: str
    columns: tuple[str, ...]
    parent: TableName
    parent_columns: tuple[str, ...]
    on_update: str
    on_delete: str


@dataclass(frozen=True, slots=True)
class TableFacts:
    """One table."""

    name: TableName
    engine: str
    collation: str
    comment: str
    columns: tuple[ColumnFacts, ...] = ()
    indexes: tuple[IndexFacts, ...] = ()
    foreign_keys: tuple[ForeignKeyFacts, ...] = ()
    checks: dict[str, str] = field(default_factory=dict)
    partitions: tuple[str, ...] = ()

    @property
    def keyless(self) -> bool:
        """True when nothing identifies a row."""
        return not any(index.unique and index.total for index in self.indexes)

    @property
    def counts_in_groups(self) -> bool:
        """True when an AUTO_INCREMENT column begins no index: its values count for each value of those before it."""
        counting = {column.name for column in self.columns if "AUTO_INCREMENT" in column.extra.upper()}
        return bool(counting - {index.parts[0].removesuffix(DESCENDING) for index in self.indexes if index.parts})


def read_catalog(
    connection: Connection, databases: Iterable[str], version: tuple[int, ...]
) -> dict[TableName, TableFacts]:
    """The base tables of some databases of a server of that version."""
    if version < OLDEST:
        raise Fatal(
            f"{connection.endpoint}: MySQL {'.'.join(map(str, version))} is older than 5.6",
            hint="MySQL 5.6 or later is needed at both ends",
        )
    wanted = (tuple(databases),)
    if not wanted[0]:
        return {}
    dialect = dialect_of(connection)
    columns = _grouped(connection.query(_columns(dialect), wanted))
    indexes = _grouped(connection.query(_indexes(dialect), wanted))
    foreign_keys = _grouped(connection.query(_FOREIGN_KEYS, wanted))
    checks = _grouped(connection.query(_CHECKS, wanted)) if dialect.checks else {}
    partitions = _grouped(connection.query(_PARTITIONS, wanted))
    found = {}
    for database, table, engine, collation, comment in connection.query(_TABLES, wanted):
        name = TableName(database, table)
        if name not in columns:
            continue  # made between the queries
        found[name] = TableFacts(
            name=name,
            engine=str(engine),
            collation=str(collation),
            comment=str(comment or ""),
            columns=tuple(_column(row) for row in columns[name]),
            indexes=tuple(_index(parts) for parts in _named(indexes.get(name, []))),
            foreign_keys=tuple(_foreign_key(parts) for parts in _named(foreign_keys.get(name, []))),
            checks={str(row[0]): _check(row) for row in checks.get(name, [])},
            partitions=tuple(
                " ".join("-" if part is None else str(part) for part in row) for row in partitions.get(name, [])
            ),
        )
    return found


Row = tuple[object, ...]


def _columns(dialect: Dialect) -> str:
    return _COLUMNS.format(
        expression="GENERATION_EXPRESSION" if dialect.generates_columns else "''",
        srid="SRS_ID" if dialect.has_dictionary else "NULL",
    )


def _indexes(dialect: Dialect) -> str:
    return _INDEXES.format(
        visible="IS_VISIBLE" if dialect.has_dictionary else "'YES'",
        expression="EXPRESSION" if dialect.indexes_expressions else "NULL",
    )


def _grouped(rows: Iterable[Row]) -> dict[TableName, list[Row]]:
    """Rows by their table, without its name."""
    found: dict[TableName, list[Row]] = {}
    for row in rows:
        found.setdefault(TableName(str(row[0]), str(row[1])), []).append(row[2:])
    return found


def _named(rows: list[Row]) -> list[list[Row]]:
    """Rows of one name together; they come in that order."""
    return [list(parts) for _, parts in groupby(rows, key=lambda row: row[0])]


def _column(row: Row) -> ColumnFacts:
    name, data_type, column_type, nullable, default, extra, charset, collation, expression, srid, comment = row
    return ColumnFacts(
        name=str(name),
        data_type=str(data_type).lower(),
        column_type=_text(column_type),
        nullable=nullable == "YES",
        default=None if default is None else _text(default),
        extra=str(extra),
        charset=None if charset is None else str(charset),
        collation=None if collation is None else str(collation),
        expression=_text(expression or ""),
        srid=int(str(srid)) if srid is not None else None,
        comment=str(comment or ""),
    )


def _index(rows: list[Row]) -> IndexFacts:
    name, non_unique, kind, visible, comment = rows[0][:5]
    return IndexFacts(
        name=str(name),
        unique=not non_unique,
        kind=str(kind),
        visible=visible != "NO",
        comment=str(comment or ""),
        parts=tuple(_part(row) for row in rows),
        total=all(
            column is not None and part is None and nullable != "YES" for *_, column, part, _, _, nullable in rows
        ),
    )


def _part(row: Row) -> str:
    column, part, order, expression = row[5:9]
    text = f"({_text(expression)})" if column is None else str(column)
    return text + ("" if part is None else f"({part})") + (DESCENDING if order == "D" else "")


def _foreign_key(rows: list[Row]) -> ForeignKeyFacts:
    name, database, table, on_update, on_delete = rows[0][:5]
    return ForeignKeyFacts(
        name=str(name),
        columns=tuple(str(row[5]) for row in rows),
        parent=TableName(str(database), str(table)),
        parent_columns=tuple(str(row[6]) for row in rows),
        on_update=str(on_update),
        on_delete=str(on_delete),
    )


def _check(row: Row) -> str:
    return _text(row[1]) + ("" if row[2] == "YES" else " NOT ENFORCED")


def _text(value: object) -> str:
    """Some versions hand long columns of information_schema over as bytes."""
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)
