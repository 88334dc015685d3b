"""Snapshots of a real server: every kind of key, a log that flows meanwhile, locks, DDL, readers that are killed."""

import random
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from pydantic import TypeAdapter

from capture.reader import LogReader
from deploy.local import Stack
from runtime.errors import Fatal, Transient
from runtime.mysql import Connection, Endpoint, connect
from schemas.codec import chunk_select, encode_chunk
from schemas.names import TableName
from schemas.plan import TablePlan
from schemas.records import RangeRecord
from schemas.sql import identifier
from schemas.table import to_json
from snapshot import keyed, keyset, ranges
from snapshot.interleave import Interleave, opened
from snapshot.marks import Marks
from snapshot.messages import Chunk, Walk
from snapshot.planner import plan_ranges
from snapshot.session import Session
from snapshot.settings import SnapshotSettings
from tests.integration.tap import Tap, readers

_KEYS: dict[str, tuple[str, Callable[[int], str]]] = {
    "int": ("a INT", lambda n: str(n * 7 - 900)),
    "bigint unsigned": ("a BIGINT UNSIGNED", lambda n: str(2**64 - 1 - n if n % 2 else n)),
    "decimal": ("a DECIMAL(30,10)", lambda n: f"{(n - 200) * 12345678901}.{n:010d}"),
    "varchar ci": ("a VARCHAR(30)", lambda n: f"'{('ä', 'a', 'B', 'ß', chr(39) * 2, chr(92) * 2, '%_')[n % 7]}{n}😀'"),
    "varchar latin1": ("a VARCHAR(30) CHARACTER SET latin1", lambda n: f"'{'äAéÿ'[n % 4]}{n}'"),
    "varchar utf16": ("a VARCHAR(30) CHARACTER SET utf16", lambda n: f"'{'äA日'[n % 3]}{n}'"),
    "varchar bin": ("a VARCHAR(30) COLLATE utf8mb4_bin", lambda n: f"'{n // 2}{'aA'[n % 2]}'"),
    "char, no pad": ("a CHAR(10) COLLATE utf8mb4_0900_as_cs", lambda n: f"'{'aAä '[n % 4]}{n}'"),
    "binary": ("a BINARY(6)", lambda n: f"X'{n * 7919 % 256:02x}{n:04x}000000'"),
    "varbinary": ("a VARBINARY(20)", lambda n: f"X'{n * 7919 % 256:02x}{n:04x}{'00' * (n % 3)}'"),
    "datetime": ("a DATETIME(6)", lambda n: f"'20{n % 30:02d}-0{n % 9}-{n % 31:02d} 01:{n % 60:02d}:11.{n:06d}'"),
    "timestamp": ("a TIMESTAMP(3)", lambda n: f"'20{n % 17 + 20}-10-31 0{n % 9}:{n % 60:02d}:11.{n:03d}'"),
    "time": ("a TIME(3)", lambda n: f"'{'-' if n % 3 else ''}{n * 2}:{n % 60}:{n % 59}.{n:03d}'"),
    "year": ("a YEAR, b SMALLINT", lambda n: f"{1901 + n % 200}, {n}"),
    "float": ("a FLOAT", lambda n: f"{(n - 200) * 0.1 + 0.001 * n}"),
    "double": ("a DOUBLE", lambda n: f"{(n - 200) * 1.1e100 / 3}" if n % 2 else f"{n / 7}e-300"),
    "bit": ("a BIT(40)", lambda n: f"{2**40 - 1 - n * n if n % 2 else n}"),
    "enum": ("a ENUM('z','m','3','2','1'), b INT", lambda n: f"{n % 6}, {n}"),
    "set": ("a SET('z','m','a','b'), b INT", lambda n: f"{n % 16}, {n}"),
    "large set": ("a SET(" + ",".join(f"'{n}'" for n in range(64)) + "), b INT", lambda n: f"{2**63 + n // 20}, {n}"),
    "many": (
        "a ENUM('x','y'), b VARCHAR(5), c TIME, d BIT(3), e DECIMAL(5,2), f INT",
        lambda n: f"{n % 2 + 1}, '{'aAb'[n % 3]}{n % 5}', '-0{n % 3}:00:00', {n % 7}, {n % 4 - 2}.25, {n}",
    ),
}


