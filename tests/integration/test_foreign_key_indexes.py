"""Indexes that the source makes for foreign keys, and takes away again by itself, are the same at the target."""

from deploy.local import Stack
from runtime.mysql import Connection, connect
from tests.conftest import NewTask
from tests.pipeline.process import Process
from tests.pipeline.settle import settle
from tests.pipeline.task import Place, Task

_BEFORE = (
    "CREATE DATABASE fki",
    "USE fki",
    "CREATE TABLE p (id INT PRIMARY KEY)",
    "CREATE TABLE a (id INT PRIMARY KEY, p INT, q INT, FOREIGN KEY (p) REFERENCES p (id),"
    " CONSTRAINT named FOREIGN KEY (q) REFERENCES p (id))",
    *(f"CREATE TABLE {name} (id INT PRIMARY KEY, p INT, FOREIGN KEY (p) REFERENCES p (id))" for name in "bcde"),
)
_MEANWHILE = (
    "ALTER TABLE a ADD KEY k (p)",
    "ALTER TABLE a ADD UNIQUE u (q)",
    "CREATE INDEX k ON b (p, id)",
    "ALTER TABLE c DROP FOREIGN KEY c_ibfk_1, ADD CONSTRAINT nn FOREIGN KEY (p) REFERENCES p (id)",
    "ALTER TABLE c DROP FOREIGN KEY nn",
    "ALTER TABLE d CHANGE p q INT",
    "ALTER TABLE d ADD CONSTRAINT y FOREIGN KEY (q) REFERENCES p (id)",
    "ALTER TABLE e ADD UNIQUE KEY k (p)",
    "ALTER TABLE e ADD KEY p (id, p)",
)


def test_indexes_of_foreign_keys(databases: Stack, task: NewTask) -> None:
    moved = task(include=["fki.*"])
    with connect(moved.stack_source) as source:
        processes = _begun(moved, source)
        for statement in _MEANWHILE:
            source.execute(statement)
            settle(moved, processes)
        for table in ("c", "d"):  # whatever the server has called them
            for row in source.query(f"SHOW INDEX FROM {table} WHERE Key_name <> 'PRIMARY' AND Seq_in_index = 1"):
                source.execute(f"ALTER TABLE {table} RENAME KEY {row[2]} TO {row[2]}_{table}")
                settle(moved, processes)
    moved.run("verify")
    moved.assert_equal()


def test_a_target_that_dies_behind_the_statement(databases: Stack, task: NewTask) -> None:
    """It has run, and the index that goes with it is still there."""
    moved = task(include=["fki.*"])
    with connect(moved.stack_source) as source:
        processes = _begun(moved, source)
        processes[1].kill()
        dying = moved.start("apply", dies_at=Place("apply.ddl_run", 1))
        for statement in _MEANWHILE[:4]:
            source.execute(statement)
            assert dying.exit_code() == -9
            dying = moved.start("apply", dies_at=Place("apply.ddl_run", 1))
        settle(moved, [processes[0], dying])
    moved.assert_equal()


def _begun(moved: Task, source: Connection) -> list[Process]:
    """Capture and apply, with everything of before at the target."""
    for statement in _BEFORE:
        source.execute(statement)
    processes = [moved.start("capture"), moved.start("apply")]
    settle(moved, processes)
    return processes
