"""MySQL's types, one module per family: how each lies in the log and in a result, in Avro and in SQL."""

from collections.abc import Collection

from runtime.errors import Fatal
from schemas.table import Column
from schemas.types import (
    binary,
    bits,
    dates,
    datetimes,
    decimals,
    enumset,
    floats,
    integers,
    json,
    old_times,
    spatial,
    text,
    times,
    vector,
)
from schemas.types.annotation import is_boolean
from schemas.types.column import Kind, Type

TYPES: dict[Kind, Type] = {
    Kind.INTEGER: integers.INTEGER,
    Kind.BOOLEAN: integers.BOOLEAN,
    Kind.DECIMAL: decimals.DECIMAL,
    Kind.FLOAT: floats.FLOAT,
    Kind.DOUBLE: floats.DOUBLE,
    Kind.BIT: bits.BIT,
    Kind.BITS: bits.BITS,
    Kind.YEAR: dates.YEAR,
    Kind.DATE: dates.DATE,
    Kind.TIME: times.TIME,
    Kind.DATETIME: datetimes.DATETIME,
    Kind.TIMESTAMP: datetimes.TIMESTAMP,
    Kind.TEXT: text.TEXT,
    Kind.BINARY: binary.BINARY,
    Kind.PADDED_BINARY: binary.PADDED_BINARY,
    Kind.JSON: json.JSON,
    Kind.ENUM: enumset.ENUM,
    Kind.SET: enumset.SET,
    Kind.GEOMETRY: spatial.GEOMETRY,
    Kind.POINT: spatial.POINT,
    Kind.VECTOR: vector.VECTOR,
    Kind.OLD_TIME: old_times.OLD_TIME,
    Kind.OLD_DATETIME: old_times.OLD_DATETIME,
    Kind.OLD_TIMESTAMP: old_times.OLD_TIMESTAMP,
}

#: type codes in the log of what servers before 5.6 wrote
_OLD_CODES = {7: Kind.OLD_TIMESTAMP, 11: Kind.OLD_TIME, 12: Kind.OLD_DATETIME}

_KINDS = {
    **dict.fromkeys(("tinyint", "smallint", "mediumint", "int", "bigint"), Kind.INTEGER),
    "decimal": Kind.DECIMAL,
    "float": Kind.FLOAT,
    "double": Kind.DOUBLE,
    "year": Kind.YEAR,
    "date": Kind.DATE,
    "time": Kind.TIME,
    "datetime": Kind.DATETIME,
    "timestamp": Kind.TIMESTAMP,
    **dict.fromkeys(("char", "varchar", "tinytext", "text", "mediumtext", "longtext"), Kind.TEXT),
    **dict.fromkeys(("varbinary", "tinyblob", "blob", "mediumblob", "longblob"), Kind.BINARY),
    "binary": Kind.PADDED_BINARY,
    "json": Kind.JSON,
    "enum": Kind.ENUM,
    "set": Kind.SET,
    **dict.fromkeys(
        (
            "geometry",
            "linestring",
            "polygon",
            "multipoint",
            "multilinestring",
            "multipolygon",
            "geomcollection",
            "geometrycollection",
        ),
        Kind.GEOMETRY,
    ),
    "point": Kind.POINT,
    "vector": Kind.VECTOR,
}  # fmt: skip


def logged_kind(kind: Kind, code: int) -> Kind:
    """The kind of a column whose type code in the log is `code`: how its row images are to be read."""
    return _OLD_CODES.get(code, kind)


def kind_of(column: Column, key: Collection[str]) -> Kind:
    """The kind of a column of a table with this key.

    A tinyint(1) in a key stays a number: all but two of its values would share one key.
    """
    if is_boolean(column) and column.name not in key:
        return Kind.BOOLEAN
    if column.data_type == "bit":
        return Kind.BIT if column.length == 1 else Kind.BITS
    if column.data_type not in _KINDS:
        raise Fatal(
            f"column {column.name}: type {column.data_type} is not supported",
            hint="exclude the table, or change the column's type at the source",
        )
    return _KINDS[column.data_type]
