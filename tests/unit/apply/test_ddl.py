"""What schema changes mean at a destination."""

import pytest

from apply.ddl import Again, digest, head, plan, sql_mode
from runtime.errors import Fatal
from schemas.names import TableName
from schemas.records import SchemaChange, TouchedTable

T = TableName("d", "t")
U = TableName("d", "u")


def change(
    kind: str, statement: str, *touched: TableName, gone: tuple[TableName, ...] = (), mode: str = ""
) -> SchemaChange:
    return SchemaChange(
        epoch=7,
        gtid=None,
        file="log.000001",
        offset=4,
        source_us=0,
        time_us=0,
        kind=kind,
        statement=statement,
        database="d",
        session={"sql_mode": mode},
        tables=tuple(
            TouchedTable(
                database=name.database,
                table=name.name,
                topic=f"task.{name}",
                definition=None if name in gone else "{}",
                barriers=(0,),
            )
            for name in (*touched, *gone)
        ),
    )


def test_only_tables_of_the_task_are_dropped() -> None:
    found = plan(change("DROP_TABLE", "DROP TABLE t, theirs", gone=(T,)), 90700)
    assert (found.statements, found.again) == (("DROP TABLE IF EXISTS `d`.`t`",), Again.HARMLESS)


def test_a_database_goes_after_its_tables() -> None:
    found = plan(change("DROP_DATABASE", "DROP DATABASE d", gone=(T, U)), 90700)
    assert found.statements == ("DROP TABLE IF EXISTS `d`.`t`, `d`.`u`",)
    assert found.drops_database == "d"


def test_tables_are_emptied_by_name() -> None:
    found = plan(change("TRUNCATE_TABLE", "truncate t", T), 90700)
    assert (found.statements, found.again) == (("TRUNCATE TABLE `d`.`t`",), Again.HARMLESS)


@pytest.mark.parametrize(
    ("kind", "statement", "again"),
    [
        ("ALTER_TABLE", "ALTER TABLE t ADD v INT", Again.HARMFUL),
        ("RENAME_TABLE", "RENAME TABLE t TO u", Again.HARMFUL),
        ("CREATE_INDEX", "CREATE INDEX i ON t (v)", Again.HARMFUL),
        ("DROP_INDEX", "DROP INDEX i ON t", Again.HARMFUL),
        ("ALTER_TABLE", "ALTER TABLE t EXCHANGE  PARTITION p WITH TABLE u", Again.SWAPPING),
        ("ALTER_TABLE", "ALTER TABLE t CHANGE a b INT, CHANGE b a INT FIRST", Again.SWAPPING),
        (
            "ALTER_TABLE",
            "ALTER TABLE t RENAME COLUMN a TO c, RENAME COLUMN `B` TO a, RENAME COLUMN c TO b",
            Again.SWAPPING,
        ),
        ("ALTER_TABLE", "ALTER TABLE t DROP a, CHANGE COLUMN b A INT, ADD b INT", Again.SWAPPING),
        ("ALTER_TABLE", "ALTER TABLE t CHANGE a b INT, CHANGE c c BIGINT, RENAME INDEX a TO d", Again.SWAPPING),
        ("ALTER_TABLE", "ALTER TABLE t CHANGE a b INT, CHANGE c c BIGINT, ADD d INT", Again.HARMFUL),
        ("ALTER_TABLE", "ALTER TABLE t CHANGE a A INT COMMENT 'CHANGE a b, CHANGE b a'", Again.HARMFUL),
        ("RENAME_TABLE", "RENAME TABLE t TO x, u TO t, x TO u", Again.SWAPPING),
        ("RENAME_TABLE", "RENAME TABLE t TO x, d.u TO t, v TO u, d.x TO v", Again.SWAPPING),
        ("RENAME_TABLE", "RENAME TABLE t TO t_old, t_new TO t", Again.HARMFUL),
        ("ALTER_DATABASE", "ALTER DATABASE d DEFAULT CHARSET utf8mb4", Again.HARMLESS),
    ],
)
def test_other_statements_run_as_they_were_logged(kind: str, statement: str, again: Again) -> None:
    found = plan(change(kind, statement, T), 90700)
    assert (found.statements, found.again) == ((statement,), again)


def test_a_table_is_made_without_a_transaction_and_in_the_destinations_words() -> None:
    statement = "CREATE TABLE t (v TEXT COLLATE utf8mb3_bin) START TRANSACTION"
    found = plan(change("CREATE_TABLE", statement, T), 80018)
    assert found.statements == ("CREATE TABLE t (v TEXT COLLATE utf8_bin)",)
    assert found.makes_table == T


def test_a_kind_that_is_not_known_is_refused() -> None:
    with pytest.raises(Fatal, match="schema change 7 is of a kind that this version does not apply: VIEW"):
        plan(change("VIEW", "CREATE VIEW v AS SELECT 1"), 90700)
    with pytest.raises(Fatal, match="does not apply: TELEPORT"):
        plan(change("TELEPORT", "TELEPORT t"), 90700)


def test_engines_that_are_missing_may_be_replaced() -> None:
    found = sql_mode(change("ALTER_TABLE", "", T, mode="ANSI_QUOTES,NO_ENGINE_SUBSTITUTION,STRICT_ALL_TABLES"))
    assert found == "ANSI_QUOTES,STRICT_ALL_TABLES"
    found = sql_mode(change("CREATE_TABLE", "", T, mode="STRICT_ALL_TABLES,TRADITIONAL,NO_ENGINE_SUBSTITUTION"))
    assert found == "STRICT_ALL_TABLES"


def test_the_digest_leaves_counters_out() -> None:
    one = digest({T: "CREATE TABLE `t` (id INT) ENGINE=InnoDB AUTO_INCREMENT=5 CHARSET=utf8mb4"})
    assert one == digest({T: "CREATE TABLE `t` (id INT) ENGINE=InnoDB AUTO_INCREMENT=17 CHARSET=utf8mb4"})
    assert one == digest({T: "CREATE TABLE `t` (id INT) ENGINE=InnoDB CHARSET=utf8mb4"})


def test_the_digest_tells_what_stands_there_apart() -> None:
    found = {
        digest({T: "CREATE TABLE a"}, ["5"]),
        digest({T: "CREATE TABLE a"}, ["6"]),
        digest({T: "CREATE TABLE a"}),
        digest({T: "CREATE TABLE b"}),
        digest({U: "CREATE TABLE a"}),
        digest({T: None}),
        digest({T: "CREATE TABLE a", U: None}),
        digest({}),
    }
    assert len(found) == 8


def test_a_long_statement_is_shown_by_its_beginning() -> None:
    assert head("ALTER\n  TABLE t") == "ALTER TABLE t"
    assert len(head("x " * 500)) == 203
