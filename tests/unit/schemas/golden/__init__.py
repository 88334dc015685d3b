"""Debezium's schemas (3.6.3) for the tables of `tables.sql`, and those tables as a MySQL 9.7 server tells them.

`sourced.txt` is with `column.propagate.source.type`, `plain.txt` without.
"""

import json
from pathlib import Path

from schemas.table import Table, from_json
from schemas.types.column import Json

_HERE = Path(__file__).parent
TASK = "srv1"
STATEMENTS = tuple(text for text in (_HERE / "tables.sql").read_text().split(";") if text.strip())

Schema = dict[str, Json]


def tables() -> list[Table]:
    return [from_json(line) for line in (_HERE / "tables.jsonl").read_text().splitlines()]


def schemas(file: str) -> dict[str, Schema | None]:
    """By "database.table KEY" and "database.table VALUE"; None: the key is null."""
    found: dict[str, Schema | None] = {}
    title = ""
    for line in (_HERE / file).read_text().splitlines():
        if not line.startswith("### "):
            found[title] = json.loads(line)
        elif line.endswith(" is null"):
            found[line[4:].removesuffix(" is null")] = None
        else:
            title = line[4:]
    return found


def columns(envelope: Schema) -> list[Schema]:
    """The fields of the record Value."""
    before = _dict(_list(envelope["fields"])[0])
    return [_dict(field) for field in _list(_dict(_list(before["type"])[1])["fields"])]


def as_mysql_keeps_it(field: Schema) -> None:
    """Debezium reads the statement; from the server nobody learns that a double was declared REAL or FLOAT(53)."""
    kept = {"f24": ("float", "FLOAT"), "f53": ("double", "DOUBLE"), "r": ("double", "DOUBLE")}
    if field["name"] not in kept:
        return
    avro, name = kept[str(field["name"])]
    union = _list(field["type"])
    if isinstance(union[1], str):
        union[1] = avro
        return
    inner = _dict(union[1])
    parameters = _dict(inner["connect.parameters"])
    inner["type"] = avro
    parameters["__debezium.source.column.type"] = name
    parameters.pop("__debezium.source.column.length", None)


def _dict(value: Json) -> Schema:
    assert isinstance(value, dict)
    return value


def _list(value: Json) -> list[Json]:
    assert isinstance(value, list)
    return value


def table_maps() -> dict[str, bytes]:
    """Bodies of TABLE_MAP events by table name."""
    lines = (_HERE / "table_maps.txt").read_text().splitlines()
    bodies = [bytes.fromhex(line) for line in lines if not line.startswith("#")]
    return dict(zip(("t", "nokey", "uk", "od-d", "labels", "prefix", "vector"), bodies, strict=True))
