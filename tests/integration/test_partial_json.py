"""Random documents, edited at random with PARTIAL_JSON: the destination holds the source's documents, byte for byte."""

import json
import subprocess
from collections.abc import Iterator
from random import Random

import pytest

from deploy.local import Server, client
from runtime.mysql import Connection, Refused, connect
from schemas.sql import text_literal
from tests.conftest import NewTask

_KEYS = (
    "a",
    "b",
    "c1",
    "long name",
    'q"uote',
    "back\\slash",
    "é",
    "€uro",
    "",
    "0",
    "a.b",
    "[0]",
    "zzzzzzzzzzzzzzzzzzzz",
)
_TEXTS = ("", "x", 'say "hi"\n', "Ωmega €", "\U0001f600", "y" * 130, "long " * 30)
_VALUES = (
    "7", "-1", "40000", "3000000000", "-5000000000", "18446744073709551615", "1.5e0", "1.50", "1e300", "TRUE", "NULL",
    "CAST('null' AS JSON)", "CAST('true' AS JSON)", "JSON_ARRAY()", "JSON_OBJECT()", "CAST('2021-02-03' AS DATE)",
    "CAST('2021-02-03 04:05:06.789' AS DATETIME(6))", "CAST('-12:13:14.5' AS TIME(3))", "0xCAFE", "REPEAT('w', 70000)",
)  # fmt: skip
_LOST = frozenset((3143, 3149, 3150, 3153, 3154))  # the server refuses the path


class Edits:
    """Endless statements on the table `docs`; the same for the same seed."""

    def __init__(self, seed: int, rows: int) -> None:
        self._random = Random(seed)
        self._rows = rows

    def document(self, depth: int = 0) -> object:
        random = self._random
        if depth < 4 and random.random() < 0.7 - 0.1 * depth:
            if random.random() < 0.5:
                return [self.document(depth + 1) for _ in range(random.randint(0, 5))]
            return {random.choice(_KEYS): self.document(depth + 1) for _ in range(random.randint(0, 7))}
        return random.choice((None, True, False, 0, -7, 1 << 40, 2.5, 1e-9, *_TEXTS))

    def inserts(self) -> Iterator[str]:
        for number in range(1, self._rows + 1):
            texts = [text_literal(json.dumps(self.padded(), ensure_ascii=False)) for _ in "abc"]
            yield f"INSERT INTO docs (id, n, a, b, c) VALUES ({number}, 0, {', '.join(texts)})"

    def padded(self) -> object:
        """A document that is long enough for the differences to be shorter than it."""
        pad = {"pad": self._random.choice(("p" * 60, "p" * 400, "p" * 70_000)), "z": [1, 2, 3, {"a": {"b": [4]}}]}
        return {**pad, "a": self.document(), "b": self.document(), "c1": self.document()}

    def next(self) -> str:
        random = self._random
        kinds = [f"{column} = {self._edit(column)}" for column in random.sample("abc", random.randint(1, 3))]
        if random.random() < 0.1:
            kinds[0] = f"{kinds[0][0]} = {random.choice(('NULL', 'JSON_ARRAY(1)', kinds[0][0]))}"
        if random.random() < 0.05:
            kinds[0] = f"{kinds[0][0]} = {text_literal(json.dumps(self.padded()))}"
        low = random.randint(1, self._rows)
        return f"UPDATE docs SET n = n + 1, {', '.join(kinds)} WHERE id BETWEEN {low} AND {low + random.randint(0, 4)}"

    def _edit(self, column: str) -> str:
        random = self._random
        inner = column if random.random() < 0.8 else self._edit(column)
        name = random.choice(("JSON_SET", "JSON_SET", "JSON_REPLACE", "JSON_REMOVE"))
        pairs: list[str] = []
        for _ in range(random.randint(1, 4)):
            pairs.append(text_literal(self._path()))
            if name != "JSON_REMOVE":
                pairs.append(self._value())
        return f"{name}({inner}, {', '.join(pairs)})"

    def _path(self) -> str:
        random = self._random
        path = "$"
        for _ in range(random.choice((1, 1, 1, 2, 2, 3, 4))):
            cell = random.choice(("0", "1", "2", "7", "last", "last-1", "last-6"))
            key = json.dumps(random.choice((*_KEYS, "a", "b", "c1", "z", "pad")), ensure_ascii=False)
            path += f"[{cell}]" if random.random() < 0.35 else f".{key}"
        return path

    def _value(self) -> str:
        random = self._random
        if random.random() < 0.3:
            return f"CAST({text_literal(json.dumps(self.document(1), ensure_ascii=False))} AS JSON)"
        return random.choice((*_VALUES, text_literal(random.choice(_TEXTS))))


def edit(session: Connection, edits: Edits, count: int) -> None:
    """So many edits in transactions of some; half of them compressed."""
    done = 0
    while done < count:
        session.execute(f"SET SESSION binlog_transaction_compression = {('ON', 'OFF')[done % 2]}")
        session.execute("BEGIN")
        for _ in range(7):
            try:
                session.execute(edits.next())
            except Refused as error:
                if error.code not in _LOST:
                    raise
            done += 1
        session.execute("COMMIT")


def partial_events(server: Server, first_file: str) -> int:
    """How many partial documents mysqlbinlog finds in the log."""
    asked = ["--read-from-remote-server", "--verbose", "--base64-output=DECODE-ROWS", "--to-last-log", first_file]
    with subprocess.Popen([*client(server, "mysqlbinlog"), *asked], stdout=subprocess.PIPE) as tool:
        assert tool.stdout is not None
        return sum(line.startswith(b"###   @") and b"=JSON_" in line[:20] for line in tool.stdout)


@pytest.mark.parametrize(
    ("seed", "rows", "count"),
    [(1, 12, 300), *(pytest.param(seed, 40, 10_000, marks=pytest.mark.long) for seed in (2, 3, 4))],
)
def test_edits_of_documents(task: NewTask, seed: int, rows: int, count: int) -> None:
    run = task(include=["edited.*"])
    edits = Edits(seed, rows)
    with connect(run.stack_source) as session:
        session.execute("CREATE DATABASE edited")
        session.execute("USE edited")
        session.execute(
            "CREATE TABLE docs (id INT PRIMARY KEY, a JSON, n INT NOT NULL, b JSON, c JSON, "
            "g JSON AS (JSON_EXTRACT(a, '$.a')) VIRTUAL, s JSON AS (JSON_EXTRACT(b, '$.b')) STORED)"
        )
        for statement in edits.inserts():
            session.execute(statement)
        run.run("migrate", "--until", "caught-up")
        file = str(session.query("SHOW BINARY LOG STATUS")[0][0])
        session.execute("SET SESSION binlog_row_value_options = PARTIAL_JSON")
        edit(session, edits, count)
    run.run("migrate", "--until", "caught-up", seconds=600)
    assert partial_events(run.stack.source, file) > count / 2
    run.assert_equal()
