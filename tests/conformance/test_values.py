"""Every value of every type on real servers: the log and a SELECT give the same bytes, Avro's own reader understands
them, and the literals made of them rebuild the same row at the destination."""

import json
import math
import random
import struct
from dataclasses import replace

import pytest

from capture.definitions import read_tables
from deploy.local import Stack
from runtime.mysql import Connection
from schemas import codec
from schemas.names import TableName
from schemas.sql import identifier, qualified, text_literal
from schemas.table import Table
from schemas.types.jsonb import double_text
from tests.conformance.paths import (
    LAX,
    assert_same,
    common_parts,
    create,
    decoded,
    executed,
    insert,
    read_avro,
    read_chunk,
    read_log,
)
from tests.conformance.values import CASES, Case
from tests.unit.schemas import golden


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.type[:50])
def test_log_and_snapshot_agree_and_rebuild_the_row(
    case: Case, stack: Stack, source: Connection, destination: Connection, database: str
) -> None:
    table = create(
        source, destination, TableName(database, "t"), f"id INT PRIMARY KEY, v {case.type}, w {case.type} NOT NULL"
    )
    since = executed(source)
    rows = [f"({number}, {value}, {value})" for number, value in enumerate(case.expressions)]
    rows.append(f"({len(rows)}, NULL, {case.expressions[0]})")
    for row in rows:
        source.execute(f"INSERT INTO {qualified(table.name)} VALUES {row}")

    logged = assert_same(stack, source, destination, since, table, "id")

    assert len(logged.values) == len(rows)


# type, expression, what a reader of Avro sees (None: no plain equality), MySQL's text beside it
_TRAPS: tuple[tuple[str, str, object, str | None], ...] = (
    ("TIME", "'-838:59:59'", -3_020_399_000_000, None),
    ("TIME(6)", "'-00:00:00.000001'", -1, None),
    ("BIGINT UNSIGNED", "18446744073709551615", -1, "18446744073709551615"),
    ("BIGINT UNSIGNED", "9223372036854775807", 9223372036854775807, None),
    ("YEAR", "0", 0, None),
    ("YEAR", "2155", 2155, None),
    ("FLOAT", "16777217", 16777216.0, None),
    ("FLOAT", "3.4028234663852886e38", 3.4028234663852886e38, None),
    ("DATETIME", "'0001-01-01 00:00:00'", -62_135_596_800_000, None),
    ("DATETIME(6)", "'1582-10-10 00:00:00'", -12_219_724_800_000_000, None),
    ("DATETIME", "'0000-00-00 00:00:00'", 0, "0000-00-00 00:00:00"),
    ("DATETIME(2)", "'2024-00-00 12:34:56.78'", 0, "2024-00-00 12:34:56.78"),
    ("TIMESTAMP(3)", "'0000-00-00'", "1970-01-01T00:00:00.000Z", "0000-00-00 00:00:00.000"),
    ("TIMESTAMP(6)", "'2038-01-19 03:14:07.999999'", "2038-01-19T03:14:07.999999Z", None),
    ("DATE", "'2024-02-31'", 0, "2024-02-31"),
    ("DATE", "'9999-12-31'", 2_932_896, None),
    ("TINYINT(1)", "-128", True, "-128"),
    ("TINYINT(1)", "1", True, None),
    ("ENUM('a','b,c','')", "0", "", "0"),
    ("ENUM('a','b,c','')", "3", "", None),
    ("BIT(20)", "b'10000000000000000001'", b"\x01\x00\x08", None),
    ("BINARY(4)", "X'01'", b"\x01\0\0\0", None),
    ("DECIMAL(5,2)", "-1.10", -110, None),
    ("JSON", "CAST(CAST(1.10 AS DECIMAL(5,2)) AS JSON)", "1.10", '{"$": "DECIMAL 1.10"}'),
    (
        "JSON",
        "CAST(CAST('2024-01-02 03:04:05.5' AS DATETIME(6)) AS JSON)",
        '"2024-01-02 03:04:05.500000"',
        '{"$": "DATETIME 2024-01-02 03:04:05.500000"}',
    ),
    ("JSON", "JSON_ARRAY('2024-01-02', 1.5e0, 7)", '["2024-01-02", 1.5, 7]', None),
    ("VARCHAR(5) CHARACTER SET latin1", "'\u20ac'", "\u20ac", None),
    ("VARCHAR(9)", "'trail  '", "trail  ", None),
    ("LONGTEXT", "'a\\0b'", "a\0b", None),
    ("VECTOR(2)", "STRING_TO_VECTOR('[1.5,-2]')", [1.5, -2.0], None),
)


