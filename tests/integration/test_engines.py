"""Tables of engines without transactions: copied while they are written, changed from engine to engine, streamed."""

import random
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.local import Profile, Stack, start_mysql, stop_mysql
from runtime.errors import Exit
from runtime.mysql import Connection, Endpoint, Refused, connect
from tests.conftest import NewTask
from tests.pipeline.task import Place

_ROWS = 1500
_KEYED = "id INT PRIMARY KEY, v INT NOT NULL, t VARCHAR(90)"
_CHILD = "id INT PRIMARY KEY, p INT, FOREIGN KEY (p) REFERENCES parent (id) ON DELETE CASCADE"
_TABLES = (
    f"aa_held ({_KEYED}) ENGINE=InnoDB",
    f"b_turns ({_KEYED}) ENGINE=InnoDB",
    f"b_becomes ({_KEYED}) ENGINE=InnoDB",
    f"c_was ({_KEYED}) ENGINE=MyISAM",
    f"keyed ({_KEYED}) ENGINE=MyISAM",
    "keyless (id INT, v INT NOT NULL, t VARCHAR(90), KEY (v), FULLTEXT KEY (t)) ENGINE=MyISAM ROW_FORMAT=FIXED",
    f"memory ({_KEYED}, KEY USING HASH (v)) ENGINE=MEMORY",
    "archive (id INT AUTO_INCREMENT PRIMARY KEY, v INT NOT NULL, t VARCHAR(90)) ENGINE=ARCHIVE",
    "csv (id INT NOT NULL, v INT NOT NULL, t VARCHAR(90) NOT NULL) ENGINE=CSV",
    f"inno ({_KEYED}) ENGINE=InnoDB",
)
#: while the two are being copied: each change of the engine is followed by changes of rows
_WHILE_COPIED = (
    "ALTER TABLE b_turns ENGINE=MyISAM",
    "DELETE FROM b_turns WHERE id = 5",
    "ALTER TABLE b_turns ENGINE=InnoDB",
    "INSERT INTO b_turns VALUES (9000, 1, 'late')",
    "ALTER TABLE b_becomes ENGINE=MEMORY",
    "DELETE FROM b_becomes WHERE id = 10",
    "ALTER TABLE c_was ENGINE=InnoDB, ADD w INT DEFAULT 3",
    "UPDATE c_was SET v = v + 1 WHERE id % 3 = 0",
)
_WHILE_STREAMED = (
    "ALTER TABLE inno ENGINE=MyISAM, ADD w INT",
    "UPDATE inno SET v = v + 1 WHERE id % 3 = 0",
    "DELETE FROM keyed WHERE id % 10 = 5",
    "INSERT INTO keyed VALUES (-3, 1, 'in a hole'), (-4, 1, 'in another')",
    "ALTER TABLE keyed ADD n INT NOT NULL AUTO_INCREMENT UNIQUE",
    "ALTER TABLE keyed ENGINE=InnoDB, ORDER BY v",
    "CREATE TABLE late (id INT AUTO_INCREMENT PRIMARY KEY, b TEXT, FULLTEXT KEY (b)) ENGINE=MyISAM",
    "INSERT INTO late VALUES (NULL, 'x'), (NULL, 'y')",
    "CREATE TABLE parent (id INT PRIMARY KEY) ENGINE=InnoDB",
    f"CREATE TABLE child ({_CHILD}) ENGINE=MyISAM",
    f"CREATE TABLE follows ({_CHILD}) ENGINE=InnoDB",
    "INSERT INTO parent VALUES (1), (2)",
    "INSERT INTO child VALUES (1, 1), (2, 2)",
    "INSERT INTO follows VALUES (1, 1), (2, 2)",
    "DELETE FROM parent WHERE id = 1",
    "CREATE TABLE under (id INT) ENGINE=MyISAM",
    "INSERT INTO under VALUES (1)",
    "TRUNCATE TABLE csv",
    "ALTER TABLE keyless DISABLE KEYS",
    "DELETE FROM keyless LIMIT 7",
    "ALTER TABLE inno ENGINE=InnoDB ROW_FORMAT=DYNAMIC",
    "DELETE FROM inno WHERE id < 10",
    "CREATE TABLE times (id INT PRIMARY KEY, t TIMESTAMP NULL, u TIMESTAMP NULL) ENGINE=MyISAM",
    "INSERT INTO times VALUES (1, NULL, NULL), (2, '2020-01-01', '2020-01-01')",
    "ALTER TABLE times MODIFY t TIMESTAMP NOT NULL DEFAULT '2001-01-01'",
    "ALTER TABLE times MODIFY u TIMESTAMP(3) NOT NULL DEFAULT NOW(3)",
    "INSERT INTO times (id) VALUES (3)",
)


@pytest.fixture(params=[Profile.SOURCE, Profile.SOURCE56])
def servers(request: pytest.FixtureRequest, databases: Stack) -> Iterator[Stack]:
    if request.param is Profile.SOURCE:
        yield databases
        return
    source = start_mysql(Profile.SOURCE56, databases.directory / "engines56")
    with connect(source.endpoint("admin")) as admin:
        for database in ("engines", "outside"):
            admin.execute(f"DROP DATABASE IF EXISTS {database}")
    yield replace(databases, source=source)
    stop_mysql(source.directory)


