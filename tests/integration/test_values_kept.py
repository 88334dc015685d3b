"""What a target computes itself equals what the source holds: generated columns under many sessions, and counters."""

from contextlib import closing

from deploy.local import Stack
from runtime.mysql import Connection, connect
from schemas.ddl.shown import next_number
from tests.conftest import NewTask
from tests.integration.commands.shop import answer

#: table, its columns, what the source's session is set to, and a row
SESSIONS: list[tuple[str, str, str, str]] = [
    ("minus", "a INT UNSIGNED, g BIGINT AS (a - 5) STORED", "sql_mode = 'NO_UNSIGNED_SUBTRACTION'", "1"),
    ("indexed", "a INT UNSIGNED, g BIGINT AS (a - 5), KEY (g)", "sql_mode = 'NO_UNSIGNED_SUBTRACTION'", "1"),
    ("checked", "a INT UNSIGNED, CHECK (a - 5 > -99)", "sql_mode = 'NO_UNSIGNED_SUBTRACTION'", "1"),
    ("virtual", "a INT UNSIGNED, g BIGINT AS (a - 5)", "sql_mode = 'NO_UNSIGNED_SUBTRACTION'", "1"),
    (
        "padded",
        "a CHAR(5), g VARCHAR(9) AS (CONCAT('[', a, ']')) STORED",
        "sql_mode = 'PAD_CHAR_TO_FULL_LENGTH'",
        "'x'",
    ),
    (
        "cut",
        "a DATETIME(6), g DATETIME AS (CAST(a AS DATETIME)) STORED",
        "sql_mode = 'TIME_TRUNCATE_FRACTIONAL'",
        "'2020-01-01 00:00:00.999'",
    ),
    ("no_day", "a VARCHAR(20), g DATE AS (CAST(a AS DATE)) STORED", "sql_mode = ''", "'2023-02-31'"),
    ("a_day", "a VARCHAR(20), g DATE AS (CAST(a AS DATE)) STORED", "sql_mode = 'ALLOW_INVALID_DATES'", "'2023-02-31'"),
    (
        "dated",
        "a INT, d DATE DEFAULT '2020-02-31', z DATE DEFAULT '0000-00-00'",
        "sql_mode = 'ALLOW_INVALID_DATES'",
        "1",
    ),
    ("zero", "a INT, g DECIMAL(9, 4) AS (7 / a) STORED, h TINYINT AS (a + 999) STORED", "sql_mode = ''", "0"),
    ("digits", "a DECIMAL(9, 2), g DECIMAL(20, 9) AS (a / 7) STORED", "div_precision_increment = 9", "1"),
    ("day", "a TIMESTAMP NULL, g DATE AS (DATE(a)) STORED", "time_zone = '+08:00'", "'2020-01-01 02:00:00'"),
    ("moment", "a INT, g DATETIME AS (FROM_UNIXTIME(a)) STORED", "time_zone = '-03:30'", "1577836800"),
    ("word", "a DATE, g VARCHAR(20) AS (MONTHNAME(a)) STORED", "lc_time_names = 'de_DE'", "'2020-03-01'"),
    (
        "slash",
        r"a VARCHAR(20), g VARCHAR(40) AS (CONCAT(REPLACE(a, '\', '/'), '-')) STORED",
        "sql_mode = 'NO_BACKSLASH_ESCAPES'",
        "CONCAT('a', CHAR(92), 'b')",
    ),
    ("week", "a DATE, g INT AS (WEEK(a)) STORED", "default_week_format = 3", "'2021-01-01'"),
]


#: these give a row in a plain session too, with another value
PLAIN = frozenset(("padded", "cut", "no_day", "digits", "day", "moment", "word", "week", "slash"))
#: what an expression means hangs on who opens the table
OPENED = frozenset(("slash",))
COUNTED = (
    "CREATE TABLE kept.queue (id INT AUTO_INCREMENT PRIMARY KEY, v INT, s INT, UNIQUE KEY (v))",
    "CREATE TABLE kept.alone (id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY, v INT)",
    "CREATE TABLE kept.second (k INT PRIMARY KEY, id INT AUTO_INCREMENT, UNIQUE KEY (id))",
)
BACK = "SET SESSION sql_mode = '', div_precision_increment = 4, time_zone = '+00:00', lc_time_names = 'en_US'"


