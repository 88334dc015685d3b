"""Binary log events, parsed (pure).

Layouts: https://dev.mysql.com/doc/dev/mysql-server/latest/classmysql_1_1binlog_1_1event_1_1Log__event__header.html and
the classes beside it (Gtid_event, Query_event, Rotate_event, Rows_event).
"""

import re
import struct
import uuid
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

from runtime.errors import Fatal

HEADER = struct.Struct("<IBIIIH")
HEADER_SIZE = 19
FLAG_IGNORABLE = 0x80
_MOST_COLUMNS = 4096
# Flags of row events: the session did not heed foreign keys; or the server did, and logs what follows (since 9.6).
_NO_FOREIGN_KEY_CHECKS, _SQL_FOREIGN_KEYS = 2, 16


class EventType(IntEnum):
    """The event types that capture knows by name."""

    START_V3 = 1
    QUERY = 2
    STOP = 3
    ROTATE = 4
    INTVAR = 5
    RAND = 13
    USER_VAR = 14
    FORMAT_DESCRIPTION = 15
    XID = 16
    BEGIN_LOAD_QUERY = 17
    EXECUTE_LOAD_QUERY = 18
    TABLE_MAP = 19
    WRITE_ROWS_V1 = 23
    UPDATE_ROWS_V1 = 24
    DELETE_ROWS_V1 = 25
    INCIDENT = 26
    HEARTBEAT = 27
    IGNORABLE = 28
    ROWS_QUERY = 29
    WRITE_ROWS = 30
    UPDATE_ROWS = 31
    DELETE_ROWS = 32
    GTID = 33
    ANONYMOUS_GTID = 34
    PREVIOUS_GTIDS = 35
    TRANSACTION_CONTEXT = 36
    VIEW_CHANGE = 37
    XA_PREPARE = 38
    PARTIAL_UPDATE_ROWS = 39
    TRANSACTION_PAYLOAD = 40
    HEARTBEAT_V2 = 41
    GTID_TAGGED = 42


HEARTBEATS = frozenset((EventType.HEARTBEAT, EventType.HEARTBEAT_V2))


class Event(NamedTuple):
    """One event of the log: `end` is the offset after it in its file (0 for events made by the dump itself)."""

    type: int
    timestamp: int
    server_id: int
    end: int
    flags: int
    size: int
    body: bytes


def type_name(number: int) -> str:
    """What messages call an event type."""
    try:
        return f"{EventType(number).name}_EVENT (type {number})"
    except ValueError:
        return f"an event of type {number}"


@dataclass(frozen=True, slots=True)
class Gtid:
    """The start of a transaction."""

    gtid: str
    commit_us: int  # microseconds since 1970 at the original source; 0 when the server is too old to tell


@dataclass(frozen=True, slots=True)
class Query:
    """A statement logged as text, with its session."""

    thread_id: int
    error_code: int
    database: str | None
    text: bytes
    sql_mode: int | None
    charset_client: int | None  # collation ids
    collation_connection: int | None
    collation_server: int | None
    time_zone: str | None
    auto_increment: tuple[int, int]  # auto_increment_increment and _offset
    microseconds: int  # of its beginning, whose second is the event's timestamp
    default_collation_for_utf8mb4: int | None
    explicit_defaults_for_timestamp: bool | None
    sql_require_primary_key: bool | None
    lc_time_names: int  # the number of a locale; 0: en_US
    default_table_encryption: bool | None


@dataclass(frozen=True, slots=True)
class Rows:
    """The head of a rows event; `rows` begins at `body[start:]`."""

    table_id: int
    images: tuple[bytes, bytes]  # bitmaps of present columns: of the older image and of the newer one; empty: no image
    start: int
    foreign_keys: bool  # InnoDB heeded them: other rows followed these, and no event says so


def gtid(body: bytes) -> Gtid:
    """A GTID event's body (Gtid_event: post-header of 42 bytes, then commit timestamps of 7 bytes each)."""
    if len(body) < 25:
        raise malformed(EventType.GTID)
    source = str(uuid.UUID(bytes=body[1:17]))
    (number,) = struct.unpack_from("<q", body, 17)
    if number < 1:
        raise malformed(EventType.GTID)
    return Gtid(f"{source}:{number}", _commit_us(body))


