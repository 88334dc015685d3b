"""Rows that follow others, judged by InnoDB itself: random families of tables, in which a row goes or gets other
values; the source's InnoDB cascades, the destination runs our statements, and every byte must be the same."""

import os
import random
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from random import Random

import pytest

from apply.cascade import ForeignKey, contradictory, roots, statement
from apply.destination import open_session
from apply.following import foreign_keys, leading
from deploy.local import Profile, Server, Stack, start_mysql, stop_mysql
from runtime.mysql import Connection, Refused, connect
from schemas.ddl import foreign_keys as texts
from schemas.ddl import ways
from schemas.names import TableName
from schemas.records import FollowedRow
from schemas.sql import text_literal
from schemas.types.floats import double_literal

_DATABASE = "following"
_COLUMNS = ("id", "p", "n", "m", "s", "c", "d")
_TABLE = (
    "id INT PRIMARY KEY, p INT, n INT, m INT, s VARCHAR(6) CHARACTER SET utf8 COLLATE utf8_general_ci,"
    " c CHAR(6) CHARACTER SET latin1 COLLATE latin1_swedish_ci, d DOUBLE,"
    " KEY (p), KEY (n), KEY (m), KEY (s), KEY (c), KEY (d), KEY (n, m), KEY (m, n), KEY (n, s), KEY (s, c)"
)
_TEXTS = ("a", "A", "a ", "á", "b", "B")
_VALUES: dict[str, Sequence[object]] = {
    "id": range(1, 30),
    "p": range(1, 15),
    "n": (1, 2),
    "m": (1, 2, 3),
    "s": _TEXTS,
    "c": [text.rstrip() for text in _TEXTS],
    "d": (0.0, -0.0, 0.1),
}
_KEYS = (("id",), ("id",), ("n",), ("m",), ("s",), ("c",), ("d",), ("n", "m"), ("n", "s"), ("s", "c"))
_TURNED = {("id",): ("p",), ("n",): ("m",), ("m",): ("n",), ("n", "m"): ("m", "n")}
_RULES = ("CASCADE", "CASCADE", "SET NULL", "NO ACTION")


@dataclass
class Judged:
    """What became of the events of a run."""

    equal: int = 0
    followed: int = 0
    refused: int = 0  # by name: the order counts
    foretold: int = 0  # families that capture refuses before anything is copied


@pytest.fixture(scope="module")
def native(stack: Stack) -> Iterator[Server]:
    directory = stack.directory / "native"
    yield start_mysql(Profile.SOURCE, directory, ["--innodb-native-foreign-keys=ON"])
    stop_mysql(directory)


def test_families(stack: Stack, native: Server) -> None:
    _run(stack, native, 4711, 12)


def test_families_at_mysql_56(stack: Stack) -> None:
    _run(stack, start_mysql(Profile.SOURCE56, stack.directory / Profile.SOURCE56), 4711, 12)


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(("version", "destination"), [("9.7", "9.7"), ("5.6", "9.7"), ("5.6", "5.6")])
def test_many_families(stack: Stack, native: Server, version: str, destination: str) -> None:
    """PENSTOCK_FOLLOWING_ROUNDS families (300); PENSTOCK_SOAK_SEED repeats a run."""
    old = start_mysql(Profile.SOURCE56, stack.directory / Profile.SOURCE56)
    if destination == "5.6":
        stack = replace(stack, destination=start_mysql(Profile.DESTINATION56, stack.directory / Profile.DESTINATION56))
    seed = int(os.environ.get("PENSTOCK_SOAK_SEED") or random.randrange(10**6))
    _run(stack, native if version == "9.7" else old, seed, int(os.environ.get("PENSTOCK_FOLLOWING_ROUNDS") or 300))


def _run(stack: Stack, source: Server, seed: int, rounds: int) -> None:
    print(f"PENSTOCK_SOAK_SEED={seed}")
    judged = Judged()
    with ExitStack() as open_:
        here = open_.enter_context(connect(source.endpoint("admin")))
        there = open_.enter_context(open_session(stack.destination.endpoint("admin"), 5))
        for connection in (here, there):
            with suppress(Refused):  # servers before 8.4 do not know it
                connection.execute("SET SESSION restrict_fk_on_non_standard_key = OFF")
        for number in range(seed, seed + rounds):
            _family(here, there, Random(number), number, judged)
    print(judged)
    assert judged.followed > judged.equal / 6, "too little follows to judge"
    assert judged.refused < judged.equal / 4, "too much is refused"


