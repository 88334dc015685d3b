"""Sources without GTIDs, and MySQL 5.6 at either end, under the random writer with DDL and kills.

No topic is compared with the log here: mysqlbinlog of 9.7 cannot read from 5.6. The keyless table of the writer would
show a change that is lost or published twice.
"""

import os
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.local import Profile, Server, Stack, start_mysql, stop_mysql
from runtime.errors import Exit
from runtime.mysql import connect
from tests.conftest import empty
from tests.faults.test_kills import Kill, kill_apply, kill_capture, kill_reader
from tests.pipeline.aged import aged
from tests.pipeline.running import Running
from tests.pipeline.settle import settle
from tests.pipeline.task import Task
from tests.pipeline.transactions import Mix
from tests.pipeline.writer import RandomWriter

_NO_GTIDS = ["--gtid-mode=OFF", "--enforce-gtid-consistency=OFF"]
_HEARTBEAT = "GRANT CREATE, SELECT, INSERT, UPDATE ON penstock.* TO penstock"


@pytest.fixture
def without_gtids(stack: Stack) -> Iterator[Stack]:
    """The stack with another source: 9.7 without GTIDs, whose log names columns by position only."""
    yield from _other_source(stack, "without-gtids", "--binlog-row-metadata=MINIMAL")


@pytest.fixture
def compressing(stack: Stack) -> Iterator[Stack]:
    """Another one that compresses each transaction in its log."""
    yield from _other_source(stack, "compressing", "--binlog-transaction-compression=ON")


def _other_source(stack: Stack, name: str, option: str) -> Iterator[Stack]:
    directory = stack.directory / name
    server = start_mysql(Profile.SOURCE, directory, [*_NO_GTIDS, option])
    with connect(server.endpoint("admin")) as connection:
        connection.execute(_HEARTBEAT)
    yield replace(stack, source=server)
    stop_mysql(directory)


def _ends(stack: Stack, source: str, destination: str) -> Stack:
    """The stack with servers of other versions."""
    found = stack
    if source == "5.6":
        found = replace(found, source=_old(stack, Profile.SOURCE56))
    if destination == "5.6":
        found = replace(found, destination=_old(stack, Profile.DESTINATION56))
    return found


def _old(stack: Stack, profile: Profile) -> Server:
    return start_mysql(profile, stack.directory / profile)


_MIX = Mix(rows=800, ddl=0.02, large=0.005)


def _run(
    stack: Stack,
    folder: Path,
    seed: int,
    spelled: Callable[[str], str],
    kills: int,
    mix: Mix = _MIX,
    ways: Sequence[Kill] = (kill_capture, kill_reader, kill_apply),
) -> None:
    """A snapshot under a writer with DDL, random kills, and in the end both sides are equal for both judges."""
    empty(stack)
    chance = random.Random(seed)
    writer = RandomWriter(stack.source.endpoint("admin"), seed, "ran", mix=mix, spelled=spelled)
    writer.create()
    with Task(stack, folder, include=["ran.*"]) as task, writer:
        running = Running(task, writer, task.start("capture"), task.start("apply"))
        running.process("capture").wait_for("capturing")
        for _ in range(kills):
            writer.wait_for(transactions=chance.randint(1, 150))
            chance.choice(ways)(running)
        running.equal()
        writer.stop()
        task.run("verify")


@pytest.mark.long
def test_a_source_without_gtids(without_gtids: Stack, tmp_path: Path) -> None:
    _run(without_gtids, tmp_path, 11, str, kills=5)


def test_a_source_without_gtids_that_compresses(compressing: Stack, tmp_path: Path) -> None:
    """Large transactions and XA among them; most kills hit capture."""
    mix = replace(_MIX, large=0.02, xa=0.03)
    _run(compressing, tmp_path, 15, str, kills=4, mix=mix, ways=(kill_capture, kill_capture, kill_apply))
    with connect(compressing.source.endpoint("admin")) as connection:
        packed = "SELECT SUM(TRANSACTION_COUNTER) FROM performance_schema.binary_log_transaction_compression_stats "
        assert int(connection.value(f"{packed} WHERE LOG_TYPE = 'BINARY' AND COMPRESSION_TYPE = 'ZSTD'")) > 300


