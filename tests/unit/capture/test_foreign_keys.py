"""Which tables follow which, from the text of statements."""

from collections.abc import Sequence

import pytest

from capture.foreign_keys import ForeignKeys
from runtime.errors import Fatal
from schemas.codec import RowsKind
from schemas.ddl.charset_names import Charsets
from schemas.ddl.foreign_keys import ForeignKey, moved, read_foreign_keys
from schemas.ddl.lexer import SqlModes
from schemas.ddl.session import Session
from schemas.ddl.statement import understand
from schemas.names import TableName
from schemas.selection import Selection

CHILD = TableName("d", "child")
OLD, NEW = 50624, 90700
SESSION = Session(
    server_version=OLD,
    charsets=Charsets({}, {}),
    modes=SqlModes(),
    sql_mode=0,
    collation_server=None,
    explicit_timestamps=False,
)


class _Silent:
    """Stands for the statements of a server whose log is silent."""

    logs_cascades = False
    default_engine = "InnoDB"


@pytest.mark.parametrize(
    ("text", "made"),
    [
        (
            "CREATE TABLE child (a INT, CONSTRAINT `x y` FOREIGN KEY (a) REFERENCES `p``q` (`i d`) ON DELETE CASCADE)",
            [ForeignKey(CHILD, TableName("d", "p`q"), ("a",), ("i d",), "CASCADE", "")],
        ),
        (
            "ALTER TABLE child ADD FOREIGN KEY k (a, b) REFERENCES e.p (c, d) MATCH FULL ON UPDATE SET NULL"
            " ON DELETE NO ACTION, ADD CONSTRAINT FOREIGN KEY (b) REFERENCES q(c)",
            [
                ForeignKey(CHILD, TableName("e", "p"), ("a", "b"), ("c", "d"), "NO ACTION", "SET NULL"),
                ForeignKey(CHILD, TableName("d", "q"), ("b",), ("c",)),
            ],
        ),
        ("CREATE TABLE child (a INT COMMENT 'REFERENCES p (x) ON DELETE CASCADE', b INT DEFAULT (1))", []),
        ("CREATE TABLE child (a INT REFERENCES p (x) ON DELETE CASCADE) -- no more", []),
    ],
)
def test_what_a_server_takes(text: str, made: list[ForeignKey]) -> None:
    assert list(read_foreign_keys(text, CHILD, SqlModes(), OLD).made) == made


def test_a_column_refers_by_itself_since_9_0() -> None:
    text = "CREATE TABLE child (a INT REFERENCES p ON DELETE CASCADE, b INT REFERENCES q (z))"

    made = read_foreign_keys(text, CHILD, SqlModes(), NEW).made

    assert made == (
        ForeignKey(CHILD, TableName("d", "p"), (), (), "CASCADE", ""),
        ForeignKey(CHILD, TableName("d", "q"), (), ("z",)),
    )


def test_what_a_statement_takes_away_and_renames() -> None:
    text = "ALTER TABLE p DROP FOREIGN KEY x, CHANGE COLUMN a b INT, RENAME COLUMN c TO `d`, RENAME INDEX e TO f"

    found = read_foreign_keys(text, TableName("d", "p"), SqlModes(), NEW)

    assert found.drops
    assert found.renamed_columns == (("a", "b"), ("c", "d"))
    assert read_foreign_keys("ALTER TABLE p DROP CONSTRAINT x", CHILD, SqlModes(), NEW).drops
    assert not read_foreign_keys("ALTER TABLE p DROP COLUMN x, DROP KEY y", CHILD, SqlModes(), NEW).drops


def after(*texts: str, selected: Sequence[str] = ("d.*",)) -> ForeignKeys:
    keys = ForeignKeys(_Silent(), [], Selection(include=tuple(selected)))  # type: ignore[arg-type]
    for text in texts:
        keys.changed(text, understand(text, "d", SqlModes(), OLD), SESSION)
    return keys


def table(name: str) -> TableName:
    return TableName("d", name)


def key(child: str, parent: str, rules: str) -> str:
    return f"CREATE TABLE {child} (id INT PRIMARY KEY, p INT, FOREIGN KEY (p) REFERENCES {parent} (id) {rules})"


def test_what_follows_what() -> None:
    keys = after(
        key("b", "a", "ON DELETE CASCADE"),
        key("c", "b", "ON UPDATE CASCADE ON DELETE SET NULL"),
        key("x", "a", "ON DELETE RESTRICT"),
        key("t", "t", "ON DELETE CASCADE"),
    )

    assert keys.followed(table("a"), RowsKind.DELETE)
    assert not keys.followed(table("a"), RowsKind.UPDATE)
    assert not keys.followed(table("a"), RowsKind.INSERT)
    assert keys.followed(table("b"), RowsKind.UPDATE)
    fired = keys.fired(table("a"), RowsKind.DELETE)
    assert [each.child for each in fired] == [table("b")]
    assert [each.child for each in keys.reach(fired)] == [table("b"), table("c")]
    assert keys.before(table("c")) == {table("b")}
    assert keys.before(table("b")) == set(), "no way leads to it through another table"
    assert keys.before(table("x")) == set()
    assert keys.at_once(table("t"))
    assert not keys.at_once(table("b"))


