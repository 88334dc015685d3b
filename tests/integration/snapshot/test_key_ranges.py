"""Every kind of key, read once, in order and by its index; and how its ranges are divided."""

import random
from collections.abc import Callable
from dataclasses import replace

import pytest

from runtime.errors import Fatal
from runtime.mysql import Connection, Endpoint
from schemas import codec
from schemas.codec import chunk_select, encode_chunk
from schemas.names import TableName
from schemas.plan import TablePlan
from schemas.records import RangeRecord
from schemas.table import to_json
from snapshot import keyed, keyset
from snapshot.messages import Changed, Chunk, Walk
from snapshot.planner import plan_ranges
from snapshot.session import Session
from tests.integration.snapshot.opening import literals
from tests.integration.tap import Tap

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


@pytest.mark.parametrize(
    "key", ["id DESC", "a, b DESC", "a DESC, b", "a DESC, b DESC, c", "e DESC, s, b", "a, u DESC, s DESC, b"]
)
def test_a_key_with_columns_that_descend_is_read_by_the_index(
    source: Endpoint, connection: Connection, database: str, small_ranges: None, key: str
) -> None:
    """Its rows hold documents that the server's sort buffer does not."""
    connection.execute(
        "CREATE TABLE t (id INT, a INT, b VARCHAR(9), c DECIMAL(5,2), e ENUM('z','m','3'), s SET('q','p'),"
        f" u BIGINT UNSIGNED, v JSON, w JSON AS (JSON_SET(v, '$[0]', 2)) VIRTUAL, PRIMARY KEY ({key}))"
    )
    connection.execute("ALTER TABLE t STATS_AUTO_RECALC = 0")
    large, small = "CAST(CONCAT('[', REPEAT('1,', 100000), '1]') AS JSON)", "'[0]'"
    for start in range(0, 200, 50):
        rows = (
            f"({n}, {n % 3}, 'b{n % 50:02d}', {n % 20}.5, {n % 3 + 1}, {n % 4}, {n // 50}, {large if n < 8 else small})"
            for n in range(start, start + 50)
        )
        connection.execute(f"INSERT IGNORE INTO t (id, a, b, c, e, s, u, v) VALUES {', '.join(rows)}")
    connection.execute("ANALYZE TABLE t")
    count = int(connection.value("SELECT COUNT(*) FROM t"))
    name = TableName(database, "t")
    plan = Tap(source, connection, [name]).plan(name)

    planned = plan_ranges(connection, [plan.table], readers=2)
    session = Session(source)
    read = [
        step for part in planned for step in keyed.read(session, _walk(plan, part), plan) if isinstance(step, Chunk)
    ]
    sorted_rows = sum(int(row[1]) for row in session.query("SHOW SESSION STATUS LIKE 'Sort_rows'"))
    in_order = f"SELECT {', '.join(chunk_select(plan.table))} FROM {database}.t FORCE INDEX (PRIMARY) ORDER BY {key}"
    expected = encode_chunk(plan, session.rows(in_order, 1000, 1 << 24).raw)
    session.close()

    found = [row for chunk in read for row in zip(chunk.rows.keys, chunk.rows.rows, chunk.rows.exacts, strict=True)]
    wanted = list(zip(expected.keys, expected.rows, expected.exacts, strict=True))
    assert (len(planned) > 1, len(found), sorted_rows) == (True, count, 0)
    assert found == wanted


def test_a_key_whose_first_integer_repeats_is_divided_by_its_other_columns(
    source: Endpoint, connection: Connection, database: str, small_ranges: None
) -> None:
    connection.execute("CREATE TABLE t (tenant INT, w VARCHAR(20), PRIMARY KEY (tenant, w))")
    connection.execute("INSERT INTO t VALUES " + literals(400, lambda n: f"{n % 2}, 'w{n:03d}\\\\'"))
    connection.execute("ANALYZE TABLE t")
    name = TableName(database, "t")
    table = Tap(source, connection, [name]).plan(name).table

    bounds = [record.upper for record in plan_ranges(connection, [table], readers=1)]

    assert bounds == [("0", r"'w198\\'"), ("0", r"'w398\\'"), ("1", r"'w199\\'"), None]


def test_a_table_whose_rows_are_not_its_own_is_refused(source: Endpoint, connection: Connection, database: str) -> None:
    connection.execute("CREATE TABLE t (id INT PRIMARY KEY) ENGINE=MERGE")
    name = TableName(database, "t")
    table = Tap(source, connection, [name]).plan(name).table

    with pytest.raises(Fatal, match=rf"{database}\.t is a table of the engine MRG_MYISAM") as caught:
        plan_ranges(connection, [table], readers=1)
    assert "objects.exclude" in caught.value.hint


def test_a_unique_key_that_the_log_tells_as_the_primary_key(
    source: Endpoint, connection: Connection, database: str
) -> None:
    connection.execute("CREATE TABLE t (a INT NOT NULL, b INT NOT NULL, v INT, UNIQUE KEY v (v), UNIQUE KEY u (b, a))")
    connection.execute(f"INSERT INTO t VALUES {literals(300, lambda number: f'{number % 7}, {number}, {number}')}")
    name = TableName(database, "t")
    known = Tap(source, connection, [name]).plan(name).table
    told = codec.plan("tap", replace(known, primary_key=("b", "a"), unique_keys=()), 0, 0)
    session = Session(source)
    (whole,) = plan_ranges(connection, [told.table], readers=1)

    steps = list(keyed.read(session, _walk(told, whole), told))

    assert sum(len(step.rows.keys) for step in steps if isinstance(step, Chunk)) == 300
    connection.execute("ALTER TABLE t DROP KEY u")
    assert any(isinstance(step, Changed) for step in keyed.read(session, _walk(told, whole), told))
    session.close()


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
        descending=part.descending,
        needs="",
        chunk_bytes=300,
    )
