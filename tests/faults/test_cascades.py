"""Rows that follow others by foreign keys, from sources whose log is silent about them: under a writer, copied while it
writes, with kills at every seam, and equal in the end."""

import os
import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.local import Profile, Server, Stack, start_mysql, stop_mysql
from deploy.local.mysql import replicate
from runtime.errors import Exit
from runtime.mysql import Connection, Refused, connect
from tests.conftest import empty
from tests.pipeline.aged import aged
from tests.pipeline.families import FamilyWriter
from tests.pipeline.running import Running
from tests.pipeline.task import Place, Task
from tests.pipeline.transactions import Mix

PLACES = (
    Place("capture.cascade_before", 2),
    Place("capture.cascade_after", 2),
    Place("apply.cascaded", 3),
    Place("apply.cascade_done", 3),
)
_NATIVE = ["--innodb-native-foreign-keys=ON"]


@pytest.fixture(scope="module")
def native(stack: Stack) -> Iterator[Stack]:
    """The stack with a source of 9.7 that cascades below its log, as all did before 9.6."""
    directory = stack.directory / "native"
    yield replace(stack, source=start_mysql(Profile.SOURCE, directory, _NATIVE))
    stop_mysql(directory)


def _followed(stack: Stack, folder: Path, seed: int, spelled: Callable[[str], str]) -> None:
    empty(stack)
    mix = Mix(rows=300, ddl=0.02)
    writer = FamilyWriter(stack.source.endpoint("admin"), seed, "ran", mix=mix, per_second=40, spelled=spelled)
    writer.create()
    with Task(stack, folder, include=["ran.*"]) as task, writer:
        running = Running(task, writer, task.start("capture"), task.start("apply"))
        running.process("capture").wait_for("capturing")
        for place in PLACES:
            verb = place.seam.partition(".")[0]
            armed = running.restart(verb, dies_at=place)
            assert armed.exit_code() == -9
            running.restart(verb)
        running.equal()
        writer.wait_for(transactions=100)
        running.equal()
        writer.stop()
        task.run("verify")


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("version", ["9.7", "5.6"])
def test_soak(native: Stack, stack: Stack, tmp_path: Path, version: str) -> None:
    """PENSTOCK_CASCADE_ROUNDS rounds (5), each with other seeds; PENSTOCK_SOAK_SEED repeats a run."""
    seed = int(os.environ.get("PENSTOCK_SOAK_SEED") or random.randrange(10**6))
    print(f"PENSTOCK_SOAK_SEED={seed}")
    old = replace(stack, source=start_mysql(Profile.SOURCE56, stack.directory / Profile.SOURCE56))
    for number in range(int(os.environ.get("PENSTOCK_CASCADE_ROUNDS") or 5)):
        _followed(native if version == "9.7" else old, tmp_path, seed + number, str if version == "9.7" else aged)


def test_rows_follow_others_that_the_log_does_not_name(native: Stack, tmp_path: Path) -> None:
    _followed(native, tmp_path, 21, str)


def test_rows_follow_others_at_mysql_56(stack: Stack, tmp_path: Path) -> None:
    source = start_mysql(Profile.SOURCE56, stack.directory / Profile.SOURCE56)
    _followed(replace(stack, source=source), tmp_path, 22, aged)


_SPELLED = "VARCHAR(9) CHARACTER SET utf8 COLLATE utf8_general_ci"
_VALUES = (
    f"text (k {_SPELLED} PRIMARY KEY)",
    f"text_b (id INT PRIMARY KEY, k {_SPELLED}, UNIQUE (k), FOREIGN KEY (k) REFERENCES text (k) ON UPDATE CASCADE)",
    f"text_c (id INT PRIMARY KEY, k {_SPELLED}, FOREIGN KEY (k) REFERENCES text_b (k) ON UPDATE CASCADE)",
    "floats (k FLOAT PRIMARY KEY)",
    "floats_b (id INT PRIMARY KEY, k FLOAT, UNIQUE (k), FOREIGN KEY (k) REFERENCES floats (k) ON UPDATE CASCADE)",
    "floats_c (id INT PRIMARY KEY, k FLOAT, FOREIGN KEY (k) REFERENCES floats_b (k) ON UPDATE CASCADE)",
    "latin (k CHAR(9) PRIMARY KEY)",
    "latin_b (id INT PRIMARY KEY, k CHAR(9), UNIQUE (k), FOREIGN KEY (k) REFERENCES latin (k) ON UPDATE CASCADE)",
    "latin_c (id INT PRIMARY KEY, k CHAR(9), FOREIGN KEY (k) REFERENCES latin_b (k) ON UPDATE CASCADE)",
    "bits (k BINARY(4) PRIMARY KEY)",
    "bits_b (id INT PRIMARY KEY, k VARBINARY(9), FOREIGN KEY (k) REFERENCES bits (k) ON UPDATE CASCADE)",
    "amounts (k DECIMAL(9,2) PRIMARY KEY)",
    "amounts_b (id INT PRIMARY KEY, k DECIMAL(9,2), FOREIGN KEY (k) REFERENCES amounts (k) ON UPDATE CASCADE)",
    "heap (id INT NOT NULL, above INT, KEY (id), KEY (above))",
)
_BEGINNINGS = (
    "text VALUES ('a'), ('b'), ('c'), ('e'), ('x')",
    "text_b VALUES (1, 'a'), (2, 'B'), (3, 'c'), (4, 'E')",
    "text_c VALUES (1, 'a'), (2, 'b'), (3, 'C'), (4, 'e'), (5, 'E')",
    "floats VALUES (-0e0), (0.1), (16777216)",
    "floats_b VALUES (1, 0e0), (2, 0.1), (3, 16777216)",
    "floats_c VALUES (1, -0e0), (2, 0.1), (3, 0e0)",
    "latin VALUES ('a'), ('b')",
    "latin_b VALUES (1, 'A'), (2, 'b')",
    "latin_c VALUES (1, 'a'), (2, 'B')",
    "bits VALUES ('ab'), ('abcd')",
    "bits_b SELECT 1, k FROM bits WHERE k LIKE 'abc%' UNION SELECT 2, k FROM bits WHERE k < 'abc'",
    "amounts VALUES (1.10), (2)",
    "amounts_b VALUES (1, 1.1), (2, 2)",
    "heap VALUES (1, NULL), (2, 1), (2, 1), (3, 2), (4, NULL), (5, 4), (6, NULL), (7, 3)",
)
_CHANGES = (
    (
        *(f"UPDATE text SET k = '{new}' WHERE k = '{new}'" for new in ("A", "B", "c ", "é", "X")),
        "UPDATE floats SET k = 0e0 WHERE k = 0",
        "UPDATE latin SET k = UPPER(k)",
        "UPDATE bits SET k = 'x' WHERE k LIKE 'ab%' AND k < 'abc'",
        "UPDATE amounts SET k = k + 0.05 ORDER BY k DESC",
        "DELETE FROM heap WHERE id < 5 ORDER BY above DESC, id DESC LIMIT 3",
    ),
    (
        "UPDATE text SET k = UPPER(k)",
        "UPDATE floats SET k = k * 3 WHERE k > 0 ORDER BY k DESC",
        "UPDATE bits SET k = 'wxyz' WHERE k = 'abcd'",
        "DELETE FROM heap",
    ),
)