@pytest.mark.parametrize(("type_", "expression", "seen", "exact"), _TRAPS)
def test_values_that_are_easily_corrupted(
    type_: str,
    expression: str,
    seen: object,
    exact: str | None,
    stack: Stack,
    source: Connection,
    destination: Connection,
    database: str,
) -> None:
    table = create(source, destination, TableName(database, "t"), f"id INT PRIMARY KEY, c {type_} NOT NULL")
    since = executed(source)
    source.execute(f"INSERT INTO {qualified(table.name)} VALUES (1, {expression})")

    record = read_avro(table, read_log(stack, source, since, table).values[0])

    after = record["after"]
    assert isinstance(after, dict)
    value = after["c"]
    if type_.startswith("DECIMAL"):  # fastavro makes a Decimal of it
        assert str(value) == "-1.10"
    else:
        assert value == seen
    assert record["exact"] == (None if exact is None else {"c": exact})


def test_a_geometrys_axes_stay_as_stored(
    stack: Stack, source: Connection, destination: Connection, database: str
) -> None:
    table = create(source, destination, TableName(database, "t"), "id INT PRIMARY KEY, p POINT SRID 4326 NOT NULL")
    since = executed(source)
    point = "ST_GeomFromText('POINT(1 2)', 4326, 'axis-order=long-lat')"
    source.execute(f"INSERT INTO {qualified(table.name)} VALUES (1, {point})")

    logged = read_log(stack, source, since, table)

    after = read_avro(table, logged.values[0])["after"]
    assert isinstance(after, dict)
    assert (after["p"]["x"], after["p"]["y"], after["p"]["srid"]) == (1.0, 2.0, 4326)
    insert(destination, table, decoded(table, logged.values))
    sql = f"SELECT ST_Longitude(p), ST_Latitude(p) FROM {qualified(table.name)}"
    assert destination.query(sql) == source.query(sql) == [(1.0, 2.0)]


_MIXED = """
  id BIGINT UNSIGNED NOT NULL, flag TINYINT(1), small SMALLINT, price DECIMAL(12,3) NOT NULL DEFAULT 1.5, ratio DOUBLE,
  name VARCHAR(64) NOT NULL DEFAULT '', body TEXT CHARACTER SET latin1, made DATETIME(6), seen TIMESTAMP NULL,
  raw VARBINARY(40), doc JSON, mood ENUM('a','b','') NOT NULL DEFAULT 'b',
  doubled DOUBLE GENERATED ALWAYS AS (ratio * 2) VIRTUAL,
  tripled DECIMAL(13,3) GENERATED ALWAYS AS (price * 3) STORED NOT NULL, hidden INT INVISIBLE DEFAULT 7,
  KEY computed ((LOWER(name))), KEY members ((CAST(doc->'$.a' AS UNSIGNED ARRAY)))
"""
_WRITABLE = "id, flag, small, price, ratio, name, body, made, seen, raw, doc, mood, hidden"


def _random_row(chance: random.Random, number: int) -> str:
    """A row of the mixed table as SQL literals."""

    def maybe(literal: str) -> str:
        return "NULL" if chance.random() < 0.2 else literal

    words = "".join(chance.choice("ab '\\\n\u00e9\u20ac") for _ in range(chance.randrange(40)))
    quoted = text_literal(words)
    day = f"{chance.randrange(10000):04}-{chance.randrange(13):02}-{chance.randrange(29):02}"
    moment = f"'{day} 12:34:56.{chance.randrange(10**6):06}'"
    document = json.dumps(
        {"a": [chance.randrange(1 << 40)], words: chance.uniform(-1e3, 1e3), "z": chance.random() * 1e-9}
    )
    return ", ".join(
        (
            str(number),
            maybe(str(chance.randrange(-128, 128))),
            maybe(str(chance.randrange(-(1 << 15), 1 << 15))),
            str(chance.randrange(-(10**12), 10**12) / 1000),
            maybe(repr(struct.unpack("<d", struct.pack("<Q", chance.getrandbits(62)))[0])),
            quoted,
            maybe(quoted),
            maybe(moment),
            maybe(f"FROM_UNIXTIME({chance.randrange(1, 1 << 31)})"),
            maybe(f"X'{chance.randbytes(chance.randrange(40)).hex()}'"),
            maybe(text_literal(document)),
            str(chance.randrange(4)),
            maybe(str(chance.randrange(-(1 << 31), 1 << 31))),
        )
    )