def anonymous(body: bytes) -> Gtid:
    """An ANONYMOUS_GTID event's body: laid out alike, without a GTID."""
    if len(body) < 25:
        raise malformed(EventType.ANONYMOUS_GTID)
    return Gtid("", _commit_us(body))


def _commit_us(body: bytes) -> int:
    commit_us = 0
    if len(body) >= 49:
        immediate = int.from_bytes(body[42:49], "little")
        commit_us = immediate & ((1 << 55) - 1)
        if immediate >> 55 and len(body) >= 56:
            commit_us = int.from_bytes(body[49:56], "little")
    return commit_us


def rotate(body: bytes) -> tuple[str, int]:
    """The next log file and the offset to read it from."""
    if len(body) < 9:
        raise malformed(EventType.ROTATE)
    return _file(EventType.ROTATE, body[8:]), int(struct.unpack_from("<Q", body)[0])


def checksummed(body: bytes) -> bool | None:
    """Whether the events that follow a FORMAT_DESCRIPTION event in its file end in a checksum; `body` with whatever
    follows the event's own part. None when the server is too old to tell (before 5.6.1).

    The event itself ends in its algorithm and a checksum in any case, which is right only if the algorithm is CRC32.
    """
    version = re.match(rb"(\d+)\.(\d+)\.(\d+)", body[2:52])
    if version is None or len(body) < 62:
        raise malformed(EventType.FORMAT_DESCRIPTION)
    if tuple(map(int, version.groups())) < (5, 6, 1):
        return None
    algorithm = body[-5]
    if algorithm > 1 and algorithm != _UNDEFINED:
        raise Fatal(
            f"the source's log uses checksum algorithm {algorithm}, which this version does not know",
            hint="SET GLOBAL binlog_checksum = CRC32 at the source",
        )
    return algorithm == 1


_UNDEFINED = 255


def heartbeat(body: bytes) -> str:
    """The log file of a HEARTBEAT event."""
    return _file(EventType.HEARTBEAT, body)


def heartbeat_v2(body: bytes) -> tuple[str, int]:
    """Log file and offset of a HEARTBEAT_V2 event: fields as type, length, value."""
    file, offset, at = "", 0, 0
    try:
        while at < len(body):
            kind, at = packed(body, at)
            if kind == 0:
                break
            size, at = packed(body, at)
            value = body[at : at + size]
            if kind == 1:
                file = _file(EventType.HEARTBEAT_V2, value)
            elif kind == 2:
                offset, _ = packed(value, 0)
            at += size
    except IndexError as error:
        raise malformed(EventType.HEARTBEAT_V2) from error
    return file, offset


def _file(kind: int, name: bytes) -> str:
    """The name of a log file: base.NNNNNN."""
    if not name.rpartition(b".")[2].isdigit():
        raise malformed(kind)
    return name.decode("utf-8", "surrogateescape")


def rows(kind: int, body: bytes) -> Rows:
    """The head of a rows event, version 1 or 2."""
    try:
        table_id = int.from_bytes(body[:6], "little")
        at = 8
        if kind >= EventType.WRITE_ROWS:
            (extra,) = struct.unpack_from("<H", body, at)  # of partitions or NDB, with these two bytes of its length
            at += extra
        width, at = _width(body, at)
        size = (width + 7) // 8
        first = _bitmap(body, at, width)
        at += size
        if kind in (EventType.UPDATE_ROWS, EventType.UPDATE_ROWS_V1, EventType.PARTIAL_UPDATE_ROWS):
            images = (first, _bitmap(body, at, width))
            at += size
        elif kind in (EventType.WRITE_ROWS, EventType.WRITE_ROWS_V1):
            images = (b"", first)
        else:
            images = (first, b"")
    except (IndexError, struct.error) as error:
        raise malformed(kind) from error
    if at > len(body):
        raise malformed(kind)
    return Rows(table_id, images, at, not body[6] & (_NO_FOREIGN_KEY_CHECKS | _SQL_FOREIGN_KEYS))


def _width(body: bytes, at: int) -> tuple[int, int]:
    """The number of columns, and the place after it."""
    width, at = packed(body, at)
    if width > _MOST_COLUMNS:
        raise IndexError("columns")
    return width, at


def _bitmap(body: bytes, at: int, width: int) -> bytes:
    """A bitmap of `width` bits, without what the server leaves in the bits behind them."""
    size = (width + 7) // 8
    bits = int.from_bytes(body[at : at + size], "little") & ((1 << width) - 1)
    return bits.to_bytes(size, "little")


