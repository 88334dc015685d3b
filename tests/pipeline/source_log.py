"""The source's log as `mysqlbinlog` decodes it: what each statement changed, and where. Shares no code with capture."""

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field

from deploy.local import Server, client
from runtime.mysql import connect
from schemas.position import LogPosition

_AT = re.compile(rb"# at (\d+)$")
_GTID = re.compile(rb"SET @@SESSION\.GTID_NEXT= '([^']+)'")
_MAP = re.compile(rb"#\d{6} .*\tTable_map: (`.*`) mapped to number (\d+)")
_ROWS = re.compile(rb"#\d{6} .*\t(?:Write|Update|Delete)_rows(?:_partial)?: table id (\d+)( flags: STMT_END_F)?")
_PAYLOAD = re.compile(rb"#\d{6} .*\tTransaction_Payload\t")
_PAYLOAD_END = b"# End of compressed events."
_CHANGE = re.compile(rb"### (INSERT INTO|UPDATE|DELETE FROM) `((?:[^`]|``)+)`\.`((?:[^`]|``)+)`$")
_OPS = {b"INSERT INTO": "insert", b"UPDATE": "update", b"DELETE FROM": "delete"}


@dataclass(frozen=True, slots=True)
class Changes:
    """What one statement changed in one table: where its row events begin, and the kinds of its changes, in order.

    mysqlbinlog prints the rows of a statement behind all of its events, so which row lies in which is not told. All
    statements of a compressed transaction count as one: its events lie in one place, where other tables' rows lie too.
    """

    table: tuple[str, str]
    gtid: str
    events: tuple[LogPosition, ...]
    ops: tuple[str, ...]
    compressed: bool

    def __str__(self) -> str:
        return f"{self.gtid} at {self.events[0]}: {len(self.ops)} changes"


@dataclass(slots=True)
class _Statement:
    events: list[tuple[bytes, int]] = field(default_factory=list)  # table, offset
    changes: list[tuple[tuple[str, str], str]] = field(default_factory=list)
    ended: bool = False
    compressed: bool = False


def changes(source: Server, after: str, first_file: str) -> Iterator[Changes]:
    """The changes of all transactions that the GTID set `after` does not hold, in the log's order."""
    with connect(source.endpoint("admin")) as connection:
        files = [str(row[0]) for row in connection.query("SHOW BINARY LOGS")]
    for file in files[files.index(first_file) :]:
        yield from _read(source, after, file)


def _read(source: Server, after: str, file: str) -> Iterator[Changes]:
    asked = ["--read-from-remote-server", "--verbose", "--base64-output=DECODE-ROWS"]
    if after:
        asked.append(f"--exclude-gtids={after}")
    with subprocess.Popen([*client(source, "mysqlbinlog"), *asked, file], stdout=subprocess.PIPE) as tool:
        assert tool.stdout is not None
        yield from _statements(tool.stdout, file)
    assert tool.returncode == 0, f"mysqlbinlog of {file} ended with {tool.returncode}"


def _statements(lines: Iterator[bytes], file: str) -> Iterator[Changes]:
    gtid, at = "", 0
    tables: dict[bytes, bytes] = {}
    statement = _Statement()
    for line in lines:
        line = line.rstrip(b"\n")
        if line.startswith(b"### "):
            if change := _CHANGE.match(line):
                statement.changes.append(((_name(change[2]), _name(change[3])), _OPS[change[1]]))
        elif begin := _AT.match(line):
            at = at if statement.compressed else int(begin[1])
            if statement.ended:
                yield from _by_table(statement, gtid, file)
                statement = _Statement()
        elif found := _MAP.match(line):
            tables[found[2]] = found[1]
        elif found := _ROWS.match(line):
            statement.events.append((tables[found[1]], at))
            statement.ended = bool(found[2]) and not statement.compressed
        elif _PAYLOAD.match(line):
            statement.compressed = True
        elif line == _PAYLOAD_END:
            yield from _by_table(statement, gtid, file)
            statement = _Statement()
        elif found := _GTID.match(line):
            gtid = found[1].decode()
    assert not statement.changes, f"{file} ends within a statement"


def _by_table(statement: _Statement, gtid: str, file: str) -> Iterator[Changes]:
    for table in dict.fromkeys(table for table, _ in statement.changes):
        name = f"`{table[0]}`.`{table[1]}`".encode()  # a table map prints names without doubling their backticks
        offsets = dict.fromkeys(offset for mapped, offset in statement.events if mapped == name)
        events = tuple(LogPosition.of(file, offset) for offset in offsets)
        ops = tuple(op for of, op in statement.changes if of == table)
        yield Changes(table, gtid, events, ops, statement.compressed)


def _name(quoted: bytes) -> str:
    return quoted.decode().replace("``", "`")
