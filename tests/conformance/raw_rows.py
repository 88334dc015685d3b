"""Puts bytes into character columns as they are, as a replica does: in row events, of which a server checks TEXT alone.

https://dev.mysql.com/doc/dev/mysql-server/latest/classmysql_1_1binlog_1_1event_1_1Table__map__event.html and
https://dev.mysql.com/doc/refman/8.4/en/binlog.html
"""

import base64
import re
import struct
import zlib
from collections.abc import Sequence

from runtime.mysql import Connection
from schemas.charsets import shortest
from schemas.names import TableName
from schemas.sql import qualified

BYTES = 240  # that each column holds
_TYPES, _META = bytes((3, 15, 254)), struct.pack("<HBB", BYTES, 254, BYTES)
_ROWS = 400  # of an event
_SERVER = "b1a9c0de-0000-4000-8000-000000000000"  # such events have no GTID of their own
_FORMAT, _TABLE_MAP, _WRITE = 15, 19, 30
# Lengths of the fixed parts of events, which only must be there: sql/log_event.cc reads those of the types it knows.
_LENGTHS = bytes((0, 13, 0, 8, 0, 0, 0, 0, 4, 0, 4, 0, 0, 0, 98, 0, 4, 26, 8, 0, 0, 0, 8, 8, 8, 2, 0, 0, 0, 10, 10, 10))
_MORE_LENGTHS = bytes((42, 42, 0, 18, 52, 0, 10, 40, 0, 0))


def make(connection: Connection, table: TableName, charset: str, longest: int) -> None:
    """A table whose columns `v` and `w` take the bytes."""
    columns = (f"{column}({BYTES // longest}) CHARACTER SET {charset}" for column in ("v VARCHAR", "w CHAR"))
    connection.execute(f"CREATE TABLE {qualified(table)} (id INT PRIMARY KEY, {', '.join(columns)})")


def put(connection: Connection, table: TableName, charset: str, values: Sequence[bytes]) -> None:
    """Rows with each of `values` in `v`, and in `w` unless `in_char` leaves it empty; `id` counts from 0."""
    connection.execute(f"BINLOG '{_event(_FORMAT, _format())}'")
    done = str(connection.value("SELECT @@GLOBAL.gtid_executed")).replace("\n", "").split(",")
    last = max((int(re.findall(r"\d+", part)[-1]) for part in done if part.startswith(_SERVER)), default=0)
    for number, start in enumerate(range(0, len(values), _ROWS), last + 1):
        part = values[start : start + _ROWS]
        rows = b"".join(_row(start + offset, value, in_char(charset, value)) for offset, value in enumerate(part))
        write = _number(77) + struct.pack("<HHB", 1, 2, 3) + b"\xff" + rows
        connection.execute(f"SET gtid_next = '{_SERVER}:{number}'")
        connection.execute(f"BINLOG '{_event(_TABLE_MAP, _map(table))}\n{_event(_WRITE, write)}'")
        connection.execute("COMMIT")
    connection.execute("SET gtid_next = 'AUTOMATIC'")


def in_char(charset: str, value: bytes) -> bytes:
    """What is put into the CHAR, which the server fills up with spaces: nothing that puts these out of step."""
    return b"" if len(value) % shortest(charset) else value


def _row(number: int, varying: bytes, fixed: bytes) -> bytes:
    return b"\0" + struct.pack("<IB", number, len(varying)) + varying + bytes((len(fixed),)) + fixed


def _number(table_id: int) -> bytes:
    return table_id.to_bytes(6, "little")


def _map(table: TableName) -> bytes:
    database, name = table.database.encode(), table.name.encode()
    names = bytes((len(database),)) + database + b"\0" + bytes((len(name),)) + name + b"\0"
    return _number(77) + b"\1\0" + names + bytes((3,)) + _TYPES + bytes((len(_META),)) + _META + b"\x06"


def _format() -> bytes:
    version = b"8.0.36".ljust(50, b"\0")
    return struct.pack("<H", 4) + version + struct.pack("<IB", 0, 19) + _LENGTHS + _MORE_LENGTHS + b"\1"


def _event(kind: int, body: bytes) -> str:
    size = 19 + len(body) + 4
    event = struct.pack("<IBIIIH", 1_700_000_000, kind, 1, size, 0, 0) + body
    return base64.b64encode(event + struct.pack("<I", zlib.crc32(event))).decode()
