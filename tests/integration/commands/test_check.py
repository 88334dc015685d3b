"""What is refused before anything starts: a wrong file, and all that check finds."""

import json
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local import Profile, Stack, start_mysql, stop_mysql
from runtime.errors import Exit
from runtime.mysql import Endpoint, connect
from tests.conftest import NewTask
from tests.integration.commands.shop import answer, execute
from tests.pipeline.process import Process
from tests.pipeline.task import Task
from tests.pipeline.zones import load_zone


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


def findings(process: Process) -> dict[str, str]:
    return {finding["name"]: finding["status"] for finding in answer(process) if finding["status"] != "ok"}


def test_check_passes_and_names_what_to_know(shop: Task) -> None:
    assert findings(shop.run("check", "--json")) == {
        "objects.keys": "warning",
        "target.polar.lower_case_table_names": "warning",
    }
    assert "0 failed" in shop.run("check").stdout
    with connect(shop.stack_source) as source, connect(shop.stack_destination) as there:
        load_zone(source, "Elsewhere/Seasons", known_as="America/New_York")
        source.execute("SET GLOBAL time_zone = 'Elsewhere/Seasons'")
        try:
            assert findings(shop.run("check", "--json"))["target.polar.time_zone"] == "warning"
            load_zone(there, "America/New_York")
            assert "target.polar.time_zone" not in findings(shop.run("check", "--json"))
        finally:
            source.execute("SET GLOBAL time_zone = DEFAULT")


def test_check_after_the_task_has_begun_knows_its_own_tables(moved: Task) -> None:
    assert "target.polar.same_name" not in findings(moved.run("check", "--json"))


def test_check_compares_what_is_there_already(shop: Task) -> None:
    database = "CREATE DATABASE shop CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
    like = "CREATE TABLE shop.nothing (id INT PRIMARY KEY) COLLATE utf8mb4_0900_ai_ci"
    execute(shop.stack_destination, database, like)
    process = shop.run("check", "--json", expected=Exit.OPERATOR)
    assert {name for name, status in findings(process).items() if status == "failed"} == {"target.polar.databases"}
    assert "ALTER DATABASE `shop` COLLATE utf8mb4_0900_ai_ci" in process.stdout

    others = "CREATE TABLE shop.tags (name VARCHAR(30) COLLATE utf8mb4_bin, lang CHAR(2), PRIMARY KEY (name, lang))"
    execute(shop.stack_destination, "ALTER DATABASE shop COLLATE utf8mb4_0900_ai_ci", others)
    refused = shop.run("migrate", expected=Exit.OPERATOR)
    assert "already has 1 of the selected tables" in refused.stderr
    assert "shop.Tags (column name: source varchar(30) COLLATE utf8mb4_0900_ai_ci NOT NULL, target" in refused.stderr

    trigger = "CREATE TRIGGER shop.fires BEFORE INSERT ON shop.nothing FOR EACH ROW SET NEW.id = NEW.id + 1"
    execute(shop.stack_destination, "DROP TABLE shop.tags", trigger)
    assert "trigger fires" in shop.run("check", expected=Exit.OPERATOR).stdout

    execute(shop.stack_destination, "DROP TRIGGER shop.fires")
    shop.run("migrate", "--until", "caught-up")
    shop.run("verify")


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
        "CREATE TABLE shop.old (id INT PRIMARY KEY) ENGINE=BLACKHOLE",
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
