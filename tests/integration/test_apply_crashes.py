"""kill -9 between a schema change and the note that it has run: it runs once, also where it leaves definitions as they
were."""

import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing

import pytest

from apply.records import Place
from apply.state import Stuck
from runtime.mysql import Connection
from schemas.names import TableName
from schemas.records import SchemaChange
from schemas.sql import identifier, qualified
from tests.integration.killed_ddl import run
from tests.integration.lab import Lab
from tests.integration.order import Order

COLUMNS = "(id INT PRIMARY KEY, a INT, b INT, c INT)"
PARTITIONS = "PARTITION BY RANGE (id) (PARTITION low VALUES LESS THAN (10), PARTITION high VALUES LESS THAN (20))"
#: tables with their rows, then statements, each on the tables as the one before it left them
TABLES = {
    "t": COLUMNS,
    "u": COLUMNS,
    "v": COLUMNS,
    "p": f"{COLUMNS} {PARTITIONS}",
}
STATEMENTS = [
    ("RENAME_TABLE", "RENAME TABLE t TO x, u TO t, x TO u", "tu"),
    ("RENAME_TABLE", "RENAME TABLE t TO x, u TO t, v TO u, x TO v", "tuv"),
    ("ALTER_TABLE", "ALTER TABLE t CHANGE a b INT, CHANGE b a INT AFTER id", "t"),
    (
        "ALTER_TABLE",
        "ALTER TABLE t RENAME COLUMN a TO b, RENAME COLUMN b TO c, RENAME COLUMN c TO a, ALGORITHM=COPY",
        "t",
    ),
    ("ALTER_TABLE", "ALTER TABLE u DROP a, CHANGE b a INT, ADD b INT DEFAULT NULL AFTER a", "u"),
    ("ALTER_TABLE", "ALTER TABLE p EXCHANGE PARTITION low WITH TABLE v", "pv"),
    ("ALTER_TABLE", "ALTER TABLE t ADD d INT NOT NULL DEFAULT 4", "t"),
    ("CREATE_INDEX", "CREATE INDEX i ON t (a)", "t"),
    ("RENAME_TABLE", "RENAME TABLE t TO w, u TO t", "tuw"),
    ("CREATE_TABLE", "CREATE TABLE u (id INT PRIMARY KEY)", "u"),
]


def rows(connection: Connection, database: str) -> dict[str, list[tuple[object, ...]]]:
    listed = connection.query(f"SHOW TABLES FROM {identifier(database)}")
    names = sorted(str(name) for (name,) in listed)
    return {
        name: connection.query(f"SELECT * FROM {qualified(TableName(database, name))} ORDER BY id") for name in names
    }


class Killer:
    """Runs schema changes in processes that are killed at one seam."""

    def __init__(self, seam: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.integration.killed_ddl"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PENSTOCK_SEAM": f"{seam}:1:kill"},
        )

    def kill(self, order: Order) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        pickle.dump(order, self._process.stdin)
        self._process.stdin.flush()
        assert int(self._process.stdout.readline()) == -signal.SIGKILL

    def close(self) -> None:
        with self._process:
            self._process.kill()


@pytest.fixture(scope="module")
def at_intent() -> Iterator[Killer]:
    with closing(Killer("apply.ddl_intent")) as killer:
        yield killer


@pytest.fixture(scope="module")
def at_run() -> Iterator[Killer]:
    with closing(Killer("apply.ddl_run")) as killer:
        yield killer


def next_change(lab: Lab, change: SchemaChange) -> Order:
    """As apply runs the change that comes next."""
    place = Place(lab.task, 0)
    endpoint = lab.stack.destination.endpoint("polar")
    return Order(lab.feed.kafka, endpoint, lab.state, lab.group, place, lab.fence(place).next_offset + 1, change)


def test_each_statement_runs_once(lab: Lab, at_intent: Killer, at_run: Killer) -> None:
    for name, body in TABLES.items():
        lab.feed.create(lab.database, f"CREATE TABLE {name} {body}", name)
    with closing(lab.apply().session()) as session:
        lab.until(lab.all_committed, session)
    for seed, name in enumerate(TABLES):
        values = ", ".join(f"({key}, {seed}1{key}, {seed}2{key}, {seed}3{key})" for key in (1, 2))
        for connection in (lab.feed.source, lab.destination):
            connection.execute(f"INSERT INTO {identifier(lab.database)}.{name} VALUES {values}")
    for kind, statement, touched in STATEMENTS:
        change = lab.feed.change(kind, statement, *(TableName(lab.database, name) for name in touched))
        order = next_change(lab, change)
        at_intent.kill(order)
        at_run.kill(order)
        assert lab.applied().epoch == change.epoch - 1
        run(order)
        assert lab.applied().epoch == change.epoch
        assert rows(lab.destination, lab.database) == rows(lab.feed.source, lab.database), statement


