"""Reads definitions from the source's information_schema, as `Table` and as CREATE statements."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from capture.labels import shown_with_labels, with_labels
from runtime import environment
from runtime.errors import Fatal
from runtime.mysql import Connection, Refused
from schemas.ddl.charset_names import Charsets
from schemas.ddl.shown_text import shown_text
from schemas.labels import UNPRINTED
from schemas.names import TableName
from schemas.selection import Selection
from schemas.sql import identifier, qualified
from schemas.table import Column, Table, UniqueKey, identifying, in_order
from schemas.types.enumset import labels_of

_GONE = frozenset((1146, 1049))
_COLUMNS = """
SELECT TABLE_NAME, COLUMN_NAME, DATA_TYPE, COLUMN_TYPE, IS_NULLABLE, CHARACTER_MAXIMUM_LENGTH, NUMERIC_PRECISION,
       NUMERIC_SCALE, DATETIME_PRECISION, CHARACTER_SET_NAME, COLLATION_NAME, COLUMN_DEFAULT, EXTRA, COLUMN_COMMENT
FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = %s AND TABLE_NAME IN %s ORDER BY TABLE_NAME, ORDINAL_POSITION
"""
_KEYS = """
SELECT TABLE_NAME, INDEX_NAME, NON_UNIQUE, COLUMN_NAME, SUB_PART, NULLABLE
FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = %s AND TABLE_NAME IN %s
ORDER BY TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX
"""
_TABLES = """
SELECT t.TABLE_NAME, c.CHARACTER_SET_NAME, t.TABLE_COLLATION, t.TABLE_COMMENT, t.ENGINE
FROM information_schema.TABLES t
LEFT JOIN information_schema.COLLATIONS c ON c.COLLATION_NAME = t.TABLE_COLLATION
WHERE t.TABLE_SCHEMA = %s AND t.TABLE_NAME IN %s AND t.TABLE_TYPE = 'BASE TABLE'
"""


def read_charsets(connection: Connection) -> Charsets:
    """The server's character sets and collations, by the names that it gives them."""
    rows = connection.query("SELECT COLLATION_NAME, CHARACTER_SET_NAME, IS_DEFAULT FROM information_schema.COLLATIONS")
    return Charsets(
        of_collation={str(name): str(charset) for name, charset, _ in rows},
        defaults={str(charset): str(name) for name, charset, default in rows if default == "Yes"},
    )


def selected_tables(connection: Connection, selection: Selection) -> list[TableName]:
    """Every base table that the selection takes, by name."""
    rows = connection.query(
        "SELECT TABLE_SCHEMA, TABLE_NAME FROM information_schema.TABLES WHERE TABLE_TYPE = 'BASE TABLE' "
        "ORDER BY TABLE_SCHEMA, TABLE_NAME"
    )
    return [name for name in (TableName(*row) for row in rows) if selection.selected(name)]


def views(connection: Connection, selection: Selection) -> list[TableName]:
    """Every view of databases from which the selection may take tables, by name."""
    rows = connection.query(
        "SELECT TABLE_SCHEMA, TABLE_NAME FROM information_schema.TABLES WHERE TABLE_TYPE = 'VIEW' "
        "ORDER BY TABLE_SCHEMA, TABLE_NAME"
    )
    return [name for name in (TableName(*row) for row in rows) if selection.may_select_database(name.database)]


def selected_databases(connection: Connection, selection: Selection) -> list[str]:
    """Every database that the selection may take tables from."""
    rows = connection.query("SELECT SCHEMA_NAME FROM information_schema.SCHEMATA ORDER BY SCHEMA_NAME")
    return [str(row[0]) for row in rows if selection.may_select_database(str(row[0]))]


def read_tables(connection: Connection, names: Iterable[TableName]) -> dict[TableName, Table]:
    """The definitions of the tables that exist now."""
    by_database: dict[str, list[str]] = {}
    for name in names:
        by_database.setdefault(name.database, []).append(name.name)
    found: dict[TableName, Table] = {}
    for database, tables in by_database.items():
        for start in range(0, len(tables), 500):
            found.update(_read(connection, database, tables[start : start + 500]))
    return found


def create_database(connection: Connection, database: str) -> str:
    return str(connection.query(f"SHOW CREATE DATABASE {identifier(database)}")[0][1])


