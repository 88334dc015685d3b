"""Servers that are away when a migration starts: waited for by a task that has begun, named to one that is new."""

from dataclasses import replace

import pytest

from deploy.local import Stack
from runtime.errors import Exit
from runtime.mysql import connect
from tests.conftest import NewTask
from tests.pipeline.process import Process
from tests.pipeline.proxy import Proxy


@pytest.fixture
def shop(databases: Stack) -> Stack:
    with connect(databases.source.endpoint("admin")) as connection:
        connection.execute("CREATE DATABASE shop")
        connection.execute("CREATE TABLE shop.orders (id INT PRIMARY KEY)")
        connection.execute("INSERT INTO shop.orders VALUES (1), (2)")
    return databases


def test_a_new_task_ends_with_the_server_that_does_not_answer(shop: Stack, task: NewTask) -> None:
    away = {"port": 1}
    no_kafka = task(include=["shop.*"], overrides={"kafka": {"bootstrap_servers": "127.0.0.1:1"}})
    told = no_kafka.run("migrate", expected=Exit.OPERATOR, seconds=30).stderr
    assert "127.0.0.1:1" in told
    assert f"no target knows the task {no_kafka.name}" in told
    assert "kafka.bootstrap_servers" in told
    no_source = task(include=["shop.*"], overrides={"source": away})
    assert "source.connect" in no_source.run("migrate", expected=Exit.OPERATOR, seconds=30).stderr
    no_target = task(include=["shop.*"], overrides={"targets": {"polar": away}})
    assert "target.polar.connect" in no_target.run("migrate", expected=Exit.OPERATOR, seconds=30).stderr


def test_a_task_that_has_begun_waits_for_each_server(shop: Stack, task: NewTask) -> None:
    source, destination = shop.source.endpoint("penstock"), shop.destination.endpoint("polar")
    with Proxy(source.host, source.port) as before_source, Proxy(destination.host, destination.port) as before_target:
        made = task(
            include=["shop.*"],
            source=replace(source, port=before_source.port),
            destination=replace(destination, port=before_target.port),
        )
        made.run("migrate", "--until", "caught-up")
        before_source.cut()
        before_target.cut()
        shop.kill_kafka()
        try:
            migration = made.start("migrate", "--json")
            assert shop.kafka in migration.wait_for("retrying")
        finally:
            shop.restart_kafka()
        migration.until(lambda: {"capture", "apply polar"} <= waiting(migration), "wait for both servers")
        with connect(shop.source.endpoint("admin")) as connection:
            connection.execute("INSERT INTO shop.orders VALUES (3)")
        before_source.mend()
        before_target.mend()
        made.wait()
        made.assert_equal()
        assert migration.terminate() == Exit.DONE


def waiting(migration: Process) -> set[object]:
    """The processes that have tried in vain so far."""
    return {event.get("process") for event in migration.events() if event.get("event") == "retrying"}
