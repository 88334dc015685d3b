"""TABLE_MAP events of a real server, and what is damaged or too old."""

import random
from dataclasses import replace

import pytest

from runtime.errors import Fatal
from schemas.names import TableName
from schemas.table import Column, Table, UniqueKey
from schemas.table_map import MapColumn, TableMap, parse_table_map, table_of
from schemas.types.column import Malformed
from tests.unit.schemas import golden

_MAPS = golden.table_maps()
_ENUM, _UCS2_GENERAL_CI = 0xF7, 35  # codes of the server's
_TABLES = {table.name.name: table for table in golden.tables()}


@pytest.mark.parametrize("name", _TABLES)
def test_the_log_and_the_definition_tell_of_the_same_table(name: str) -> None:
    tracked = _TABLES[name]

    found = table_of(parse_table_map(_MAPS[name]), tracked)

    assert found == tracked


def test_the_log_alone_tells_names_types_and_the_key() -> None:
    found, known = table_of(parse_table_map(_MAPS["t"]), None), _TABLES["t"]

    assert found.name == TableName("db1", "t")
    assert found.primary_key == ("id",)
    for column, told in zip(found.columns, known.columns, strict=True):
        length = 0 if told.data_type in ("enum", "set") or told.data_type.endswith(("text", "blob")) else told.length
        silent = replace(
            told,
            column_type="tinyint" if told.name == "bo" else told.column_type,
            length=length,
            default=None,
            default_is_expression=False,
            generated=False,
            auto_increment=False,
            comment="",
        )
        assert column == silent


def test_labels_come_in_their_own_charset() -> None:
    found = table_of(parse_table_map(_MAPS["labels"]), None)

    assert [column.labels for column in found.columns] == [("\u00e9", "a\\b", ""), ("x", "it's"), ("q",), ("\u00fc",)]
    assert [column.charset for column in found.columns] == ["latin1", "utf8mb4", "binary", "ucs2"]
    assert found.primary_key == ("e", "s")
    assert found.columns[0].column_type == r"enum('" + "\u00e9" + r"','a\\b','')"


def test_a_key_with_a_prefix_identifies_nothing() -> None:
    found = parse_table_map(_MAPS["prefix"])

    assert found.primary_key == ((0, 10), (3, 0))
    table = table_of(found, None)
    assert table.primary_key == ()
    assert [(column.data_type, column.length) for column in table.columns] == [
        ("varchar", 50),
        ("blob", 0),
        ("char", 255),
        ("int", 0),
    ]


def test_a_vector_counts_where_collations_are_listed() -> None:
    found = table_of(parse_table_map(_MAPS["vector"]), None)

    charsets = {column.name: column.charset for column in found.columns if column.charset is not None}
    assert charsets == {"a": "latin1", "b": "utf8mb4", "c": "binary", "d": "gbk", "e": "latin1"}


def test_what_the_log_does_not_say_is_kept_for_columns_of_the_same_type() -> None:
    tracked = _TABLES["uk"]
    described = replace(tracked.columns[0], comment="kept", default="7")
    changed = replace(tracked.columns[1], data_type="bigint", column_type="bigint", comment="of another type")
    gone = Column(name="gone", data_type="int", column_type="int", nullable=False)
    keys = (*tracked.unique_keys, UniqueKey(name="k", columns=("a", "gone"), total=True))
    older = Table(
        name=tracked.name, columns=(gone, described, changed), unique_keys=keys, charset="latin1", comment="a table"
    )

    found = table_of(parse_table_map(_MAPS["uk"]), older)

    assert [column.comment for column in found.columns] == ["kept", ""]
    assert found.columns[1].data_type == "int"
    assert [key.name for key in found.unique_keys] == ["a"]
    assert (found.charset, found.comment) == ("latin1", "a table")


def test_a_key_on_a_column_that_became_nullable_identifies_no_row() -> None:
    event = parse_table_map(_MAPS["uk"])
    loosened = replace(event, columns=(replace(event.columns[0], nullable=True), event.columns[1]))

    assert [key.total for key in table_of(loosened, _TABLES["uk"]).unique_keys] == [False]


