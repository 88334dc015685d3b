"""After which statements the last record of each key is not enough any more."""

from dataclasses import replace

import pytest

from capture.rebuilding import last_records_suffice
from capture.statements import Understood
from schemas.ddl.charset_names import Charsets
from schemas.ddl.effects import tables_after
from schemas.ddl.lexer import SqlModes
from schemas.ddl.row_effects import RowEffects, row_effects
from schemas.ddl.session import Session
from schemas.ddl.statement import Kind, understand
from schemas.names import TableName
from schemas.table import Table

NAME = TableName("d", "t")
SESSION = Session(
    server_version=50624,
    charsets=Charsets(
        {"utf8mb4_bin": "utf8mb4", "utf8mb4_general_ci": "utf8mb4", "latin1_bin": "latin1"},
        {"utf8mb4": "utf8mb4_general_ci", "latin1": "latin1_bin"},
    ),
    modes=SqlModes(),
    sql_mode=0,
    collation_server="utf8mb4_bin",
    explicit_timestamps=True,
)
PLAIN = "CREATE TABLE t (id INT NOT NULL PRIMARY KEY, v INT, w CHAR(9)) CHARSET utf8mb4 COLLATE utf8mb4_bin"
TEXT = "CREATE TABLE t (k VARCHAR(9) NOT NULL PRIMARY KEY, v INT) CHARSET utf8mb4 COLLATE utf8mb4_bin"
UNIQUE = "CREATE TABLE t (id INT NOT NULL PRIMARY KEY, v INT, w INT, UNIQUE KEY v (v))"


def _understood(text: str) -> Understood:
    statement = understand(text, "d", SqlModes(), SESSION.server_version)
    altering = statement.kind is Kind.ALTER_TABLE
    effects = row_effects(text, SqlModes(), SESSION.server_version) if altering else RowEffects()
    return Understood(text, statement, effects, "d", SESSION)


def _after(text: str, before: Table | None) -> Table | None:
    understood = _understood(text)
    found = tables_after(text, understood.statement, SESSION, "d", {NAME: before}.get, {})
    return found.get(NAME, before)


@pytest.mark.parametrize(
    ("made", "text", "enough"),
    [
        (PLAIN, "ALTER TABLE t ADD x INT DEFAULT 7, DROP v", True),
        (PLAIN, "ALTER TABLE t MODIFY v BIGINT", True),
        (PLAIN, "ALTER TABLE t CHANGE v V2 DECIMAL(9,2) FIRST", True),
        (PLAIN, "ALTER TABLE t CONVERT TO CHARACTER SET latin1", True),
        (PLAIN, "ALTER TABLE t ADD INDEX (v), COMMENT 'x', ALGORITHM = COPY", True),
        (PLAIN, "CREATE INDEX i ON t (v)", True),
        (PLAIN, "TRUNCATE TABLE t", True),
        (PLAIN, "ALTER TABLE t DROP PARTITION p", True),
        (PLAIN, "CREATE TABLE IF NOT EXISTS t (x INT)", True),
        (UNIQUE, "ALTER TABLE t ADD UNIQUE KEY (w)", True),
        (PLAIN, "ALTER TABLE t ADD UNIQUE KEY (v)", False),  # its records go to another partition
        (PLAIN, "CREATE UNIQUE INDEX u ON t (v)", False),
        (UNIQUE, "ALTER TABLE t DROP KEY v", False),
        (UNIQUE, "ALTER IGNORE TABLE t ADD UNIQUE KEY (w)", False),
        (PLAIN, "ALTER TABLE t ADD n INT AUTO_INCREMENT UNIQUE", False),
        (UNIQUE, "ALTER TABLE t ADD n INT AUTO_INCREMENT, ADD KEY (n)", False),
        (UNIQUE, "ALTER TABLE t MODIFY w INT AUTO_INCREMENT, ADD KEY (w)", False),
        (PLAIN, "ALTER TABLE t MODIFY id INT NOT NULL AUTO_INCREMENT", False),
        (PLAIN, "ALTER TABLE t DROP PRIMARY KEY", False),
        (PLAIN, "ALTER TABLE t DROP PRIMARY KEY, ADD PRIMARY KEY (w)", False),
        (PLAIN, "ALTER TABLE t DROP PRIMARY KEY, ADD PRIMARY KEY (id, w)", False),
        (PLAIN, "ALTER TABLE t MODIFY id BIGINT NOT NULL", False),
        (PLAIN, "ALTER TABLE t CHANGE id ID2 INT NOT NULL", False),
        (PLAIN, "ALTER TABLE t ALTER id SET DEFAULT 5", False),  # a key's schema tells the default
        (TEXT, "ALTER TABLE t MODIFY k VARCHAR(3) NOT NULL", False),
        (TEXT, "ALTER TABLE t MODIFY k VARCHAR(9) COLLATE utf8mb4_general_ci NOT NULL", False),
        (TEXT, "ALTER TABLE t CONVERT TO CHARACTER SET latin1", False),
        (PLAIN, "ALTER TABLE t EXCHANGE PARTITION p WITH TABLE u", False),
        (PLAIN, "ALTER TABLE t IMPORT TABLESPACE", False),
        (PLAIN, "ALTER TABLE t RENAME TO u", False),
        (PLAIN, "RENAME TABLE t TO u", False),
        (PLAIN, "DROP TABLE t", False),
        (PLAIN, "DROP DATABASE d", False),
    ],
)
def test_what_is_enough(made: str, text: str, enough: bool) -> None:
    before = _after(made, None)
    assert before is not None

    assert last_records_suffice(_understood(text), before, _after(text, before)) is enough
    assert not last_records_suffice(_understood(text), None, before)
    assert not last_records_suffice(_understood(text), before, None)


@pytest.mark.parametrize(
    ("columns", "spread"),
    [
        ("id INT, PRIMARY KEY (id)", True),
        ("id INT NOT NULL, d DATETIME(6) NOT NULL, b VARBINARY(9) NOT NULL, PRIMARY KEY (b, d, id), KEY (d)", True),
        ("id BINARY(16) PRIMARY KEY", True),
        ("id INT", False),
        ("id INT NOT NULL UNIQUE", False),
        ("id INT PRIMARY KEY, v INT UNIQUE", False),
        ("id INT PRIMARY KEY, v CHAR(9), UNIQUE KEY (v(3))", False),
        ("id INT NOT NULL, v CHAR(9) NOT NULL, PRIMARY KEY (id, v)", False),
        ("id VARCHAR(9) COLLATE utf8mb4_bin PRIMARY KEY", False),
        ("id ENUM('a') PRIMARY KEY", False),
        ("id SET('a') PRIMARY KEY", False),
        ("id DOUBLE PRIMARY KEY", False),
        ("id FLOAT NOT NULL, v INT NOT NULL, PRIMARY KEY (v, id)", False),
    ],
)
def test_whose_records_the_key_may_spread(columns: str, spread: bool) -> None:
    table = _after(f"CREATE TABLE t ({columns}) CHARSET utf8mb4", None)
    assert table is not None

    assert table.may_be_spread is spread
    assert replace(table, comment="x").may_be_spread is spread
