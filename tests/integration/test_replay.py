"""The topics can always rebuild a target: after a reset of its group with Kafka's own tool, and under a new name."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from control.broker import tool
from deploy.local import Profile, Stack, packages, start_mysql, stop_mysql
from runtime.errors import Exit
from runtime.mysql import Endpoint, connect
from tests.pipeline.compare import differences
from tests.pipeline.settle import settle
from tests.pipeline.task import Task

RESET = ("--reset-offsets", "--to-earliest", "--all-topics", "--execute")
BEFORE_THE_TASK = """
CREATE DATABASE replay;
CREATE TABLE replay.orders (id INT PRIMARY KEY, code VARCHAR(20) UNIQUE, total DECIMAL(10,2), note TEXT);
CREATE TABLE replay.lines (order_id INT, line INT, product VARCHAR(40), PRIMARY KEY (order_id, line));
CREATE TABLE replay.visits (page VARCHAR(40), seconds INT);
INSERT INTO replay.orders WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 500)
    SELECT n, CONCAT('c', n), n / 7, REPEAT('x', n % 50) FROM s;
INSERT INTO replay.lines SELECT id, id % 3, CONCAT('product ', id) FROM replay.orders;
INSERT INTO replay.visits SELECT CONCAT('/', id % 5), id % 2 FROM replay.orders;
"""
WHILE_IT_RUNS = """
UPDATE replay.orders SET total = total + 1 WHERE id % 3 = 0;
DELETE FROM replay.orders WHERE id % 5 = 0;
DELETE FROM replay.visits WHERE seconds = 1 LIMIT 20;
ALTER TABLE replay.orders ADD COLUMN state ENUM('new','paid') NOT NULL DEFAULT 'new' AFTER code, DROP COLUMN note;
UPDATE replay.orders SET state = 'paid', code = CONCAT('p', id) WHERE id % 2 = 0;
UPDATE replay.orders SET id = id + 1000 WHERE id < 20;
CREATE INDEX by_product ON replay.lines (product);
RENAME TABLE replay.lines TO replay.order_lines;
INSERT INTO replay.order_lines VALUES (9000, 1, 'ünï'), (9000, 2, '数据');
CREATE TABLE replay.gone (id INT PRIMARY KEY);
INSERT INTO replay.gone VALUES (1), (2);
DROP TABLE replay.gone;
CREATE TABLE replay.gone (name VARCHAR(10) PRIMARY KEY, born DATE);
INSERT INTO replay.gone VALUES ('again', '2024-02-29');
CREATE TABLE replay.emptied (id INT PRIMARY KEY);
INSERT INTO replay.emptied VALUES (1), (2), (3);
TRUNCATE TABLE replay.emptied;
INSERT INTO replay.emptied VALUES (2);
UPDATE replay.visits SET seconds = 9 WHERE page = '/2' LIMIT 3;
"""
SPOIL = """
UPDATE replay.orders SET total = -1;
DELETE FROM replay.visits;
DROP TABLE replay.gone;
"""
LATER = """
DELETE FROM replay.order_lines WHERE order_id % 2 = 0;
ALTER TABLE replay.visits ADD COLUMN agent VARCHAR(20) DEFAULT 'none';
INSERT INTO replay.visits VALUES ('/9', 1, NULL), ('/9', 1, NULL);
"""


def run(endpoint: Endpoint, script: str) -> None:
    with connect(endpoint) as connection:
        for statement in script.strip().split(";\n"):
            connection.execute(statement.rstrip(";\n"))


def history(task: Task) -> None:
    """Everything that a target can meet, applied by the task's target `polar`."""
    run(task.stack_source, BEFORE_THE_TASK)
    capture = task.start("capture")
    apply = task.start("apply", "--target", "polar")
    run(task.stack_source, WHILE_IT_RUNS)
    settle(task, [capture, apply])
    assert apply.terminate() == Exit.DONE
    task.assert_equal()


@pytest.fixture
def second(tmp_path: Path) -> Iterator[Endpoint]:
    """Another destination, empty."""
    server = start_mysql(Profile.DESTINATION, tmp_path / "second")
    yield server.endpoint("polar")
    stop_mysql(server.directory)


def test_topics_rebuild_a_reset_target_and_build_a_new_one(
    databases: Stack, task: Callable[..., Task], second: Endpoint
) -> None:
    copy = {"host": second.host, "port": second.port, "user": second.user, "password": second.password}
    new = task(include=["replay.*"], overrides={"targets": {"copy": copy}})
    history(new)
    run(new.stack_destination, SPOIL)
    assert differences(new.stack_source, new.stack_destination)
    command = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand"
    told = tool(
        packages.cache(), command, ["--bootstrap-server", databases.kafka, "--group", f"{new.name}.polar", *RESET]
    )
    assert f"{new.name}.replay.orders" in told
    new.start("apply", "--target", "polar")
    new.start("apply", "--target", "copy")
    run(new.stack_source, LATER)
    new.wait()
    new.assert_equal()
    assert differences(new.stack_source, second) == []