@pytest.fixture
def source(stack: Stack) -> Endpoint:
    return stack.source.endpoint("admin")


@pytest.fixture
def connection(source: Endpoint) -> Iterator[Connection]:
    with connect(source) as connection:
        connection.execute("SET SESSION sql_mode = 'ALLOW_INVALID_DATES'")
        yield connection


@pytest.fixture
def database(connection: Connection) -> Iterator[str]:
    name = f"snap_{uuid.uuid4().hex[:8]}"
    connection.execute(f"CREATE DATABASE {identifier(name)}")
    connection.execute(f"USE {identifier(name)}")
    yield name
    connection.execute(f"DROP DATABASE {identifier(name)}")


@pytest.fixture
def small_ranges(monkeypatch: pytest.MonkeyPatch) -> None:
    """Divides small tables as if they were large."""
    monkeypatch.setattr(ranges, "_LEAST_ROWS", 20)


@pytest.mark.parametrize("kind", _KEYS)
def test_each_row_of_every_kind_of_key_is_read_once_by_the_index(
    source: Endpoint, connection: Connection, database: str, small_ranges: None, kind: str
) -> None:
    columns, value = _KEYS[kind]
    names = ", ".join(column.split()[0] for column in columns.split(", "))
    values = [f"({value(number)}, {number})" for number in range(300)]
    random.Random(kind).shuffle(values)
    connection.execute(f"CREATE TABLE t ({columns}, v INT, PRIMARY KEY ({names}))")
    connection.execute("ALTER TABLE t STATS_AUTO_RECALC = 0")
    connection.execute(f"INSERT INTO t VALUES {', '.join(values)}")
    connection.execute("ANALYZE TABLE t")
    name = TableName(database, "t")
    plan = Tap(source, connection, [name]).plan(name)

    planned = plan_ranges(connection, [plan.table], readers=2)
    session = Session(source)
    keys: list[bytes | None] = []
    for part in planned:
        for step in keyed.read(session, _walk(plan, part), plan):
            if isinstance(step, Chunk):
                keys += step.rows.keys
    looked_at = sum(int(row[1]) for row in session.query("SHOW SESSION STATUS LIKE 'Handler_read%'"))
    in_order = f"{keyset.whole(plan.table, chunk_select(plan.table))} ORDER BY {names}"

    assert len(planned) == 8
    assert len(keys) == 300
    assert keys == encode_chunk(plan, session.rows(in_order, 1000, 1 << 20).raw).keys
    assert looked_at < 5 * 300 or kind == "large set"  # its 2^64 numbers are too many to be listed
    session.close()


def test_a_key_whose_first_integer_repeats_is_divided_by_its_other_columns(
    source: Endpoint, connection: Connection, database: str, small_ranges: None
) -> None:
    connection.execute("CREATE TABLE t (tenant INT, w VARCHAR(20), PRIMARY KEY (tenant, w))")
    connection.execute("INSERT INTO t VALUES " + _values(400, lambda n: f"{n % 2}, 'w{n:03d}\\\\'"))
    connection.execute("ANALYZE TABLE t")
    name = TableName(database, "t")
    table = Tap(source, connection, [name]).plan(name).table

    bounds = [record.upper for record in plan_ranges(connection, [table], readers=1)]

    assert bounds == [("0", r"'w198\\'"), ("0", r"'w398\\'"), ("1", r"'w199\\'"), None]


def test_a_table_without_consistent_reads_is_refused(source: Endpoint, connection: Connection, database: str) -> None:
    connection.execute("CREATE TABLE t (id INT PRIMARY KEY) ENGINE=MyISAM")
    name = TableName(database, "t")
    table = Tap(source, connection, [name]).plan(name).table

    with pytest.raises(Fatal, match=rf"{database}\.t is a table of the engine MyISAM") as caught:
        plan_ranges(connection, [table], readers=1)
    assert "ENGINE=InnoDB" in caught.value.hint


