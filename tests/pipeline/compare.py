"""Is the destination equal to the source? Judged by definitions and by the raw bytes of every row.

Shares nothing with `penstock verify`, which it also judges.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from runtime.dialect import dialect_of
from runtime.mysql import Connection, Endpoint, Refused, connect
from schemas.names import TableName
from schemas.sql import identifier, qualified

SYSTEM = ("mysql", "sys", "information_schema", "performance_schema", "penstock")
_SHOWN = 5
_WIDTH = 500

_COLUMNS = """
SELECT TABLE_NAME, COLUMN_NAME, COLUMN_TYPE, IS_NULLABLE, COLUMN_DEFAULT, CHARACTER_SET_NAME, COLLATION_NAME, EXTRA,
       GENERATION_EXPRESSION
FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = %s ORDER BY TABLE_NAME, ORDINAL_POSITION
"""
_KEYS = """
SELECT TABLE_NAME, INDEX_NAME, NON_UNIQUE, COLUMN_NAME, SUB_PART, COLLATION, EXPRESSION, INDEX_TYPE
FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = %s ORDER BY TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX
"""
_OLD = re.compile(r"\b((?:tiny|small|medium|big)?int|year)\(\d+\)(?! (?:unsigned )?zerofill)")
_SHOWN_COLUMN = re.compile(r"^  `((?:[^`]|``)+)` (.*)$", re.MULTILINE)
_MOMENT = re.compile(r" DEFAULT ('\d[^']*')")
_CHARSET = re.compile(r" (?:CHARACTER SET|COLLATE) \w+")  # said where it is not the table's; compared by name
_OLD_UTF8 = re.compile(r"\butf8(?=_|$)")
_TABLES = "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = %s AND TABLE_TYPE = 'BASE TABLE'"


@dataclass(slots=True)
class Definition:
    """A table as information_schema tells it."""

    columns: list[tuple[object, ...]]
    keys: list[tuple[object, ...]]


def databases(connection: Connection) -> list[str]:
    """Every database but the servers' and penstock's own."""
    return [str(name) for (name,) in connection.query("SHOW DATABASES") if str(name).lower() not in SYSTEM]


def differences(source: Endpoint, destination: Endpoint, only: Collection[str] | None = None) -> list[str]:
    """What differs, readable; empty: the destination, which keeps names in lower case, equals the source.

    `only`: the databases to compare (default: all).
    """
    chosen = None if only is None else {name.lower() for name in only}
    with _open(source) as here, _open(destination) as there:
        names = {name.lower(): name for name in databases(here) if chosen is None or name.lower() in chosen}
        copies = {name for name in databases(there) if chosen is None or name in chosen}
        found = _sets("databases", names, copies)
        for name in sorted(names.keys() & copies):
            found += _database(here, there, names[name], name)
        return found


def rows(connection: Connection, table: TableName, columns: Sequence[str]) -> Counter[bytes]:
    """The rows of a table as the server sends them, as a multiset; `columns` are expressions."""
    return Counter(connection.raw_stream(f"SELECT {', '.join(columns)} FROM {qualified(table)}"))


def _expression(name: str, column_type: str) -> str:
    """A JSON document with the type of each of its values, which its text does not tell."""
    quoted = identifier(name)
    if column_type != "json":
        return quoted
    types = (
        f"COALESCE((SELECT GROUP_CONCAT(JSON_TYPE(held.v)) FROM JSON_TABLE({quoted}, '{path}'"
        " COLUMNS(v JSON PATH '$')) AS held), '')"
        for path in ("$**.*", "$**[*]")
    )
    return f"CONCAT_WS(' ', {quoted}, JSON_TYPE({quoted}), {', '.join(types)})"


def fields(row: bytes) -> list[bytes | None]:
    """The columns of a row of the text protocol."""
    found: list[bytes | None] = []
    at = 0
    while at < len(row):
        size = row[at]
        at += 1
        if size == 0xFB:
            found.append(None)
            continue
        if size > 0xFB:
            width = {0xFC: 2, 0xFD: 3, 0xFE: 8}[size]
            size = int.from_bytes(row[at : at + width], "little")
            at += width
        found.append(row[at : at + size])
        at += size
    return found


def _open(endpoint: Endpoint) -> Connection:
    connection = connect(endpoint, timeout=300, init="SET time_zone = '+00:00'")
    # bytes as they are stored, lists of JSON types in full
    connection.execute("SET character_set_results = NULL, sql_mode = '', group_concat_max_len = 4294967295")
    return connection


def _database(here: Connection, there: Connection, name: str, lower: str) -> list[str]:
    old = min(dialect_of(here).version, dialect_of(there).version) < (8, 0, 13)
    left, right = _definitions(here, name, old), _definitions(there, lower, old)
    tables = {table.lower(): table for table in left}
    found = _sets(f"tables of {name}", tables, right)
    for table in sorted(tables.keys() & right.keys()):
        source, destination = left[tables[table]], right[table]
        about = f"{name}.{tables[table]}"
        different = _lists(f"{about}: columns", source.columns, destination.columns)
        different += _lists(f"{about}: keys", source.keys, destination.keys)
        columns = [_text(column[0]) for column in source.columns]
        if columns == [_text(column[0]) for column in destination.columns]:
            key = [columns.index(_text(part[2])) for part in source.keys if part[0] == "PRIMARY"]
            chosen = [_expression(_text(column[0]), _text(column[1])) for column in source.columns]
            virtual = [at for at, column in enumerate(source.columns) if "VIRTUAL" in _text(column[6])]
            names = TableName(name, tables[table]), TableName(lower, table)
            try:
                one, other = rows(here, names[0], chosen), rows(there, names[1], chosen)
            except Refused:  # no server computes a column for some row in such a session
                chosen = [text for at, text in enumerate(chosen) if at not in virtual]
                columns = [text for at, text in enumerate(columns) if at not in virtual]
                key = [columns.index(_text(part[2])) for part in source.keys if part[0] == "PRIMARY"]
                one, other = rows(here, names[0], chosen), rows(there, names[1], chosen)
            different += _rows(about, columns, key, one, other)
        found += different
    return found


def _definitions(connection: Connection, database: str, old: bool) -> dict[str, Definition]:
    """`old`: one of both servers is old, so what it cannot tell, or says in other words, is left out."""
    found = {_text(name): Definition([], []) for (name,) in connection.query(_TABLES, (database,))}
    columns, keys = _COLUMNS, _KEYS
    if old:
        columns = columns.replace("GENERATION_EXPRESSION", "''")
        keys = keys.replace("EXPRESSION", "''").replace("COLLATION", "'A'")  # DESC is read and forgotten there
    shown = {name: _shown_columns(connection, TableName(database, name)) for name in found}
    for name, *column in connection.query(columns, (database,)):
        if _text(name) in found:
            found[_text(name)].columns.append((_aged if old else _told)(column, shown[_text(name)]))
    for name, *key in connection.query(keys, (database,)):
        if _text(name) in found:
            found[_text(name)].keys.append(_of_any_engine(key))
    return found


def _shown_columns(connection: Connection, table: TableName) -> dict[str, str]:
    """The lines of SHOW CREATE TABLE by column: information_schema keeps defaults and expressions in the zone and the
    character set of the session that wrote them."""
    (row,) = connection.raw_stream(f"SHOW CREATE TABLE {qualified(table)}")
    text = (fields(row)[1] or b"").decode(errors="backslashreplace")  # literals of UCS-2 or UTF-16 are shown as stored
    told = _SHOWN_COLUMN.findall(text)
    return {name.replace("``", "`"): _CHARSET.sub("", rest.rstrip(",")) for name, rest in told}


def _told(column: Sequence[object], shown: Mapping[str, str]) -> tuple[object, ...]:
    """A row of _COLUMNS with what SHOW CREATE TABLE says in the place of default and expression."""
    name, column_type, nullable, _, *rest, _ = column
    return name, column_type, nullable, shown[_text(name)], *rest


def _of_any_engine(key: Sequence[object]) -> tuple[object, ...]:
    """A part of a key as InnoDB has it, which takes the place of engines that the destination does not run."""
    *part, kind = key
    if _text(kind) not in ("HASH", "SE_SPECIFIC", "NONE"):
        return (*part, kind)
    name, doubled, column, prefix, _, expression = part
    return name, doubled, column, prefix, "A", expression, "BTREE"


def _aged(column: Sequence[object], shown: Mapping[str, str]) -> tuple[object, ...]:
    """What both of two versions can say of a column; defaults of binary columns are hexadecimal in one of them."""
    name, column_type, nullable, default, *rest = column
    kind = _text(column_type).partition("(")[0]
    if kind == "timestamp" and (moment := _MOMENT.search(shown[_text(name)])):
        default = moment[1]
    if default is not None and kind in ("binary", "varbinary"):
        text = _text(default)
        plain = bytes.fromhex(text[2:]) if text.startswith("0x") else text.encode()
        default = (plain.rstrip(b"\0") if kind == "binary" else plain).hex()
    return name, *map(_modern, (column_type, nullable, default, *rest))


def _modern(value: object) -> object:
    """A part of a column's definition as servers from 8.0.30 on say it, without what those before cannot say."""
    if value is None or value == "binary":  # the character set of ENUM and SET
        return None
    plain = _OLD_UTF8.sub("utf8mb3", _OLD.sub(r"\1", _text(value)))
    return plain.replace("DEFAULT_GENERATED", "").replace("geometrycollection", "geomcollection").strip()


