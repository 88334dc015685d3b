"""Views, unselected tables and temporary tables among the tables of a task: none stops it, none goes astray.

`scope` is selected as a whole, of `mixed` what begins with `sel_`. All statements run while the task is stopped, so
capture meets each when later ones have run.
"""

from dataclasses import replace

from deploy.local import Profile, Stack, start_mysql
from runtime.mysql import Connection, connect
from schemas.names import TableName
from schemas.selection import Selection
from schemas.sql import qualified
from tests.conftest import NewTask
from tests.pipeline.compare import differences

_INCLUDE = ("scope.*", "mixed.sel_*")
_PREPARE = """
CREATE DATABASE scope; CREATE DATABASE mixed; CREATE DATABASE other
CREATE TABLE scope.t (id INT PRIMARY KEY, v INT); INSERT INTO scope.t VALUES (1, 1), (2, 2)
CREATE VIEW scope.v AS SELECT * FROM scope.t; CREATE VIEW scope.stays AS SELECT 1 AS a
CREATE VIEW mixed.v AS SELECT 1 AS a; CREATE VIEW mixed.sel_v AS SELECT 1 AS a
CREATE TABLE mixed.sel_a (id INT PRIMARY KEY, v CHAR(9)); INSERT INTO mixed.sel_a VALUES (1, 'a')
CREATE TABLE mixed.sel_b (id INT PRIMARY KEY, v CHAR(9)); INSERT INTO mixed.sel_b VALUES (1, 'b'), (2, 'b')
CREATE TABLE mixed.sel_c (id INT, v CHAR(9)); INSERT INTO mixed.sel_c VALUES (1, 'c'), (1, 'c')
CREATE TABLE mixed.out (id INT PRIMARY KEY, w CHAR(9) DEFAULT 'x'); INSERT INTO mixed.out VALUES (7, 'out')
CREATE TABLE mixed.ghost (id INT PRIMARY KEY, v CHAR(9), g INT); INSERT INTO mixed.ghost VALUES (1, 'ghost', 1)
CREATE TABLE mixed.sel_p (id INT PRIMARY KEY, v CHAR(9)) PARTITION BY RANGE (id) (PARTITION p0 VALUES LESS THAN (10), \
PARTITION p1 VALUES LESS THAN (20)); INSERT INTO mixed.sel_p VALUES (1, 'p'), (11, 'p')
CREATE TABLE mixed.part (id INT PRIMARY KEY, v CHAR(9)) PARTITION BY RANGE (id) (PARTITION p0 VALUES LESS THAN (10)); \
INSERT INTO mixed.part VALUES (3, 'outside')
CREATE TABLE mixed.plain (id INT PRIMARY KEY, v CHAR(9)); INSERT INTO mixed.plain VALUES (12, 'plain')
CREATE TABLE mixed.sel_x (id INT PRIMARY KEY, v CHAR(9)); INSERT INTO mixed.sel_x VALUES (4, 'x')
CREATE TABLE other.o (id INT PRIMARY KEY, v CHAR(9)); INSERT INTO other.o VALUES (1, 'o')
CREATE TABLE mixed.sel_leaves (id INT PRIMARY KEY); INSERT INTO mixed.sel_leaves VALUES (1)
"""
_VIEWS = """
CREATE TABLE IF NOT EXISTS scope.v (a INT); CREATE TABLE IF NOT EXISTS scope.v LIKE scope.t
CREATE TABLE IF NOT EXISTS scope.t (z INT); CREATE TABLE IF NOT EXISTS scope.t LIKE mixed.out
DROP TABLE IF EXISTS scope.v, scope.nothing; CREATE TABLE IF NOT EXISTS scope.v SELECT 1 AS b
RENAME TABLE scope.v TO scope.w; INSERT INTO scope.w VALUES (3, 3); CREATE TABLE scope.v (id INT PRIMARY KEY)
INSERT INTO scope.v VALUES (1); DROP VIEW scope.w; CREATE TABLE IF NOT EXISTS scope.w (id INT PRIMARY KEY)
INSERT INTO scope.w VALUES (5); DROP TABLE scope.w; CREATE VIEW scope.w AS SELECT 1 AS one
CREATE OR REPLACE VIEW scope.w AS SELECT 2 AS two; CREATE TABLE IF NOT EXISTS scope.w (id INT PRIMARY KEY)
RENAME TABLE scope.w TO scope.x, scope.t TO scope.t2, scope.x TO scope.y; RENAME TABLE scope.t2 TO scope.t
CREATE TABLE IF NOT EXISTS scope.y (a INT); DROP VIEW IF EXISTS scope.y, scope.none; CREATE TABLE scope.y (a INT)
INSERT INTO scope.y VALUES (1); CREATE VIEW scope.late AS SELECT 1 AS a
RENAME TABLE mixed.v TO mixed.sel_view; CREATE TABLE IF NOT EXISTS mixed.sel_view (a INT)
RENAME TABLE mixed.sel_view TO mixed.v; CREATE TABLE IF NOT EXISTS mixed.sel_view (a INT)
INSERT INTO mixed.sel_view VALUES (9)
"""
_SELECTION = """
RENAME TABLE mixed.sel_a TO mixed.tmp, mixed.sel_b TO mixed.sel_a, mixed.tmp TO mixed.sel_b, mixed.out TO mixed.out2
INSERT INTO mixed.sel_a VALUES (5, 'was b'); INSERT INTO mixed.sel_b VALUES (5, 'was a')
RENAME TABLE mixed.sel_a TO other.way, mixed.sel_x TO mixed.sel_a, other.way TO mixed.sel_x
INSERT INTO mixed.sel_a VALUES (8, 'was x'); INSERT INTO mixed.sel_x VALUES (8, 'was a')
RENAME TABLE mixed.sel_a TO other.way, mixed.sel_x TO other.on, other.on TO mixed.sel_a, other.way TO mixed.sel_x
RENAME TABLE mixed.out2 TO mixed.out; CREATE TABLE mixed.sel_like LIKE mixed.out
INSERT INTO mixed.sel_like VALUES (1, 'like'); ALTER TABLE mixed.sel_like ADD z INT DEFAULT 4
INSERT INTO mixed.sel_like VALUES (2, 'like', 5); CREATE TABLE mixed.sel_made SELECT * FROM mixed.out
INSERT INTO mixed.sel_made VALUES (8, 'made')
INSERT INTO mixed.sel_b VALUES (6, 'copied'); RENAME TABLE mixed.sel_b TO mixed.old, mixed.ghost TO mixed.sel_b
INSERT INTO mixed.sel_b VALUES (2, 'new', 2); UPDATE mixed.sel_b SET v = 'both'; INSERT INTO mixed.old VALUES (99, '-')
ALTER TABLE mixed.sel_c RENAME TO other.c; INSERT INTO other.c VALUES (2, 'away')
ALTER TABLE other.c ADD d INT, RENAME TO mixed.sel_c; INSERT INTO mixed.sel_c VALUES (3, 'back', 3)
UPDATE mixed.sel_c SET v = 'c again' WHERE id = 1 LIMIT 1; DELETE FROM mixed.sel_c WHERE id = 2
RENAME TABLE other.o TO mixed.sel_o; INSERT INTO mixed.sel_o VALUES (2, 'in'); RENAME TABLE mixed.sel_o TO mixed.sel_q
ALTER TABLE mixed.sel_q ADD UNIQUE (v); DELETE FROM mixed.sel_q WHERE id = 1
ALTER TABLE mixed.sel_leaves RENAME TO mixed.left_it; DROP TABLE mixed.left_it
CREATE TABLE mixed.twice LIKE mixed.out; RENAME TABLE mixed.twice TO mixed.sel_twice; DROP TABLE mixed.sel_twice
CREATE TABLE mixed.sel_twice (id INT PRIMARY KEY); INSERT INTO mixed.sel_twice VALUES (1)
ALTER TABLE mixed.sel_p EXCHANGE PARTITION p1 WITH TABLE mixed.plain; INSERT INTO mixed.sel_p VALUES (13, 'after')
ALTER TABLE mixed.part EXCHANGE PARTITION p0 WITH TABLE mixed.sel_x; INSERT INTO mixed.sel_x VALUES (5, 'after')
CREATE TABLE mixed.sel_child (id INT PRIMARY KEY, p INT, FOREIGN KEY (p) REFERENCES other.parent (id))
ALTER TABLE mixed.sel_a ADD k INT, ADD FOREIGN KEY (k) REFERENCES other.parent (id)
INSERT INTO mixed.sel_child VALUES (1, NULL); DROP TABLE IF EXISTS mixed.out, mixed.sel_view, scope.stays, mixed.nothing
DROP DATABASE other; CREATE TABLE mixed.sel_end (id INT PRIMARY KEY); INSERT INTO mixed.sel_end VALUES (1)
"""
_TEMPORARY = """
CREATE TEMPORARY TABLE scope.t (id INT, z INT); INSERT INTO scope.t VALUES (7, 7); ALTER TABLE scope.t ADD y INT
CREATE INDEX i ON scope.t (z); TRUNCATE TABLE scope.t; ALTER TABLE scope.t RENAME TO scope.hidden
ALTER TABLE scope.hidden RENAME TO scope.t; CREATE TABLE scope.after LIKE scope.t; DROP TABLE scope.t
CREATE TEMPORARY TABLE scope.gone (a INT); DROP TABLE IF EXISTS scope.gone, scope.y
"""
_BACKSLASHES = r"""
SET SESSION sql_mode = 'NO_BACKSLASH_ESCAPES'; USE scope
CREATE TABLE scope.plain (a VARCHAR(20) DEFAULT 'a\b', e ENUM('x\y','z') COMMENT 'c\n')
INSERT INTO scope.plain VALUES (DEFAULT, 'x\y'); CREATE TABLE scope.made SELECT * FROM scope.plain
CREATE TEMPORARY TABLE scope.short (e ENUM('p\q')); CREATE TABLE scope.model LIKE scope.short
INSERT INTO scope.model VALUES ('p\q'); DROP TEMPORARY TABLE scope.short; SET SESSION sql_mode = DEFAULT
"""
_SPACE = "CREATE TABLESPACE scope_space ADD DATAFILE 'scope_space.ibd'"
_SPACED = """
CREATE TABLE scope.spaced (id INT PRIMARY KEY) TABLESPACE = scope_space; INSERT INTO scope.spaced VALUES (1)
CREATE TABLE scope.parts (id INT PRIMARY KEY) PARTITION BY HASH (id) (PARTITION p TABLESPACE innodb_file_per_table)
"""
_MOVED = """
CREATE TABLE scope.later (id INT PRIMARY KEY) COMMENT 'x', TABLESPACE scope_space; INSERT INTO scope.later VALUES (1)
ALTER TABLE scope.spaced TABLESPACE innodb_file_per_table, ADD v INT DEFAULT 3; INSERT INTO scope.spaced VALUES (2, 2)
ALTER TABLE scope.later TABLESPACE innodb_file_per_table; INSERT INTO scope.parts VALUES (1), (2)
"""
_LAST = "INSERT INTO scope.t VALUES (8, 8); INSERT INTO scope.after VALUES (1, 2, 3); ALTER TABLE scope.t ADD z INT"


