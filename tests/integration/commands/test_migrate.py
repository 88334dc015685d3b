"""Migrate, status and wait on real servers: what people and scripts rely on."""

import json
import os
import signal

import psutil
import pytest

from deploy.local import Stack
from runtime.errors import Exit
from runtime.mysql import connect
from tests.conftest import NewTask
from tests.integration.commands.shop import SHOP, answer, execute, running
from tests.pipeline.task import Task


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


def test_what_needs_an_operator_stops_alone_and_ends_a_migration_when_nothing_else_is_left(shop: Task) -> None:
    """One target cannot be reached with its account, a table is missing at the other."""
    shop.run("migrate", "--until", "caught-up")
    execute(shop.stack_destination, "DROP TABLE shop.nothing")
    stranger = {"host": shop.destination.host, "port": shop.destination.port, "user": "stranger", "password": "x"}
    shop.rewrite({"targets": {"other": stranger}})
    migration = shop.start("migrate", "--json")
    migration.wait_for("child_rests")
    execute(shop.stack_source, "INSERT INTO shop.nothing VALUES (1)", "INSERT INTO shop.visits VALUES ('late', 9)")
    told = shop.run("wait", "--timeout", "120", "--json", expected=Exit.OPERATOR)
    assert "shop.nothing" in json.loads(told.stderr)["error"]
    with connect(shop.stack_destination) as there:
        assert there.query("SELECT seconds FROM shop.visits WHERE page = 'late'") == [(9,)]
    assert migration.exit_code() == Exit.OPERATOR
    last = json.loads(migration.log[-1])
    assert "shop.nothing" in last["error"]
    assert "stranger" in last["error"]
    assert last["hint"]
    status = shop.status()
    assert status["phase"] == "failed"
    assert "shop.nothing" in json.dumps(status["problems"])
    execute(shop.stack_destination, "CREATE TABLE shop.nothing (id INT PRIMARY KEY)")
    shop.content["targets"].pop("other")
    shop.rewrite({})
    shop.run("migrate", "--until", "caught-up")
    assert shop.status()["problems"] == []
