"""The whole path with what is hard to carry: once written before the task begins, once while it runs."""

import json

from runtime.errors import Exit
from runtime.mysql import Connection, connect
from tests.conformance.documents import ALL
from tests.conformance.test_structures import STRUCTURES
from tests.conftest import NewTask


def _fill(source: Connection, database: str) -> None:
    """Tables of every structure with their rows, JSON documents of every kind, with a key and without."""
    source.execute(f"CREATE DATABASE {database}")
    source.execute(f"USE {database}")
    for number, structure in enumerate(STRUCTURES.values()):
        source.execute(structure.settings or "DO 0")
        source.execute(f"CREATE TABLE t{number} ({structure.body}) {structure.options}")
        for rows in structure.rows:
            source.execute(f"INSERT INTO t{number} {rows}")
        source.execute(_SETTINGS)
    source.execute("CREATE TABLE documents (id INT AUTO_INCREMENT PRIMARY KEY, doc JSON, n INT DEFAULT 0)")
    source.execute("CREATE TABLE loose (doc JSON, f FLOAT, n INT)")
    source.execute("CREATE TABLE touched (id INT PRIMARY KEY, n INT, at TIMESTAMP(6) DEFAULT CURRENT_TIMESTAMP(6)"
                   " ON UPDATE CURRENT_TIMESTAMP(6))")  # fmt: skip
    source.execute("INSERT INTO touched VALUES (1, 0, '2001-01-01'), (2, 0, '2002-02-02 02:02:02.000002')")
    for document in ALL:
        source.execute(f"INSERT INTO documents (doc) VALUES ({document})")
    source.execute("INSERT INTO loose SELECT doc, id / 7, 0 FROM documents WHERE LENGTH(doc) < 1000")


def _change(source: Connection, database: str) -> None:
    source.execute(f"UPDATE {database}.documents SET n = 1")
    source.execute(f"UPDATE {database}.touched SET n = 1, at = at WHERE id = 1")
    source.execute(f"UPDATE {database}.touched SET n = 1 WHERE id = 2")
    source.execute(f"UPDATE {database}.loose SET n = 1 WHERE JSON_TYPE(doc) IN ('DATE', 'DECIMAL', 'OBJECT')")
    source.execute(f"DELETE FROM {database}.loose WHERE JSON_TYPE(doc) IN ('ARRAY', 'TIME') LIMIT 20")


_SETTINGS = (
    "SET SESSION sql_mode = 'ALLOW_INVALID_DATES', time_zone = '+00:00', cte_max_recursion_depth = 100000,"
    " group_concat_max_len = 1000000, sql_generate_invisible_primary_key = 0"
)


def test_everything_arrives_by_both_ways(task: NewTask) -> None:
    moving = task(include=["earlier.*", "later.*"])
    with connect(moving.stack_source, init=_SETTINGS) as source:
        _fill(source, "earlier")
        moving.start("migrate")
        moving.wait()
        _change(source, "earlier")
        _fill(source, "later")
        _change(source, "later")
    moving.wait()

    moving.assert_equal()
    moving.run("verify")


def test_verify_sees_kinds_inside_documents(task: NewTask) -> None:
    moving = task(include=["shop.*"])
    with connect(moving.stack_source, init=_SETTINGS) as source:
        source.execute("CREATE DATABASE shop")
        for table, key in (("keyed", "PRIMARY KEY"), ("loose", "NOT NULL")):
            source.execute(f"CREATE TABLE shop.{table} (id INT {key}, doc JSON)")
            source.execute(f"INSERT INTO shop.{table} VALUES (1, JSON_ARRAY(DATE'2024-01-02')), (2, '[1.5]')")
    moving.start("migrate")
    moving.wait()
    moving.run("verify")
    with connect(moving.stack_destination) as destination:
        destination.execute("UPDATE shop.keyed SET doc = '[\"2024-01-02\"]' WHERE id = 1")
        destination.execute("UPDATE shop.loose SET doc = JSON_ARRAY(1.5) WHERE id = 2")

    found = json.loads(moving.run("verify", "--json", "--patience", "0", expected=Exit.NO).stdout)

    assert {table["table"]: len(table["differences"]) for table in found["tables"]} == {
        "shop.keyed": 1,
        "shop.loose": 2,
    }
