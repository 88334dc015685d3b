"""What the benchmarks move: four tables, the same rows in every run, made by the server itself."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

from runtime.mysql import Connection, Endpoint, connect
from schemas.names import TableName

_TOOLS = "bench_tools"  # not selected by any task
_STEP = 50_000
_CHANGES = 100  # of a transaction: 50 inserted, 40 updated, 10 deleted rows

_DIGITS = "LPAD(CRC32(n * 16 + {}) * 23, 11, '0')"
_WORDS = "'alpha','naïve','数据','Übung','emoji😀','omega','θάλασσα','sigma'"


def _groups(first: int, count: int) -> str:
    return f"CONCAT_WS('-', {', '.join(_DIGITS.format(first + number) for number in range(count))})"


def _word(seed: int) -> str:
    return f"ELT(1 + CRC32(n * 8 + {seed}) % 8, {_WORDS})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """A table in a database of its own: its definition, its row number `n` and what an update does to a row."""

    name: str
    columns: str
    row: str
    update: str

    @property
    def database(self) -> str:
        return f"bench_{self.name}"

    @property
    def table(self) -> TableName:
        return TableName(self.database, self.name)


SYSBENCH = Workload(
    name="sysbench",
    columns="""
        id INT NOT NULL AUTO_INCREMENT, k INT NOT NULL DEFAULT 0, c CHAR(120) NOT NULL DEFAULT '',
        pad CHAR(60) NOT NULL DEFAULT '', PRIMARY KEY (id), KEY k (k)""",
    row=f"n, CRC32(n) % 1000000, {_groups(0, 10)}, {_groups(10, 5)}",
    update="k = k + 1, c = REVERSE(c)",
)
MIXED = Workload(
    name="mixed",
    columns="""
        id BIGINT UNSIGNED NOT NULL, customer INT UNSIGNED NOT NULL, name VARCHAR(80) NOT NULL,
        city VARCHAR(40) CHARACTER SET latin1 NULL, amount DECIMAL(12,2) NOT NULL, rate DOUBLE NULL,
        state ENUM('new','paid','sent','back') NOT NULL, flags SET('gift','fragile','express') NOT NULL,
        active TINYINT(1) NOT NULL, born DATE NULL, opens TIME(3) NULL, created DATETIME(6) NOT NULL,
        updated TIMESTAMP(3) NULL, note TEXT NULL, details JSON NULL, digest VARBINARY(32) NOT NULL,
        PRIMARY KEY (id)""",
    row=f"""
        n * 7919, CRC32(n) % 100000, CONCAT({_word(0)}, ' ', {_word(1)}, ' ', n),
        IF(n % 20 = 0, NULL, ELT(1 + n % 4, 'Köln', 'Málaga', 'Århus', 'Bern')), CAST(CRC32(n) / 97 AS DECIMAL(12,2)),
        IF(n % 19 = 0, NULL, CRC32(n) / 7), 1 + n % 4, n % 8, n % 2,
        IF(n % 17 = 0, NULL, DATE '1950-01-01' + INTERVAL n % 20000 DAY), SEC_TO_TIME(n % 86400 + n % 1000 / 1000),
        TIMESTAMP '2020-01-01 00:00:00' + INTERVAL n * 1234567 MICROSECOND,
        IF(n % 13 = 0, NULL, TIMESTAMP '2021-01-01 00:00:00' + INTERVAL n SECOND),
        IF(n % 20 = 7, NULL, REPEAT(CONCAT_WS(' ', {_word(2)}, {_word(3)}, {_word(4)}, ''), 10)),
        IF(n % 20 = 9, NULL, JSON_OBJECT('id', n, 'tags', JSON_ARRAY({_word(5)}, {_word(6)}), 'ok', n % 3 = 0,
            'n', JSON_OBJECT('x', CRC32(n) / 1e3, 'y', NULL, 'z', -n))), UNHEX(SHA2(n, 256))""",
    update="amount = amount + 1, state = 1 + id % 4, updated = updated + INTERVAL 1 SECOND, name = CONCAT(name, '!')",
)
JSON = Workload(
    name="json",
    columns="id INT NOT NULL PRIMARY KEY, v INT NOT NULL, document JSON NOT NULL, tags JSON NULL",
    row=f"""
        n, 0, JSON_OBJECT('id', n, 'name', CONCAT({_word(0)}, ' ', {_word(1)}), 'active', n % 2 = 0,
            'score', CRC32(n) / 7, 'total', CAST(CRC32(n) / 97 AS DECIMAL(12,2)), 'note', NULL,
            'address', JSON_OBJECT('street', {_word(2)}, 'number', n % 300, 'geo', JSON_ARRAY(n / 1e4, -n / 1e4)),
            'items', JSON_ARRAY(JSON_OBJECT('sku', CRC32(n), 'n', n % 9), JSON_OBJECT('sku', CRC32(n + 1), 'n', 1))),
        IF(n % 10 = 0, NULL, JSON_ARRAY({_word(3)}, {_word(4)}, {_word(5)}))""",
    update="v = v + 1, document = JSON_SET(document, '$.score', v, '$.address.number', v)",
)
CHARSETS = Workload(
    name="charsets",
    columns="""
        id INT NOT NULL PRIMARY KEY, v INT NOT NULL, narrow VARCHAR(60) CHARACTER SET latin1 NOT NULL,
        plain VARCHAR(60) CHARACTER SET latin1 NOT NULL, cyrillic VARCHAR(60) CHARACTER SET cp1251 NOT NULL,
        simplified VARCHAR(60) CHARACTER SET gbk NOT NULL, traditional VARCHAR(60) CHARACTER SET big5 NOT NULL,
        japanese CHAR(30) CHARACTER SET sjis NOT NULL, korean VARCHAR(60) CHARACTER SET euckr NOT NULL,
        wide VARCHAR(60) CHARACTER SET utf16 NOT NULL, note TEXT CHARACTER SET utf8mb3 NOT NULL""",
    row="""
        n, 0, CONCAT('Málaga Århus Köln ', n), CONCAT('nothing but letters and digits ', n), CONCAT('Привет мир ', n),
        CONCAT('数据库工程师 ', n), CONCAT('資料庫工程師 ', n), CONCAT('データベース ', n), CONCAT('데이터베이스 ', n),
        CONCAT('emoji😀 数据 θάλασσα ', n), REPEAT(CONCAT('naïve θάλασσα 数据 ', n, ' '), 4)""",
    update="v = v + 1, narrow = REVERSE(narrow), simplified = REVERSE(simplified)",
)


class Source:
    """Writes at the source, as its administrator."""

    def __init__(self, endpoint: Endpoint, most_rows: int) -> None:
        self._connection: Connection = connect(endpoint, timeout=600.0, init="SET time_zone = '+00:00'")
        self._numbers(2 * most_rows)

    def fill(self, workload: Workload, rows: int) -> None:
        """Makes the table with the rows 1 to `rows`."""
        execute = self._connection.execute
        execute(f"CREATE DATABASE {workload.database}")
        execute(f"CREATE TABLE {workload.table} ({workload.columns}) DEFAULT CHARSET=utf8mb4")
        with self._hurried():
            for first in range(1, rows + 1, _STEP):
                last = min(rows, first + _STEP - 1)
                execute(
                    f"INSERT INTO {workload.table} SELECT {workload.row} FROM {_TOOLS}.numbers "
                    f"WHERE n BETWEEN {first} AND {last}"
                )

    def transactions_of_100(self, workload: Workload, rows: int, count: int) -> int:
        """Changes a table of `rows` rows in `count` transactions of 100 row changes; returns the row changes."""
        factor = 7919 if workload is MIXED else 1
        spread = f"10 * ((numbers.n * 613) MOD {rows // 10}) + 1 + numbers.n MOD 9"
        self._procedure(
            "hundreds",
            f"""
            INSERT INTO {workload.table} SELECT {workload.row} FROM {_TOOLS}.numbers
                WHERE n BETWEEN {rows} + done * 50 + 1 AND {rows} + done * 50 + 50;
            UPDATE {workload.table} AS t JOIN {_TOOLS}.numbers ON t.id = {factor} * ({spread}) SET {workload.update}
                WHERE numbers.n BETWEEN done * 40 + 1 AND done * 40 + 40;
            DELETE t FROM {workload.table} AS t JOIN {_TOOLS}.numbers ON t.id = {factor} * 10 * numbers.n
                WHERE numbers.n BETWEEN done * 10 + 1 AND done * 10 + 10;""",
        )
        self._call("hundreds", count)
        return count * _CHANGES

    def transactions_of_1(self, workload: Workload, rows: int, count: int) -> int:
        """Updates single rows, each in its own transaction; returns their number."""
        self._procedure(
            "singles",
            f"UPDATE {workload.table} SET {workload.update} WHERE id = 10 * ((done * 613) MOD {rows // 10}) + 1;",
        )
        self._call("singles", count)
        return count

    def transaction_of_all(self, workload: Workload) -> int:
        """Updates every row in one transaction; returns their number."""
        return self._connection.execute(f"UPDATE {workload.table} SET {workload.update}")

    def _numbers(self, most: int) -> None:
        execute = self._connection.execute
        execute(f"CREATE DATABASE {_TOOLS}")
        execute(f"CREATE TABLE {_TOOLS}.numbers (n INT NOT NULL PRIMARY KEY)")
        execute(f"SET SESSION cte_max_recursion_depth = {most}")
        execute(
            f"INSERT INTO {_TOOLS}.numbers "
            f"WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {most}) SELECT n FROM s"
        )

    def _procedure(self, name: str, body: str) -> None:
        execute = self._connection.execute
        execute(f"DROP PROCEDURE IF EXISTS {_TOOLS}.{name}")
        execute(
            f"CREATE PROCEDURE {_TOOLS}.{name} (IN count INT) BEGIN DECLARE done INT DEFAULT 0; "
            f"WHILE done < count DO START TRANSACTION; {body} COMMIT; SET done = done + 1; END WHILE; END"
        )

    def _call(self, name: str, count: int) -> None:
        with self._hurried():
            self._connection.execute(f"CALL {_TOOLS}.{name}({count})")

    @contextmanager
    def _hurried(self) -> Generator[None]:
        """Without waiting for the disk at each commit: how the log came to be is not what is measured."""
        for durable in (0, 1):
            self._connection.execute(f"SET GLOBAL sync_binlog = {durable}")
            self._connection.execute(f"SET GLOBAL innodb_flush_log_at_trx_commit = {durable or 2}")
            if not durable:
                yield
