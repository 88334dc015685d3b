"""What shows at the destination whether a schema change has run: what it makes, judged by definitions and contents."""

from collections.abc import Generator
from dataclasses import dataclass, field

from apply.destination import find_shape
from apply.zone import Asked
from runtime.mysql import Connection
from schemas.ddl.cursor import Cursor, Unclear
from schemas.ddl.key_definitions import at_key, read_key, read_parts
from schemas.ddl.lexer import SqlModes, tokens
from schemas.records import SchemaChange, TouchedTable
from schemas.sql import ON_PRIMARY, identifier, qualified
from schemas.table import Table, from_json

_OF_CONSTRAINTS: tuple[tuple[str, ...], ...] = (("FOREIGN", "KEY"), ("CONSTRAINT",), ("CHECK",))
_OF_KEYS: tuple[tuple[str, ...], ...] = (("INDEX",), ("KEY",))
Parts = tuple[str | None, ...]


def contents(change: SchemaChange, ask: Asked) -> Generator[None, None, list[str]]:
    """Stands for the rows of the tables, in the order of their columns: equal contents change nothing by a swap."""
    names = ", ".join(qualified(table.name) for table in change.tables)
    rows = yield from ask(f"{ON_PRIMARY}CHECKSUM TABLE {names}")
    return [(value or b"none").decode() for _, value in rows]


@dataclass(slots=True)
class Claims:
    """Keys and constraints that a statement's text makes or drops, by their names in lower case."""

    keys: dict[str, Parts | None] = field(default_factory=dict)  # None: the text does not tell its parts
    dropped_keys: set[str] = field(default_factory=set)
    constraints: set[str] = field(default_factory=set)
    dropped_constraints: set[str] = field(default_factory=set)


def claims(sql: str, modes: SqlModes) -> Claims:
    """Unclear where the text cannot be read so far."""
    found = Claims()
    cursor = Cursor(tokens(sql, modes), "")
    if cursor.take("CREATE"):
        cursor.take_any("UNIQUE", "FULLTEXT", "SPATIAL")
        if cursor.take("INDEX"):
            _created(cursor, found)
        return found
    for token in cursor.top_level():
        if token.symbol == "ADD" and at_key(cursor):
            _added(cursor, found)
        elif token.symbol == "DROP":
            _dropped(cursor, found)
        elif token.symbol == "RENAME" and cursor.take_any("INDEX", "KEY"):
            found.dropped_keys.add(cursor.name().lower())
            cursor.expect("TO")
            found.keys[cursor.name().lower()] = None
    found.dropped_keys -= set(found.keys)
    found.dropped_constraints -= found.constraints
    return found


def _created(cursor: Cursor, found: Claims) -> None:
    name = cursor.name().lower()
    if cursor.take_any("USING", "TYPE"):
        cursor.name()
    cursor.expect("ON")
    cursor.qualified_name()
    found.keys[name] = tuple(part.column and part.column.lower() for part in read_parts(cursor))


def _added(cursor: Cursor, found: Claims) -> None:
    if cursor.at("CONSTRAINT") and cursor.peek(1).is_name and cursor.peek(2).symbol in ("FOREIGN", "CHECK"):
        found.constraints.add(cursor.peek(1).text.lower())
    key = read_key(cursor)
    if key is not None and key.name and not key.of_foreign_key:
        found.keys[key.name.lower()] = tuple(part.column and part.column.lower() for part in key.parts)


def _dropped(cursor: Cursor, found: Claims) -> None:
    for words in _OF_KEYS:
        if cursor.take(*words):
            found.dropped_keys.add(cursor.name().lower())
            return
    for words in _OF_CONSTRAINTS:
        if cursor.take(*words):
            found.dropped_constraints.add(cursor.name().lower())
            return


def is_as_told(connection: Connection, change: SchemaChange, modes: SqlModes) -> bool | None:
    """Whether the tables are what the statement left at the source, in all that it speaks of; None: nothing tells."""
    if not all(table.certain for table in change.tables):
        return None
    try:
        told = claims(change.statement, modes)
    except Unclear:
        return None
    return all(_is_as_told(connection, table, told) for table in change.tables)


def _is_as_told(connection: Connection, touched: TouchedTable, told: Claims) -> bool:
    shape = find_shape(connection, touched.name)
    if shape is None or touched.definition is None:
        return shape is None and touched.definition is None
    table = from_json(touched.definition)
    return not shape.columns_differ(table) and _nulls(connection, table) and _keys(connection, table, told)


def _nulls(connection: Connection, table: Table) -> bool:
    """SHOW COLUMNS tells name, type and whether the column may be NULL."""
    present = connection.query(f"{ON_PRIMARY}SHOW COLUMNS FROM {qualified(table.name)}")
    return [row[2] == "YES" for row in present] == [column.nullable for column in table.columns]


def _keys(connection: Connection, table: Table, told: Claims) -> bool:
    uniques, present = _present(connection, table)
    wanted: dict[str, Parts] = {
        key.name.lower(): tuple(name.lower() for name in key.columns) for key in table.unique_keys if key.whole
    }
    if table.primary_key:
        wanted["primary"] = tuple(name.lower() for name in table.primary_key)
    others = {key.name.lower() for key in table.unique_keys} | {"primary"}
    text = str(connection.query(f"{ON_PRIMARY}SHOW CREATE TABLE {qualified(table.name)}")[0][1]).lower()
    constraints = {
        name for name in told.constraints | told.dropped_constraints if f"constraint {identifier(name)}" in text
    }
    return (
        all(uniques.get(name) == parts for name, parts in wanted.items())
        and set(uniques) <= others
        and all(name in present and parts in (None, present[name]) for name, parts in told.keys.items())
        and told.dropped_keys.isdisjoint(present)
        and constraints == told.constraints
    )


def _present(connection: Connection, table: Table) -> tuple[dict[str, Parts], dict[str, Parts]]:
    """Unique indexes, and all of them. SHOW INDEX tells table, non-unique, name, number, column."""
    uniques: dict[str, Parts] = {}
    found: dict[str, Parts] = {}
    for row in connection.query(f"{ON_PRIMARY}SHOW INDEX FROM {qualified(table.name)}"):
        name, part = str(row[2]).lower(), None if row[4] is None else str(row[4]).lower()
        found[name] = (*found.get(name, ()), part)
        if not row[1]:
            uniques[name] = found[name]
    return uniques, found
