"""The read of a table without a key waits for every transaction that has written it, on every server."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from capture.definitions import read_tables
from deploy.local import Profile, Stack, start_mysql, stop_mysql
from runtime.mysql import Endpoint, connect
from schemas import codec
from schemas.names import TableName
from schemas.table import to_json
from snapshot import at_once
from snapshot.messages import Chunk, HoldEnded, HoldWanted, Located, Walk
from snapshot.session import Session
from snapshot.wishes import Pause, Wish
from tests.conftest import NewTask
from tests.pipeline.settle import settle

_NAME = TableName("waited", "t")
_GTIDS_OF_56 = ["--enforce-gtid-consistency=ON", "--log-slave-updates"]


@pytest.fixture(params=[Profile.SOURCE, Profile.SOURCE56])
def source(request: pytest.FixtureRequest, stack: Stack, tmp_path: Path) -> Iterator[Endpoint]:
    if request.param is Profile.SOURCE:
        yield stack.source.endpoint("admin")
    else:
        server = start_mysql(Profile.SOURCE56, tmp_path / "source56", ["--gtid-mode=ON", *_GTIDS_OF_56])
        yield server.endpoint("admin")
        stop_mysql(server.directory)


def test_an_open_transaction_is_waited_for(source: Endpoint) -> None:
    with connect(source) as admin:
        admin.execute(f"DROP DATABASE IF EXISTS {_NAME.database}")
        admin.execute(f"CREATE DATABASE {_NAME.database}")
        admin.execute(f"CREATE TABLE {_NAME.database}.t (a INT)")
        admin.execute(f"INSERT INTO {_NAME.database}.t VALUES (1)")
        plan = codec.plan("task", read_tables(admin, [_NAME])[_NAME], 0, 21)
    walk = Walk(
        number=1,
        task="task",
        table=to_json(plan.table),
        key_id=0,
        value_id=21,
        at_once=True,
        after=None,
        until=None,
        descending=(),
        needs="",
        chunk_bytes=1 << 20,
    )

    steps = at_once.read(lambda: Session(source), walk, plan)
    with connect(source) as writer:
        writer.execute("BEGIN")
        writer.execute(f"UPDATE {_NAME.database}.t SET a = 2")
        assert next(steps) == HoldWanted(1)
        assert next(steps) is Wish.HELD
        assert next(steps) == HoldEnded(1), "the read began beside a transaction that has written the table"
        assert isinstance(next(steps), Pause)
        writer.execute("COMMIT")

    seen = list(steps)
    (chunk,) = [step for step in seen if isinstance(step, Chunk)]
    assert [type(step) for step in seen[:3]] == [HoldWanted, Wish, Located]
    assert chunk.rows == codec.encode_chunk(plan, b"\x02\x00\x00\x00\x012")


def test_capture_says_which_table_an_open_transaction_keeps_it_from(databases: Stack, task: NewTask) -> None:
    moved = task(include=["waited.*"])
    with connect(moved.stack_source) as admin:
        for statement in ("CREATE DATABASE waited", "CREATE TABLE waited.t (a INT)", "INSERT INTO waited.t VALUES (1)"):
            admin.execute(statement)
        admin.execute("XA START 'waited'")
        admin.execute("INSERT INTO waited.t VALUES (2)")
        admin.execute("XA END 'waited'")
        admin.execute("XA PREPARE 'waited'")
        try:
            processes = [moved.start("capture"), moved.start("apply")]
            assert "waited.t" in processes[0].wait_for("waits_for_open_transactions")
        finally:
            admin.execute("XA COMMIT 'waited'")
        settle(moved, processes)
    moved.assert_equal()