def test_what_changes_while_it_is_copied_is_true_at_each_place_of_the_topic(
    source: Endpoint, connection: Connection, database: str, small_ranges: None
) -> None:
    connection.execute("CREATE TABLE numbers (id INT PRIMARY KEY, v INT)")
    connection.execute("CREATE TABLE words (w VARCHAR(20), n INT, v INT, PRIMARY KEY (w, n))")
    connection.execute("INSERT INTO numbers VALUES " + _values(3000, lambda n: f"{2 * n}, 0"))
    connection.execute("INSERT INTO words VALUES " + _values(2000, lambda n: f"'W{n % 50}', {n}, 0"))
    connection.execute("ANALYZE TABLE numbers, words")
    names = [TableName(database, "numbers"), TableName(database, "words")]
    tap = Impatient(source, connection, names)
    records = plan_ranges(connection, [tap.plan(name).table for name in names], readers=2)

    with writing(source, database, _number_and_word), _opened(tap, records) as interleave:
        tap.run(interleave)
    tap.catch_up(interleave)

    assert len(records) > 2
    assert tap.kills == 3
    assert sorted(tap.done) == names
    for name in names:
        assert tap.topic[name] == tap.truth[name] == tap.stored(name)


def test_a_snapshot_goes_on_where_its_records_say(
    source: Endpoint, connection: Connection, database: str, small_ranges: None
) -> None:
    connection.execute("CREATE TABLE t (id BIGINT PRIMARY KEY, v INT)")
    connection.execute("INSERT INTO t VALUES " + _values(2000, lambda n: f"{n}, 0"))
    connection.execute("ANALYZE TABLE t")
    name = TableName(database, "t")
    tap = Tap(source, connection, [name])
    records = {record.id: record for record in plan_ranges(connection, [tap.plan(name).table], readers=2)}

    while not all(record.done for record in records.values()):
        with _opened(tap, records.values()) as interleave:
            tap.run(interleave, until=lambda: tap.releases % 5 == 4 or interleave.finished)
            tap.releases += 1
            records.update(tap.ranges)

    assert tap.topic[name] == tap.stored(name)
    assert tap.released_rows == 2000


def test_a_finished_table_is_copied_again(source: Endpoint, connection: Connection, database: str) -> None:
    connection.execute("CREATE TABLE t (id BIGINT PRIMARY KEY, v INT)")
    connection.execute("INSERT INTO t VALUES " + _values(100, lambda n: f"{n}, 0"))
    name = TableName(database, "t")
    tap = Tap(source, connection, [name])

    with _opened(tap, [_whole(name)]) as interleave:
        tap.run(interleave)
        tap.run(interleave, until=lambda: not readers())
        again = replace(_whole(name), id=str(interleave.next_id()))
        assert interleave.add([again], tap.executed).ranges == (again,)
        tap.run(interleave)

    assert tap.done == [name, name]
    assert tap.released_rows == 200


def test_a_table_without_a_key_is_copied_whole_at_one_place(
    source: Endpoint, connection: Connection, database: str
) -> None:
    connection.execute("CREATE TABLE log (a INT, b VARCHAR(100))")
    connection.execute("CREATE TABLE other (id INT PRIMARY KEY, v INT)")
    connection.execute("INSERT INTO log VALUES " + _values(2000, lambda n: f"{n % 700}, REPEAT('x', 50)"))
    names = [TableName(database, "log"), TableName(database, "other")]
    tap = Tap(source, connection, names)
    records = plan_ranges(connection, [tap.plan(name).table for name in names], readers=2)

    with writing(source, database, _line), _opened(tap, records) as interleave:
        tap.run(interleave)
    tap.catch_up(interleave)

    for name in names:
        assert tap.topic[name] == tap.truth[name] == tap.stored(name)


def test_a_long_transaction_is_waited_for_without_blocking_writers(
    source: Endpoint, connection: Connection, database: str
) -> None:
    connection.execute("CREATE TABLE log (a INT)")
    connection.execute("INSERT INTO log VALUES (1), (1), (2)")
    name = TableName(database, "log")
    tap = Tap(source, connection, [name])
    waiting = f"SELECT COUNT(*) FROM performance_schema.processlist WHERE INFO LIKE 'LOCK TABLES `{database}`%'"

    with connect(source, database=database) as long, _opened(tap, [_whole(name)]) as interleave:
        long.execute("BEGIN")
        long.execute("INSERT INTO log VALUES (3)")
        tap.run(interleave, until=lambda: bool(connection.value(waiting)))
        tap.run(interleave, until=lambda: not connection.value(waiting))
        connection.execute("INSERT INTO log VALUES (4)")
        # the stream is not held either
        tap.run(interleave, until=lambda: tap.executed.covers(Marks(connection, None).low()))
        long.execute("COMMIT")
        tap.run(interleave)
    tap.catch_up(interleave)

    assert tap.topic[name] == tap.truth[name] == tap.stored(name)


