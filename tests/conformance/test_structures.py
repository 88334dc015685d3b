"""Tables of every structure, by snapshot and by log, rebuilt at the destination."""

from dataclasses import dataclass

import pytest

from deploy.local import Stack
from runtime.mysql import Connection
from schemas.names import TableName
from schemas.sql import qualified
from tests.conformance.paths import assert_same, create, executed, tracked_table


@dataclass(frozen=True, slots=True)
class Structure:
    """The body of a CREATE TABLE, what is inserted (in `order`), what follows the body, what the session sets."""

    body: str
    rows: tuple[str, ...]
    order: str = "id"
    options: str = ""
    settings: str = ""


_NUMBERS = ", ".join(f"c{number} TINYINT" for number in range(1016))

STRUCTURES = {
    "generated columns": Structure(
        """id INT PRIMARY KEY, a INT, v INT AS (a * 2) VIRTUAL, s VARCHAR(20) AS (CONCAT('x', a)) STORED NOT NULL,
        j JSON AS (JSON_OBJECT('a', a * 1.10)) STORED, UNIQUE KEY (v), KEY (s)""",
        ("(id, a) VALUES (1, 5)", "(id, a) VALUES (2, -7)"),
    ),
    "a generated key": Structure(
        "a INT NOT NULL, id INT AS (a + 1) STORED PRIMARY KEY, b INT AS (a + 2) VIRTUAL NOT NULL UNIQUE",
        ("(a) VALUES (1)", "(a) VALUES (5)"),
    ),
    "a virtual column in a unique key": Structure(
        "a INT NOT NULL, id INT AS (a + 1) VIRTUAL NOT NULL, UNIQUE KEY (id)", ("(a) VALUES (1)", "(a) VALUES (5)")
    ),
    "invisible columns": Structure(
        "id INT PRIMARY KEY, a INT INVISIBLE, b INT DEFAULT 5 INVISIBLE, c DATE INVISIBLE DEFAULT (CURRENT_DATE)",
        ("(id) VALUES (1)", "(id, a, b, c) VALUES (2, 3, NULL, '0000-00-00')"),
    ),
    "an invisible primary key of the server's": Structure(
        "a INT", ("(a) VALUES (1)", "(a) VALUES (1)"), order="my_row_id",
        settings="SET SESSION sql_generate_invisible_primary_key = 1"
    ),
    "expression defaults": Structure(
        """id INT PRIMARY KEY, u CHAR(36) DEFAULT (UUID()), j JSON DEFAULT (JSON_ARRAY(1, 1.10)), t TEXT DEFAULT ('x'),
        g POINT DEFAULT (POINT(1, 2)), d DATETIME(6) DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6)""",
        ("(id) VALUES (1)", "VALUES (2, NULL, NULL, NULL, NULL, NULL)"),
    ),
    "functional indexes": Structure(
        """id INT PRIMARY KEY, name VARCHAR(20), doc JSON, UNIQUE KEY ((LOWER(name))), KEY ((name IS NULL), id),
        KEY ((CAST(doc->'$.tags' AS CHAR(20) ARRAY)))""",
        ("""VALUES (1, 'A', '{"tags": ["x", "y"]}')""", "VALUES (2, NULL, NULL)"),
    ),
    "zerofill and synonyms": Structure(
        "id SERIAL, z INT(8) ZEROFILL, b BOOL, y YEAR, r REAL, n NUMERIC(5,1) ZEROFILL, c NCHAR(3), v NVARCHAR(3)",
        ("VALUES (1, 42, TRUE, 1970, 0.1, 1.5, 'x', 'y')",),
    ),
    "the row 0 of an AUTO_INCREMENT column": Structure(
        "id INT AUTO_INCREMENT PRIMARY KEY, a INT", ("VALUES (-3, 3)", "VALUES (0, 1)", "VALUES (5, 2)"),
        settings="SET SESSION sql_mode = 'NO_AUTO_VALUE_ON_ZERO'",
    ),
    "checks that the rows pass": Structure(
        "id INT PRIMARY KEY CHECK (id > 0), a INT, CONSTRAINT low CHECK (a < 10), CHECK (a > 5) NOT ENFORCED",
        ("VALUES (1, 2)", "VALUES (2, NULL)"),
    ),
    "partitions by range": Structure(
        "id INT, d DATE, PRIMARY KEY (id, d)",
        ("VALUES (1, '0000-00-00')", "VALUES (2, '2024-01-01')", "VALUES (3, '9999-12-31')"),
        options="PARTITION BY RANGE COLUMNS (d) (PARTITION a VALUES LESS THAN ('2020-01-01'),"
        " PARTITION b VALUES LESS THAN (MAXVALUE))",
    ),
    "subpartitions": Structure(
        "id INT PRIMARY KEY, a INT", ("VALUES (-7, 4)", "VALUES (1, 2)", "VALUES (50, 3)"),
        options="PARTITION BY RANGE (id) SUBPARTITION BY HASH (id) SUBPARTITIONS 3 (PARTITION p VALUES LESS THAN (10),"
        " PARTITION q VALUES LESS THAN MAXVALUE)",
    ),
    "as many columns as InnoDB takes": Structure(
        f"id INT PRIMARY KEY, {_NUMBERS}", ("(id) VALUES (1)", "(id, c0, c7, c8, c1015) VALUES (2, 1, -128, 127, 3)"),
    ),
    "one column": Structure("id INT PRIMARY KEY", ("VALUES (-1)", "VALUES (1)")),
    "rows of NULL alone": Structure(
        "id INT, a TEXT, b JSON, c BIT(9), d DECIMAL(5,2), e POINT, f VECTOR(2), g ENUM('x'), h TIMESTAMP NULL",
        ("() VALUES ()", "() VALUES ()"),
    ),
    "compressed and dynamic rows": Structure(
        "id INT PRIMARY KEY, a LONGTEXT, b VARBINARY(3000)", ("VALUES (1, REPEAT('x', 100000), REPEAT(X'00', 3000))",),
        options="ROW_FORMAT=COMPRESSED",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", STRUCTURES)
def test_arrives_as_it_is(name: str, stack: Stack, source: Connection, destination: Connection, database: str) -> None:
    structure = STRUCTURES[name]
    mode = source.value("SELECT @@SESSION.sql_mode")
    if structure.settings:
        source.execute(structure.settings)
    try:
        source.execute(f"CREATE TABLE {database}.t ({structure.body}) {structure.options}")
        definition = str(source.query(f"SHOW CREATE TABLE {database}.t")[0][1])
        destination.execute(f"USE {database}")
        destination.execute(definition)
        table = tracked_table(source, TableName(database, "t"))
        since = executed(source)
        for rows in structure.rows:
            source.execute(f"INSERT INTO {qualified(table.name)} {rows}")
    finally:
        source.execute(f"SET SESSION sql_mode = '{mode}', sql_generate_invisible_primary_key = 0")

    logged = assert_same(stack, source, destination, since, table, structure.order)

    assert len(logged.values) == source.value(f"SELECT COUNT(*) FROM {qualified(table.name)}")


_MOMENTS = (
    "FROM_UNIXTIME(1)", "FROM_UNIXTIME(2147483647.999999)", "'2024-03-31 02:30:00'", "'2024-10-27 02:30:00.000001'",
    "FROM_UNIXTIME(2147483648)", "FROM_UNIXTIME(32536771199)",
)  # fmt: skip


@pytest.mark.parametrize("zone", ["+14:00", "-13:59", "+05:30"])
def test_timestamps_of_any_session_are_moments(
    zone: str, stack: Stack, source: Connection, destination: Connection, database: str
) -> None:
    """A TIMESTAMP ends in 2038 on every server, also where functions go on to 3001."""
    table = create(source, destination, TableName(database, "t"), "id INT PRIMARY KEY, c TIMESTAMP(6) NULL")
    since = executed(source)
    source.execute(f"SET SESSION time_zone = '{zone}'")
    try:
        for number, moment in enumerate(_MOMENTS):
            source.execute(f"INSERT INTO {qualified(table.name)} VALUES ({number}, {moment})")
    finally:
        source.execute("SET SESSION time_zone = '+00:00'")

    assert_same(stack, source, destination, since, table, "id")

    moments = destination.query(f"SELECT UNIX_TIMESTAMP(c) FROM {qualified(table.name)} ORDER BY id")
    assert [str(moment) for (moment,) in moments[:2]] == ["1.000000", "2147483647.999999"]
    assert [float(moment) for (moment,) in moments[4:]] == [0, 0]  # beyond the type's end: the zero value
