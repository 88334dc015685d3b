"""Which records of the schema topic may change places: those that touch and look at nothing in common."""

import pytest

from apply.reach import Ahead, Families, Reach, reach
from schemas.records import SchemaChange, TouchedTable


def change(kind: str, statement: str, *tables: str, database: str = "d", sql_mode: str = "") -> Reach:
    touched = tuple(
        TouchedTable(database=db, table=name, topic="", definition=None, barriers=())
        for db, name in (table.split(".") for table in tables)
    )
    return reach(
        SchemaChange(
            epoch=1,
            gtid=None,
            file="",
            offset=0,
            source_us=0,
            time_us=0,
            kind=kind,
            statement=statement,
            database=database,
            session={"sql_mode": sql_mode},
            tables=touched,
        )
    )


ALTER_A = change("ALTER_TABLE", "ALTER TABLE a ADD v INT", "d.a")
CHILD_OF_A = change("CREATE_TABLE", "CREATE TABLE c (i INT, FOREIGN KEY (i) REFERENCES a (i))", "d.c")


def holds_up(first: Reach, second: Reach, *before: Reach) -> bool:
    families = Families()
    for each in (*before, first, second):
        families.join(each.tables)
    ahead = Ahead(families)
    ahead.add(first)
    return ahead.holds_up(second)


@pytest.mark.parametrize(
    "second",
    [
        ALTER_A,
        change("ALTER_TABLE", "ALTER TABLE A ADD w INT", "d.A"),  # the same on servers that fold names
        change("RENAME_TABLE", "RENAME TABLE b TO a2, a TO b", "d.a", "d.b", "d.a2"),
        change("ALTER_TABLE", "ALTER TABLE b EXCHANGE PARTITION p WITH TABLE a", "d.b"),
        change("CREATE_TABLE_LIKE", "CREATE TABLE b LIKE a", "d.b"),
        CHILD_OF_A,
        change("CREATE_TABLE", 'CREATE TABLE c (i INT REFERENCES "a" (i))', "d.c", sql_mode="ANSI_QUOTES"),
        change("ALTER_DATABASE", "ALTER DATABASE d CHARACTER SET latin1"),
        change("DROP_DATABASE", "DROP DATABASE d", "d.a", "d.b"),
        change("UNKNOWN", "SOMETHING NEW", "d.z"),
        Reach(everything=True),
    ],
)
def test_what_touches_or_looks_at_the_same_keeps_its_place(second: Reach) -> None:
    assert holds_up(ALTER_A, second)
    assert holds_up(second, ALTER_A)


@pytest.mark.parametrize(
    "second",
    [
        change("ALTER_TABLE", "ALTER TABLE b ADD v INT", "d.b"),
        change("CREATE_TABLE", "CREATE TABLE e.a (v INT)", "e.a"),
        change("CREATE_DATABASE", "CREATE DATABASE e", database="e"),
        change("DROP_TABLE", "DROP TABLE b, c", "d.b", "d.c"),
        Reach(),
    ],
)
def test_what_has_nothing_in_common_goes_on(second: Reach) -> None:
    assert not holds_up(ALTER_A, second)
    assert not holds_up(second, ALTER_A)


def test_a_database_is_there_before_statements_that_run_in_it() -> None:
    made = change("CREATE_DATABASE", "CREATE DATABASE e", database="e")
    assert holds_up(made, change("CREATE_TABLE", "CREATE TABLE d.x (i INT)", "d.x", database="e"))
    assert holds_up(made, change("CREATE_TABLE", "CREATE TABLE e.x (i INT)", "e.x"))


def test_tables_that_foreign_keys_connect_belong_together() -> None:
    child = change("ALTER_TABLE", "ALTER TABLE c DROP FOREIGN KEY f", "d.c")
    assert not holds_up(ALTER_A, child)
    assert holds_up(ALTER_A, child, CHILD_OF_A)
    renamed = change("RENAME_TABLE", "RENAME TABLE a TO b", "d.a", "d.b")
    assert holds_up(change("ALTER_TABLE", "ALTER TABLE b ADD v INT", "d.b"), child, CHILD_OF_A, renamed)