def _run(source: Connection, script: str) -> None:
    source.execute("SET SESSION foreign_key_checks = 0")
    for line in script.replace("\\\n", "").strip().splitlines():
        for statement in line.split("; "):
            source.execute(statement)


def _without_unselected(source: Connection) -> None:
    """What the task has not moved goes from the source, so that both ends can be compared."""
    source.execute("SET SESSION sql_log_bin = 0, foreign_key_checks = 0")
    selection = Selection(include=_INCLUDE)
    found = source.query("SELECT TABLE_SCHEMA, TABLE_NAME, TABLE_TYPE FROM information_schema.TABLES")
    for database, table, kind in found:
        name = TableName(database, table)
        if kind == "BASE TABLE" and database in ("mixed", "other") and not selection.selected(name):
            source.execute(f"DROP TABLE {qualified(name)}")


def test_what_is_not_migrated_neither_stops_a_task_nor_goes_astray(task: NewTask) -> None:
    run = task(include=list(_INCLUDE))
    with connect(run.stack_source) as source:
        source.execute("SET GLOBAL binlog_row_metadata = MINIMAL")
        _run(source, _PREPARE)
        source.execute(_SPACE)
        _run(source, _SPACED)
        run.run("migrate", "--until", "caught-up")
        for script in (_VIEWS, _SELECTION, _TEMPORARY, _BACKSLASHES, _MOVED, _LAST):
            _run(source, script)
        source.execute("DROP TABLESPACE scope_space")
        run.run("migrate", "--until", "caught-up")
        run.run("verify", "--tables", "scope.spaced", "--tables", "scope.parts", "--tables", "scope.later")
        source.execute("SET GLOBAL binlog_row_metadata = FULL")
        _without_unselected(source)
    run.assert_equal()


def test_a_log_of_mysql_56_tells_of_temporary_tables(task: NewTask, databases: Stack) -> None:
    old = start_mysql(Profile.SOURCE56, databases.directory / Profile.SOURCE56)
    stack = replace(databases, source=old)
    with connect(old.endpoint("admin")) as source:
        for database in ("scope", "mixed", "other"):
            source.execute(f"DROP DATABASE IF EXISTS {database}")
        run = task(stack=stack, include=list(_INCLUDE), source=old.endpoint("penstock"))
        _run(source, _PREPARE)
        run.run("migrate", "--until", "caught-up")
        for script in (_VIEWS, _SELECTION, _BACKSLASHES):
            _run(source, script)
        source.execute("SET SESSION binlog_format = MIXED")
        _run(source, _TEMPORARY)
        source.execute("SET SESSION binlog_format = ROW")
        _run(source, _LAST)
        run.run("migrate", "--until", "caught-up")
        _without_unselected(source)
        found = differences(old.endpoint("admin"), stack.destination.endpoint("admin"), ["scope", "mixed"])
        for database in ("scope", "mixed"):
            source.execute(f"DROP DATABASE {database}")
    assert not found, found
