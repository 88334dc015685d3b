"""What readers are: bounded in memory, never orphans, never at another server, told what they may not."""

import subprocess
import sys
import uuid
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from pydantic import TypeAdapter

from capture.reader import LogReader
from runtime.errors import Fatal, Transient
from runtime.mysql import Connection, Endpoint
from schemas.names import TableName
from schemas.sql import identifier
from snapshot.interleave import Interleave
from tests.integration.snapshot.opening import opened_at, whole
from tests.integration.tap import Tap, readers


def test_an_account_that_may_not_lock_is_told_what_to_grant(
    source: Endpoint, connection: Connection, database: str
) -> None:
    connection.execute("CREATE TABLE log (a INT)")
    account = replace(source, user=database, password=uuid.uuid4().hex)
    connection.execute(f"CREATE USER {database} IDENTIFIED BY '{account.password}'")
    connection.execute(f"GRANT SELECT ON {identifier(database)}.* TO {database}")
    connection.execute(f"GRANT REPLICATION CLIENT ON *.* TO {database}")
    name = TableName(database, "log")
    tap = Tap(source, connection, [name])

    with (
        pytest.raises(Fatal, match=rf"{database}\.log has no key") as caught,
        opened_at(tap, [whole(name)], account) as interleave,
    ):
        tap.run(interleave)

    assert "GRANT LOCK TABLES" in caught.value.hint
    connection.execute(f"DROP USER {database}")


def test_memory_does_not_grow_with_the_rows(source: Endpoint, connection: Connection, database: str) -> None:
    connection.execute("CREATE TABLE t (id INT PRIMARY KEY, b LONGBLOB)")
    for number in range(50):
        connection.execute(f"INSERT INTO t VALUES ({number}, REPEAT('{number % 10}', 4000000))")
    name = TableName(database, "t")
    tap = Weighing(source, connection, [name])

    with opened_at(tap, [whole(name)], chunk_bytes=2 << 20) as interleave:
        tap.run(interleave)

    assert tap.released_rows == 50
    assert tap.most_rows <= 2  # 4 MB each, and a chunk ends when it is 4 MB
    assert tap.peak_bytes < 150 << 20


def test_readers_end_with_a_capture_that_is_killed(source: Endpoint, connection: Connection, database: str) -> None:
    connection.execute("CREATE TABLE t (id INT PRIMARY KEY)")
    arguments = [sys.executable, "-m", "tests.integration.killed", database]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as capture:
        assert capture.stdin is not None
        assert capture.stdout is not None
        capture.stdin.write(TypeAdapter(Endpoint).dump_json(source).decode() + "\n")
        capture.stdin.flush()
        found = [psutil.Process(int(pid)) for pid in capture.stdout.readline().split()]
        capture.kill()

        assert len(found) == 1
        assert psutil.wait_procs(found, timeout=10)[1] == []


def test_another_server_is_not_taken_for_the_source(source: Endpoint, connection: Connection, database: str) -> None:
    connection.execute("CREATE TABLE t (id INT PRIMARY KEY)")
    name = TableName(database, "t")
    tap = Tap(source, connection, [name])
    other = replace(source, server_uuid=str(uuid.UUID(int=0)))

    with pytest.raises(Transient, match="instead of 00000000"), opened_at(tap, [whole(name)], other) as interleave:
        tap.run(interleave)


class Weighing(Tap):
    """Takes down the most memory that a reader has had."""

    peak_bytes = 0

    def step(self, interleave: Interleave, reader: LogReader) -> None:
        for process in readers():
            status = Path(f"/proc/{process.pid}/status").read_text()
            self.peak_bytes = max(self.peak_bytes, int(status.partition("VmHWM:")[2].split()[0]) << 10)
        super().step(interleave, reader)
