"""The state database itself: made where it is missing, brought up to date where an older version has made it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files

from runtime.errors import Fatal
from runtime.mysql import Connection, Refused
from schemas.sql import ON_PRIMARY, identifier

_COLUMN = re.compile(r"^    `?([a-z_]+)`? (.*?),?$", re.MULTILINE)  # keys are in capitals
_DUPLICATE_COLUMN = 1060


@dataclass(frozen=True, slots=True)
class Definition:
    """One table of state.sql; `columns` by name, each as a statement defines it."""

    name: str
    body: str
    columns: Mapping[str, str]


def ensure_tables(connection: Connection, database: str) -> None:
    """Makes what is missing: the database, tables, columns."""
    found = f"{ON_PRIMARY}SELECT 1 FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = %s"
    if not connection.query(found, (database,)):
        _create_database(connection, database)
    listed = (
        f"{ON_PRIMARY}SELECT LOWER(TABLE_NAME), LOWER(COLUMN_NAME) FROM information_schema.COLUMNS"
        " WHERE TABLE_SCHEMA = %s"
    )
    present: dict[str, set[str]] = {}
    for table, column in connection.query(listed, (database,)):
        present.setdefault(str(table), set()).add(str(column))
    for definition in definitions():
        if definition.name not in present:
            _create(connection, database, definition, "tables" in present)
        else:
            _widen(connection, database, definition, present[definition.name])


def _create_database(connection: Connection, database: str) -> None:
    try:
        connection.execute(f"CREATE DATABASE IF NOT EXISTS {identifier(database)} DEFAULT CHARACTER SET utf8mb4")
    except Refused as error:
        raise Fatal(
            f"the state database {database} is missing and cannot be made: {error}",
            hint=f"make the database {database} at the destination and grant the account all rights on it,"
            " or name another one",
        ) from error


def _create(connection: Connection, database: str, definition: Definition, older: bool) -> None:
    schema = identifier(database)
    connection.execute(f"CREATE TABLE IF NOT EXISTS {schema}.{definition.name} {definition.body}")
    if older and definition.name == "owners":
        connection.execute(
            f"INSERT IGNORE INTO {schema}.owners (database_name, table_name, target)"
            f" SELECT database_name, table_name, MIN(target) FROM {schema}.tables GROUP BY database_name, table_name"
        )


def _widen(connection: Connection, database: str, definition: Definition, present: set[str]) -> None:
    missing = [text for name, text in definition.columns.items() if name not in present]
    for column in missing:
        sql = f"ALTER TABLE {identifier(database)}.{definition.name} ADD COLUMN {column}"
        try:
            connection.execute(sql)
        except Refused as error:
            if error.code != _DUPLICATE_COLUMN:  # another process adds it too
                raise Fatal(
                    f"the state database {database} is of an older version and cannot be brought up to date: {error}",
                    hint=f"run this at the destination, then start again: {sql}",
                ) from error


def definitions() -> Iterator[Definition]:
    """The tables of state.sql."""
    for statement in files("apply").joinpath("state.sql").read_text().split(";\n"):
        head, _, body = statement.strip().partition(" (")
        if head:
            body = "(" + body.removesuffix(";")
            columns = {found[1]: found[0].strip().rstrip(",") for found in _COLUMN.finditer(body)}
            yield Definition(head.removeprefix("CREATE TABLE "), body, columns)