def test_tables_without_transactions(task: NewTask, servers: Stack, tmp_path: Path) -> None:
    run = task(stack=servers, include=["engines.*"], overrides={"snapshot": {"readers": 1}})
    old = servers.source.profile is Profile.SOURCE56
    go, held, killed = tmp_path / "go", tmp_path / "held", run.mark()
    hold = f"sh -c 'touch {held}; until test -e {go}; do sleep 0.05; done'"
    with connect(run.stack_source) as admin:
        _create(admin)
        apply = run.start("apply")
        capture = run.start("capture", dies_at=Place("snapshot.low_read", 1, hold))
        with _writing(run.stack_source, old):
            capture.until(held.exists, "reach the first table")
            for statement in _WHILE_COPIED:
                admin.execute(statement)
            capture.kill()
            go.touch()
            capture = run.start("capture", dies_at=Place("snapshot.table_locked").once(killed))
            capture.until(killed.exists, "lock a table")
            for table in _TABLES:
                capture.wait_for(f'"table": "engines.{table.split()[0]}", "rows": ', 120)
        for statement in _WHILE_STREAMED:
            admin.execute(statement)
    run.wait()
    run.assert_equal()
    if old:
        capture.kill()
        _restart(servers)
        capture = run.start("capture")
        run.wait()
        run.assert_equal()
    run.run("verify")
    assert capture.running and apply.running
    with connect(run.stack_source) as admin:
        admin.execute("CREATE DATABASE outside CHARACTER SET latin1")
        admin.execute("CREATE TABLE outside.over (id INT) ENGINE=MERGE UNION=(engines.under) INSERT_METHOD=LAST")
        admin.execute("INSERT INTO outside.over VALUES (2)")
    assert capture.exit_code() == Exit.OPERATOR
    assert "outside.over: rows are written through a MERGE table" in capture.stderr


def _create(admin: Connection) -> None:
    admin.execute("CREATE DATABASE engines CHARACTER SET latin1")
    admin.execute("USE engines")
    for table in _TABLES:
        admin.execute(f"CREATE TABLE {table}")
        rows = (f"({n}, {n * 7919 % 1000}, 'row {n} of {'x' * 50}')" for n in range(1, _ROWS + 1))
        admin.execute(f"INSERT INTO {table.split()[0]} VALUES {', '.join(rows)}")


@contextmanager
def _writing(source: Endpoint, mixed: bool) -> Iterator[None]:
    """Somebody writes meanwhile; `mixed`: in transactions that are rolled back, too."""
    end = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        written = pool.submit(_write, source, mixed, end)
        try:
            yield
        finally:
            end.set()
        assert written.result() > 5


def _write(source: Endpoint, mixed: bool, end: threading.Event) -> int:
    chance = random.Random(7)
    rounds = 0
    with connect(source, database="engines") as connection:
        while not end.wait(0.02):
            number, first = 10_000 + rounds, chance.randrange(_ROWS)
            connection.execute(f"UPDATE keyed SET v = v + 1 WHERE id BETWEEN {first} AND {first + 5}")
            connection.execute(f"DELETE FROM keyless WHERE v = {chance.randrange(1000)} LIMIT 1")
            connection.execute(f"INSERT INTO memory VALUES ({number}, 1, 'm')")
            connection.execute(f"INSERT INTO archive VALUES ({number}, 2, 'a')")
            connection.execute(f"INSERT INTO csv VALUES ({number}, 3, 'c'), (1, 1, 'c')")
            connection.execute(f"UPDATE b_turns SET v = {rounds} WHERE id % 50 = {rounds % 50}")
            connection.execute(f"REPLACE INTO b_becomes VALUES ({number}, 4, 'b'), (2, {rounds}, 'b')")
            with suppress(Refused):  # a key is there already: the rows before it stay
                connection.execute(f"INSERT INTO keyed VALUES ({number}, 5, 'stays'), (3, 5, ''), (-{number}, 5, '')")
            if mixed:
                connection.execute("BEGIN")
                connection.execute(f"INSERT INTO inno VALUES ({number}, 6, 'goes')")
                connection.execute(f"INSERT DELAYED INTO keyless VALUES ({number}, 6, 'stays')")
                connection.execute(
                    f"UPDATE inno, keyed SET inno.v = -1, keyed.v = -1 WHERE inno.id = keyed.id AND keyed.id = {first}"
                )
                connection.execute("CREATE TEMPORARY TABLE scratch (a INT)")
                connection.execute(f"REPLACE INTO keyed VALUES (7, {rounds}, 'stays')")
                connection.execute("DROP TEMPORARY TABLE scratch")
                connection.execute("ROLLBACK")
            rounds += 1
    return rounds


def _restart(servers: Stack) -> None:
    """What lies in memory is gone, and the log says so when somebody looks."""
    stop_mysql(servers.source.directory)
    start_mysql(Profile.SOURCE56, servers.source.directory)
    with connect(servers.source.endpoint("admin")) as admin:
        for table in ("memory", "b_becomes"):
            assert admin.query(f"SELECT COUNT(*) FROM engines.{table}") == [(0,)]
        admin.execute("INSERT INTO engines.memory VALUES (1, 2, 'again')")
