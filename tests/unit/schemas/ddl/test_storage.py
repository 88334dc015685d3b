import pytest

from schemas.ddl.lexer import SqlModes
from schemas.ddl.storage import without_storage
from tests.unit.schemas.ddl.cases import ALL

PLAIN = SqlModes()


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("CREATE TABLE t (a INT) TABLESPACE=ts", "CREATE TABLE t (a INT)"),
        (
            "CREATE TABLE t (a INT) ENGINE=InnoDB, TABLESPACE `ts`, COMMENT='x'",
            "CREATE TABLE t (a INT) ENGINE=InnoDB , COMMENT='x'",
        ),
        (
            "CREATE TABLE t (a INT) /*!50100 TABLESPACE `ts` */ ENGINE=InnoDB",
            "CREATE TABLE t (a INT) /*!50100   */ ENGINE=InnoDB",
        ),
        ("CREATE TABLE t (a INT) DATA DIRECTORY = '/x' INDEX DIRECTORY '/y'", "CREATE TABLE t (a INT)"),
        (
            "CREATE TABLE t (a INT) PARTITION BY HASH (a) (PARTITION p DATA DIRECTORY '/x' TABLESPACE s, PARTITION q)",
            "CREATE TABLE t (a INT) PARTITION BY HASH (a) (PARTITION p     , PARTITION q)",
        ),
        ("ALTER TABLE t TABLESPACE ts, ADD b INT", "ALTER TABLE t    ADD b INT"),
        ("ALTER TABLE t ADD b INT, TABLESPACE = innodb_file_per_table", "ALTER TABLE t ADD b INT"),
        ("ALTER TABLE t TABLESPACE ts", "ALTER TABLE t"),
    ],
)
def test_where_a_table_lies_is_left_out(sql: str, expected: str) -> None:
    assert " ".join(without_storage(sql, PLAIN).split()) == " ".join(expected.split())


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE t (tablespace INT, data INT, directory INT, KEY directory (data))",
        "ALTER TABLE t ADD tablespace INT, ADD INDEX directory (a), DROP INDEX directory",
        "CREATE TABLE tablespace LIKE other",
        "ALTER TABLE tablespace ADD INDEX tablespace USING BTREE (a)",
        "CREATE TABLE t (a INT) PARTITION BY RANGE (a) (PARTITION tablespace VALUES LESS THAN (1))",
        "ALTER TABLE t DISCARD TABLESPACE",
        "ALTER TABLE t DISCARD PARTITION p TABLESPACE",
        "ALTER TABLE t IMPORT TABLESPACE",
        "CREATE TABLESPACE ts ADD DATAFILE 'ts.ibd'",
        "INSERT INTO t VALUES ('TABLESPACE x')",
        "CREATE TABLE t (a INT DEFAULT (1)) COMMENT='TABLESPACE x'",
    ],
)
def test_other_words_stay(sql: str) -> None:
    assert without_storage(sql, PLAIN) == sql


def test_statements_of_the_cases_lose_nothing_else() -> None:
    for case in ALL:
        if "TABLESPACE" not in case.sql.upper() and "DIRECTORY" not in case.sql.upper():
            assert without_storage(case.sql, PLAIN) == case.sql
