"""What the text of a statement says of engines."""

import pytest

from schemas.ddl.engine_text import merged, said_engine
from schemas.ddl.lexer import SqlModes
from schemas.names import TableName


@pytest.mark.parametrize(
    ("text", "engine"),
    [
        ("CREATE TABLE t (a INT) ENGINE=MyISAM DEFAULT CHARSET=latin1", "MyISAM"),
        ("CREATE TABLE t (a INT) TYPE = heap", "heap"),
        ("CREATE TABLE t (a INT COMMENT 'ENGINE=MyISAM')", None),
        ("CREATE TABLE t (engine INT) SECONDARY_ENGINE = RAPID", None),
        ("ALTER TABLE t ADD engine INT, ALTER engine SET DEFAULT 1", None),
        ("ALTER TABLE t ADD a INT, ENGINE 'InnoDB'", "InnoDB"),
        ("ALTER TABLE t ENGINE=MyISAM, ENGINE=InnoDB", "InnoDB"),
        ("CREATE TABLE t (a INT) PARTITION BY HASH (a) (PARTITION p ENGINE = MyISAM)", None),
    ],
)
def test_the_engine(text: str, engine: str | None) -> None:
    assert said_engine(text, SqlModes()) == engine


def test_the_tables_under_a_merge_table() -> None:
    text = "CREATE TABLE m (a INT) ENGINE=MRG_MYISAM INSERT_METHOD=LAST UNION=(`one`,other.two)"
    assert merged(text, "d", SqlModes()) == {TableName("d", "one"), TableName("other", "two")}
    assert merged("ALTER TABLE m UNION (three)", "d", SqlModes()) == {TableName("d", "three")}
    assert merged("CREATE TABLE m SELECT 1 UNION (SELECT 2) UNION SELECT 3", "d", SqlModes()) == set()
    assert merged("ALTER TABLE m UNION=()", "d", SqlModes()) == set()
