"""Avro types of columns with Debezium's annotations (Kafka Connect's names for what Avro cannot say)."""

import re

from schemas.table import Column
from schemas.types.column import Json

SOURCE = "__debezium.source.column."
_PARENTHESES = re.compile(r"\((\d+)(?:,(\d+))?\)")
_TEMPORAL = frozenset(("time", "datetime", "timestamp"))
_SIZED = frozenset(("char", "varchar", "binary", "varbinary", "bit", "vector"))


def primitive(column: Column, avro: str) -> dict[str, Json]:
    """An Avro type without a Connect name."""
    return {"type": avro, "connect.parameters": source(column)}


def named(column: Column, avro: str, name: str, parameters: dict[str, Json] | None = None) -> dict[str, Json]:
    """An Avro type with a Connect name that says what it means."""
    return {
        "type": avro,
        "connect.version": 1,
        "connect.parameters": {**(parameters or {}), **source(column)},
        "connect.name": name,
    }


def is_boolean(column: Column) -> bool:
    """MySQL keeps BOOLEAN as tinyint(1)."""
    return column.column_type == "tinyint(1)"


def source(column: Column) -> dict[str, Json]:
    """The column's MySQL type as Debezium's `column.propagate.source.type` tells it."""
    length, scale = _size(column)
    parameters: dict[str, Json] = {SOURCE + "type": _name(column)}
    if length is not None:
        parameters[SOURCE + "length"] = str(length)
    if scale is not None:
        parameters[SOURCE + "scale"] = str(scale)
    parameters[SOURCE + "name"] = column.name
    return parameters


def _name(column: Column) -> str:
    if is_boolean(column):
        return "BOOLEAN"
    name = column.data_type.upper()
    if column.unsigned:
        name += " UNSIGNED"
    if column.column_type.endswith("zerofill"):
        name += " ZEROFILL"
    return name


def _size(column: Column) -> tuple[int | None, int | None]:
    if is_boolean(column):
        return None, None
    if column.data_type == "decimal":
        return column.precision, column.scale
    if column.data_type in _SIZED:
        return column.length, None
    if column.data_type == "enum":
        return 1, None
    if column.data_type == "set":
        return max(0, 2 * len(column.labels) - 1), None
    if column.data_type in _TEMPORAL:
        return column.fraction or None, None
    found = _PARENTHESES.search(column.column_type)  # a display width
    if found is None:
        return None, None
    return int(found[1]), int(found[2]) if found[2] else None
