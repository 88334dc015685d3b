"""Statements that run while a target has a part of a table's rows: what it has then is still what the source has.

A reader is held before it has copied most of the tables, rows of which have come by the log. Then capture is killed,
statements of every kind run, and capture dies in the midst of them twice more.
"""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from deploy.local import Profile, Stack, start_mysql, stop_mysql
from runtime.mysql import Connection, connect
from tests.conftest import NewTask
from tests.pipeline.task import Place

_ROWS = 12
_READ = 3  # chunks before the reader is held: tables with a key are read by name


@dataclass(frozen=True)
class Case:
    """A table `name`, its rows for n in 1.._ROWS, what changes of every third one, and what runs then."""

    name: str
    definition: str
    row: str
    statements: Sequence[str] = ()
    change: str = "v = v + 100"
    options: str = ""


_KEYED = "id INT PRIMARY KEY, v INT NOT NULL"
_CASES = (
    # copied before
    Case("a1", _KEYED, "{n}, 0", ["ALTER TABLE a1 ADD n INT NOT NULL AUTO_INCREMENT, ADD KEY (n)"]),
    Case("a2", "v INT, KEY (v)", "MOD({n} * 7, 13)", ["ALTER TABLE a2 ADD id INT AUTO_INCREMENT PRIMARY KEY FIRST"]),
    Case("a3", _KEYED, "{n} + 200, 3"),
    Case("a4", _KEYED, "{n}, 4"),
    Case("a5", "v INT", "{n}"),
    # not yet
    Case("b1", _KEYED, "{n}, 0", ["ALTER TABLE b1 ADD n INT NOT NULL AUTO_INCREMENT, ADD KEY (n)"]),
    Case(
        "b2",
        f"{_KEYED}, KEY (v)",
        "{n}, MOD({n}, 2)",
        ["ALTER TABLE b2 MODIFY v INT NOT NULL AUTO_INCREMENT", "ALTER TABLE b2 MODIFY v BIGINT AUTO_INCREMENT"],
        "v = 0",
    ),
    Case("b3", "v INT, KEY (v)", "MOD({n} * 7, 13)", ["ALTER TABLE b3 ADD COLUMN (id SERIAL)"]),
    Case(
        "b4",
        _KEYED,
        "{n}, 0",
        [
            "ALTER TABLE b4 DROP PARTITION p0",
            "ALTER TABLE b4 ADD PARTITION (PARTITION p2 VALUES LESS THAN (900))",
            "ALTER TABLE b4 EXCHANGE PARTITION p1 WITH TABLE a3",
            "UPDATE a3 SET v = v + 1 WHERE id IN (6, 7)",
            "UPDATE b4 SET v = v + 1 WHERE id = 203",
        ],
        options="PARTITION BY RANGE (id) (PARTITION p0 VALUES LESS THAN (5), PARTITION p1 VALUES LESS THAN (500))",
    ),
    Case(
        "b5",
        _KEYED,
        "{n}, 0",
        ["ALTER TABLE b5 COALESCE PARTITION 2", "ALTER TABLE b5 TRUNCATE PARTITION p1", "INSERT INTO b5 VALUES (1, 1)"],
        options="PARTITION BY HASH (id) PARTITIONS 4",
    ),
    Case("b6", _KEYED, "{n}, 0", ["TRUNCATE TABLE b6", "INSERT INTO b6 VALUES (3, 1), (70, 2)"]),
    Case("b7", _KEYED, "{n}, 0", ["ALTER TABLE b7 DROP PRIMARY KEY", "INSERT INTO b7 VALUES (3, 1)"]),
    Case("b8", _KEYED, "{n}, -{n}", ["ALTER TABLE b8 DROP PRIMARY KEY, ADD PRIMARY KEY (v)"], "id = id + 100"),
    Case("b9", _KEYED, "{n}, {n}", ["ALTER TABLE b9 ADD UNIQUE (v)", "REPLACE INTO b9 VALUES (99, 11)"]),
    Case("c1", _KEYED, "{n}, 1", ["RENAME TABLE c1 TO x, a4 TO c1, x TO a4", "UPDATE a4 SET v = v * 2"]),
    Case("c2", _KEYED, "{n}, 2", ["ALTER TABLE c2 ADD n INT AUTO_INCREMENT UNIQUE FIRST, RENAME TO renamed"]),
    Case("c3", "id INT PRIMARY KEY, v VARCHAR(9)", "{n}, '9x{n}'", ["ALTER TABLE c3 MODIFY v TINYINT"], "v = 'yy'"),
    Case("c4", f"{_KEYED}, KEY (v)", "{n}, {n}", ["ALTER TABLE c4 ADD FOREIGN KEY (v) REFERENCES c5 (id)"], "v = 2"),
    Case("c5", _KEYED, "{n}, 2", ["DELETE FROM c5 WHERE id = 12"]),
    Case("c6", "v INT", "{n}", ["ALTER TABLE c6 ADD PRIMARY KEY (v)", "RENAME TABLE c6 TO y, a5 TO c6, y TO a5"]),
    Case("c7", _KEYED, "{n}, {n}", ["DROP TABLE c7", "CREATE TABLE c7 (id INT PRIMARY KEY, w INT)"]),
    Case("c8", _KEYED, "{n}, {n}", ["CREATE TABLE c9 (PRIMARY KEY (id)) SELECT * FROM c8", "DELETE FROM c8"]),
    Case("d1", _KEYED, "{n}, 0", ["ALTER TABLE d1 ORDER BY v", "ALTER TABLE d1 DISABLE KEYS", "ALTER TABLE d1 FORCE"]),
)
_NEW = (
    Case("d2", _KEYED, "{n}, 1", ["ALTER TABLE d2 ADD c BIGINT DEFAULT (CONNECTION_ID()), ADD w INT DEFAULT (v)"]),
    Case(
        "d4",
        "id INT NOT NULL, v INT NOT NULL, w INT NOT NULL, UNIQUE b (w), UNIQUE a (v) INVISIBLE",
        "{n}, {n}, {n}",
        ["UPDATE d4 SET id = 9 WHERE w < 5", "DELETE FROM d4 WHERE w > 9"],
        "id = 7",
    ),
    Case("d3", _KEYED, "{n}, 1", ["ALTER TABLE d3 ADD CHECK (v > 0)", "ALTER TABLE d3 ADD s INT AS (id + v) STORED"]),
)
_OLD = (Case("d2", _KEYED, "{n}, {n}", ["ALTER IGNORE TABLE d2 ADD UNIQUE (v)"], "v = 2"),)