def test_an_account_that_may_not_lock_is_told_what_to_grant(
    source: Endpoint, connection: Connection, database: str
) -> None:
    connection.execute("CREATE TABLE log (a INT)")
    account = replace(source, user=database, password=uuid.uuid4().hex)
    connection.execute(f"CREATE USER {database} IDENTIFIED BY '{account.password}'")
    connection.execute(f"GRANT SELECT ON {identifier(database)}.* TO {database}")
    connection.execute(f"GRANT REPLICATION CLIENT ON *.* TO {database}")
    name = TableName(database, "log")
    tap = Tap(source, connection, [name])

    with (
        pytest.raises(Fatal, match=rf"{database}\.log has no key") as caught,
        _opened(tap, [_whole(name)], account) as interleave,
    ):
        tap.run(interleave)

    assert "GRANT LOCK TABLES" in caught.value.hint
    connection.execute(f"DROP USER {database}")


@pytest.mark.parametrize("key", ["PRIMARY KEY (id)", "KEY (id)"])
def test_a_definition_that_has_changed_is_waited_for_in_the_log(
    source: Endpoint, connection: Connection, database: str, key: str
) -> None:
    connection.execute(f"CREATE TABLE t (id INT NOT NULL, a INT, b INT, {key})")
    connection.execute("INSERT INTO t VALUES " + _values(100, lambda n: f"{n}, 1, 2"))
    name = TableName(database, "t")
    tap = Narrowing(source, connection, [name])
    connection.execute("INSERT INTO t VALUES (1000, 3, 4)")
    connection.execute("ALTER TABLE t DROP COLUMN b")
    connection.execute("INSERT INTO t VALUES (1001, 5)")

    with _opened(tap, [_whole(name)]) as interleave:
        tap.run(interleave, until=lambda: interleave.finished and tap.executed.covers(Marks(connection, None).low()))

    assert tap.topic[name] == tap.truth[name] == tap.stored(name)


def test_memory_does_not_grow_with_the_rows(source: Endpoint, connection: Connection, database: str) -> None:
    connection.execute("CREATE TABLE t (id INT PRIMARY KEY, b LONGBLOB)")
    for number in range(50):
        connection.execute(f"INSERT INTO t VALUES ({number}, REPEAT('{number % 10}', 4000000))")
    name = TableName(database, "t")
    tap = Weighing(source, connection, [name])

    with _opened(tap, [_whole(name)], chunk_bytes=2 << 20) as interleave:
        tap.run(interleave)

    assert tap.released_rows == 50
    assert tap.most_rows <= 2  # 4 MB each, and a chunk ends when it is 4 MB
    assert tap.peak_bytes < 150 << 20


def test_readers_end_with_a_capture_that_is_killed(source: Endpoint, connection: Connection, database: str) -> None:
    connection.execute("CREATE TABLE t (id INT PRIMARY KEY)")
    arguments = [sys.executable, "-m", "tests.integration.killed", database]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as capture:
        assert capture.stdin is not None
        assert capture.stdout is not None
        capture.stdin.write(TypeAdapter(Endpoint).dump_json(source).decode() + "\n")
        capture.stdin.flush()
        found = [psutil.Process(int(pid)) for pid in capture.stdout.readline().split()]
        capture.kill()

        assert len(found) == 1
        assert psutil.wait_procs(found, timeout=10)[1] == []


def test_another_server_is_not_taken_for_the_source(source: Endpoint, connection: Connection, database: str) -> None:
    connection.execute("CREATE TABLE t (id INT PRIMARY KEY)")
    name = TableName(database, "t")
    tap = Tap(source, connection, [name])
    other = replace(source, server_uuid=str(uuid.UUID(int=0)))

    with pytest.raises(Transient, match="instead of 00000000"), _opened(tap, [_whole(name)], other) as interleave:
        tap.run(interleave)