def test_spellings_values_and_a_heap_that_follows_itself(native: Stack, tmp_path: Path) -> None:
    _values(native, tmp_path)


@pytest.mark.long
def test_spellings_values_and_a_heap_that_follows_itself_at_mysql_56(stack: Stack, tmp_path: Path) -> None:
    _values(replace(stack, source=start_mysql(Profile.SOURCE56, stack.directory / Profile.SOURCE56)), tmp_path)


def _values(stack: Stack, folder: Path) -> None:
    empty(stack)
    with connect(stack.source.endpoint("admin")) as connection:
        with suppress(Refused):  # servers before 8.4 do not know it
            connection.execute("SET SESSION restrict_fk_on_non_standard_key = OFF")
        connection.execute("CREATE DATABASE ran CHARACTER SET latin1")
        connection.execute("USE ran")
        for table in _VALUES:
            connection.execute(f"CREATE TABLE {table} ENGINE=InnoDB")
        for rows in _BEGINNINGS:
            connection.execute(f"INSERT INTO {rows}")
        connection.execute("ALTER TABLE heap ADD FOREIGN KEY (above) REFERENCES heap (id) ON DELETE CASCADE")
        with Task(stack, folder, include=["ran.*"]) as task:
            for verb in ("capture", "apply"):
                task.start(verb)
            task.wait()
            task.assert_equal()
            for changes in _CHANGES:
                for change in changes:
                    connection.execute(change)
                task.wait()
                task.assert_equal()
            task.run("verify")


def test_a_server_that_has_applied_the_log_of_an_old_one(native: Stack, tmp_path: Path) -> None:
    """Its own log would hold what follows; of what it has applied it does not."""
    directory = tmp_path / "above"
    replica = start_mysql(Profile.SOURCE, directory)
    try:
        empty(native)
        with connect(native.source.endpoint("admin")) as connection:
            connection.execute("RESET BINARY LOGS AND GTIDS")  # a replica may refuse what other tests have made
            replicate(native.source, replica)
            connection.execute("CREATE DATABASE ran")
            for table in ("a (id INT PRIMARY KEY)", "b (id INT PRIMARY KEY, a INT, FOREIGN KEY (a) REFERENCES a (id)"):
                connection.execute(f"CREATE TABLE ran.{table}" + (" ON DELETE CASCADE)" if "FOREIGN" in table else ""))
            connection.execute("INSERT INTO ran.a VALUES (1), (2)")
            connection.execute("INSERT INTO ran.b VALUES (1, 1), (2, 2)")
            with Task(replace(native, source=replica), tmp_path, include=["ran.*"]) as task:
                _wait(connection, replica)
                capture, _ = task.start("capture"), task.start("apply")
                task.wait()
                task.assert_equal()
                connection.execute("DELETE FROM ran.a WHERE id = 1")
                _wait(connection, replica)
                assert capture.exit_code() == Exit.OPERATOR
                assert "it has applied the log of a server before MySQL 9.6" in capture.tail()
    finally:
        stop_mysql(directory)


def _wait(primary: Connection, replica: Server) -> None:
    """The replica has all that the primary has."""
    done = str(primary.value("SELECT @@GLOBAL.gtid_executed"))
    with connect(replica.endpoint("admin")) as connection:
        assert connection.value("SELECT WAIT_FOR_EXECUTED_GTID_SET(%s, 60)", (done,)) == 0