@dataclass
class Ground:
    """Servers, and the cases that their source can run."""

    stack: Stack
    cases: Sequence[Case]


@pytest.fixture(params=[Profile.SOURCE, Profile.SOURCE56])
def ground(request: pytest.FixtureRequest, databases: Stack) -> Iterator[Ground]:
    if request.param is Profile.SOURCE:
        yield Ground(databases, _CASES + _NEW)
        return
    source = start_mysql(Profile.SOURCE56, databases.directory / "part56")
    yield Ground(replace(databases, source=source), _CASES + _OLD)
    stop_mysql(source.directory)


def test_a_part_of_the_rows_becomes_what_it_should(task: NewTask, ground: Ground, tmp_path: Path) -> None:
    run = task(stack=ground.stack, include=["part.*"], overrides={"snapshot": {"readers": 1}})
    go, held = tmp_path / "go", tmp_path / "held"
    hold = f"sh -c 'touch {held}; until test -e {go}; do sleep 0.05; done'"
    with connect(run.stack_source) as admin, connect(run.stack_destination) as there:
        _create(admin, ground.cases)
        capture = run.start("capture", dies_at=Place("snapshot.low_read", _READ + 1, hold))
        run.start("apply")
        capture.until(held.exists, "reach the table that is held")
        _publish_some(admin, ground.cases)
        capture.until(lambda: _some_are_published(there), "publish some rows")
        capture.kill()
        go.touch()
        _import(admin, ground.stack.source.directory / "data" / "part")
        for case in ground.cases:
            for statement in case.statements:
                admin.execute(statement)
    for place in (Place("capture.ddl_before", 5), Place("capture.ddl_after", 11)):
        assert run.start("capture", dies_at=place).exit_code() == -9
    ended = run.start("capture")
    run.wait()
    run.assert_equal()
    run.run("verify")
    assert ended.running


def _create(admin: Connection, cases: Sequence[Case]) -> None:
    admin.execute("DROP DATABASE IF EXISTS part")
    admin.execute("CREATE DATABASE part")
    admin.execute("USE part")
    admin.execute("SET sql_mode = ''")
    for case in cases:
        admin.execute(f"CREATE TABLE {case.name} ({case.definition}) {case.options}")
        rows = ", ".join(f"({case.row.format(n=n)})" for n in range(1, _ROWS + 1))
        admin.execute(f"INSERT INTO {case.name} VALUES {rows}")
    admin.execute(f"CREATE TABLE files ({_KEYED})")
    admin.execute("INSERT INTO files VALUES (1, 1), (2, 2)")


def _publish_some(admin: Connection, cases: Sequence[Case]) -> None:
    """Some rows of every table that has a key come by the log."""
    for case in cases:
        admin.execute(f"UPDATE {case.name} SET {case.change} WHERE {'id' if 'id' in case.definition else 'v'} % 3 = 0")
    admin.execute("INSERT INTO files VALUES (3, 3)")


def _some_are_published(destination: Connection) -> bool:
    tables = "SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'part' AND TABLE_NAME = 'files'"
    return bool(destination.query(tables)) and bool(destination.query("SELECT 1 FROM part.files"))


def _import(admin: Connection, folder: Path) -> None:
    """The rows of a table come again out of its files."""
    admin.execute("FLUSH TABLES files FOR EXPORT")
    for ending in ("ibd", "cfg"):
        shutil.copy(folder / f"files.{ending}", folder.parent / f"kept.{ending}")
    admin.execute("UNLOCK TABLES")
    admin.execute("DELETE FROM files")
    admin.execute("ALTER TABLE files DISCARD TABLESPACE")
    for ending in ("ibd", "cfg"):
        (folder.parent / f"kept.{ending}").replace(folder / f"files.{ending}")
    admin.execute("ALTER TABLE files IMPORT TABLESPACE")
    (folder / "files.cfg").unlink(missing_ok=True)
    admin.execute("UPDATE files SET v = 9 WHERE id = 2")
