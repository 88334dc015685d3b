"""Schemas equal Debezium's, and stand up to fastavro."""

import json
from copy import deepcopy
from dataclasses import replace

import fastavro
import pytest

from schemas.avro import envelope_schema, field_names, key_schema, namespace, text, unsourced
from schemas.names import TableName
from schemas.table import Column, Table
from schemas.types.column import Json
from tests.unit.schemas import golden

_OURS: list[Json] = [
    {"name": "epoch", "type": "long", "default": 0},
    {"name": "exact", "type": ["null", {"type": "map", "values": "string"}], "default": None},
]


_SOURCED, _PLAIN = golden.schemas("sourced.txt"), golden.schemas("plain.txt")
_TABLES = {str(table.name): table for table in golden.tables()}


def _ours(table: Table) -> golden.Schema:
    """The envelope without our fields, which are its last."""
    envelope = envelope_schema(golden.TASK, table)
    fields = envelope["fields"]
    assert isinstance(fields, list)
    assert fields[-2:] == _OURS
    return {**envelope, "fields": fields[:-2]}


@pytest.mark.parametrize("title", _SOURCED)
def test_schemas_equal_debeziums_with_source_types(title: str) -> None:
    name, _, kind = title.rpartition(" ")
    expected = deepcopy(_SOURCED[title])
    if kind == "KEY":
        assert key_schema(golden.TASK, _TABLES[name]) == expected
        return
    assert expected is not None
    for field in golden.columns(expected):
        golden.as_mysql_keeps_it(field)
    assert _ours(_TABLES[name]) == expected


@pytest.mark.parametrize("title", _PLAIN)
def test_schemas_without_source_types_equal_debeziums_plain_ones(title: str) -> None:
    name, _, kind = title.rpartition(" ")
    expected = deepcopy(_PLAIN[title])
    if kind == "KEY":
        assert key_schema(golden.TASK, _TABLES[name]) == expected
        return
    assert expected is not None
    for field in golden.columns(expected):
        golden.as_mysql_keeps_it(field)
    envelope = _ours(_TABLES[name])
    for field in golden.columns(envelope):
        kept = field["type"]
        field["type"] = [_plain(part) for part in kept] if isinstance(kept, list) else _plain(kept)
    assert envelope == expected


def _plain(avro: Json) -> Json:
    return unsourced(avro) if isinstance(avro, dict) else avro


def test_real_is_the_one_column_whose_type_differs_from_debeziums() -> None:
    expected = _PLAIN["db1.t VALUE"]
    assert expected is not None
    ours = {str(field["name"]): field for field in golden.columns(_ours(_TABLES["db1.t"]))}

    def avro(field: golden.Schema) -> Json:
        parts = field["type"] if isinstance(field["type"], list) else [field["type"]]
        return [part["type"] if isinstance(part, dict) else part for part in parts]

    assert [field["name"] for field in golden.columns(expected) if avro(field) != avro(ours[str(field["name"])])] == [
        "r"
    ]


@pytest.mark.parametrize("table", golden.tables(), ids=lambda table: table.name.name)
def test_fastavro_reads_every_schema(table: Table) -> None:
    fastavro.parse_schema(envelope_schema(golden.TASK, table))
    key = key_schema(golden.TASK, table)
    if key is not None:
        fastavro.parse_schema(key)


def _table(*columns: Column, key: tuple[str, ...] = ()) -> Table:
    return Table(name=TableName("d", "t"), columns=columns, primary_key=key)


def _column(name: str, data_type: str, nullable: bool = True, default: str | None = None) -> Column:
    return Column(name=name, data_type=data_type, column_type=data_type, nullable=nullable, default=default)


def test_columns_whose_avro_names_would_be_one_are_told_apart() -> None:
    table = _table(_column("a-b", "int"), _column("a_b", "int"), _column("a b", "int"), _column("9", "int"))

    assert field_names(table) == {"a-b": "a_b__1", "a_b": "a_b", "a b": "a_b__3", "9": "_9"}


def test_names_in_a_namespace_are_letters_digits_and_underscores() -> None:
    assert namespace("my-task", TableName("d.b", "\u00e9t")) == "my_task.d_b._t"


def test_a_second_geometry_refers_to_the_first() -> None:
    table = _table(_column("a", "geometry"), _column("b", "linestring"), _column("c", "point"), _column("d", "point"))

    fastavro.parse_schema(envelope_schema("task", table))


def test_a_tinyint_1_in_a_key_stays_a_number() -> None:
    flag = replace(_column("flag", "tinyint", nullable=False), column_type="tinyint(1)")

    assert '"boolean"' in text(envelope_schema("task", _table(flag)))
    assert '"boolean"' not in text(envelope_schema("task", _table(flag, key=("flag",))))


@pytest.mark.parametrize(
    ("column", "default"),
    [
        (_column("c", "int", default="-5"), -5),
        (replace(_column("c", "bigint", default="18446744073709551615"), unsigned=True), -1),
        (replace(_column("c", "decimal", default="-1.5"), precision=5, scale=2), "\u00ff\u006a"),
        (_column("c", "double", default="0.1"), 0.1),
        (replace(_column("c", "bit", default="b'101'"), length=5), "\x05"),
        (replace(_column("c", "bit", default="b'1'"), length=1), True),
        (replace(_column("c", "binary", default="0x61"), length=3), "a\x00\x00"),
        (_column("c", "year", default="0000"), 0),
        (_column("c", "date", default="1970-01-02"), 1),
        (_column("c", "time", default="-00:00:01"), -1_000_000),
        (_column("c", "datetime", default="1970-01-01 00:00:01"), 1000),
        (replace(_column("c", "datetime", default="1970-01-01 00:00:01.5"), fraction=6), 1_500_000),
        (_column("c", "timestamp", default="2020-01-02 03:04:05"), "2020-01-02T03:04:05Z"),
        (replace(_column("c", "timestamp", default="CURRENT_TIMESTAMP(3)"), fraction=3), "1970-01-01T00:00:00.000Z"),
        (replace(_column("c", "enum", default="b"), labels=("a", "b")), "b"),
    ],
    ids=lambda value: value.data_type if isinstance(value, Column) else None,
)  # fmt: skip
def test_a_default_stands_in_the_first_branch(column: Column, default: Json) -> None:
    schema = envelope_schema("task", _table(column))

    before = json.loads(text(schema))["fields"][0]["type"][1]["fields"][0]
    assert before["default"] == default
    assert before["type"][0]["connect.default"] == default
    assert before["type"][1] == "null"
    fastavro.parse_schema(schema)


@pytest.mark.parametrize(
    "column",
    [
        replace(_column("c", "varchar", default="uuid()"), default_is_expression=True),
        replace(_column("c", "int", default="(1 + 1)"), default_is_expression=True),
        _column("c", "date", default="0000-00-00"),
        _column("c", "int", default="not a number"),
    ],
    ids=lambda column: column.default,
)
def test_a_default_that_avro_cannot_hold_is_none(column: Column) -> None:
    before = json.loads(text(envelope_schema("task", _table(column))))["fields"][0]["type"][1]["fields"][0]

    assert before["default"] is None
    assert before["type"][0] == "null"


def test_a_type_without_source_parameters_is_debeziums_without_them() -> None:
    assert unsourced({"type": "int", "connect.parameters": {"__debezium.source.column.type": "INT"}}) == "int"
    assert unsourced(
        {"type": "string", "connect.parameters": {"allowed": "a", "__debezium.source.column.type": "ENUM"}}
    ) == {
        "type": "string",
        "connect.parameters": {"allowed": "a"},
    }
