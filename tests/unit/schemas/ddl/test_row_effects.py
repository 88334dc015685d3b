"""Which clauses of ALTER TABLE move, number or pick rows."""

import pytest

from schemas.ddl.kinds import Kind
from schemas.ddl.lexer import SqlModes
from schemas.ddl.row_effects import RowEffects, row_effects, without_discard, without_ignore

_MODES = SqlModes()
_NEW = frozenset((None,))


@pytest.mark.parametrize(
    ("clauses", "effects"),
    [
        ("ADD n INT AUTO_INCREMENT, ADD KEY (n)", RowEffects(numbered=_NEW)),
        ("ADD COLUMN (a INT, b BIGINT UNSIGNED NOT NULL AUTO_INCREMENT UNIQUE)", RowEffects(numbered=_NEW)),
        ("ADD n SERIAL", RowEffects(numbered=_NEW)),
        ("MODIFY n INT AUTO_INCREMENT FIRST", RowEffects(numbered=frozenset(("n",)))),
        ("MODIFY COLUMN `N n` BIGINT SERIAL DEFAULT VALUE", RowEffects(numbered=frozenset(("N n",)))),
        ("CHANGE COLUMN a b INT /*!40000 AUTO_INCREMENT */", RowEffects(numbered=frozenset(("a",)))),
        ("AUTO_INCREMENT = 5", RowEffects()),
        ("ADD a INT, ENGINE=InnoDB AUTO_INCREMENT 5", RowEffects()),
        ("ADD serial INT COMMENT 'AUTO_INCREMENT', ADD `b` INT DEFAULT '1'", RowEffects()),
        ("ADD INDEX auto_increment (a), ADD PRIMARY KEY (serial)", RowEffects()),
        ("ADD a CHAR(36) DEFAULT (uuid())", RowEffects(volatile=True)),
        ("ADD (a INT, b DOUBLE DEFAULT (1 + RAND(3)))", RowEffects(volatile=True)),
        ("ADD a VARCHAR(90) DEFAULT (CURRENT_USER)", RowEffects(volatile=True)),
        ("ADD a DATETIME DEFAULT NOW() AFTER user, ADD uuid BINARY(16) DEFAULT (b)", RowEffects()),
        ("ALTER a SET DEFAULT (UUID()), MODIFY b CHAR(36) DEFAULT (UUID())", RowEffects()),
        ("DROP PARTITION p0, p1", RowEffects(removes=True)),
        ("ALGORITHM=INPLACE, TRUNCATE PARTITION ALL", RowEffects(removes=True)),
        ("DROP partitions", RowEffects()),
        ("EXCHANGE PARTITION p WITH TABLE u WITHOUT VALIDATION", RowEffects(exchanges=True)),
        ("DISCARD PARTITION p0, p1 TABLESPACE", RowEffects(removes=True, discards=True)),
        ("DISCARD TABLESPACE", RowEffects(removes=True, discards=True)),
        ("IMPORT PARTITION p0 TABLESPACE", RowEffects(imports=True)),
        ("ADD PARTITION (PARTITION p VALUES LESS THAN (5))", RowEffects()),
        ("REORGANIZE PARTITION a, b INTO (PARTITION c VALUES IN (1, 2))", RowEffects()),
        ("ORDER BY a, b DESC", RowEffects()),
        ("CONVERT TO CHARACTER SET utf8mb4, DROP PRIMARY KEY", RowEffects()),
        ("", RowEffects()),
    ],
)
def test_clauses(clauses: str, effects: RowEffects) -> None:
    assert row_effects(f"ALTER TABLE `d`.t {clauses}", _MODES) == effects


def test_rows_are_picked_where_errors_are_ignored() -> None:
    text = "ALTER ONLINE IGNORE TABLE t ADD UNIQUE (a)"
    assert row_effects(text, _MODES, 50624) == RowEffects(picks=True)
    assert without_ignore(text, _MODES, 50624) == "ALTER ONLINE  TABLE t ADD UNIQUE (a)"
    assert without_ignore("ALTER TABLE `ignore` FORCE", _MODES) == "ALTER TABLE `ignore` FORCE"


def test_files_that_no_target_has_are_left_out() -> None:
    assert without_discard("ALTER TABLE t DISCARD TABLESPACE", _MODES)[1] is Kind.TRUNCATE_TABLE
    text, kind = without_discard("ALTER TABLE t DISCARD PARTITION p0, p1 TABLESPACE", _MODES)
    assert (text, kind) == ("ALTER TABLE t TRUNCATE PARTITION p0, p1", Kind.ALTER_TABLE)
