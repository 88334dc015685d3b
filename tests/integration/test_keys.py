"""Keys of every type and collation under heavy collisions: values that only the server calls equal change hands while
the snapshot runs and behind it."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from random import Random

import pytest

from capture.definitions import read_tables
from control import row_text
from runtime.errors import Transient
from runtime.mysql import Connection, Endpoint, Refused, connect
from schemas import codec
from schemas.names import TableName
from schemas.sql import text_literal
from schemas.table import Table
from snapshot.keyset import Bound, Span, chunk, whole
from tests.conftest import NewTask
from tests.pipeline.settle import settle

_ROWS, _THREADS = 120, 3
# taken keys, values out of range for a session that is not strict, and what IGNORE does not cover
_EXPECTED = frozenset((1062, 1213, 1265, 1366, 1406, 3854))
#: letters that collations take for equal, for different, or for several
_LETTERS = (
    "a", "A", "á", "Á", "ä", "Ä", "ae", "æ", "u", "ü", "Ü", "ue", "s", "ß", "ss", "SS", "o", "ø", "i", "I", "é", "e",
)  # fmt: skip
_KANA = ("か", "カ", "が", "ガ", "ー", "は", "ハ", "ば", "あ", "ア", "a", "A", "ｱ", "Ａ")
_ENDS = ("", "", "", " ", "  ", "\t", "\0")


@dataclass(frozen=True, slots=True)
class Keyed:
    """A table: its columns, its keys, and for each column the literals that are stored in it."""

    columns: str
    keys: str
    values: Sequence[Sequence[str]]


def _texts(random: Random, letters: Sequence[str], ends: Sequence[str] = _ENDS) -> list[str]:
    """Many texts, most of which some collation takes for another one."""
    found = {f"{random.choice(letters)}{random.choice(letters)}{random.randrange(9)}" for _ in range(90)}
    found |= {random.choice(letters) for _ in range(9)}
    return ["''", *(text_literal(text + random.choice(ends)) for text in sorted(found))]


def _text(random: Random, collation: str, kind: str = "VARCHAR(12)") -> tuple[str, list[str]]:
    charset = collation.split("_")[0]
    letters: Sequence[str] = (
        _KANA if charset in ("sjis", "cp932", "ujis", "eucjpms") or "_ja_" in collation else _LETTERS
    )
    if charset in ("gbk", "big5"):
        letters = ("a", "A", "中", "国", "數", "据", "Ａ")
    return f"{kind} CHARACTER SET {charset} COLLATE {collation} NOT NULL", _texts(random, letters)


_COLLATIONS = (
    "utf8mb4_0900_ai_ci", "utf8mb4_0900_as_ci", "utf8mb4_0900_as_cs", "utf8mb4_0900_bin", "utf8mb4_bin",
    "utf8mb4_general_ci", "utf8mb4_unicode_ci", "utf8mb4_ja_0900_as_cs_ks", "utf8mb4_de_pb_0900_ai_ci",
    "utf8mb3_general_ci", "utf8mb3_german2_ci", "latin1_swedish_ci", "latin1_german2_ci", "latin1_general_cs",
    "latin1_bin", "utf16_general_ci", "utf32_unicode_520_ci", "sjis_japanese_ci", "cp932_bin", "ujis_japanese_ci",
    "gbk_chinese_ci", "big5_chinese_ci",
)  # fmt: skip
_NUMBERS = {
    "TINYINT": range(-128, 128, 3),
    "BIGINT UNSIGNED": (*range(60), 2**63 - 1, 2**63, 2**64 - 1, *range(2**63 + 9, 2**63 + 60)),
    "BIGINT": (*range(-60, 60), 2**63 - 1, -(2**63)),
    "DECIMAL(20,5)": ("-1.5", "-1.50001", "0", "99999.99999", *(f"{n / 7:.5f}" for n in range(-60, 60))),
    "FLOAT": ("0e0", "-0e0", "0.1e0", "-0.1e0", "3e38", "-3e38", "1e-38", *(f"{n / 7}e0" for n in range(-60, 60))),
    "DOUBLE": ("0e0", "-0e0", "0.1e0", "1e308", "-1e308", "5e-324", *(f"{n / 7}e0" for n in range(-60, 60))),
    "YEAR": (0, *range(1901, 2156, 3)),
    "DATE": ("'0000-00-00'", "'2024-02-31'", "'1970-01-01'", *(f"'{1500 + n * 9}-01-{n % 28 + 1}'" for n in range(50))),
    "DATETIME(6)": ("'0000-00-00'", "'1000-01-01'", *(f"'2024-01-01 00:00:00.{n:06}'" for n in range(0, 999999, 9999))),
    "TIME(3)": ("'-838:59:59'", "'838:59:59'", *(f"'{n}:00:00.{n + 100}'" for n in range(-60, 60))),
    "TIMESTAMP(1)": ("'0000-00-00'", *(f"'2024-03-31 0{n % 10}:{n:02}:00.{n % 10}'" for n in range(60))),
    "BIT(1)": ("b'0'", "b'1'"),
    "BIT(20)": tuple(f"{n * 7919 % (1 << 20)}" for n in range(90)),
    "BINARY(4)": (*(f"X'{n * 2654435761 % (1 << 32):08x}'" for n in range(80)), "X'00'", "X'6100'", "'a'", "'a '"),
    "VARBINARY(9)": ("''", "X'00'", "X'0000'", "'a'", "'A'", "'a '", *(f"X'{n:04x}'" for n in range(80))),
    "ENUM('b','B ','a','','ä x','10','9')": ("0", *(str(n) for n in range(1, 8))),
    "SET('b','a','c','','9','x y')": tuple(str(n) for n in range(64)),
}  # fmt: skip


def _tables(random: Random) -> Iterator[tuple[str, Keyed]]:
    for collation in _COLLATIONS:
        column, values = _text(random, collation)
        yield f"pk_{collation}", Keyed(f"k {column}", "PRIMARY KEY (k)", [values])
    for kind, listed in _NUMBERS.items():
        name = f"n_{kind.split('(')[0].replace(' ', '_').lower()}_{len(listed)}"
        yield name, Keyed(f"k {kind} NOT NULL", "PRIMARY KEY (k)", [[str(value) for value in listed]])
    column, values = _text(random, "utf8mb4_0900_ai_ci")
    swedish, narrow = _text(random, "latin1_swedish_ci", "CHAR(12)")
    long, longer = _text(random, "utf8mb4_general_ci", "TEXT")
    numbers = [str(number) for number in range(40)]
    few = ["NULL", "1", "2", "3"]
    bytes_ = [f"X'{chance:02x}{chance % 3:02x}{chance % 5:02x}'" for chance in range(90)]
    yield "prefix", Keyed(f"k {column}", "PRIMARY KEY (k(2))", [values])
    yield "prefix_text", Keyed(f"k {long}", "PRIMARY KEY (k(1))", [longer])
    yield "prefix_blob", Keyed("k BLOB NOT NULL", "PRIMARY KEY (k(2))", [bytes_])
    yield (
        "parts",
        Keyed(f"k {column}, n INT NOT NULL, m {swedish}", "PRIMARY KEY (n, k(1), m)", [values, few[1:], narrow]),
    )
    yield "mixed", Keyed(f"k FLOAT NOT NULL, m {swedish}, n ENUM('y','x') NOT NULL", "PRIMARY KEY (m, n, k)",
                         [["0e0", "-0e0", "0.1e0"], narrow, ["1", "2"]])  # fmt: skip
    yield "second", Keyed(f"k INT NOT NULL, u {column}", "PRIMARY KEY (k), UNIQUE (u)", [numbers, values])
    yield "uniques", Keyed(f"k {swedish}, u {column}, n INT", "PRIMARY KEY (k), UNIQUE (u(1), n), UNIQUE (n)",
                           [narrow, values, ["NULL", *numbers]])  # fmt: skip
    yield "not_null_unique", Keyed(f"k {column}, n INT", "UNIQUE (n), UNIQUE (k)", [values, ["NULL", *numbers]])
    yield "prefix_unique", Keyed(f"k {column}, n INT NOT NULL", "UNIQUE (k(1)), KEY (n)", [values, numbers])


def test_equal_keys_change_hands(task: NewTask) -> None:
    _change_hands(task, seed=5, transactions=1500)


@pytest.mark.long
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("seed", range(100, 106))
def test_equal_keys_change_hands_for_long(seed: int, task: NewTask) -> None:
    _change_hands(task, seed, transactions=20_000)


def _change_hands(task: NewTask, seed: int, transactions: int) -> None:
    moved = task(include=["keys.*"])
    with connect(moved.stack_source) as source:
        tables = _made(source, seed)
    with ThreadPoolExecutor(_THREADS) as pool:
        migrate = moved.start("migrate")
        share = transactions // _THREADS
        writers = [
            pool.submit(_write, moved.stack_source, Random(f"{seed} {number}"), tables, share)
            for number in range(_THREADS)
        ]
        done = [writer.result() for writer in writers]
    assert sum(done) > transactions // 2
    settle(moved, [migrate])
    moved.assert_equal()
    moved.run("verify")


def _made(source: Connection, seed: int) -> dict[str, Keyed]:
    tables = dict(_tables(Random(seed)))
    source.execute("CREATE DATABASE `keys`")
    source.execute("USE `keys`")
    source.execute("SET SESSION sql_mode = 'ALLOW_INVALID_DATES', time_zone = '+00:00'")
    for name, table in tables.items():
        source.execute(f"CREATE TABLE {name} ({table.columns}, pad VARCHAR(3000) NOT NULL, {table.keys})")
        for statement in _filled(Random(f"{seed} {name}"), name, table):
            source.execute(statement)
    return tables


def test_pages_hold_each_row_once(task: NewTask) -> None:
    """As the snapshot reads a table, and as verify does."""
    with connect(task().stack_source) as source:
        tables = _made(source, seed=7)
        names = [TableName("keys", name) for name in tables]
        source.execute("SET SESSION sql_mode = 'ALLOW_INVALID_DATES', time_zone = '+00:00'")
        paged = 0
        for table in read_tables(source, names).values():
            if not table.key:
                continue
            plan = codec.plan("t", table, 1, 2)
            source.execute("SET character_set_results = utf8mb4")
            _assert_pages(source, table, codec.chunk_select(table), partial(_snapshot_bound, plan))
            source.execute("SET character_set_results = NULL")
            _assert_pages(
                source, table, row_text.expressions(table, row_text.plain_document), partial(_verify_bound, table)
            )
            paged += 1
        assert paged > len(tables) - 7  # one key is not unique in whole, and keys with a prefix are none


def _snapshot_bound(plan: codec.TablePlan, raw: bytes) -> Bound:
    return codec.key_literals(plan, codec.last_row(raw))


def _verify_bound(table: Table, raw: bytes) -> Bound:
    return row_text.key_literals(table, row_text.key_of(table, row_text.values(codec.last_row(raw))))


def _assert_pages(
    source: Connection, table: Table, expressions: Sequence[str], bound: Callable[[bytes], Bound]
) -> None:
    read: list[bytes] = []
    after: Bound | None = None
    while raw := source.raw_rows(chunk(table, expressions, Span(after), 7)):
        until = bound(raw)
        assert source.raw_rows(chunk(table, expressions, Span(after, until), 1000)) == raw, table.name
        read += row_text.rows(raw)
        after = until
    assert Counter(read) == Counter(source.raw_stream(whole(table, expressions))), table.name


def _filled(random: Random, name: str, table: Keyed) -> Iterator[str]:
    for _ in range(_ROWS):
        yield f"INSERT IGNORE INTO {name} VALUES ({_row(random, table)})"


def _row(random: Random, table: Keyed) -> str:
    return ", ".join((*(random.choice(listed) for listed in table.values), f"REPEAT('x', {random.randrange(2500)})"))


def _write(source: Endpoint, random: Random, tables: dict[str, Keyed], transactions: int) -> int:
    """Random transactions; returns how many of their statements the server took."""
    taken = 0
    connection = _open(source)
    for _ in range(transactions):
        name = random.choice(list(tables))
        try:
            connection.execute("BEGIN")
            for statement in _transaction(random, name, tables[name]):
                taken += _run(connection, statement)
            connection.execute("ROLLBACK" if random.random() < 0.1 else "COMMIT")
        except Transient:  # a deadlock
            connection.abort()
            connection = _open(source)
    connection.close()
    return taken


def _open(source: Endpoint) -> Connection:
    setting = "SET SESSION sql_mode = 'ALLOW_INVALID_DATES', time_zone = '+00:00', innodb_lock_wait_timeout = 3"
    return connect(source, database="keys", init=setting)


def _run(connection: Connection, statement: str) -> int:
    try:
        connection.execute(statement)
    except Refused as error:
        if error.code not in _EXPECTED:
            raise
        return 0
    return 1


def _transaction(random: Random, name: str, table: Keyed) -> Iterator[str]:
    for _ in range(random.randrange(1, 5)):
        values = [random.choice(listed) for listed in table.values]
        where = f"k = {values[0]}"
        match random.randrange(7):
            case 0:
                yield f"DELETE FROM {name} WHERE {where}"
            case 1:
                yield f"REPLACE INTO {name} VALUES ({_row(random, table)})"
            case 2:
                yield f"INSERT INTO {name} VALUES ({_row(random, table)})"
            case 3:  # there and back again
                yield f"UPDATE IGNORE {name} SET k = {random.choice(table.values[0])} WHERE {where}"
                yield f"UPDATE IGNORE {name} SET k = {values[0]} WHERE k = {random.choice(table.values[0])}"
            case 4:
                yield f"DELETE FROM {name} WHERE {where}"
                yield f"INSERT IGNORE INTO {name} VALUES ({', '.join(values)}, 'again')"
            case 5:
                yield f"UPDATE {name} SET pad = CONCAT(LEFT(pad, 1500), 'y') WHERE {where}"
            case _:  # by case alone where there is one, and every other column's value
                others = [column.split()[0] for column in table.columns.split(", ")][1:]
                changed = [f"{one} = {value}" for one, value in zip(others, values[1:], strict=False)]
                changed += [f"k = {'UPPER(k)' if 'COLLATE' in table.columns else values[0]}"]
                yield f"UPDATE IGNORE {name} SET {', '.join(changed)} WHERE {where}"
