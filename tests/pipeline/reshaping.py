"""A random writer whose statements change what a table's name, key and topic mean, with rows before and after each."""

from collections.abc import Callable, Iterator, Sequence
from random import Random

from runtime.mysql import Connection, Refused

_TABLES = ("a", "b", "c")
_TAKEN = 1062
_KEYS = (
    ("PRIMARY KEY (id)",),
    ("PRIMARY KEY (id)", "UNIQUE KEY u (v)"),
    ("PRIMARY KEY (w, id)",),
    ("PRIMARY KEY (id, w)",),
    (),  # only of the last table: every record of its topic stays for that alone
)
_WHOLE = "id INT NOT NULL, v INT, w VARCHAR(20) NOT NULL DEFAULT 'w'"
_ROWS = 25


class Reshaper:
    """Works on tables of id, v and w, where no id stands twice and no v is that of two rows.

    One of them, `still` in a database of its own, stays what it is.
    """

    def __init__(self, session: Connection, database: str, seed: int) -> None:
        self._session = session
        self._database = database
        self._random = Random(seed)
        self._values = iter(range(1_000_000))
        self._coming: list[Callable[[str], Iterator[str]]] = []

    def begin(self) -> None:
        self._run(f"CREATE DATABASE {self._database}_still")
        self._run(f"CREATE TABLE {self._database}_still.still ({_WHOLE}, PRIMARY KEY (id))")
        self._fill(f"{self._database}_still.still")
        self._begin()

    def _begin(self) -> None:
        self._run(f"CREATE DATABASE {self._database} DEFAULT CHARACTER SET utf8mb4")
        self._run(f"USE {self._database}")
        for table, key in zip(_TABLES, _KEYS, strict=False):
            self._create(table, key)

    def reshape(self) -> None:
        """One statement that changes the meaning of something, or a few that belong together: each kind in its turn."""
        if not self._coming:
            self._coming = [self._key, self._pass_on, self._swap, self._make_anew, self._exchange, self._column]
            self._coming += [self._key, self._number, self._empty]
            self._random.shuffle(self._coming)
        for statement in self._coming.pop()(self._random.choice(_TABLES)):
            self._run(statement)

    def begin_anew(self) -> None:
        """Every table but one goes with its database, and others of their names come."""
        self._run(f"DROP DATABASE {self._database}")
        self._begin()

    def write(self, transactions: int) -> None:
        """Rows of every table, old keys again and again."""
        for _ in range(transactions):
            self._run("BEGIN")
            for table in (*_TABLES, f"{self._database}_still.still"):
                self._change_rows(table)
            self._run("COMMIT")

    # -- rows

    def _fill(self, table: str) -> None:
        rows = ", ".join(f"({number}, {next(self._values)}, 'w')" for number in range(0, _ROWS, 2))
        self._run(f"INSERT INTO {table} (id, v, w) VALUES {rows}")

    def _change_rows(self, table: str) -> None:
        one, other = self._random.sample(range(_ROWS), 2)
        match self._random.randrange(5):
            case 0:
                self._run(f"DELETE FROM {table} WHERE id = {one}")
            case 1:
                self._run(f"UPDATE {table} SET v = {next(self._values)}, w = UPPER(w) WHERE id = {one}")
            case 2 if not self._session.value(f"SELECT COUNT(*) FROM {table} WHERE id = {one}"):
                self._run(f"INSERT INTO {table} (id, v, w) VALUES ({one}, {next(self._values)}, 'w')")
            case 3 if not self._session.value(f"SELECT COUNT(*) FROM {table} WHERE id = {other}"):
                self._run(f"UPDATE {table} SET id = {other} WHERE id = {one}")
            case _:
                self._change_places(table, one, other)

    def _change_places(self, table: str, one: int, other: int) -> None:
        """A value that is unique goes from row to row."""
        found = [self._session.value(f"SELECT v FROM {table} WHERE id = {number}") for number in (one, other)]
        mine, yours = ("NULL" if value is None else str(value) for value in found)
        self._run(f"UPDATE {table} SET v = NULL WHERE id = {one}")
        self._run(f"UPDATE {table} SET v = {mine} WHERE id = {other}")
        self._run(f"UPDATE {table} SET v = {yours} WHERE id = {one}")

    # -- what tables are

    def _create(self, table: str, key: Sequence[str]) -> None:
        self._run(f"CREATE TABLE {table} ({', '.join((_WHOLE, *key))})")
        self._fill(table)

    def _has(self, table: str, key: str) -> bool:
        return key in str(self._session.query(f"SHOW CREATE TABLE {table}")[0][1])

    def _any_key(self, table: str) -> Sequence[str]:
        return self._random.choice(_KEYS if table == _TABLES[-1] else _KEYS[:-1])

    def _key(self, table: str) -> Iterator[str]:
        clauses = ["DROP PRIMARY KEY"] if self._has(table, "PRIMARY KEY") else []
        clauses += ["DROP KEY u"] if self._has(table, "UNIQUE KEY") else []
        clauses += [f"ADD {key}" for key in self._any_key(table)]
        yield f"ALTER TABLE {table} {', '.join(clauses) or 'FORCE'}"

    def _pass_on(self, table: str) -> Iterator[str]:
        yield f"DROP TABLE IF EXISTS {table}_old"
        yield f"RENAME TABLE {table} TO {table}_old"
        yield f"CREATE TABLE {table} LIKE {table}_old"
        yield f"ALTER TABLE {table}_old ADD COLUMN since INT DEFAULT 7, ALGORITHM = INPLACE"

    def _swap(self, table: str) -> Iterator[str]:
        one, other = _TABLES[:2]
        yield f"RENAME TABLE {one} TO passing, {other} TO {one}, passing TO {other}"

    def _make_anew(self, table: str) -> Iterator[str]:
        yield f"DROP TABLE {table}"
        self._create(table, self._any_key(table))
        yield f"UPDATE {table} SET w = 'new' WHERE id < 9"

    def _exchange(self, table: str) -> Iterator[str]:
        """The rows of a table become those of another one, and back come those that were there before."""
        yield "DROP TABLE IF EXISTS parted"
        yield f"CREATE TABLE parted LIKE {table}"
        yield f"INSERT INTO parted (id, v, w) SELECT id, v, w FROM {table} WHERE id < 5"
        yield "UPDATE parted SET w = 'from'"
        for _ in range(3):
            yield f"UPDATE {table} SET v = v + 500000 WHERE id = 2 AND v < 500000"
        if not self._has(table, "UNIQUE KEY"):
            yield "ALTER TABLE parted PARTITION BY HASH (id) PARTITIONS 1"
            yield f"ALTER TABLE parted EXCHANGE PARTITION p0 WITH TABLE {table}"
            yield f"UPDATE {table} SET w = 'to' WHERE id = 2"

    def _column(self, table: str) -> Iterator[str]:
        yield f"ALTER TABLE {table} ADD x INT DEFAULT {self._random.randint(1, 9)}, ALGORITHM = INPLACE"
        yield f"UPDATE {table} SET x = x + 1 WHERE id < 5"
        yield f"ALTER TABLE {table} DROP x, ALGORITHM = INPLACE"

    def _number(self, table: str) -> Iterator[str]:
        """Where there is a key: the server numbers rows without one in an order of its own."""
        if self._has(table, "PRIMARY KEY"):
            yield f"ALTER TABLE {table} ADD n INT AUTO_INCREMENT, ADD KEY n (n)"
            yield f"DELETE FROM {table} WHERE n < 4"
            yield f"UPDATE {table} SET v = v + n * 1000000"
            yield f"ALTER TABLE {table} DROP n, ALGORITHM = INPLACE"

    def _empty(self, table: str) -> Iterator[str]:
        yield f"TRUNCATE TABLE {table}"
        self._fill(table)

    def _run(self, statement: str) -> None:
        try:
            self._session.execute(statement)
        except Refused as error:
            if error.code != _TAKEN:
                raise
