"""TABLE_MAP events: the shape of a table at a place of the log.

https://dev.mysql.com/doc/dev/mysql-server/latest/classmysql_1_1binlog_1_1event_1_1Table__map__event.html
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NoReturn

from runtime.errors import Fatal
from schemas.charsets import known, longest
from schemas.collations import collation
from schemas.labels import label_text
from schemas.map_metadata import Cursor, Metadata, read_metadata
from schemas.names import TableName
from schemas.table import Column, Table, UniqueKey, identifying
from schemas.types.column import Malformed
from schemas.types.enumset import column_type_of

_ENUM, _SET, _STRING, _VECTOR, _GEOMETRY, _BLOB, _VARCHAR, _BIT, _DECIMAL = 247, 248, 254, 242, 255, 252, 15, 16, 246
_FIXED_NAMES = {
    1: "tinyint",
    2: "smallint",
    3: "int",
    4: "float",
    5: "double",
    7: "timestamp",  # 7, 11 and 12: in the format from before MySQL 5.6
    8: "bigint",
    9: "mediumint",
    10: "date",
    11: "time",
    12: "datetime",
    13: "year",
    14: "date",
    245: "json",
}
_SIZED_NAMES = frozenset(("char", "varchar", "binary", "varbinary", "bit", "vector"))
_FRACTION_NAMES = {17: "timestamp", 18: "datetime", 19: "time"}
_DECIMAL_OF_MYSQL_4 = 0
_NUMERIC = frozenset((1, 2, 3, 4, 5, 8, 9, 13, _DECIMAL))
_CHARACTER = frozenset((_VARCHAR, 249, 250, 251, _BLOB, 253, _STRING))
#: The log names a collation for VECTOR too (it is a kind of BLOB to the server): the ones behind it count from there.
_COLLATED = _CHARACTER | {_VECTOR}
_TEXT_NAMES = {1: "tinytext", 2: "text", 3: "mediumtext", 4: "longtext"}
_BLOB_NAMES = {1: "tinyblob", 2: "blob", 3: "mediumblob", 4: "longblob"}
GEOMETRY_NAMES = (
    "geometry",
    "point",
    "linestring",
    "polygon",
    "multipoint",
    "multilinestring",
    "multipolygon",
    "geomcollection",
)
#: bytes of metadata by type
_TWO_BYTES = frozenset((_VARCHAR, _BIT, _DECIMAL, _ENUM, _SET, 253, _STRING))
_ONE_BYTE = frozenset((4, 5, 17, 18, 19, _VECTOR, 245, 249, 250, 251, _BLOB, _GEOMETRY))
_MOST_COLUMNS = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class MapColumn:
    """One column as the log describes it. `name` is empty without full metadata."""

    type: int  # MySQL's type code, that of ENUM and SET included
    size: int  # VARCHAR, CHAR: bytes; BLOB, ENUM, SET: bytes of the length or value; BIT: bits; temporal: digits
    precision: int
    scale: int
    nullable: bool
    name: str
    unsigned: bool | None  # None: the log does not say, as before MySQL 8.0; so below
    collation: int | None
    labels: tuple[bytes, ...]
    geometry: int | None
    dimensions: int | None
    visible: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TableMap:
    """A TABLE_MAP event."""

    table_id: int
    name: TableName
    columns: tuple[MapColumn, ...]
    has_names: bool
    primary_key: tuple[tuple[int, int], ...]  # column, length of its prefix (0: all of it)


def parse_table_map(body: bytes) -> TableMap:
    """`body` is the event after its common header, without checksum. Malformed when it cannot be read."""
    cursor = Cursor(body, 0, len(body))
    table_id = cursor.number(6)
    cursor.take(2)  # flags
    database, name = _name(cursor), _name(cursor)
    count = cursor.packed()
    if not 0 < count <= _MOST_COLUMNS:
        raise Malformed(f"a TABLE_MAP event of {count} columns")
    types = cursor.take(count)
    sizes = cursor.part(cursor.packed())
    shapes = [_shape(code, sizes) for code in types]
    nulls = cursor.take((count + 7) // 8)
    metadata = read_metadata(cursor)
    if metadata.names is not None and len(metadata.names) != count:
        raise Malformed(f"a TABLE_MAP event that names {len(metadata.names)} of {count} columns")
    if any(column >= count for column, _ in metadata.primary_key):
        raise Malformed("a TABLE_MAP event whose key has a column that the table has not")
    return TableMap(
        table_id=table_id,
        name=TableName(database, name),
        columns=tuple(_columns(shapes, nulls, metadata)),
        has_names=metadata.names is not None,
        primary_key=tuple(metadata.primary_key),
    )


def _name(cursor: Cursor) -> str:
    name = cursor.take(cursor.byte())
    cursor.take(1)  # the zero at its end
    return _utf8(name)


def _utf8(name: bytes) -> str:
    try:
        return name.decode()
    except UnicodeDecodeError as error:
        raise Malformed("a TABLE_MAP event with a name that is no UTF-8") from error


@dataclass(frozen=True, slots=True)
class _Shape:
    type: int
    size: int = 0
    precision: int = 0
    scale: int = 0


def _shape(code: int, sizes: Cursor) -> _Shape:
    """A column's type with what its metadata says."""
    if code in _ONE_BYTE:
        return _Shape(code, sizes.byte())
    if code not in _TWO_BYTES:
        return _Shape(code)
    first, second = sizes.take(2)
    if code == _DECIMAL:
        return _Shape(code, 0, first, second)
    if code == _BIT:
        return _Shape(code, first + 8 * second)
    if code == _VARCHAR or code == 253:
        return _Shape(code, first | second << 8)
    if first & 0x30 != 0x30:  # CHAR of over 255 bytes: two bits of its length hide in the type
        return _Shape(first | 0x30, second | ((first & 0x30) ^ 0x30) << 4)
    return _Shape(first, second)


