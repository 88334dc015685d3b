"""Definitions that SHOW CREATE TABLE and information_schema do not print as they are: characters beyond the basic
plane, and literals in other charsets."""

from runtime.mysql import Connection, connect
from tests.conftest import NewTask

_TABLES = (
    "labels (id INT PRIMARY KEY, e ENUM('a','😀x','?','unused😀') DEFAULT '😀x',"
    " s SET('😁','b','?😀') CHARACTER SET utf16)",
    "expressions (id INT PRIMARY KEY, v VARCHAR(9) DEFAULT '😀', g VARCHAR(20) AS (CONCAT(v, '😀')),"
    " h VARCHAR(20) AS (CONCAT(v, '水😁')) STORED, d VARCHAR(9) DEFAULT (CONCAT('😀', 'x')), CHECK (v <> '😁'))",
    "introduced (id INT PRIMARY KEY, v VARCHAR(9) DEFAULT (_cp1251 0xDF27), w VARCHAR(9) DEFAULT (_sjis 0x835C),"
    " x VARCHAR(9) DEFAULT (_utf16 0xD83DDE00000A), y VARCHAR(9) AS (CONCAT(v, _latin1 0xF6)),"
    " CHECK (v <> _latin1 0xE4), KEY ((CONCAT(w, _utf16le 0x3DD800DE))))",
    "listed (v VARCHAR(9) PRIMARY KEY) PARTITION BY LIST COLUMNS (v)"
    " (PARTITION a VALUES IN ('😀'), PARTITION b VALUES IN ('?'))",
)
_ROWS = (
    "labels (id, e, s) VALUES ({0}, '😀x', '😁,b'), ({1}, '?', '?😀,b'), ({2}, 'a', 'b')",
    "introduced (id) VALUES ({0}), ({1}), ({2})",
    "expressions (id, v) VALUES ({0}, 'a'), ({1}, '?'), ({2}, '😀')",
)


def test_what_is_not_printed_arrives_by_snapshot_and_by_log(task: NewTask) -> None:
    run = task(include=["plane.*"])
    with connect(run.stack_source) as admin:
        admin.execute("CREATE DATABASE plane CHARACTER SET utf8mb4")
        admin.execute("USE plane")
        for table in _TABLES:
            admin.execute(f"CREATE TABLE {table}")
        _insert(admin, "", 0)
        admin.execute("INSERT INTO listed VALUES ('😀'), ('?')")
        migrate = run.start("migrate")
        run.wait()
        run.assert_equal()

        _insert(admin, "", 10)
        for table in _TABLES:
            admin.execute(f"CREATE TABLE later_{table}")
        _insert(admin, "later_", 0)
        admin.execute("INSERT IGNORE INTO later_labels (id, e) VALUES (9, 'not listed'), (10, '😀x')")
        admin.execute("ALTER TABLE labels ADD n INT DEFAULT 4")
        _insert(admin, "", 20)
    run.wait()
    run.assert_equal()
    run.run("verify")
    assert migrate.running


def _insert(admin: Connection, prefix: str, first: int) -> None:
    for rows in _ROWS:
        admin.execute(f"INSERT INTO {prefix}{rows.format(first, first + 1, first + 2)}")
