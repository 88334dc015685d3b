"""Does a TABLE_MAP that names no columns describe this definition? Compared by position, with all that it tells.

Never guesses: what the log says must agree; what it does not say (names, and before MySQL 8.0 signedness and charsets)
is not judged here, so whoever calls must know that the definition is the one of this place in the log.
"""

from schemas.charsets import longest
from schemas.collations import collation
from schemas.table import SPATIAL_TYPES, Column, Table
from schemas.table_map import GEOMETRY_NAMES, MapColumn, TableMap

#: the types that a type code may stand for; the codes of sizes, labels and charsets are looked into below
_NAMES = {
    1: ("tinyint",),
    2: ("smallint",),
    3: ("int",),
    4: ("float",),
    5: ("double",),
    7: ("timestamp",),
    8: ("bigint",),
    9: ("mediumint",),
    10: ("date",),
    11: ("time",),
    12: ("datetime",),
    13: ("year",),
    14: ("date",),
    15: ("varchar", "varbinary"),
    16: ("bit",),
    17: ("timestamp",),
    18: ("datetime",),
    19: ("time",),
    242: ("vector",),
    245: ("json",),
    246: ("decimal",),
    247: ("enum",),
    248: ("set",),
    252: ("tinytext", "text", "mediumtext", "longtext", "tinyblob", "blob", "mediumblob", "longblob"),
    253: ("varchar", "varbinary"),
    254: ("char", "binary"),
    255: tuple(SPATIAL_TYPES | {"geometrycollection"}),
}
_LENGTH_BYTES = {"tiny": 1, "medium": 3, "long": 4}
_SET_BYTES = (0, 1, 2, 3, 4, 8, 8, 8, 8)


def misfit(event: TableMap, table: Table) -> str:
    """Why the log does not describe this definition; empty when it does."""
    if len(event.columns) != len(table.columns):
        return f"the log has {len(event.columns)} columns, the definition {len(table.columns)}"
    for number, (told, column) in enumerate(zip(event.columns, table.columns, strict=True), start=1):
        reason = _column_misfit(told, column)
        if reason:
            return f"column {number}, {column.name} {column.column_type}: {reason}"
    return ""


def _column_misfit(told: MapColumn, column: Column) -> str:
    if column.data_type not in _NAMES.get(told.type, ()):
        return f"the log has type code {told.type}"
    if told.nullable != column.nullable:
        return f"the log says {'NULL' if told.nullable else 'NOT NULL'}"
    if told.unsigned is not None and column.data_type != "year" and told.unsigned != column.unsigned:
        return f"the log says {'unsigned' if told.unsigned else 'signed'}"
    found, expected = _sizes(told), _expected_sizes(told, column)
    if found != expected:
        return f"the log has a size of {found}, not {expected}"
    if told.collation is not None and collation(told.collation)[0] != _charset(column):
        return f"the log has the charset {collation(told.collation)[0]}"
    if told.geometry is not None and GEOMETRY_NAMES[told.geometry] != _spatial(column):
        return f"the log has the geometry type {GEOMETRY_NAMES[told.geometry]}"
    return ""


def _sizes(told: MapColumn) -> tuple[int, ...]:
    if told.type == 246:
        return told.precision, told.scale
    if told.type == 242:
        return () if told.dimensions is None else (told.dimensions,)
    return () if told.type in (4, 5, 245, 255) else (told.size,)


def _expected_sizes(told: MapColumn, column: Column) -> tuple[int, ...]:
    """What `_sizes` gives for the column, so far as its definition settles it."""
    kind = column.data_type
    match kind:
        case "decimal":
            return column.precision, column.scale
        case "vector":
            return () if told.dimensions is None else (column.length,)
        case "float" | "double" | "json":
            return ()
        case "bit":
            return (column.length,)
        case "enum":
            return (1 if len(column.labels) < 256 else 2,)
        case "set":
            return (_SET_BYTES[(len(column.labels) + 7) // 8],)
        case "time" | "datetime" | "timestamp":
            return (column.fraction,)
        case "char" | "varchar":
            return (column.length * longest(_charset(column)),)
        case "binary" | "varbinary":
            return (column.length,)
    if kind.endswith(("text", "blob")):
        return (_LENGTH_BYTES.get(kind.removesuffix("text").removesuffix("blob"), 2),)
    return () if told.type == 255 else (0,)


def _charset(column: Column) -> str:
    charset = column.charset or "binary"
    return "utf8mb3" if charset == "utf8" else charset


def _spatial(column: Column) -> str:
    return {"geometrycollection": "geomcollection"}.get(column.data_type, column.data_type)