def write(source: Connection, first: int) -> None:
    """A row of each table in its session, of some another one in a plain session, and updates of other columns."""
    for table, _, session, value in SESSIONS:
        source.execute(f"SET SESSION {session}")
        _close(source, table)
        source.execute(f"INSERT INTO kept.{table} (id, a) VALUES ({first}, {value})")
        source.execute(f"UPDATE kept.{table} SET n = n + 1")
        source.execute(f"{BACK}, default_week_format = 0")
        if table in PLAIN:
            _close(source, table)
            source.execute(f"INSERT INTO kept.{table} (id, a) VALUES ({first + 1}, {value})")


def _close(source: Connection, table: str) -> None:
    if table in OPENED:
        source.execute(f"FLUSH NO_WRITE_TO_BINLOG TABLES kept.{table}")


def come_and_go(source: Connection) -> None:
    """Rows that leave nothing but the numbers they had."""
    for number in range(20):
        source.execute(f"INSERT INTO kept.queue (v) VALUES ({number % 3})")
        source.execute("INSERT INTO kept.alone (v) VALUES (1)")
        source.execute("INSERT INTO kept.second (k) VALUES (7)")
        source.execute("UPDATE kept.queue SET s = 1 WHERE s IS NULL")
        for table in ("queue", "alone", "second"):
            source.execute(f"DELETE FROM kept.{table}")


def test_generated_columns_have_the_values_of_the_source(databases: Stack, task: NewTask) -> None:
    with closing(connect(databases.source.endpoint("admin"))) as source:
        source.execute("CREATE DATABASE kept CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_ai_ci")
        for table, columns, session, _ in SESSIONS:
            source.execute(f"SET SESSION {session}")
            source.execute(f"CREATE TABLE kept.{table} (id INT PRIMARY KEY, n INT DEFAULT 0, {columns})")
            source.execute("SET SESSION sql_mode = '', div_precision_increment = 4, time_zone = '+00:00'")
        source.execute("CREATE TABLE kept.loose (a VARCHAR(20), g DATE AS (CAST(a AS DATE)) STORED)")
        source.execute("INSERT INTO kept.loose (a) VALUES ('2023-02-31'), ('2023-02-31'), ('2023-02-01')")
        for statement in COUNTED:
            source.execute(statement)
        source.execute("ALTER TABLE kept.alone AUTO_INCREMENT = 100")
        write(source, 1)
        kept = task(include=["kept.*"])
        kept.run("migrate", "--until", "caught-up")
        come_and_go(source)
        migrating = kept.start("migrate")
        write(source, 11)
        come_and_go(source)
        source.execute("SET SESSION sql_mode = 'ALLOW_INVALID_DATES'")
        source.execute("INSERT INTO kept.loose (a) VALUES ('2023-02-31')")
        source.execute("DELETE FROM kept.loose WHERE g IS NULL LIMIT 1")
        source.execute("DELETE FROM kept.virtual WHERE id = 1")
        kept.wait()
        migrating.terminate()
        kept.assert_equal()
        with closing(connect(kept.stack_destination)) as there:
            for table, columns, *_ in SESSIONS:
                stored = ", ".join(
                    ["id", *(name for name in ("g", "h") if f"{name} " in columns and "STORED" in columns)]
                )
                query = f"SELECT {stored} FROM kept.{table} ORDER BY id"
                assert there.query(query) == source.query(query), table
            numbers = [
                [next_number(str(end.query(f"SHOW CREATE TABLE kept.{table}")[0][1])) or 1 for end in (source, there)]
                for table in ("queue", "alone", "second")
            ]
    assert numbers[0][0] == 41
    assert numbers[1][0] == 140
    assert all(here == copy for here, copy in numbers)
    verifying = kept.start("verify", "--json")
    verifying.exit_code(120)
    verified = answer(verifying)["tables"]
    assert [table for table in verified if table["differences"]] == []
    told = {table["table"]: table["notes"] for table in verified}
    without = ["without g, of which a server cannot compute every value"]
    assert all(notes in ([], without) for notes in told.values())
    assert {table for table, notes in told.items() if notes} <= {"kept.virtual", "kept.indexed"}