def _columns(shapes: list[_Shape], nulls: bytes, metadata: Metadata) -> Iterator[MapColumn]:
    numeric = character = labelled = 0
    labels = {_ENUM: iter(metadata.enum_labels), _SET: iter(metadata.set_labels)}
    geometries, dimensions = iter(metadata.geometry_types), iter(metadata.dimensions)
    for index, shape in enumerate(shapes):
        unsigned: bool | None = None
        found = None
        if shape.type in _NUMERIC:
            unsigned = None if metadata.signedness is None else _bit(metadata.signedness, numeric)
            numeric += 1
        elif shape.type in _COLLATED:
            found = metadata.collation(character)
            character += 1
        elif shape.type in labels:
            found = metadata.label_collation(labelled)
            labelled += 1
        yield MapColumn(
            type=shape.type,
            size=shape.size,
            precision=shape.precision,
            scale=shape.scale,
            nullable=bool(nulls[index >> 3] >> (index & 7) & 1),
            name=_utf8(metadata.names[index]) if metadata.names is not None else "",
            unsigned=unsigned,
            collation=found,
            labels=tuple(next(labels[shape.type], ())) if shape.type in labels else (),
            geometry=_geometry(next(geometries, None)) if shape.type == _GEOMETRY else None,
            dimensions=next(dimensions, None) if shape.type == _VECTOR else None,
            visible=metadata.visibility is None or _bit(metadata.visibility, index),
        )


def _geometry(number: int | None) -> int | None:
    if number is not None and number >= len(GEOMETRY_NAMES):
        raise Malformed(f"a TABLE_MAP event with the geometry type {number}")
    return number


def _bit(bitmap: bytes, number: int) -> bool:
    """Of a bitmap whose highest bit comes first."""
    if number >> 3 >= len(bitmap):
        raise Malformed("a TABLE_MAP event with a bitmap that is too short")
    return bool(bitmap[number >> 3] >> (7 - (number & 7)) & 1)


def refuse_old_formats(event: TableMap) -> None:
    for number, column in enumerate(event.columns, start=1):
        if column.type == _DECIMAL_OF_MYSQL_4:
            _refuse_old_format(event.name, column.name or f"number {number}")


def table_of(event: TableMap, tracked: Table | None) -> Table:
    """The table as the log describes it; what the log does not say (defaults, generated, unique keys, the text of the
    type, ...) is taken from `tracked` for columns of the same name and type."""
    if not event.has_names:
        raise Fatal(
            f"table {event.name}: the log does not name its columns",
            hint="SET GLOBAL binlog_row_metadata=FULL at the source, then start the task afresh",
        )
    known = {column.name: column for column in tracked.columns} if tracked is not None else {}
    columns = tuple(_merged(_column(column, event.name), known.get(column.name)) for column in event.columns)
    nullable = {column.name: column.nullable for column in columns}
    uniques = tuple(_unique_keys(tracked, nullable))
    key = identifying((columns[index].name, prefix == 0) for index, prefix in event.primary_key)
    # Of a table without a primary key, MySQL logs a unique key of NOT NULL columns as if it were one.
    promoted = any(unique.total and unique.columns == key for unique in uniques)
    return replace(
        tracked or Table(name=event.name, columns=()),
        columns=columns,
        primary_key=() if promoted and tracked is not None and tracked.primary_key != key else key,
        unique_keys=uniques,
    )


def _unique_keys(tracked: Table | None, nullable: dict[str, bool]) -> Iterator[UniqueKey]:
    """The tracked keys whose columns are all still there."""
    for key in tracked.unique_keys if tracked is not None else ():
        if all(name in nullable for name in key.columns):
            yield replace(key, total=key.total and not any(nullable[name] for name in key.columns))


