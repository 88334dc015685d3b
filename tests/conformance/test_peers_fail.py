"""What other tools corrupt or die on, each by name: here it arrives, by snapshot and by log, byte for byte.

Of Debezium 3.6 with its JDBC sink each of these was measured to be changed, refused or fatal, in one path or in both.
"""

import pytest

from deploy.local import Stack
from runtime.mysql import Connection
from schemas.names import TableName
from schemas.sql import qualified
from tests.conformance.paths import assert_same, create, executed

#: name: type, expression to store, expression over the column `c`, its value at both ends
_CASES: dict[str, tuple[str, str, str, object]] = {
    "TIME beyond 24 hours": ("TIME", "'838:59:59'", "CAST(c AS CHAR)", "838:59:59"),
    "TIME below zero": ("TIME(6)", "'-838:59:59'", "CAST(c AS CHAR)", "-838:59:59.000000"),
    "the largest BIGINT UNSIGNED": ("BIGINT UNSIGNED", "18446744073709551615", "c", (1 << 64) - 1),
    "the largest INT UNSIGNED": ("INT UNSIGNED", "4294967295", "c", (1 << 32) - 1),
    "YEAR 0000": ("YEAR", "'0000'", "c + 0", 0),
    "YEAR 1901": ("YEAR", "1901", "c + 0", 1901),
    "FLOAT of more than six digits": ("FLOAT", "16777217", "c * 1e0", 16777216.0),
    "the largest FLOAT": ("FLOAT", "3.4028234663852886e38", "c * 1e0", 3.4028234663852886e38),
    "the smallest FLOAT": ("FLOAT", "1.401298464324817e-45", "c * 1e0", 1.401298464324817e-45),
    "DATETIME of the year 1": ("DATETIME", "'0001-01-01'", "CAST(c AS CHAR)", "0001-01-01 00:00:00"),
    "DATETIME of the year 69": ("DATETIME", "'0069-12-31'", "CAST(c AS CHAR)", "0069-12-31 00:00:00"),
    "DATE of the year 69": ("DATE", "'0069-12-31'", "CAST(c AS CHAR)", "0069-12-31"),
    "a Julian DATETIME": ("DATETIME(1)", "'1582-10-10 01:02:03.4'", "CAST(c AS CHAR)", "1582-10-10 01:02:03.4"),
    "a Julian DATE": ("DATE", "'1582-10-05'", "CAST(c AS CHAR)", "1582-10-05"),
    "zero DATE": ("DATE", "'0000-00-00'", "CAST(c AS CHAR)", "0000-00-00"),
    "zero DATETIME": ("DATETIME(6)", "'0000-00-00'", "CAST(c AS CHAR)", "0000-00-00 00:00:00.000000"),
    "zero TIMESTAMP": ("TIMESTAMP", "'0000-00-00'", "CAST(c AS CHAR)", "0000-00-00 00:00:00"),
    "partial DATE": ("DATE", "'2024-00-00'", "CAST(c AS CHAR)", "2024-00-00"),
    "partial DATETIME": ("DATETIME", "'2024-02-00 12:00:00'", "CAST(c AS CHAR)", "2024-02-00 12:00:00"),
    "a day that no month has": ("DATE", "'2024-02-31'", "CAST(c AS CHAR)", "2024-02-31"),
    "SRID 4326 keeps its axes": (
        "POINT SRID 4326", "ST_GeomFromText('POINT(1 2)', 4326, 'axis-order=long-lat')",
        "CONCAT(ST_Longitude(c), ' ', ST_Latitude(c), ' ', ST_SRID(c))", "1 2 4326",
    ),
    "SRID 3857": ("POINT SRID 3857", "ST_GeomFromText('POINT(1 2)', 3857)", "CONCAT(ST_X(c), ST_SRID(c))", "13857"),
    "decimal in JSON": ("JSON", "JSON_OBJECT('n', 1.10)", "CONCAT(c, JSON_TYPE(c->'$.n'))", '{"n": 1.10}DECIMAL'),
    "DATETIME in JSON": (
        "JSON", "JSON_ARRAY(CAST('2024-01-02 03:04:05.5' AS DATETIME(6)))", "CONCAT(c, JSON_TYPE(c->'$[0]'))",
        '["2024-01-02 03:04:05.500000"]DATETIME',
    ),
    "ENUM's error value beside an empty label": ("ENUM('a','b','')", "0", "c + 0", 0.0),
    "ENUM labels with commas": ("ENUM('a','b,c','')", "'b,c'", "c", "b,c"),
    "ENUM's empty label": ("ENUM('a','b,c','')", "3", "c + 0", 3.0),
    "SET of the empty label": ("SET('','a')", "1", "c + 0", 1.0),
    "DECIMAL(65,30)": (
        "DECIMAL(65,30)", "'" + "9" * 35 + "." + "9" * 30 + "'", "CAST(c AS CHAR)", "9" * 35 + "." + "9" * 30,
    ),
    "DECIMAL(40,20)": ("DECIMAL(40,20)", "12345678901234567890.00000000000000000001", "CAST(c AS CHAR)",
                       "12345678901234567890.00000000000000000001"),
    "BINARY padded with zeros": ("BINARY(4)", "X'41'", "HEX(c)", "41000000"),
    "VARBINARY that ends in zeros and spaces": ("VARBINARY(9)", "X'41200020'", "HEX(c)", "41200020"),
    "TINYINT(1) that is no boolean": ("TINYINT(1)", "-128", "c", -128),
    "BIT(64)": ("BIT(64)", "18446744073709551615", "c + 0", (1 << 64) - 1),
    "negative zero": ("DOUBLE", "-0.0e0", "CONCAT(c)", "-0"),
    "the largest DOUBLE": ("DOUBLE", "1.7976931348623157e308", "c", 1.7976931348623157e308),
    "the smallest DOUBLE": ("DOUBLE", "4.94065645841247e-324", "c", 5e-324),
}  # fmt: skip


@pytest.mark.parametrize("name", _CASES)
def test_arrives_as_it_is(name: str, stack: Stack, source: Connection, destination: Connection, database: str) -> None:
    type_, stored, expression, expected = _CASES[name]
    table = create(source, destination, TableName(database, "t"), f"id INT PRIMARY KEY, c {type_} NOT NULL")
    since = executed(source)
    source.execute(f"INSERT INTO {qualified(table.name)} VALUES (1, {stored})")

    assert_same(stack, source, destination, since, table, "id")

    shown = f"SELECT {expression} FROM {qualified(table.name)}"
    assert source.query(shown) == destination.query(shown) == [(expected,)]
