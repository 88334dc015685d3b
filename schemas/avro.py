"""Avro schemas of a table's topic: Debezium's key and envelope, and our two fields after them."""

import json
import re
from collections import Counter
from collections.abc import Collection

from schemas.names import TableName
from schemas.table import Column, Table
from schemas.types import TYPES, kind_of
from schemas.types.annotation import SOURCE
from schemas.types.column import Json, Null

Schema = dict[str, Json]

_SEGMENT = re.compile(r"[^A-Za-z0-9_]")
_EXTENSION: list[Json] = [
    {"name": "epoch", "type": "long", "default": 0},
    {"name": "exact", "type": ["null", {"type": "map", "values": "string"}], "default": None},
]


def text(schema: Schema) -> str:
    """The one text of a schema: compact JSON."""
    return json.dumps(schema, separators=(",", ":"), ensure_ascii=False)


def namespace(task: str, table: TableName) -> str:
    return ".".join(map(_field_name, (task, table.database, table.name)))


def key_schema(task: str, table: Table) -> Schema | None:
    """The record of the key's columns, None for a keyless table."""
    if not table.key:
        return None
    names = field_names(table)
    fields: list[Json] = [_key_field(table.column(name), names[name], table) for name in table.key]
    full = namespace(task, table.name)
    return {"type": "record", "name": "Key", "namespace": full, "fields": fields, "connect.name": f"{full}.Key"}


def same_keys(task: str, one: Table, other: Table) -> bool:
    """Whether two definitions of a table give one row the same key, byte for byte."""
    return key_schema(task, one) == key_schema(task, other)


def envelope_schema(task: str, table: Table) -> Schema:
    full = namespace(task, table.name)
    names = field_names(table)
    seen: set[str] = set()
    columns: list[Json] = [_field(column, names[column.name], table, seen) for column in table.columns]
    row: Json = {"type": "record", "name": "Value", "fields": columns, "connect.name": f"{full}.Value"}
    fields: list[Json] = [
        {"name": "before", "type": ["null", row], "default": None},
        {"name": "after", "type": ["null", "Value"], "default": None},
        {"name": "source", "type": _source()},
        {"name": "transaction", "type": ["null", _transaction()], "default": None},
        {"name": "op", "type": "string"},
        *(_optional(name, "long") for name in ("ts_ms", "ts_us", "ts_ns")),
        *_EXTENSION,
    ]
    return {
        "type": "record",
        "name": "Envelope",
        "namespace": full,
        "fields": fields,
        "connect.version": 2,
        "connect.name": f"{full}.Envelope",
    }


def field_names(table: Table) -> dict[str, str]:
    """Avro's name of each column; columns that would share one are told apart by their position."""
    plain = {column.name: _field_name(column.name) for column in table.columns}
    count = Counter(plain.values())
    found = {name: adjusted for name, adjusted in plain.items() if count[adjusted] == 1 or adjusted == name}
    taken = set(found.values())
    for position, column in enumerate(table.columns, 1):
        if column.name not in found:
            name = f"{plain[column.name]}__{position}"
            while name in taken:
                name += "_"
            taken.add(name)
            found[column.name] = name
    return found


def _field_name(name: str) -> str:
    adjusted = _SEGMENT.sub("_", name)
    return "_" + adjusted if adjusted[0].isdigit() else adjusted


def default_of(column: Column, key: Collection[str]) -> Json:
    """A column's default in Avro's JSON; None: it has none that Avro can hold."""
    if column.default is None or column.generated:
        return None
    if column.default_is_expression and not column.default.upper().startswith("CURRENT_TIMESTAMP"):
        return None
    try:
        return TYPES[kind_of(column, key)].default(column, column.default)
    except (ValueError, OverflowError):
        return None


def null_of(column: Column, key: Collection[str]) -> Null:
    """Where NULL stands in the column's union: a default must belong to the first branch."""
    if not column.nullable:
        return Null.NEVER
    return Null.FIRST if default_of(column, key) is None else Null.LAST


def _key_field(column: Column, name: str, table: Table) -> Json:
    """As Debezium has it, a key's field says nothing of the source's type."""
    default = default_of(column, table.key)
    field: Schema = {"name": name, "type": unsourced(_type(column, table))}
    return field if default is None else {**field, "default": default}


def unsourced(avro: Schema) -> Json:
    """A column's type without the parameters that tell MySQL's type."""
    kept = dict(avro)
    parameters = kept.pop("connect.parameters", None)
    if isinstance(parameters, dict):
        own = {name: value for name, value in parameters.items() if not name.startswith(SOURCE)}
        if own:
            kept = {**avro, "connect.parameters": own}
    return kept["type"] if len(kept) == 1 else kept


def _type(column: Column, table: Table) -> Schema:
    avro = TYPES[kind_of(column, table.key)].avro(column)
    default = default_of(column, table.key)
    if default is not None:
        avro["connect.default"] = default
    return avro


def _field(column: Column, name: str, table: Table, seen: set[str]) -> Json:
    avro: Json = _type(column, table)
    if isinstance(avro, dict) and avro["type"] == "record":
        avro = _once(avro, seen)
    default = default_of(column, table.key)
    match null_of(column, table.key):
        case Null.NEVER:
            field: Schema = {"name": name, "type": avro}
            return field if default is None else {**field, "default": default}
        case Null.FIRST:
            return {"name": name, "type": ["null", avro], "default": None}
        case Null.LAST:
            return {"name": name, "type": [avro, "null"], "default": default}


def _once(record: Schema, seen: set[str]) -> Json:
    """Avro defines a named type once; after that its name stands for it."""
    full = f"{record['namespace']}.{record['name']}"
    if full in seen:
        return full
    seen.add(full)
    return record


def _optional(name: str, avro: str) -> Json:
    return {"name": name, "type": ["null", avro], "default": None}


def _transaction() -> Json:
    fields: list[Json] = [
        {"name": "id", "type": "string"},
        {"name": "total_order", "type": "long"},
        {"name": "data_collection_order", "type": "long"},
    ]
    return {
        "type": "record",
        "name": "block",
        "namespace": "event",
        "fields": fields,
        "connect.version": 1,
        "connect.name": "event.block",
    }


def _source() -> Json:
    snapshot: Json = {
        "type": "string",
        "connect.version": 1,
        "connect.parameters": {
            "allowed": "true,first,first_in_data_collection,last_in_data_collection,last,false,incremental"
        },
        "connect.default": "false",
        "connect.name": "io.debezium.data.Enum",
    }
    fields: list[Json] = [
        {"name": "version", "type": "string"},
        {"name": "connector", "type": "string"},
        {"name": "name", "type": "string"},
        {"name": "ts_ms", "type": "long"},
        {"name": "snapshot", "type": [snapshot, "null"], "default": "false"},
        {"name": "db", "type": "string"},
        _optional("sequence", "string"),
        _optional("ts_us", "long"),
        _optional("ts_ns", "long"),
        _optional("table", "string"),
        {"name": "server_id", "type": "long"},
        _optional("gtid", "string"),
        {"name": "file", "type": "string"},
        {"name": "pos", "type": "long"},
        {"name": "row", "type": "int"},
        _optional("thread", "long"),
        _optional("query", "string"),
    ]
    return {
        "type": "record",
        "name": "Source",
        "namespace": "io.debezium.connector.mysql",
        "fields": fields,
        "connect.version": 1,
        "connect.name": "io.debezium.connector.mysql.Source",
    }
