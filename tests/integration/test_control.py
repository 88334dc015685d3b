"""The command line on real servers: what people and scripts rely on."""

import json
import os
import signal
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from deploy.local import Profile, Stack, start_mysql, stop_mysql
from runtime.errors import Exit
from runtime.mysql import Endpoint, connect
from tests.conftest import NewTask
from tests.pipeline.process import Process
from tests.pipeline.task import Task
from tests.pipeline.writer import RandomWriter

SHOP = (
    "CREATE DATABASE shop CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_ai_ci",
    "CREATE TABLE shop.orders (id INT PRIMARY KEY AUTO_INCREMENT, customer VARCHAR(40) CHARACTER SET latin1, "
    "price DOUBLE, weight FLOAT, state ENUM('new', 'sent'), made DATETIME(6), details JSON, photo BLOB)",
    "INSERT INTO shop.orders (customer, price, weight, state, made, details, photo) VALUES "
    "('Zoé', 0.1, 0.1, 'new', '2024-02-29 12:00:00.000001', '{\"a\": [1, 2.5]}', X'00FF'), "
    "('Bob', 1e-300, 3.4e38, 'sent', NULL, NULL, NULL)",
    "INSERT INTO shop.orders (customer, price, state) SELECT CONCAT('c', n), n / 7, 'new' FROM "
    "(WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 900) SELECT n FROM s) AS numbers",
    "CREATE TABLE shop.Tags (name VARCHAR(30), lang CHAR(2), PRIMARY KEY (name, lang))",
    "INSERT INTO shop.Tags VALUES ('red', 'en'), ('Rouge', 'fr'), ('blue', 'en')",
    "CREATE TABLE shop.visits (page VARCHAR(20), seconds INT)",
    "INSERT INTO shop.visits VALUES ('home', 1), ('home', 1), ('home', 1), ('cart', NULL)",
    "CREATE TABLE shop.nothing (id INT PRIMARY KEY)",
)


def execute(endpoint: Endpoint, *statements: str) -> None:
    with connect(endpoint) as connection:
        for statement in statements:
            connection.execute(statement)


def running(process: Process) -> list[psutil.Process]:
    return psutil.Process(process.pid).children(recursive=True)


def answer(process: Process) -> Any:
    return json.loads(process.stdout)


@pytest.fixture
def shop(databases: Stack, task: NewTask) -> Task:
    execute(databases.source.endpoint("admin"), *SHOP)
    return task(include=["shop.*"])


@pytest.fixture
def moved(shop: Task) -> Task:
    """A shop that has been moved; nothing runs any more."""
    shop.run("migrate", "--until", "caught-up")
    return shop


# ---- config


def test_a_wrong_file_is_refused_before_anything_is_connected(shop: Task) -> None:
    shop.file.write_text("task: shop\nsource: {hots: 10.255.255.1}\n", encoding="utf-8")
    process = shop.run("migrate", "--json", expected=Exit.OPERATOR, seconds=10)
    problems = json.loads(process.stderr)["problems"]
    assert [(problem["line"], problem["key"]) for problem in problems] == [
        (1, "targets"),
        (2, "source.hots"),
        (2, "source.user"),
    ]
    assert "did you mean host" in process.stderr


def test_a_command_without_a_config_says_so(shop: Task) -> None:
    process = Process(["status"], {}, shop.folder)
    assert process.exit_code() == Exit.OPERATOR
    assert "--config" in process.stderr
    assert process.stdout == ""


# ---- check


def findings(process: Process) -> dict[str, str]:
    return {finding["name"]: finding["status"] for finding in answer(process) if finding["status"] != "ok"}


def test_check_passes_and_names_what_to_know(shop: Task) -> None:
    assert findings(shop.run("check", "--json")) == {
        "objects.keys": "warning",
        "target.polar.lower_case_table_names": "warning",
    }
    assert "0 failed" in shop.run("check").stdout


def test_check_after_the_task_has_begun_knows_its_own_tables(moved: Task) -> None:
    assert "target.polar.same_name" not in findings(moved.run("check", "--json"))


def test_check_refuses_tables_of_others(shop: Task) -> None:
    execute(shop.stack_destination, "CREATE DATABASE shop", "CREATE TABLE shop.orders (id INT)")
    process = shop.run("check", "--json", expected=Exit.OPERATOR)
    assert findings(process)["target.polar.same_name"] == "failed"
    refused = shop.run("migrate", expected=Exit.OPERATOR)
    assert "already has 1 of the selected tables: shop.orders" in refused.stderr