@pytest.mark.parametrize(("source", "destination"), [("5.6", "9.7"), ("9.7", "5.6")])
def test_mysql_56(stack: Stack, tmp_path: Path, source: str, destination: str) -> None:
    _run(_ends(stack, source, destination), tmp_path, 12, aged, kills=4)


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(("source", "destination"), [("5.6", "9.7"), ("5.6", "5.6"), ("9.7", "5.6"), ("off", "9.7")])
def test_soak_of_old_servers(stack: Stack, without_gtids: Stack, tmp_path: Path, source: str, destination: str) -> None:
    """PENSTOCK_OLD_ROUNDS rounds (3), each with other seeds; PENSTOCK_SOAK_SEED repeats a run."""
    seed = int(os.environ.get("PENSTOCK_SOAK_SEED") or random.randrange(10**6))
    print(f"PENSTOCK_SOAK_SEED={seed}")
    for number in range(int(os.environ.get("PENSTOCK_OLD_ROUNDS") or 3)):
        if source == "off":
            _run(without_gtids, tmp_path, seed + number, str, kills=12)
        else:
            _run(_ends(stack, source, destination), tmp_path, seed + number, aged, kills=12)


def test_mysql_56_with_gtids_at_both_ends(stack: Stack, tmp_path: Path) -> None:
    """Its GTID events carry no commit times; CREATE TABLE ... SELECT is refused there."""
    directory = stack.directory / "source56-gtids"
    options = ["--gtid-mode=ON", "--enforce-gtid-consistency=ON", "--log-slave-updates"]
    server = start_mysql(Profile.SOURCE56, directory, options)
    try:
        _run(replace(_ends(stack, "9.7", "5.6"), source=server), tmp_path, 13, aged, kills=2)
        with connect(server.endpoint("admin")) as connection:
            assert not connection.query("SHOW DATABASES LIKE 'penstock'"), "with GTIDs nothing is written to the source"
    finally:
        stop_mysql(directory)


def test_a_source_is_shut_down_and_started_again(stack: Stack, tmp_path: Path) -> None:
    """5.6 ends the stream of its log without a word."""
    pair = _ends(stack, "5.6", "9.7")
    empty(pair)
    with connect(pair.source.endpoint("admin")) as connection:
        connection.execute("CREATE DATABASE shop")
        connection.execute("CREATE TABLE shop.orders (id INT PRIMARY KEY)")
    with Task(pair, tmp_path, include=["shop.*"]) as task:
        processes = [task.start("capture"), task.start("apply")]
        settle(task, processes)
        stop_mysql(stack.directory / Profile.SOURCE56)
        processes[0].wait_for("retrying")
        _old(stack, Profile.SOURCE56)
        with connect(pair.source.endpoint("admin")) as connection:
            connection.execute("INSERT INTO shop.orders VALUES (1)")
        settle(task, processes)
        task.assert_equal()


def test_an_account_that_may_not_write_is_told_what_is_needed(without_gtids: Stack, tmp_path: Path) -> None:
    empty(without_gtids)
    with connect(without_gtids.source.endpoint("admin")) as connection:
        connection.execute("REVOKE CREATE, SELECT, INSERT, UPDATE ON penstock.* FROM penstock")
        connection.execute("CREATE DATABASE shop")
        connection.execute("CREATE TABLE shop.orders (id INT PRIMARY KEY)")
        connection.execute("INSERT INTO shop.orders VALUES (1), (2)")
    with Task(without_gtids, tmp_path, include=["shop.*"]) as task:
        refused = task.run("check", expected=Exit.OPERATOR)
        assert "GRANT CREATE, SELECT, INSERT, UPDATE ON penstock.* TO 'penstock'@'%'" in "\n".join(refused.output)
        by_hand = next(line for line in refused.output if "make it by hand:" in line).split("make it by hand: ")[1]
        with connect(without_gtids.source.endpoint("admin")) as connection:
            for statement in by_hand.replace("; and GRANT", "; GRANT").split("; "):
                connection.execute(statement)
        task.run("check")
        task.run("migrate", "--until", "caught-up")
        task.assert_equal()


def test_rows_that_follow_others_that_are_not_selected(stack: Stack, tmp_path: Path) -> None:
    """No log holds what becomes of them, and nobody sees what they follow."""
    pair = _ends(stack, "5.6", "9.7")
    empty(pair)
    with connect(pair.source.endpoint("admin")) as connection:
        connection.execute("CREATE DATABASE shop")
        connection.execute("CREATE TABLE shop.orders (id INT PRIMARY KEY)")
    with Task(pair, tmp_path, include=["shop.details"]) as task:
        capture = task.start("capture")
        capture.wait_for("capturing")
        with connect(pair.source.endpoint("admin"), database="shop") as connection:
            connection.execute(
                "CREATE TABLE details (id INT PRIMARY KEY, of_order INT, FOREIGN KEY (of_order)"
                " REFERENCES orders (id) ON UPDATE RESTRICT ON DELETE SET NULL)"
            )
        assert capture.exit_code() == Exit.OPERATOR
        assert "rows of shop.details follow those of shop.orders, which is not selected" in capture.tail()
        refused = task.run("check", expected=Exit.OPERATOR)
        assert any("objects.cascades" in line and "shop.details" in line for line in refused.output)
