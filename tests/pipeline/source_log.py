"""The source's log as `mysqlbinlog` decodes it: what each statement changed, and where. Shares no code with capture."""

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field

from deploy.local import Server, client
from runtime.mysql import connect
from schemas.position import GtidSet, LogPosition

_AT = re.compile(rb"# at (\d+)$")
_GTID = re.compile(rb"SET @@SESSION\.GTID_NEXT= '([^']+)'")
_MAP = re.compile(rb"#\d{6} .*\tTable_map: (`.*`) mapped to number (\d+)")
_ROWS = re.compile(rb"#\d{6} .*\t(?:Write|Update|Delete)_rows(?:_partial)?: table id (\d+)( flags: STMT_END_F)?")
_PAYLOAD = re.compile(rb"#\d{6} .*\tTransaction_Payload\t")
_PAYLOAD_END = b"# End of compressed events."
_CHANGE = re.compile(rb"### (INSERT INTO|UPDATE|DELETE FROM) `((?:[^`]|``)+)`\.`((?:[^`]|``)+)`$")
_XA = re.compile(rb"XA (START|PREPARE|COMMIT|ROLLBACK) (X'\w*',X'\w*',\d+)( ONE PHASE)?$")
_OPS = {b"INSERT INTO": "insert", b"UPDATE": "update", b"DELETE FROM": "delete"}


@dataclass(frozen=True, slots=True)
class Changes:
    """What one statement changed in one table: where its row events begin, and the kinds of its changes, in order.

    mysqlbinlog prints the rows of a statement behind all of its events, so which row lies in which is not told. All
    statements of a compressed transaction count as one, and so do those of an XA transaction, which count where it was
    committed: they lie in one place, where other tables' rows lie too.
    """

    table: tuple[str, str]
    gtid: str
    events: tuple[LogPosition, ...]
    ops: tuple[str, ...]
    together: bool

    def __str__(self) -> str:
        return f"{self.gtid} at {self.events[0]}: {len(self.ops)} changes"


class _Xa:
    """XA transactions of the whole log: those that wait for their decision, by id."""

    def __init__(self) -> None:
        self._prepared: dict[bytes, list[Changes]] = {}
        self._open: list[Changes] | None = None

    def start(self) -> None:
        self._open = []

    def changed(self, change: Changes) -> Iterator[Changes]:
        if self._open is None:
            yield change
        else:
            self._open.append(change)

    def prepared(self, xid: bytes) -> None:
        self._prepared[xid], self._open = self._open or [], None

    def decided(self, verb: bytes, xid: bytes, gtid: str, place: LogPosition) -> Iterator[Changes]:
        parts = self._prepared.pop(xid, [])
        if verb == b"COMMIT":
            for table in dict.fromkeys(part.table for part in parts):
                ops = tuple(op for part in parts if part.table == table for op in part.ops)
                yield Changes(table, gtid, (place,), ops, together=True)


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
    xa, executed = _Xa(), GtidSet.parse(after)
    for file in files[files.index(first_file) :]:
        # not --exclude-gtids: what was prepared before may be committed behind it
        yield from (change for change in _read(source, file, xa) if not executed.contains(change.gtid))


def _read(source: Server, file: str, xa: _Xa) -> Iterator[Changes]:
    asked = ["--read-from-remote-server", "--verbose", "--base64-output=DECODE-ROWS"]
    with subprocess.Popen([*client(source, "mysqlbinlog"), *asked, file], stdout=subprocess.PIPE) as tool:
        assert tool.stdout is not None
        yield from _statements(tool.stdout, file, xa)
    assert tool.returncode == 0, f"mysqlbinlog of {file} ended with {tool.returncode}"


def _statements(lines: Iterator[bytes], file: str, xa: _Xa) -> Iterator[Changes]:
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
                for made in _by_table(statement, gtid, file):
                    yield from xa.changed(made)
                statement = _Statement()
        elif found := _MAP.match(line):
            tables[found[2]] = found[1]
        elif found := _ROWS.match(line):
            statement.events.append((tables[found[1]], at))
            statement.ended = bool(found[2]) and not statement.compressed
        elif _PAYLOAD.match(line):
            statement.compressed = True
        elif line == _PAYLOAD_END:
            for made in _by_table(statement, gtid, file):
                yield from xa.changed(made)
            statement = _Statement()
        elif found := _GTID.match(line):
            gtid = found[1].decode()
        elif found := _XA.match(line):
            verb, xid, at_once = found.groups()
            if verb == b"START":
                xa.start()
            elif verb == b"PREPARE" or at_once:
                for made in _by_table(statement, gtid, file):  # a compressed transaction has not ended yet
                    yield from xa.changed(made)
                statement = _Statement(compressed=statement.compressed)
                xa.prepared(xid)
            if verb in (b"COMMIT", b"ROLLBACK"):
                yield from xa.decided(verb, xid, gtid, LogPosition.of(file, at))
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