@pytest.fixture
def unfit(tmp_path: Path) -> Iterator[Endpoint]:
    """A source with everything wrong, and an account with too few rights."""
    options = [
        "--gtid-mode=OFF",
        "--enforce-gtid-consistency=OFF",
        "--binlog-row-image=MINIMAL",
        "--binlog-row-metadata=MINIMAL",
        "--binlog-format=MIXED",
        "--binlog-expire-logs-seconds=600",
        "--binlog-ignore-db=other",
    ]
    server, password = start_mysql(Profile.SOURCE, tmp_path / "unfit", options), uuid.uuid4().hex
    execute(
        server.endpoint("admin"),
        "CREATE DATABASE shop",
        "CREATE TABLE shop.old (id INT PRIMARY KEY) ENGINE=MyISAM",
        "CREATE TABLE shop.visits (page INT)",
        "CREATE TABLE shop.`a b` (id INT PRIMARY KEY)",
        "CREATE TABLE shop.a_b (id INT PRIMARY KEY)",
        f"CREATE USER poor IDENTIFIED BY '{password}'",
        "GRANT SELECT, REPLICATION CLIENT ON *.* TO poor",
    )
    yield Endpoint("source", server.host, server.port, "poor", password)
    stop_mysql(server.directory)


def test_check_finds_everything_that_is_wrong_at_once(databases: Stack, task: NewTask, unfit: Endpoint) -> None:
    wrong = task(include=["shop.*"], source=unfit, destination=databases.destination.endpoint("polar_rw"))
    found = findings(wrong.run("check", "--json", expected=Exit.OPERATOR))
    failed = {name for name, status in found.items() if status == "failed"}
    assert failed == {
        "source.binlog_format",
        "source.binlog_row_image",
        "source.heartbeat",
        "source.lock_tables",
        "source.log_filters",
        "source.log_privileges",
        "objects.engines",
        "objects.topics",
    }
    assert found["source.log_retention"] == "warning"
    refused = wrong.run("migrate", expected=Exit.OPERATOR)
    assert "source.heartbeat" in refused.stderr
    assert "source.binlog_format" in refused.stderr


def test_servers_that_do_not_answer_are_findings(shop: Task) -> None:
    text = shop.file.read_text(encoding="utf-8").replace(f"port: {shop.destination.port}", "port: 1")
    shop.file.write_text(text, encoding="utf-8")
    found = findings(shop.run("check", "--json", expected=Exit.OPERATOR))
    assert found["target.polar.connect"] == "failed"
    assert not any(name.startswith(("source.", "kafka.")) and status == "failed" for name, status in found.items())


# ---- migrate, status, wait


def test_a_migration_ends_by_itself_and_says_where_it_stands(moved: Task) -> None:
    moved.assert_equal()
    status = moved.status()
    assert (status["task"], status["phase"], status["problems"]) == (moved.name, "stopped", [])
    assert status["snapshot"] == {"tables_total": 4, "tables_done": 4, "rows_done": 909, "rows_estimated": 909}
    assert status["capture"]["caught_up"] is True
    target = status["targets"]["polar"]
    assert (target["caught_up"], target["lag_seconds"], target["applied_epoch"]) == (True, 0.0, status["epoch"])
    assert "stopped" in moved.run("status").stdout


def test_what_changes_at_the_source_is_waited_for(moved: Task) -> None:
    execute(moved.stack_source, "INSERT INTO shop.nothing VALUES (1)")
    late = moved.run("wait", "--timeout", "0.5", "--json", expected=Exit.NO)
    assert "1 transactions of the source" in answer(late)["missing"][0]
    migration = moved.start("migrate")
    moved.wait()
    moved.assert_equal()
    status = moved.status()
    assert (status["phase"], status["targets"]["polar"]["workers"]) == ("streaming", 1)
    assert migration.terminate() == Exit.DONE


def test_one_that_is_told_to_stop_leaves_no_process(shop: Task) -> None:
    migration = shop.start("migrate")
    shop.wait()
    children = running(migration)
    assert len(children) >= 2
    assert migration.terminate(10.0) == Exit.DONE
    assert not any(child.is_running() for child in children)
    assert shop.status()["phase"] == "stopped"


def test_a_migration_that_is_killed_takes_its_children_along(shop: Task) -> None:
    migration = shop.start("migrate")
    shop.wait()
    children = running(migration)
    migration.send(signal.SIGKILL)
    assert migration.exit_code() == -signal.SIGKILL
    psutil.wait_procs(children, timeout=5)
    assert not any(child.is_running() for child in children)


