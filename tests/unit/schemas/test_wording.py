"""What a statement's text says of the settings that its result can depend on."""

import pytest

from schemas.ddl.lexer import SqlModes
from schemas.variables import OF_SOURCE, PLAIN, Way
from schemas.wording import Wording, wording


def of(sql: str, kind: str = "ALTER_TABLE") -> Wording:
    return wording(kind, sql, SqlModes())


@pytest.mark.parametrize(
    ("sql", "open_"),
    [
        ("CREATE TABLE t (a TIMESTAMP)", True),
        ("CREATE TABLE t (a TIMESTAMP(3) DEFAULT '2020-01-01')", True),
        ("CREATE TABLE t (a TIMESTAMP NOT NULL)", True),
        ("CREATE TABLE t (a timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP(3), b INT)", False),
        ("CREATE TABLE t (a TIMESTAMP NULL)", False),
        ("CREATE TABLE t (a TIMESTAMP NULL DEFAULT NULL, b TIMESTAMP, c INT NOT NULL DEFAULT 1)", True),
        ("CREATE TABLE t (a TIMESTAMP AS (NOW()) VIRTUAL NOT NULL)", False),
        ("CREATE TABLE t (`timestamp` INT)", False),
        ("ALTER TABLE t ADD a INT DEFAULT 5", False),
    ],
)
def test_timestamps_that_a_variable_decides(sql: str, open_: bool) -> None:
    assert of(sql).leaves_timestamps_open() is open_


@pytest.mark.parametrize(
    ("sql", "open_"),
    [
        ("CREATE TABLE t (a CHAR(3)) CHARSET=utf8mb4", True),
        ("CREATE TABLE t (a CHAR(3) CHARACTER SET UTF8MB4)", True),
        ("CREATE TABLE t (a CHAR(3)) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin", False),
        ("CREATE TABLE t (a CHAR(3) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin, b CHAR(2) CHARSET utf8mb4)", True),
        ("CREATE TABLE t (a CHAR(3) COMMENT 'in utf8mb4')", False),
    ],
)
def test_collations_that_a_variable_decides(sql: str, open_: bool) -> None:
    assert of(sql, "CREATE_TABLE").leaves_collation_open() is open_


@pytest.mark.parametrize(
    ("sql", "computes"),
    [
        ("ALTER TABLE t ADD a CHAR(3) DEFAULT 'x' COMMENT 'y'", False),
        ("ALTER TABLE t ADD a CHAR(3) DEFAULT ('x')", True),
        ("ALTER TABLE t ADD a CHAR(3) AS (CONCAT(b, 'x'))", True),
        ("CREATE INDEX i ON t ((b = 'x'))", True),
        ("CREATE TABLE t (a INT, CHECK (a <> 'x'))", True),
        ("ALTER TABLE t ADD a INT AS (b + 1)", False),
    ],
)
def test_texts_that_the_connections_collation_decides(sql: str, computes: bool) -> None:
    assert of(sql).computes_texts() is computes


def test_variables_are_listed_once() -> None:
    assert len({variable.name for variable in PLAIN}) == len(PLAIN)
    assert all(variable.value is not None for variable in PLAIN if variable.way in (Way.PINNED, Way.SOURCE))
    assert OF_SOURCE == ("block_encryption_mode", "default_week_format", "div_precision_increment")
