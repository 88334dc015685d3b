"""Copies beside a log that flows: rows that change, locks, DDL, readers that are killed, a new start."""

import random
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace

import pytest

from capture.reader import LogReader
from runtime.errors import Transient
from runtime.mysql import Connection, Endpoint, connect
from schemas.names import TableName
from snapshot.interleave import Interleave
from snapshot.marks import Marks
from snapshot.planner import plan_ranges
from tests.integration.snapshot.opening import literals, opened_at, whole
from tests.integration.tap import Tap, readers


def test_what_changes_while_it_is_copied_is_true_at_each_place_of_the_topic(
    source: Endpoint, connection: Connection, database: str, small_ranges: None
) -> None:
    connection.execute("CREATE TABLE numbers (id INT PRIMARY KEY, v INT)")
    connection.execute("CREATE TABLE words (w VARCHAR(20), n INT, v INT, PRIMARY KEY (w, n))")
    connection.execute("INSERT INTO numbers VALUES " + literals(3000, lambda n: f"{2 * n}, 0"))
    connection.execute("INSERT INTO words VALUES " + literals(2000, lambda n: f"'W{n % 50}', {n}, 0"))
    connection.execute("ANALYZE TABLE numbers, words")
    names = [TableName(database, "numbers"), TableName(database, "words")]
    tap = Impatient(source, connection, names)
    records = plan_ranges(connection, [tap.plan(name).table for name in names], readers=2)

    with writing(source, database, _number_and_word), opened_at(tap, records) as interleave:
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
    connection.execute("INSERT INTO t VALUES " + literals(2000, lambda n: f"{n}, 0"))
    connection.execute("ANALYZE TABLE t")
    name = TableName(database, "t")
    tap = Tap(source, connection, [name])
    records = {record.id: record for record in plan_ranges(connection, [tap.plan(name).table], readers=2)}

    while not all(record.done for record in records.values()):
        with opened_at(tap, records.values()) as interleave:
            tap.run(interleave, until=lambda: tap.releases % 5 == 4 or interleave.finished)
            tap.releases += 1
            records.update(tap.ranges)

    assert tap.topic[name] == tap.stored(name)
    assert tap.released_rows == 2000


def test_a_finished_table_is_copied_again(source: Endpoint, connection: Connection, database: str) -> None:
    connection.execute("CREATE TABLE t (id BIGINT PRIMARY KEY, v INT)")
    connection.execute("INSERT INTO t VALUES " + literals(100, lambda n: f"{n}, 0"))
    name = TableName(database, "t")
    tap = Tap(source, connection, [name])

    with opened_at(tap, [whole(name)]) as interleave:
        tap.run(interleave)
        tap.run(interleave, until=lambda: not readers())
        again = replace(whole(name), id=str(interleave.next_id()))
        assert interleave.add([again], tap.executed).ranges == (again,)
        tap.run(interleave)

    assert tap.done == [name, name]
    assert tap.released_rows == 200


def test_a_table_without_a_key_is_copied_whole_at_one_place(
    source: Endpoint, connection: Connection, database: str
) -> None:
    connection.execute("CREATE TABLE log (a INT, b VARCHAR(100))")
    connection.execute("CREATE TABLE other (id INT PRIMARY KEY, v INT)")
    connection.execute("INSERT INTO log VALUES " + literals(2000, lambda n: f"{n % 700}, REPEAT('x', 50)"))
    names = [TableName(database, "log"), TableName(database, "other")]
    tap = Tap(source, connection, names)
    records = plan_ranges(connection, [tap.plan(name).table for name in names], readers=2)

    with writing(source, database, _line), opened_at(tap, records) as interleave:
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

    with connect(source, database=database) as long, opened_at(tap, [whole(name)]) as interleave:
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


@pytest.mark.parametrize("key", ["PRIMARY KEY (id)", "KEY (id)"])
def test_a_definition_that_has_changed_is_waited_for_in_the_log(
    source: Endpoint, connection: Connection, database: str, key: str
) -> None:
    connection.execute(f"CREATE TABLE t (id INT NOT NULL, a INT, b INT, {key})")
    connection.execute("INSERT INTO t VALUES " + literals(100, lambda n: f"{n}, 1, 2"))
    name = TableName(database, "t")
    tap = Narrowing(source, connection, [name])
    connection.execute("INSERT INTO t VALUES (1000, 3, 4)")
    connection.execute("ALTER TABLE t DROP COLUMN b")
    connection.execute("INSERT INTO t VALUES (1001, 5)")

    with opened_at(tap, [whole(name)]) as interleave:
        tap.run(interleave, until=lambda: interleave.finished and tap.executed.covers(Marks(connection, None).low()))

    assert tap.topic[name] == tap.truth[name] == tap.stored(name)


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