@pytest.mark.parametrize("name", ["capture", "apply"])
def test_a_child_that_is_killed_is_started_again(shop: Task, name: str) -> None:
    migration = shop.start("migrate")
    shop.wait()
    child = next(child for child in running(migration) if name in child.cmdline())
    os.kill(child.pid, signal.SIGKILL)
    execute(shop.stack_source, "INSERT INTO shop.nothing VALUES (1)")
    shop.wait()
    shop.assert_equal()
    assert migration.running


def test_what_needs_an_operator_ends_a_migration_with_its_own_words(shop: Task) -> None:
    migration = shop.start("migrate", "--json")
    shop.wait()
    execute(shop.stack_destination, "DROP TABLE shop.nothing")
    execute(shop.stack_source, "INSERT INTO shop.nothing VALUES (1)")
    assert migration.exit_code(60) == Exit.OPERATOR
    last = json.loads(migration.stderr.splitlines()[-1])
    assert "shop.nothing" in last["error"]
    assert last["hint"]
    status = shop.status()
    assert status["phase"] == "failed"
    assert "shop.nothing" in json.dumps(status["problems"])


def test_a_private_broker_is_found_again_after_everything_is_killed(databases: Stack, task: NewTask) -> None:
    execute(databases.source.endpoint("admin"), *SHOP)
    private = task(include=["shop.*"], overrides={"kafka": {"bootstrap_servers": "embedded"}})
    down = private.run("wait", "--timeout", "0", expected=Exit.OPERATOR)
    assert "start: penstock migrate" in down.stderr
    migration = private.start("migrate")
    private.wait(120)
    second = private.run("migrate", expected=Exit.OPERATOR)
    assert "another penstock migrate" in second.stderr
    pid_file = private.folder / ".penstock" / private.name / "broker.pid"
    capture = next(child for child in running(migration) if "capture" in child.cmdline())
    for process in (psutil.Process(int(pid_file.read_text())), capture):
        process.kill()
    execute(private.stack_source, "INSERT INTO shop.nothing VALUES (6)")
    private.wait(120)
    broker = int(pid_file.read_text())
    for process in [*running(migration), psutil.Process(migration.pid), psutil.Process(broker)]:
        process.kill()
    migration.exit_code()
    execute(private.stack_source, "INSERT INTO shop.nothing VALUES (7)")
    again = private.start("migrate")
    private.wait(120)
    private.assert_equal()
    assert again.terminate(10.0) == Exit.DONE
    assert not psutil.pid_exists(broker)
    assert private.status()["phase"] == "stopped"


# ---- verify


def test_equal_ends_are_found_equal(moved: Task) -> None:
    verified = answer(moved.run("verify", "--json"))
    assert verified["equal"] is True
    assert {table["table"]: table["rows"] for table in verified["tables"]} == {
        "shop.Tags": 3,
        "shop.nothing": 0,
        "shop.orders": 902,
        "shop.visits": 4,
    }


TAMPERED: list[tuple[str, str, list[tuple[str, str, list[str]]]]] = [
    ("UPDATE shop.orders SET price = price + 1e-17 WHERE id = 1", "shop.orders", [("different", "id=1", ["price"])]),
    ("UPDATE shop.orders SET weight = 0.10000001 WHERE id = 1", "shop.orders", [("different", "id=1", ["weight"])]),
    ("UPDATE shop.orders SET customer = 'Zoe' WHERE id = 1", "shop.orders", [("different", "id=1", ["customer"])]),
    (
        "UPDATE shop.orders SET state = NULL, photo = X'00' WHERE id = 900",
        "shop.orders",
        [("different", "id=900", ["state", "photo"])],
    ),
    (
        "DELETE FROM shop.orders WHERE id IN (1, 902)",
        "shop.orders",
        [("missing", "id=1", []), ("missing", "id=902", [])],
    ),
    ("INSERT INTO shop.nothing VALUES (5)", "shop.nothing", [("extra", "id=5", [])]),
    (
        "UPDATE shop.tags SET name = 'RED' WHERE name = 'red'",
        "shop.Tags",
        [("extra", "name='RED', lang='en'", []), ("missing", "name='red', lang='en'", [])],
    ),
    ("DELETE FROM shop.visits WHERE page = 'home' LIMIT 1", "shop.visits", [("missing", "page='home', seconds=1", [])]),
    ("INSERT INTO shop.visits VALUES ('cart', NULL)", "shop.visits", [("extra", "page='cart', seconds=NULL", [])]),
    ("DROP TABLE shop.nothing", "shop.nothing", [("missing", "the table", [])]),
    ("CREATE TABLE shop.more (id INT)", "shop.more", [("extra", "the table", [])]),
    (
        "ALTER TABLE shop.nothing MODIFY id BIGINT",
        "shop.nothing",
        [("schema", "column id: source int NOT NULL, target bigint NOT NULL", [])],
    ),
    ("CREATE INDEX i ON shop.tags (lang)", "shop.Tags", [("schema", "index i: source has none, target (lang)", [])]),
]


