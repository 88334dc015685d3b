"""What the text of a statement claims of keys and constraints."""

import pytest

from apply.evidence import Claims, claims
from schemas.ddl.cursor import Unclear
from schemas.ddl.lexer import SqlModes


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        ("CREATE UNIQUE INDEX Ix USING BTREE ON d.t (A, b(3), (c + 1)) COMMENT 'x'", Claims({"ix": ("a", "b", None)})),
        ("DROP INDEX `i` ON t", Claims(dropped_keys={"i"})),
        ("ALTER TABLE t ADD KEY i (a), DROP INDEX i, DROP KEY j, ADD x INT", Claims({"i": ("a",)}, {"j"})),
        ("ALTER TABLE t RENAME INDEX i TO j", Claims({"j": None}, {"i"})),
        (
            "ALTER TABLE t ADD CONSTRAINT c FOREIGN KEY (a) REFERENCES u (a), ADD CONSTRAINT d CHECK (a > 0),"
            " DROP CHECK e",
            Claims(constraints={"c", "d"}, dropped_constraints={"e"}),
        ),
        ("ALTER TABLE t DROP FOREIGN KEY f, DROP COLUMN c, ADD FULLTEXT (v)", Claims(dropped_constraints={"f"})),
        ("ALTER TABLE t ADD (a INT, b INT), COMMENT 'ADD KEY i (a)'", Claims()),
        ("RENAME TABLE a TO b", Claims()),
    ],
)
def test_claims(sql: str, told: Claims) -> None:
    assert claims(sql, SqlModes()) == told


def test_text_that_cannot_be_read() -> None:
    with pytest.raises(Unclear):
        claims("ALTER TABLE t ADD KEY i (a", SqlModes())
