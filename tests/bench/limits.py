"""What the machine and MySQL reach by themselves on the same rows: the figures that ours stand beside."""

import time
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path

from capture.events import EventType
from capture.reader import LogReader
from deploy.local import Profile, Server, replicate, start_mysql, stop_mysql
from runtime.mysql import Endpoint, connect
from schemas.names import TableName
from schemas.position import GtidSet

_READER_ID = 4_000_000_000
_WAIT_SECONDS = 900


def raw_select(source: Endpoint, table: TableName) -> float:
    """Rows per second of one connection that reads a table's packets and drops them."""
    rows, began = 0, time.monotonic()
    with connect(source) as connection:
        for _ in connection.raw_stream(f"SELECT * FROM {table}"):
            rows += 1
    return rows / (time.monotonic() - began)


def raw_log(source: Endpoint, before: GtidSet, after: GtidSet, rows: int) -> float:
    """Row changes per second of one connection that reads the log's events between two positions and drops them."""
    missing = after.minus(before).count()
    began = time.monotonic()
    with closing(LogReader(source, before, _READER_ID, heartbeat_ms=1000)) as reader:
        kind = 0
        while missing or kind != EventType.XID:  # the last transaction has changed rows
            kind = reader.read().type
            missing -= kind == EventType.GTID
    return rows / (time.monotonic() - began)


def insert_select(destination: Endpoint, table: TableName) -> float:
    """Rows per second of the server itself that copies a table into an equal empty one."""
    copy = f"{table.database}_copy"
    with connect(destination, timeout=_WAIT_SECONDS) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {copy}")
        connection.execute(f"CREATE DATABASE {copy}")
        connection.execute(f"CREATE TABLE {copy}.{table.name} LIKE {table}")
        began = time.monotonic()
        rows = connection.execute(f"INSERT INTO {copy}.{table.name} SELECT * FROM {table}")
        seconds = time.monotonic() - began
        connection.execute(f"DROP DATABASE {copy}")
    return rows / seconds


@contextmanager
def replica(source: Server, directory: Path, options: list[str]) -> Generator["Replica"]:
    """A native replica of the source, four workers, that runs as long as the block."""
    try:
        server = start_mysql(Profile.SOURCE, directory, options)
        with connect(server.endpoint("admin")) as connection:
            known = connection.query("SHOW REPLICA STATUS")
        if not known:  # else it has begun by itself
            replicate(source, server)
        yield Replica(server)
    finally:
        stop_mysql(directory)


class Replica:
    """A replica that can be held at a point and timed from there."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def reach(self, position: GtidSet) -> float:
        """Applies until `position`; returns the seconds it took from now."""
        began = time.monotonic()
        with connect(self._server.endpoint("admin"), timeout=_WAIT_SECONDS + 10) as connection:
            connection.execute("START REPLICA")
            late = connection.value("SELECT WAIT_FOR_EXECUTED_GTID_SET(%s, %s)", (str(position), _WAIT_SECONDS))
            seconds = time.monotonic() - began
            if late:
                raise AssertionError(f"the replica did not reach {position} within {_WAIT_SECONDS} seconds")
        return seconds

    def hold(self) -> None:
        """Stops applying; the log still arrives."""
        with connect(self._server.endpoint("admin"), timeout=_WAIT_SECONDS) as connection:
            connection.execute("STOP REPLICA SQL_THREAD")