def test_every_kind_of_difference_is_named(moved: Task) -> None:
    """One after the other on the same ends: each tampering is undone by the copy that was made before it."""
    for statement, table, expected in TAMPERED:
        with backup(moved.stack_destination):
            execute(moved.stack_destination, statement)
            verified = answer(moved.run("verify", "--json", "--patience", "1", expected=Exit.NO))
        different = {one["table"]: one["differences"] for one in verified["tables"] if one["differences"]}
        told = {
            name: [(found["kind"], found["what"], found["columns"]) for found in differences]
            for name, differences in different.items()
        }
        assert told == {table: expected}, statement
    moved.run("verify")


class backup:
    """Keeps a copy of the shop at the destination, and puts it back."""

    def __init__(self, destination: Endpoint) -> None:
        self._destination = destination

    def __enter__(self) -> None:
        with connect(self._destination) as connection:
            self._tables = [str(row[0]) for row in connection.query("SHOW TABLES FROM shop")]
            connection.execute("CREATE DATABASE kept")
            for table in self._tables:
                connection.execute(f"CREATE TABLE kept.{table} LIKE shop.{table}")
                connection.execute(f"INSERT INTO kept.{table} SELECT * FROM shop.{table}")

    def __exit__(self, *_: object) -> None:
        with connect(self._destination) as connection:
            for row in connection.query("SHOW TABLES FROM shop"):
                connection.execute(f"DROP TABLE shop.{row[0]}")
            for table in self._tables:
                connection.execute(f"RENAME TABLE kept.{table} TO shop.{table}")
            connection.execute("DROP DATABASE kept")


def test_only_the_tables_that_are_asked_for_are_compared(moved: Task) -> None:
    execute(moved.stack_destination, "DELETE FROM shop.visits", "UPDATE shop.orders SET price = NULL WHERE id <= 30")
    verified = answer(moved.run("verify", "--json", "--tables", "shop.T*", "--tables", "shop.n*"))
    assert [table["table"] for table in verified["tables"]] == ["shop.Tags", "shop.nothing"]
    named = moved.run("verify", "--tables", "shop.orders", "--limit", "5", expected=Exit.NO)
    assert named.stdout.count("different: id=") == 5
    assert "and 25 more" in named.stdout


def test_ends_that_are_being_written_are_found_equal(databases: Stack, task: NewTask) -> None:
    writer = RandomWriter(databases.source.endpoint("admin"), seed=11, database="busy")
    writer.create()
    busy = task(include=["busy.*"])
    busy.start("migrate")
    busy.wait()
    writer.start()
    try:
        for _ in range(3):
            verified = busy.run("verify", "--json", seconds=240)
            assert sum(table["rows"] for table in answer(verified)["tables"]) > 0
    finally:
        writer.stop()
    busy.wait()
    busy.assert_equal()


# ---- tail


def test_records_are_shown_decoded(moved: Task) -> None:
    lines = moved.run("tail", "--table", "shop.orders", "--from-beginning", "--no-follow").output
    records = [json.loads(line) for line in lines]
    assert [record["offset"] for record in records] == sorted(record["offset"] for record in records)
    assert {record["op"] for record in records} == {"r"}
    first = next(record for record in records if record["key"] == {"id": 1})
    assert first["after"]["customer"] == "Zoé"
    assert first["after"]["photo"] == {"base64": "AP8="}
    assert (first["before"], first["source"]["table"]) == (None, "orders")
    schema = [json.loads(line) for line in moved.run("tail", "--schema", "--no-follow").output]
    kinds = [record["schema"].get("kind") for record in schema if "schema" in record]
    assert kinds[:5] == ["CREATE_DATABASE", *["CREATE_TABLE"] * 4]


def test_new_records_are_followed(shop: Task) -> None:
    shop.start("migrate")
    shop.wait()
    tail = shop.start("tail", "--table", "shop.nothing")
    number = iter(range(1, 1000))

    def shown() -> bool:
        execute(shop.stack_source, f"INSERT INTO shop.nothing VALUES ({next(number)})")
        return bool(tail.output)

    tail.until(shown, "show a record")
    assert json.loads(tail.output[0])["op"] == "c"
    assert tail.terminate() == Exit.DONE