def test_a_table_that_became_something_else_meanwhile(lab: Lab, at_intent: Killer) -> None:
    table = lab.feed.create(lab.database, "CREATE TABLE t (id INT PRIMARY KEY)", "t")
    with closing(lab.apply().session()) as session:
        lab.until(lab.all_committed, session)
    change = lab.feed.change("ALTER_TABLE", "ALTER TABLE t ADD v INT", table)
    at_intent.kill(next_change(lab, change))
    lab.destination.execute(f"ALTER TABLE {qualified(table)} ADD w INT")
    with closing(lab.apply().session()) as session, pytest.raises(Stuck, match="has become something else"):
        lab.until(lambda: False, session)
    lab.destination.execute(f"ALTER TABLE {qualified(table)} DROP w")
    with closing(lab.apply().session()) as session:
        lab.until(lambda: lab.applied().epoch == change.epoch, session)
    assert [row[0] for row in lab.destination.query(f"SHOW COLUMNS FROM {qualified(table)}")] == ["id", "v"]


@pytest.mark.parametrize(
    ("before", "kind", "statement", "unrelated", "by_hand"),
    [
        ("CREATE INDEX x ON {t} (a)", "CREATE_INDEX", "CREATE INDEX x ON t (b)", "ALTER TABLE {t} COMMENT = 'x'",
         "ALTER TABLE {t} DROP INDEX x, ADD INDEX x (b)"),
        ("ALTER TABLE {t} ADD CONSTRAINT c CHECK (b > 0)", "ALTER_TABLE",
         "ALTER TABLE t ADD d INT NOT NULL, ADD CONSTRAINT c CHECK (a > 0)", "ALTER TABLE {t} ADD e INT",
         "ALTER TABLE {t} DROP e, ADD d INT NOT NULL"),
        ("ALTER TABLE {t} DROP b", "ALTER_TABLE", "ALTER TABLE t CHANGE b f BIGINT, ADD UNIQUE u (a)",
         "ALTER TABLE {t} ADD f BIGINT", "CREATE UNIQUE INDEX u ON {t} (a)"),
    ],
)  # fmt: skip
def test_a_refused_statement_is_done_by_hand_when_its_effect_is_there(
    lab: Lab, before: str, kind: str, statement: str, unrelated: str, by_hand: str
) -> None:
    table = lab.feed.create(lab.database, "CREATE TABLE t (id INT PRIMARY KEY, a INT, b INT)", "t")
    with closing(lab.apply().session()) as session:
        lab.until(lab.all_committed, session)
    lab.destination.execute(before.format(t=qualified(table)))
    change = lab.feed.change(kind, statement, table)
    for meanwhile in ("DO 0", unrelated):
        lab.destination.execute(meanwhile.format(t=qualified(table)))
        with closing(lab.apply().session()) as session, pytest.raises(Stuck, match="refuses schema change 3"):
            lab.until(lambda: False, session)
    lab.destination.execute(by_hand.format(t=qualified(table)))
    with closing(lab.apply().session()) as session:
        lab.until(lambda: lab.applied().epoch == change.epoch, session)


def test_a_refused_statement_whose_effect_nothing_shows_is_confirmed(lab: Lab) -> None:
    table = lab.feed.create(lab.database, "CREATE TABLE t (id INT PRIMARY KEY, a INT)", "t")
    with closing(lab.apply().session()) as session:
        lab.until(lab.all_committed, session)
    lab.destination.execute(f"ALTER TABLE {qualified(table)} ADD INDEX x (a)")
    lab.feed.source.execute(f"ALTER TABLE {qualified(table)} ADD INDEX y (a)")
    change = lab.feed.change("ALTER_TABLE", "ALTER TABLE t DROP INDEX y, COMMENT = 'z'", table)
    for comment in ("", "unrelated"):
        lab.destination.execute(f"ALTER TABLE {qualified(table)} COMMENT = '{comment}'")
        with closing(lab.apply().session()) as session, pytest.raises(Stuck, match="refuses schema change 3") as stuck:
            lab.until(lambda: False, session)
    lab.destination.execute(f"ALTER TABLE {qualified(table)} COMMENT = 'z'")
    lab.destination.execute(stuck.value.hint[stuck.value.hint.index("UPDATE") :])
    with closing(lab.apply().session()) as session:
        lab.until(lambda: lab.applied().epoch == change.epoch, session)