def begins(body: bytes) -> int | None:
    """The thread of a QUERY event that is a plain BEGIN, as nearly all are; None for every other statement."""
    if not body.endswith(b"\x00BEGIN") or len(body) < _QUERY_HEAD.size:
        return None
    thread_id, _, database_size, _, status_size = _QUERY_HEAD.unpack_from(body)
    return thread_id if 13 + status_size + database_size + 6 == len(body) else None


_QUERY_HEAD = struct.Struct("<IIBHH")
_SKIPPED = {0: 4, 3: 4, 7: 2, 8: 2, 9: 8, 10: 4, 13: 3, 17: 8, 20: 1}


def query(body: bytes) -> Query:
    """A QUERY event's body; an unknown status variable stops, because what follows it cannot be found."""
    try:
        thread_id, _, database_size, error_code, status_size = _QUERY_HEAD.unpack_from(body)
        status = body[13 : 13 + status_size]
        at = 13 + status_size
        database = body[at : at + database_size].decode("utf-8", "surrogateescape") or None
        text = body[at + database_size + 1 :]
        found = _status(status)
        time_zone = found[5].decode() if 5 in found else None
    except (IndexError, ValueError, struct.error) as error:
        raise malformed(EventType.QUERY) from error
    charset, steps = found.get(4), found.get(3, b"")
    client, connection, server = struct.unpack("<HHH", charset) if charset else (None, None, None)
    return Query(
        thread_id=thread_id,
        error_code=error_code,
        database=database,
        text=text,
        sql_mode=_number(found.get(1)),
        charset_client=client,
        collation_connection=connection,
        collation_server=server,
        time_zone=time_zone,
        auto_increment=(_number(steps[:2]) or 1, _number(steps[2:]) or 1),
        microseconds=_number(found.get(13)) or 0,
        default_collation_for_utf8mb4=_number(found.get(18)),
        explicit_defaults_for_timestamp=_flag(found.get(16)),
        sql_require_primary_key=_flag(found.get(19)),
        lc_time_names=_number(found.get(7)) or 0,
        default_table_encryption=_flag(found.get(20)),
    )


def _status(status: bytes) -> dict[int, bytes]:
    """Status variables by code (Query_event: "the Query_event_status_vars")."""
    found: dict[int, bytes] = {}
    at = 0
    while at < len(status):
        code = status[at]
        at += 1
        if code == 2:  # catalog, with a trailing zero
            size = status[at] + 2
        elif code in (5, 6):  # time zone, catalog
            size = status[at] + 1
        elif code == 11:  # invoker: user, host
            first = status[at] + 1
            size = first + status[at + first] + 1
        elif code == 12:  # names of updated databases, each ending in zero; 254: too many
            size = 1
            for _ in range(0 if status[at] == 254 else status[at]):
                size = status.index(b"\x00", at + size) + 1 - at
        elif code in (1,):
            size = 8
        elif code == 4:
            size = 6
        elif code in (16, 19, 21):  # 21 comes with DML text of MySQL 9.7: one byte, undocumented
            size = 1
        elif code == 18:
            size = 2
        elif code in _SKIPPED:
            size = _SKIPPED[code]
        else:
            raise Fatal(
                f"QUERY_EVENT carries the status variable {code}, which this version does not know",
                hint="use a newer version of penstock for this server",
            )
        value = status[at : at + size]
        if len(value) < size:
            raise malformed(EventType.QUERY)
        found[code] = value[1:] if code == 5 else value
        at += size
    return found


def _number(value: bytes | None) -> int | None:
    return None if value is None else int.from_bytes(value, "little")


def _flag(value: bytes | None) -> bool | None:
    return None if value is None else value != b"\x00"


def packed(body: bytes, at: int) -> tuple[int, int]:
    """A length-encoded integer and the place after it."""
    first = body[at]
    if first < 0xFB:
        return first, at + 1
    size = {0xFC: 2, 0xFD: 3, 0xFE: 8}.get(first)
    if size is None or at + 1 + size > len(body):
        raise IndexError("packed integer")
    return int.from_bytes(body[at + 1 : at + 1 + size], "little"), at + 1 + size


def malformed(kind: int) -> Fatal:
    return Fatal(
        f"the source's log holds a malformed {type_name(kind)}",
        hint="check the log with mysqlbinlog --verify-binlog-checksum; report the event if it is intact",
    )
