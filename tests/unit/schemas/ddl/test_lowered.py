"""Names of databases and tables as a server with lower_case_table_names = 1 takes them."""

import pytest

from schemas.ddl.lexer import SqlModes
from schemas.ddl.statement import lowered
from schemas.names import folded

PLAIN = SqlModes.from_bits(0)


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("CREATE TABLE Shop.`Große T` (T INT, Shop INT)", "CREATE TABLE shop.`große t` (T INT, Shop INT)"),
        ("ALTER TABLE T RENAME TO Other.U", "ALTER TABLE t RENAME TO other.u"),
        ("RENAME TABLE A TO B, B TO X.C", "RENAME TABLE a TO b, b TO x.c"),
        ("DROP TABLE IF EXISTS `A`, B /* A */", "DROP TABLE IF EXISTS `a`, b /* A */"),
        ("TRUNCATE A", "TRUNCATE a"),
        ("CREATE DATABASE IF NOT EXISTS Shop DEFAULT CHARACTER SET UTF8MB4", None),
        ("DROP SCHEMA Shop", "DROP SCHEMA shop"),
        ("CREATE TABLE New LIKE Old.T", "CREATE TABLE new LIKE old.t"),
        ("CREATE INDEX Idx ON T (Col)", "CREATE INDEX Idx ON t (Col)"),
        (
            "CREATE TABLE C (I INT, CONSTRAINT Fk FOREIGN KEY (I) REFERENCES Par.`Ent` (Id), Ref INT REFERENCES P(Id))",
            "CREATE TABLE c (I INT, CONSTRAINT Fk FOREIGN KEY (I) REFERENCES par.`ent` (Id), Ref INT REFERENCES p(Id))",
        ),
        ("INSERT INTO T VALUES ('T')", "INSERT INTO t VALUES ('T')"),
        ("FLUSH TABLES", "FLUSH TABLES"),
        ("Nonsense T", "Nonsense T"),
    ],
)
def test_lowered(sql: str, expected: str | None) -> None:
    assert lowered(sql, PLAIN) == (expected or sql.replace("Shop", "shop"))


def test_letters_are_folded_one_by_one() -> None:
    assert folded("ΟΔΟΣ") == "οδοσ"  # no final sigma
    assert folded("İX") == "İx"  # its lower case would be two characters