def test_without_names_an_operator_must_act() -> None:
    event = parse_table_map(_MAPS["uk"])

    with pytest.raises(Fatal, match=r"db1\.uk") as caught:
        table_of(replace(event, has_names=False), None)
    assert "binlog_row_metadata=FULL" in caught.value.hint


def test_labels_that_a_conversion_has_left_in_other_bytes_are_as_the_server_shows_them() -> None:
    """Of ENUM('on', 'off', 'Größe') after CONVERT TO CHARACTER SET ucs2."""
    labels = tuple(label.encode() for label in ("on", "off", "Größe"))
    event = _one(_ENUM, collation=_UCS2_GENERAL_CI, labels=labels, size=1)

    [column] = table_of(event, None).columns

    assert column.column_type == "enum('潮','潦','䝲쎶쎟')"


def test_a_decimal_of_mysql_4_is_refused() -> None:
    with pytest.raises(Fatal, match="column old: DECIMAL in the format of MySQL 4"):
        table_of(_one(0), None)


@pytest.mark.parametrize(("code", "name"), [(7, "timestamp"), (11, "time"), (12, "datetime")])
def test_times_of_servers_before_5_6_are_times(code: int, name: str) -> None:
    [column] = table_of(_one(code), None).columns

    assert (column.data_type, column.column_type, column.fraction) == (name, name, 0)


def test_an_unknown_type_is_refused() -> None:
    with pytest.raises(Fatal, match="column old: type code 99"):
        table_of(_one(99), None)


def _one(code: int, collation: int | None = None, labels: tuple[bytes, ...] = (), size: int = 0) -> TableMap:
    column = MapColumn(
        type=code,
        size=size,
        precision=0,
        scale=0,
        nullable=True,
        name="old",
        unsigned=False,
        collation=collation,
        labels=labels,
        geometry=0,
        dimensions=0,
        visible=True,
    )
    return TableMap(table_id=1, name=TableName("d", "t"), columns=(column,), has_names=True, primary_key=())


@pytest.mark.parametrize("name", _MAPS)
def test_a_cut_event_is_malformed_or_has_less_metadata(name: str) -> None:
    body = _MAPS[name]
    for size in range(len(body)):
        try:
            parse_table_map(body[:size])
        except Malformed:
            continue
        assert size > len(body) // 4  # the metadata is optional: a cut between two of its fields stays readable


def test_damage_anywhere_is_refused_or_read_but_never_a_crash() -> None:
    chance = random.Random(3)
    for body in _MAPS.values():
        for _ in range(400):
            damaged = bytearray(body)
            for _ in range(chance.randint(1, 3)):
                damaged[chance.randrange(len(damaged))] = chance.randrange(256)
            try:
                table_of(parse_table_map(bytes(damaged)), None)
            except Fatal:
                continue


@pytest.mark.parametrize("count", [1, 250, 251, 4096])
def test_tables_of_as_many_columns_as_a_server_takes(count: int) -> None:
    assert len(parse_table_map(_map_of(count)).columns) == count


def test_more_columns_than_a_server_takes_are_refused() -> None:
    with pytest.raises(Malformed, match="a TABLE_MAP event of 4097 columns"):
        parse_table_map(_map_of(4097))


def _map_of(count: int) -> bytes:
    """INT columns, without optional metadata."""
    packed = bytes((count,)) if count < 251 else b"\xfc" + count.to_bytes(2, "little")
    head = b"\x07\0\0\0\0\0\x01\0" + b"\x01d\0" + b"\x01t\0"
    return head + packed + b"\x03" * count + b"\0" + b"\0" * ((count + 7) // 8)


def test_a_table_without_columns_is_malformed() -> None:
    with pytest.raises(Malformed, match="0 columns"):
        parse_table_map(bytes(6) + b"\0\0\x01d\0\x01t\0\0\0\x04\0")