def test_names_change_and_tables_go() -> None:
    keys = after(
        key("b", "a", "ON DELETE CASCADE"),
        "RENAME TABLE a TO n, b TO m",
        "ALTER TABLE n CHANGE id number INT",
        key("c", "n", "ON DELETE CASCADE"),
        "DROP TABLE c",
    )

    (only,) = keys.fired(table("n"), RowsKind.DELETE)
    assert (only.child, only.referenced) == (table("m"), ("number",))
    assert keys.certain(only)
    assert not after(key("b", "a", "ON DELETE CASCADE"), "DROP DATABASE d").followed(table("a"), RowsKind.DELETE)


def test_a_key_that_may_be_gone_stays() -> None:
    keys = after(key("b", "a", "ON DELETE CASCADE"), "ALTER TABLE b DROP FOREIGN KEY b_ibfk_1")

    (only,) = keys.fired(table("a"), RowsKind.DELETE)
    assert not keys.certain(only)


def test_what_cannot_be_followed() -> None:
    with pytest.raises(Fatal, match=r"rows of d\.b follow those of d\.a, which is not selected"):
        after(key("b", "a", "ON DELETE CASCADE"), selected=("d.b",))
    after(key("b", "a", "ON DELETE CASCADE"), selected=("d.a",))
    with pytest.raises(Fatal, match=r"d\.a, d\.b follow each other in a circle"):
        after(key("b", "a", "ON DELETE CASCADE"), key("a", "b", "ON DELETE CASCADE"))


def test_ways_that_contradict_each_other() -> None:
    with pytest.raises(Fatal, match=r"rows of d\.b follow others by foreign keys that contradict each other"):
        after(
            key("b", "a", "ON DELETE CASCADE"),
            "ALTER TABLE b ADD FOREIGN KEY (p) REFERENCES c (id) ON DELETE CASCADE",
            "CREATE TABLE c (id INT PRIMARY KEY, FOREIGN KEY (id) REFERENCES a (id) ON DELETE CASCADE)",
            "ALTER TABLE b ADD FOREIGN KEY (p) REFERENCES a (id) ON DELETE SET NULL",
        )
    after(
        key("b", "a", "ON DELETE CASCADE"),
        "ALTER TABLE b DROP FOREIGN KEY b_ibfk_1, ADD FOREIGN KEY (p) REFERENCES a (id) ON DELETE SET NULL",
    )


def test_a_circle_that_leads_nowhere() -> None:
    """Shops and their managers: a new number of either one goes no further than to the other."""
    keys = after(
        key("b", "a", "ON UPDATE CASCADE"), key("a", "b", "ON UPDATE CASCADE"), key("t", "t", "ON DELETE SET NULL")
    )

    assert keys.before(table("a")) == keys.before(table("b")) == set()
    assert len(keys.reach(keys.fired(table("a"), RowsKind.UPDATE))) == 1
    assert not keys.at_once(table("t"))


def test_a_parent_that_leaves_the_selection() -> None:
    with pytest.raises(Fatal, match=r"rows of d\.b follow those of other\.a, which is not selected"):
        after(key("b", "a", "ON DELETE CASCADE"), "RENAME TABLE a TO other.a")
    after(key("b", "a", "ON DELETE CASCADE"), "RENAME TABLE a TO other.a, b TO other.b")


def test_a_way_through_a_table() -> None:
    keys = after(key("b", "a", "ON DELETE CASCADE"), key("c", "b", "ON DELETE CASCADE"), key("x", "b", ""))

    assert keys.behind(table("b")) == {table("c")}
    assert keys.behind(table("a")) == keys.behind(table("c")) == set()


def test_whose_rows_get_other_keys() -> None:
    b = ForeignKey(table("b"), table("a"), ("X", "y"), ("one", "two"), "", "CASCADE")
    c = ForeignKey(table("c"), table("b"), ("p",), ("x",), "", "CASCADE")
    d = ForeignKey(table("d"), table("c"), ("p",), ("P",), "", "SET NULL")
    identities = {table("b"): ["y"], table("c"): ["P"], table("d"): ["p"]}

    assert moved([b, c, d], table("a"), ["One"], identities.__getitem__) == {table("c")}
    assert moved([b, c, d], table("a"), ["two"], identities.__getitem__) == {table("b")}
    alone = ForeignKey(table("b"), table("a"), (), (), "", "CASCADE")
    assert moved([alone], table("a"), ["id"], identities.__getitem__) == {table("b")}
    itself = ForeignKey(table("b"), table("b"), ("x",), ("y",), "", "CASCADE")
    assert moved([b, itself], table("a"), ["two"], identities.__getitem__) == {table("b")}


def test_engines_that_forget_foreign_keys() -> None:
    keys = after(
        f"{key('b', 'a', 'ON DELETE CASCADE')} ENGINE=MyISAM",
        "ALTER TABLE b ADD FOREIGN KEY (p) REFERENCES a (id) ON DELETE CASCADE",
        f"{key('c', 'a', 'ON DELETE CASCADE')} ENGINE = InnoDB",
        f"{key('d', 'a', 'ON DELETE CASCADE')} ENGINE=MEMORY",
        "RENAME TABLE d TO e",
        "ALTER TABLE e ENGINE=InnoDB, ADD FOREIGN KEY (p) REFERENCES a (id) ON DELETE SET NULL",
    )
    assert {each.child for each in keys.fired(table("a"), RowsKind.DELETE)} == {table("c"), table("e")}