def _family(here: Connection, there: Connection, random: Random, seed: int, judged: Judged) -> None:
    tables = [f"t{number}" for number in range(random.randint(2, 4))]
    made = list(_keys(random, tables))
    for connection in (here, there):
        connection.execute(f"DROP DATABASE IF EXISTS {_DATABASE}")
        connection.execute(f"CREATE DATABASE {_DATABASE} CHARACTER SET latin1")
        connection.execute(f"USE {_DATABASE}")
        for table in tables:
            named = (f"CONSTRAINT {name} {text}" for name, child, text in made if child == table)
            connection.execute(f"CREATE TABLE {table} ({', '.join([_TABLE, *named])}) ENGINE=InnoDB")
    keys = [key for table in tables for key in foreign_keys(there, TableName(_DATABASE, table))]
    judged.foretold += ways.contradictory([_told(key) for key in keys]) is not None
    if texts.circle(texts.between([_told(key) for key in keys])):
        return
    _fill(here, there, random, tables)
    for _ in range(12):
        _event(here, there, random, keys, tables, seed, judged)


def _told(key: ForeignKey) -> texts.ForeignKey:
    return texts.ForeignKey(key.child, key.parent, key.columns, key.referenced, key.on_delete, key.on_update)


def _keys(random: Random, tables: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    """Name, child and text of each foreign key."""
    names = random.sample(range(100), 30)
    kinds = random.sample(_KEYS, 2)  # few, so that keys lead on to each other
    for number, child in enumerate(tables):
        tree = False
        for _ in range(random.randint(1, 3)):
            parent = random.choice(tables[: number + 1])
            referenced = random.choice(kinds)
            if parent == child:  # a tree: to rows with several parents there are too many ways
                if tree:
                    continue
                referenced, tree = ("id",), True
            turned = referenced == ("id",) or random.random() < 0.3
            columns = _TURNED.get(referenced, referenced) if turned else referenced
            rules = f"ON DELETE {random.choice(_RULES)} ON UPDATE {random.choice(_RULES)}"
            text = f"FOREIGN KEY ({', '.join(columns)}) REFERENCES {parent} ({', '.join(referenced)}) {rules}"
            yield f"k{names.pop()}", child, text


def _fill(here: Connection, there: Connection, random: Random, tables: Sequence[str]) -> None:
    for connection in (here, there):
        connection.execute("BEGIN")
    for table in tables:
        for number in range(1, 60):
            values = [random.choice((*_VALUES[name], *_VALUES[name], None)) for name in _COLUMNS[1:]]
            row = ", ".join([str(number), *map(_literal, values)])
            with suppress(Refused):  # its parent is not there
                here.execute(f"INSERT INTO {table} VALUES ({row})")
                there.execute(f"INSERT INTO {table} VALUES ({row})")
    for connection in (here, there):
        connection.execute("COMMIT")


def _event(
    here: Connection,
    there: Connection,
    random: Random,
    keys: Sequence[ForeignKey],
    tables: Sequence[str],
    seed: int,
    judged: Judged,
) -> None:
    """One row goes, or gets other values, at both sides; then everything is as it was."""
    table = random.choice([key.parent.name for key in keys] or tables)
    ids = [int(row[0]) for row in here.query(f"SELECT id FROM {table}")]
    if not ids:
        return
    chosen = random.choice(ids)
    where = f"{table} WHERE id = {chosen}"
    referred = sorted({name for key in keys if key.parent.name == table for name in key.referenced}) or _COLUMNS
    names = random.sample(referred, min(len(referred), random.choice((0, 1, 1, 2))))
    values = {name: random.choice((*_VALUES[name], *(() if name == "id" else (None,)))) for name in names}
    assignments = ", ".join(f"{name} = {_literal(value)}" for name, value in values.items())
    sql = f"UPDATE {table} SET {assignments} {where[len(table) :]}" if names else f"DELETE FROM {where}"
    with _undone(here), _undone(there):
        before = _row(here, where)
        try:
            here.execute(sql)
        except Refused:
            return
        after = _row(here, f"{table} WHERE id = {values.get('id', chosen)}") if names else None
        there.execute(sql)
        followed = [FollowedRow(before=before, after=after)] if after != before else []
        for root in roots(TableName(_DATABASE, table), _COLUMNS, followed):
            steps = leading(there, root, keys)
            if contradictory(steps, keys):
                judged.refused += 1
                return
            judged.followed += bool(steps)
            for step in reversed(steps):
                there.execute(statement(step, ()))
        for each in tables:
            found, expected = _rows(there, each), _rows(here, each)
            definitions = "\n".join(str(here.query(f"SHOW CREATE TABLE {name}")[0][1]) for name in tables)
            assert found == expected, f"family {seed}, {sql}: {each} differs\n{definitions}"
        judged.equal += 1


@contextmanager
def _undone(connection: Connection) -> Iterator[None]:
    connection.execute("BEGIN")
    yield
    connection.execute("ROLLBACK")


def _row(connection: Connection, where: str) -> tuple[str, ...]:
    (row,) = connection.query(f"SELECT {', '.join(_COLUMNS)} FROM {where}")
    return tuple(map(_literal, row))


def _rows(connection: Connection, table: str) -> list[tuple[object, ...]]:
    return connection.query(f"SELECT id, p, n, m, HEX(s), HEX(c), CONCAT(d) FROM {table} ORDER BY id")


def _literal(value: object) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, float):
        return double_literal(value)
    return text_literal(value) if isinstance(value, str) else str(value)
