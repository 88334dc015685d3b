"""The random writer: threads that run random transactions at the source until they are told to end.

It records every statement that the server did not take, and fails when it meets an error that is no part of the game.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from random import Random

from runtime.errors import Transient
from runtime.mysql import Connection, Endpoint, Refused, connect
from schemas.sql import identifier
from tests.pipeline.tables import TABLES, RandomTable
from tests.pipeline.transactions import Mix, Transactions

# taken keys, tables and columns that a schema change has just taken away, values that a changed column does not hold,
# CREATE TABLE ... SELECT at an old server with GTIDs
EXPECTED = frozenset(
    (1050, 1051, 1054, 1060, 1061, 1062, 1072, 1091, 1136, 1146, 1264, 1364, 1406, 1412, 1690, 3013, 1366, 1786)
)
# the session that was to prepare it was ended, or it holds no change and was over with its XA PREPARE
_UNKNOWN_XA = 1397
_PATIENCE_SECONDS = 60.0
_SESSION = "SET sql_mode = 'NO_ENGINE_SUBSTITUTION'"
# a schema change may wait for a prepared transaction whose thread waits for the schema change
_SHORT_WAITS = ", lock_wait_timeout = 1, innodb_lock_wait_timeout = 1"


class RandomWriter:
    """Writes to `database` from its start to its end; a context manager."""

    expected = EXPECTED

    def __init__(
        self,
        source: Endpoint,
        seed: int,
        database: str,
        *,
        mix: Mix | None = None,
        threads: int = 2,
        per_second: float = 150.0,
        spelled: Callable[[str], str] = str,
    ) -> None:
        """`spelled`: how a statement is written for the source's version."""
        self._spelled = spelled
        self._source = source
        self._seed = seed
        self._mix = mix or Mix()
        self._database = database
        self._interval = threads / per_second
        self._changed = threading.Condition()
        self._paused = False
        self._ending = False
        self._idle = 0
        self._done = 0
        self._failure: BaseException | None = None
        self.refused: Counter[int] = Counter()
        self._threads = [
            threading.Thread(target=self._write, args=(number,), name=f"writer-{number}", daemon=True)
            for number in range(threads)
        ]

    def create(self) -> None:
        """Makes the database and its tables, with their first rows."""
        random = Random(f"{self._seed} rows")
        with connect(self._source) as connection:
            connection.execute(self._spelled(f"CREATE DATABASE {identifier(self._database)}"))
            connection.execute(f"USE {identifier(self._database)}")
            for table in TABLES:
                connection.execute(self._spelled(f"CREATE TABLE {table.name} ({table.definition}) {table.options}"))
                for statement in _inserts(table, random, self._mix.rows):
                    connection.execute(self._spelled(statement))

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Ends every thread after its transaction; raises what one of them met."""
        with self._changed:
            self._ending = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(_PATIENCE_SECONDS)
            assert not thread.is_alive(), f"{thread.name} does not end"
        self._raise()

    @property
    def transactions(self) -> int:
        """Transactions so far, those rolled back or refused included."""
        return self._done

    def wait_for(self, transactions: int) -> None:
        """Waits until so many more transactions are done."""
        with self._changed:
            goal = self._done + transactions
            reached = self._changed.wait_for(lambda: self._done >= goal or self._failure, _PATIENCE_SECONDS)
        self._raise()
        assert reached, f"the writer did {self._done} of {goal} transactions"

    def move(self, source: Endpoint) -> None:
        """From now on writes to another server, as soon as it takes connections and writes."""
        self._source = source

    @contextmanager
    def paused(self) -> Generator[None]:
        """Nothing is written inside."""
        with self._changed:
            self._paused = True
            still = self._changed.wait_for(lambda: self._idle == len(self._threads) or self._failure, _PATIENCE_SECONDS)
        self._raise()
        assert still, "the writer does not come to rest"
        try:
            yield
        finally:
            with self._changed:
                self._paused = False
                self._changed.notify_all()

    def __enter__(self) -> "RandomWriter":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _transactions(self, seed: str, mix: Mix) -> Transactions:
        return Transactions(seed, mix)

    # ---- a thread

    def _write(self, number: int) -> None:
        try:
            mix = self._mix if number == 0 else replace(self._mix, ddl=0.0, large=0.0)  # one thread changes definitions
            made = self._transactions(f"{self._seed} {number}", mix)
            transactions = iter(made)
            connection = self._connect()
            due = time.monotonic()
            while not self._ending:
                if self._is_to_pause(due):
                    connection = self._decide(connection, made)
                    self._rest()
                    continue
                due = max(due + self._interval, time.monotonic())
                connection = self._run(connection, next(transactions))
                with self._changed:
                    self._done += 1
                    self._changed.notify_all()
            self._decide(connection, made).close()
        except BaseException as error:
            with self._changed:
                self._failure = error
                self._changed.notify_all()
            raise

    def _is_to_pause(self, due: float) -> bool:
        """Waits for the time of the next transaction, or for a pause."""
        with self._changed:
            self._changed.wait_for(lambda: self._paused or self._ending, max(0.0, due - time.monotonic()))
            return self._paused or self._ending

    def _rest(self) -> None:
        """Until the pause is over."""
        with self._changed:
            self._idle += 1
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._paused or self._ending)
            self._idle -= 1

    def _decide(self, connection: Connection, made: Transactions) -> Connection:
        """Nothing stays prepared, whose locks would keep a reader from a table without a key."""
        for statements in made.end():
            connection = self._run(connection, statements)
        return connection

    def _run(self, connection: Connection, statements: Sequence[str]) -> Connection:
        try:
            for statement in statements:
                try:
                    connection.execute(self._spelled(statement))
                except Refused as error:
                    if error.code not in self.expected and error.code != _UNKNOWN_XA:
                        raise
                    self.refused[error.code] += 1
        except Transient:  # a deadlock, or somebody ended the connection: the transaction is gone
            connection.abort()
            return self._connect()
        return connection

    def _connect(self) -> Connection:
        """A connection, waiting for a server that is away."""
        session = _SESSION + (_SHORT_WAITS if self._mix.xa else "")
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while True:
            try:
                return connect(self._source, database=self._database, init=session)
            except Transient:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    def _raise(self) -> None:
        if self._failure is not None:
            raise AssertionError("the random writer failed") from self._failure


def _inserts(table: RandomTable, random: Random, rows: int) -> Iterator[str]:
    into = f"INSERT INTO {table.name} ({', '.join(table.columns)}) VALUES "
    literals = (f"({', '.join(table.first_row(random, number))})" for number in range(1, rows + 1))
    while chunk := list(islice(literals, 500)):
        yield into + ", ".join(chunk)