@pytest.mark.parametrize(
    "key", ["PRIMARY KEY (id)", "PRIMARY KEY (name, made, flag, id)", "UNIQUE KEY u (mood, id)", ""]
)
def test_a_mixed_table_through_inserts_updates_and_deletes(
    key: str, stack: Stack, source: Connection, destination: Connection, database: str
) -> None:
    body = _MIXED + (f", {key}" if key else "")
    if "made" in key:
        for column in ("made DATETIME(6)", "flag TINYINT(1)"):
            body = body.replace(column, f"{column} NOT NULL DEFAULT 0")
    table = create(source, destination, TableName(database, "mixed"), body)
    chance = random.Random(11)
    since = executed(source)
    name = qualified(table.name)
    rows = ", ".join(f"({_random_row(chance, number)})" for number in range(200))
    source.execute(f"INSERT IGNORE INTO {name} ({_WRITABLE}) VALUES {rows}")
    changes = "ratio = -ratio, body = CONCAT(body, '\u20ac'), flag = 5, made = made + INTERVAL 1 DAY"
    source.execute(f"UPDATE {name} SET {changes} WHERE id % 3 = 0")
    source.execute(f"UPDATE {name} SET id = 18446744073709551615 - id WHERE id % 5 = 1")
    source.execute(f"DELETE FROM {name} WHERE id % 7 = 2")

    logged = read_log(stack, source, since, table)

    assert logged.table == table
    chunk = read_chunk(source, logged.plan)
    spliced = codec.splice(logged.plan, chunk.rows, chunk.exacts, common_parts(table.name))
    state = _replayed(table, logged.values)
    assert sorted(state) == sorted(change.after or "" for change in decoded(table, spliced))
    written = ", ".join(identifier(column.name) for column in table.columns if not column.generated)
    destination.execute(f"SET SESSION sql_mode = '{LAX}'")
    destination.execute(f"INSERT INTO {name} ({written}) VALUES {', '.join(state)}")
    everything = f"SELECT *, hidden FROM {name} ORDER BY id"
    assert destination.raw_rows(everything) == source.raw_rows(everything)
    if table.key:
        assert len(set(chunk.keys)) == len(chunk.keys)


def _replayed(table: Table, values: list[bytes]) -> list[str]:
    """The rows that remain, by their whole text where the table has no key."""
    keyed: dict[str, str] = {}
    rows: list[str] = []
    for change in decoded(table, values):
        if table.key:
            keyed.pop(change.key, None)
            if change.after is not None:
                keyed[change.key] = change.after
        else:
            if change.before is not None:
                rows.remove(f"({','.join(change.before)})")
            if change.after is not None:
                rows.append(change.after)
    return list(keyed.values()) or rows


def test_the_tables_of_the_golden_schemas_are_what_the_server_tells(source: Connection, database: str) -> None:
    source.execute(f"USE {database}")
    for statement in golden.STATEMENTS:
        source.execute(statement)
    expected = golden.tables()

    told = read_tables(source, [TableName(database, table.name.name) for table in expected])

    assert [_as_golden(told[TableName(database, table.name.name)], table.name) for table in expected] == expected


def _as_golden(table: Table, name: TableName) -> Table:
    """Without what the golden schemas do not speak of."""
    return replace(table, name=name, other_keys=None, collation=None)


def test_doubles_in_json_print_as_the_server_prints_them(source: Connection) -> None:
    chance = random.Random(13)
    values = [struct.unpack("<d", chance.randbytes(8))[0] for _ in range(2000)]
    values += [chance.uniform(-10, 10) * 10.0 ** chance.randrange(-20, 25) for _ in range(2000)]
    values += [float(chance.randrange(1 << 60)) for _ in range(500)] + [2.0**exponent for exponent in range(-60, 70)]
    values = [value for value in values if math.isfinite(value)]
    for start in range(0, len(values), 500):
        part = values[start : start + 500]
        sql = "SELECT " + ", ".join(f"CAST(CAST({value!r} AS DOUBLE) AS JSON)" for value in part)
        assert list(source.query(sql)[0]) == [double_text(value) for value in part]


def test_text_of_json_reads_back_to_the_same_doubles(destination: Connection) -> None:
    chance = random.Random(17)
    values = [struct.unpack("<d", chance.randbytes(8))[0] for _ in range(1000)]
    texts = [double_text(value) for value in values if math.isfinite(value)]

    found = destination.query("SELECT " + ", ".join(f"CAST({text_literal(words)} AS JSON)" for words in texts))

    assert list(found[0]) == texts