def create_table(connection: Connection, name: TableName) -> str | None:
    """SHOW CREATE TABLE; None when the table is gone, or a view has its name by now."""
    try:
        (row,) = environment.shown(connection, f"SHOW CREATE TABLE {qualified(name)}")
    except Refused as error:
        if error.code in _GONE or _is_view(connection, name):
            return None
        raise
    if len(row) != 2:  # of a view it tells more
        return None
    text = shown_text(row[1])
    return _with_labels(connection, name, text) if UNPRINTED in text else text


def _with_labels(connection: Connection, name: TableName, text: str) -> str:
    table = read_tables(connection, [name]).get(name)
    return text if table is None else shown_with_labels(text, table)


def _is_view(connection: Connection, name: TableName) -> bool:
    found = connection.query(
        "SELECT TABLE_TYPE FROM information_schema.TABLES WHERE TABLE_SCHEMA = %s AND TABLE_NAME = %s",
        (name.database, name.name),
    )
    return any("VIEW" in str(kind) for (kind,) in found)


def _read(connection: Connection, database: str, tables: Sequence[str]) -> dict[TableName, Table]:
    wanted = (database, tuple(tables))
    columns: dict[str, list[Column]] = {}
    for table, *row in connection.query(_COLUMNS, wanted):
        columns.setdefault(table, []).append(_column(TableName(database, table), row))
    keys: dict[str, dict[str, list[tuple[str | None, bool, bool]]]] = {}
    others: dict[str, set[str]] = {}
    for table, index, doubled, column, part, nullable in connection.query(_KEYS, wanted):
        if doubled:
            others.setdefault(table, set()).add(str(index).lower())
            continue
        whole = part is None and column is not None
        keys.setdefault(table, {}).setdefault(index, []).append((column, whole, nullable != "YES"))
    found: dict[TableName, Table] = {}
    for table, charset, collation, comment, engine in connection.query(_TABLES, wanted):
        if table not in columns:
            continue  # dropped between the queries
        uniques = keys.get(table, {})
        primary = uniques.pop("PRIMARY", [])
        name = TableName(database, table)
        identity = identifying((str(column), whole) for column, whole, _ in primary)
        if primary and not identity:
            others.setdefault(table, set()).add("primary")
        found[name] = with_labels(
            connection,
            Table(
                name=name,
                columns=tuple(columns[table]),
                primary_key=identity,
                unique_keys=in_order(
                    UniqueKey(
                        name=index,
                        columns=tuple(column for column, _, _ in parts if column is not None),
                        total=all(whole and filled for _, whole, filled in parts),
                        whole=all(whole for _, whole, _ in parts),
                        expressions=any(column is None for column, _, _ in parts),
                    )
                    for index, parts in uniques.items()
                ),
                charset=charset,
                collation=collation,
                comment=comment or "",
                engine=engine or "",
                other_keys=tuple(sorted(others.get(table, ()))),
            ),
        )
    return found


def _column(table: TableName, row: Sequence[Any]) -> Column:
    name, data_type, column_type, nullable, length, precision, scale, fraction = row[:8]
    charset, collation, default, extra, comment = row[8:]
    kind, extra = str(data_type).lower(), str(extra).upper()
    column_type = str(column_type)
    return Column(
        name=str(name),
        data_type=kind,
        column_type=column_type,
        nullable=nullable == "YES",
        unsigned=" unsigned" in column_type.lower() and kind not in ("enum", "set"),
        length=_length(table, kind, column_type, length, precision),
        precision=int(precision or 0) if kind == "decimal" else 0,
        scale=int(scale or 0) if kind == "decimal" else 0,
        fraction=int(fraction or 0),
        charset=charset if charset is not None else ("binary" if kind in _BINARY else None),
        collation=collation,
        labels=labels_of(column_type) if kind in ("enum", "set") else (),
        default=None if default is None else str(default),
        default_is_expression="DEFAULT_GENERATED" in extra,
        on_update="ON UPDATE" in extra,
        generated="VIRTUAL GENERATED" in extra or "STORED GENERATED" in extra,
        invisible="INVISIBLE" in extra,
        auto_increment="AUTO_INCREMENT" in extra,
        comment=str(comment or ""),
    )


_BINARY = frozenset(("binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob"))


def _length(table: TableName, kind: str, column_type: str, length: int | None, precision: int | None) -> int:
    if kind == "bit":
        return int(precision or 1)
    if kind == "vector":
        number = re.search(r"\((\d+)\)", column_type)
        if number is None:
            raise Fatal(f"{table}: cannot read the type {column_type}", hint="report this definition")
        return int(number[1])
    return int(length or 0)