class Impatient(Tap):
    """Kills one reader after the other."""

    kills = 0

    def step(self, interleave: Interleave, reader: LogReader) -> None:
        super().step(interleave, reader)
        if self.kills < 3 and self.releases > 5 * (self.kills + 1) and readers():
            readers()[0].kill()
            self.kills += 1


class Narrowing(Tap):
    """Takes ALTER TABLE ... DROP COLUMN of the last column for what it is."""

    def statement(self, text: str, gtid: str, interleave: Interleave) -> None:
        for name, state in [*self.truth.items(), *self.topic.items()]:
            self.define(name)
            state.narrow()
        for name in self.forms:
            interleave.schema_changed(name, gtid)


class Weighing(Tap):
    """Takes down the most memory that a reader has had."""

    peak_bytes = 0

    def step(self, interleave: Interleave, reader: LogReader) -> None:
        for process in readers():
            status = Path(f"/proc/{process.pid}/status").read_text()
            self.peak_bytes = max(self.peak_bytes, int(status.partition("VmHWM:")[2].split()[0]) << 10)
        super().step(interleave, reader)


@contextmanager
def _opened(
    tap: Tap,
    records: Iterable[RangeRecord],
    account: Endpoint | None = None,
    chunk_bytes: int = 2000,
    retry_minutes: int = 1,
) -> Iterator[Interleave]:
    settings = SnapshotSettings("tap", readers=2, chunk_bytes=chunk_bytes, retry_minutes=retry_minutes)
    source = account or tap.source
    with opened(source, settings, records, tap.plan, tap.executed) as interleave:
        yield interleave


@contextmanager
def writing(source: Endpoint, database: str, statements: Callable[[random.Random], Sequence[str]]) -> Iterator[None]:
    """Two threads run transactions meanwhile."""
    end = threading.Event()
    with ThreadPoolExecutor(2) as pool:
        writers = [pool.submit(_write, source, database, statements, seed, end) for seed in range(2)]
        try:
            yield
        finally:
            end.set()
        assert all(writer.result() > 10 for writer in writers)


def _write(
    source: Endpoint,
    database: str,
    statements: Callable[[random.Random], Sequence[str]],
    seed: int,
    end: threading.Event,
) -> int:
    chance = random.Random(seed)
    done = 0
    with connect(source, database=database) as connection:
        while not end.is_set():
            try:
                for statement in ["BEGIN", *statements(chance), "COMMIT"]:
                    connection.execute(statement)
            except Transient:  # a deadlock
                connection.execute("ROLLBACK")
            done += 1
    return done


def _number_and_word(chance: random.Random) -> Sequence[str]:
    number, other, word = chance.randrange(6000), chance.randrange(6000), chance.randrange(50)
    return [
        f"INSERT INTO numbers VALUES ({number}, 1) ON DUPLICATE KEY UPDATE v = v + 1",
        f"DELETE FROM numbers WHERE id = {other}",
        f"UPDATE IGNORE numbers SET id = {chance.randrange(6000)} WHERE id = {chance.randrange(6000)}",
        f"UPDATE words SET w = IF(v % 2, UPPER(w), LOWER(w)), v = v + 1 WHERE w = 'w{word}' AND n < {number}",
    ]


def _line(chance: random.Random) -> Sequence[str]:
    return [
        f"INSERT INTO log VALUES ({chance.randrange(700)}, 'new')",
        f"DELETE FROM log WHERE a = {chance.randrange(700)} LIMIT 1",
        f"UPDATE log SET b = CONCAT(b, '.') WHERE a = {chance.randrange(700)} LIMIT 1",
        f"REPLACE INTO other VALUES ({chance.randrange(100)}, {chance.randrange(100)})",
    ]


def _values(count: int, row: Callable[[int], str]) -> str:
    return ", ".join(f"({row(number)})" for number in range(count))


def _whole(table: TableName) -> RangeRecord:
    return RangeRecord(id="1", database=table.database, table=table.name)


def _walk(plan: TablePlan, part: RangeRecord) -> Walk:
    return Walk(
        number=1,
        task="tap",
        table=to_json(plan.table),
        key_id=plan.key_id,
        value_id=plan.value_id,
        at_once=False,
        after=part.lower,
        until=part.upper,
        needs="",
        chunk_bytes=300,
    )
