"""The source's log as `mysqlbinlog` decodes it: every row change and its place. Shares no code with capture."""

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

from deploy.local import Server, client
from runtime.mysql import connect
from schemas.position import LogPosition

_AT = re.compile(rb"# at (\d+)$")
_GTID = re.compile(rb"SET @@SESSION\.GTID_NEXT= '([^']+)'")
_ROWS = re.compile(rb"#\d{6} .*\t(Write|Update|Delete)_rows: ")
_CHANGE = re.compile(rb"### (INSERT INTO|UPDATE|DELETE FROM) `((?:[^`]|``)+)`\.`((?:[^`]|``)+)`$")
_OPS = {b"INSERT INTO": "insert", b"UPDATE": "update", b"DELETE FROM": "delete"}


@dataclass(frozen=True, slots=True)
class LoggedRow:
    """One row change: `position` is where its event begins, `row` its number in the event."""

    table: tuple[str, str]
    op: str
    gtid: str
    position: LogPosition
    row: int

    def __str__(self) -> str:
        return f"{self.op} {self.gtid} {self.position} row {self.row}"


def changes(source: Server, after: str, first_file: str) -> Iterator[LoggedRow]:
    """Every row change of transactions that the GTID set `after` does not hold, in the log's order."""
    with connect(source.endpoint("admin")) as connection:
        files = [str(row[0]) for row in connection.query("SHOW BINARY LOGS")]
    for file in files[files.index(first_file) :]:
        yield from _read(source, after, file)


def _read(source: Server, after: str, file: str) -> Iterator[LoggedRow]:
    asked = ["--read-from-remote-server", "--verbose", "--base64-output=DECODE-ROWS"]
    if after:
        asked.append(f"--exclude-gtids={after}")
    with subprocess.Popen([*client(source, "mysqlbinlog"), *asked, file], stdout=subprocess.PIPE) as tool:
        assert tool.stdout is not None
        gtid, at, row, in_rows = "", 0, 0, False
        for line in tool.stdout:
            line = line.rstrip(b"\n")
            if line.startswith(b"### "):
                change = _CHANGE.match(line) if in_rows else None
                if change:
                    table = (_name(change[2]), _name(change[3]))
                    yield LoggedRow(table, _OPS[change[1]], gtid, LogPosition.of(file, at), row)
                    row += 1
            elif begin := _AT.match(line):
                at, row, in_rows = int(begin[1]), 0, False
            elif _ROWS.match(line):
                in_rows = True
            elif found := _GTID.match(line):
                gtid = found[1].decode()
    assert tool.returncode == 0, f"mysqlbinlog of {file} ended with {tool.returncode}"


def _name(quoted: bytes) -> str:
    return quoted.decode().replace("``", "`")