def _merged(column: Column, tracked: Column | None) -> Column:
    if tracked is None or _type_of(column) != _type_of(tracked):
        return column
    return replace(tracked, nullable=column.nullable, invisible=column.invisible)


def _type_of(column: Column) -> tuple[object, ...]:
    name = {"geometrycollection": "geomcollection"}.get(column.data_type, column.data_type)
    sized = column.length if name in _SIZED_NAMES else 0
    digits = (column.precision, column.scale) if name == "decimal" else (0, 0)
    charset = {"utf8": "utf8mb3", "binary": None}.get(
        column.charset or "", column.charset
    )  # "binary" goes without saying
    return name, column.unsigned, sized, digits, column.fraction, charset, column.labels


def _column(column: MapColumn, table: TableName) -> Column:
    if column.type == _DECIMAL_OF_MYSQL_4:
        _refuse_old_format(table, column.name)
    bare = Column(
        name=column.name, data_type="", column_type="", nullable=column.nullable, invisible=not column.visible
    )
    if column.type in _FIXED_NAMES:
        name = _FIXED_NAMES[column.type]
        unsigned = bool(column.unsigned) and name != "year"  # the log calls it unsigned, definitions do not
        return replace(bare, data_type=name, column_type=name + " unsigned" * unsigned, unsigned=unsigned)
    if column.type == _DECIMAL:
        text = f"decimal({column.precision},{column.scale})" + " unsigned" * bool(column.unsigned)
        return replace(
            bare,
            data_type="decimal",
            column_type=text,
            unsigned=bool(column.unsigned),
            precision=column.precision,
            scale=column.scale,
        )
    if column.type in _FRACTION_NAMES:
        name = _FRACTION_NAMES[column.type]
        return replace(
            bare, data_type=name, column_type=f"{name}({column.size})" if column.size else name, fraction=column.size
        )
    if column.type == _BIT:
        return replace(bare, data_type="bit", column_type=f"bit({column.size})", length=column.size)
    if column.type == _VECTOR:
        dimensions = column.dimensions or 0
        return replace(bare, data_type="vector", column_type=f"vector({dimensions})", length=dimensions)
    if column.type == _GEOMETRY:
        name = GEOMETRY_NAMES[column.geometry or 0]
        return replace(bare, data_type=name, column_type=name)
    if column.type in (_ENUM, _SET):
        return _labelled(bare, column, table)
    if column.type in _CHARACTER:
        return _character(bare, column, table)
    raise Fatal(
        f"table {table}, column {column.name}: type code {column.type} is not supported",
        hint="exclude the table, or change the column's type at the source",
    )


def _refuse_old_format(table: TableName, column: str) -> NoReturn:
    raise Fatal(
        f"table {table}, column {column}: DECIMAL in the format of MySQL 4",
        hint=f"ALTER TABLE {table} FORCE at the source, which rewrites its columns",
    )


def _collation(column: MapColumn, table: TableName) -> tuple[str, str]:
    if column.collation is None:
        raise Malformed(f"table {table}, column {column.name}: the log does not name its collation")
    return collation(column.collation)


def _labelled(bare: Column, column: MapColumn, table: TableName) -> Column:
    charset, name = _collation(column, table)
    if charset != "binary" and not known(charset):
        raise Fatal(
            f"table {table}, column {column.name}: charset {charset} is not known",
            hint="convert the column to utf8mb4 at the source, or exclude the table",
        )
    labels = tuple(label_text("utf8mb4" if charset == "binary" else charset, label) for label in column.labels)
    kind = "enum" if column.type == _ENUM else "set"
    return replace(
        bare,
        data_type=kind,
        column_type=column_type_of(kind, labels),
        charset=charset,
        collation=name,
        labels=labels,
    )


def _character(bare: Column, column: MapColumn, table: TableName) -> Column:
    charset, name = _collation(column, table)
    binary = charset == "binary"
    if column.type in (_VARCHAR, 253, _STRING):
        fixed = column.type == _STRING
        kind = ("binary" if fixed else "varbinary") if binary else ("char" if fixed else "varchar")
        length = column.size // longest(charset)
        typed = replace(bare, data_type=kind, column_type=f"{kind}({length})", length=length)
    else:
        names = _BLOB_NAMES if binary else _TEXT_NAMES
        if column.size not in names:
            raise Malformed(f"table {table}, column {column.name}: a blob with lengths of {column.size} bytes")
        kind = names[column.size]
        typed = replace(bare, data_type=kind, column_type=kind)
    return replace(typed, charset=charset, collation=None if binary else name)
