import pytest

from schemas.ddl.lexer import SqlModes
from schemas.ddl.rewrite import drop_tables, for_version, without_start_transaction
from schemas.ddl.statement import understand
from schemas.names import TableName
from tests.unit.schemas.ddl.cases import ALL

PLAIN = SqlModes()


def test_drop_tables() -> None:
    names = [TableName("shop", "a`b"), TableName("shop", "c")]
    assert drop_tables(names, if_exists=True) == "DROP TABLE IF EXISTS `shop`.`a``b`, `shop`.`c`"
    assert drop_tables(names[1:], if_exists=False) == "DROP TABLE `shop`.`c`"
    with pytest.raises(ValueError, match="no table"):
        drop_tables([], if_exists=True)


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("CREATE TABLE `t` (\n  `a` int\n) START TRANSACTION", "CREATE TABLE `t` (\n  `a` int\n)"),
        ("CREATE TABLE t (a INT) ENGINE=InnoDB, START TRANSACTION", "CREATE TABLE t (a INT) ENGINE=InnoDB"),
        ("CREATE TABLE t (a INT) START TRANSACTION, ENGINE=InnoDB", "CREATE TABLE t (a INT)   ENGINE=InnoDB"),
        ("CREATE TABLE t (a INT) start/**/transaction COMMENT='x'", "CREATE TABLE t (a INT) /**/ COMMENT='x'"),
        ("CREATE TABLE t (a INT) /*!80021 START TRANSACTION */", "CREATE TABLE t (a INT) /*!80021   */"),
        (
            "CREATE TABLE t (a INT DEFAULT 1) COMMENT 'START TRANSACTION' ",
            "CREATE TABLE t (a INT DEFAULT 1) COMMENT 'START TRANSACTION' ",
        ),
        ("CREATE TABLE t (start INT, `transaction` INT)", "CREATE TABLE t (start INT, `transaction` INT)"),
        ("START TRANSACTION", "START TRANSACTION"),
        ("CREATE TABLE t (a INT", "CREATE TABLE t (a INT"),
    ],
)
def test_without_start_transaction(sql: str, expected: str) -> None:
    assert without_start_transaction(sql, PLAIN) == expected
    assert not understand(expected, "here", PLAIN).starts_transaction


OLD = 80018


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("... CHARSET=utf8mb3 COLLATE=utf8mb3_bin", "... CHARSET=utf8 COLLATE=utf8_bin"),
        (
            "... DEFAULT CHARACTER SET = UTF8MB3 COLLATE UTF8MB3_BIN",
            "... DEFAULT CHARACTER SET = utf8 COLLATE utf8_BIN",
        ),
        ("... CHAR SET 'utf8mb3' COLLATE \"utf8mb3_bin\"", "... CHAR SET 'utf8' COLLATE \"utf8_bin\""),
        ("... COLLATE /* utf8mb3_bin */ `utf8mb3_bin`", "... COLLATE /* utf8mb3_bin */ `utf8_bin`"),
        (
            "... /*!40100 CHARSET utf8mb3 */ /*!80030 CHARSET utf8mb3 */",
            "... /*!40100 CHARSET utf8 */ /*!80030 CHARSET utf8mb3 */",
        ),
        ("... AS (CONVERT(a USING utf8mb3))", "... AS (CONVERT(a USING utf8))"),
        ("... DEFAULT (_utf8mb3'utf8mb3')", "... DEFAULT (_utf8'utf8mb3')"),
        ("... DEFAULT (_utf8mb3 X'4a')", "... DEFAULT (_utf8 X'4a')"),
    ],
)
def test_names_of_utf8mb3_for_an_older_server(sql: str, expected: str) -> None:
    assert for_version(sql, PLAIN, OLD) == expected
    assert for_version(sql, PLAIN, 80030) == sql


def test_the_type_of_collections_of_shapes_for_an_older_server() -> None:
    sql = "CREATE TABLE t (`a` geomcollection, b GeomCollection NOT NULL, `geomcollection` INT, KEY geomcollection (a))"
    assert for_version(sql, PLAIN, 50624) == (
        "CREATE TABLE t (`a` geometrycollection, b geometrycollection NOT NULL, `geomcollection` INT,"
        " KEY geomcollection (a))"
    )
    assert for_version(sql, PLAIN, 80018) == sql


@pytest.mark.parametrize(
    "sql",
    [
        "... COMMENT 'COLLATE utf8mb3_bin' DEFAULT 'utf8mb3_bin'",
        "... (utf8mb3 INT, utf8mb3_bin INT, `utf8mb3_bin` INT, charset INT COMMENT 'utf8mb3')",
        "... CHECK (charset = 'utf8mb3' OR `charset` = 'utf8mb3' OR collation = 'utf8mb3_bin')",
        "... CHANGE charset utf8mb3 INT, CHANGE COLUMN charset utf8mb3 INT",
        "... CHARSET utf8mb4 COLLATE utf8mb4_0900_ai_ci KEY utf8mb3_bin (a)",
        "... DEFAULT _utf8mb3 /* no value */",
        "... -- COLLATE utf8mb3_bin",
    ],
)
def test_everything_else_named_utf8mb3_stays(sql: str) -> None:
    assert for_version(sql, PLAIN, OLD) == sql


def test_what_has_nothing_to_rewrite_stays_as_it_is() -> None:
    for case in ALL:
        assert for_version(case.sql, PLAIN, OLD) == case.sql
        if not case.statement.starts_transaction:
            assert without_start_transaction(case.sql, PLAIN) == case.sql