def _sets(what: str, left: Iterable[str], right: Iterable[str]) -> list[str]:
    here, there = set(left), set(right)
    found = [f"{what}: only at the source: {', '.join(sorted(here - there))}"] if here - there else []
    return found + ([f"{what}: only at the destination: {', '.join(sorted(there - here))}"] if there - here else [])


def _lists(what: str, left: list[tuple[object, ...]], right: list[tuple[object, ...]]) -> list[str]:
    if left == right:
        return []
    here, there = [item for item in left if item not in right], [item for item in right if item not in left]
    if not here and not there:
        return [f"{what}: other order"]
    return [f"{what}: source has {here}, destination has {there}"]


def _rows(about: str, columns: list[str], key: list[int], left: Counter[bytes], right: Counter[bytes]) -> list[str]:
    """`key`: which columns identify a row; empty: all of them."""
    only = {_identity(row, key): row for row in (right - left)}
    lines: list[str] = []
    for row in sorted(left - right):
        other = only.pop(_identity(row, key), None) if key else None
        if other is None:
            lines.append(f"missing: {_shown(columns, fields(row))}")
        else:
            lines.append(_changed(columns, key, fields(row), fields(other)))
    lines += [f"too many: {_shown(columns, fields(row))}" for row in only.values()]
    if not lines:
        return []
    heads = "".join(f"\n    {line[:_WIDTH]}" for line in lines[:_SHOWN])
    return [
        f"{about}: {len(lines)} rows differ; the source has {left.total()}, the destination {right.total()}:{heads}"
    ]


def _identity(row: bytes, key: list[int]) -> bytes | tuple[bytes | None, ...]:
    if not key:
        return row
    values = fields(row)
    return tuple(values[index] for index in key)


def _changed(columns: list[str], key: list[int], left: list[bytes | None], right: list[bytes | None]) -> str:
    other = [
        f"{name}: {_value(one)} at the source, {_value(two)} at the destination"
        for name, one, two in zip(columns, left, right, strict=True)
        if one != two
    ]
    identity = _shown([columns[index] for index in key], [left[index] for index in key])
    return f"{identity}: {'; '.join(other)}"


def _shown(columns: list[str], values: list[bytes | None]) -> str:
    return ", ".join(f"{name}={_value(value)}" for name, value in zip(columns, values, strict=True))


def _value(value: bytes | None) -> str:
    if value is None:
        return "NULL"
    text = value[:80].decode("utf-8", "backslashreplace")
    return repr(text) + (f" and {len(value) - 80} bytes" if len(value) > 80 else "")


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
