"""The events that begin a transaction: GTID, and since MySQL 8.3 GTID_TAGGED (pure).

A GTID_TAGGED event is a message of mysql::serialization: numbers of variable length (the ones at the low end of the
first byte count the bytes that follow it), and fields by ascending id, of which any may be missing.
https://dev.mysql.com/doc/dev/mysql-server/latest/PageLibsMysqlSerialization.html and Gtid_event::define_fields in
libs/mysql/binlog/event/control_events.h
"""

import uuid
from collections.abc import Callable

from capture.events import EventType, Gtid, gtid, type_name
from runtime.errors import Fatal

_VERSION = 1
_UUID_FIELD, _NUMBER_FIELD, _TAG_FIELD = 1, 2, 3
_IMMEDIATE_FIELD, _ORIGINAL_FIELD = 6, 7
_SIGNED = frozenset((_NUMBER_FIELD, 4, 5))  # the two clocks of a commit group are signed too
_KNOWN_FIELDS = 12  # the highest id is that of the commit group's ticket, 11
_LONGEST_TAG = 32


def tagged_gtid(body: bytes) -> Gtid:
    """A GTID_TAGGED event's body."""
    try:
        version, at = _number(body, 0)
        size, at = _number(body, at)
        required, at = _number(body, at)  # one more than the id of the last field that a reader must understand
        if version != _VERSION or required > _KNOWN_FIELDS:
            raise Fatal(
                f"{type_name(EventType.GTID_TAGGED)} has a form that this version does not know",
                hint="use a newer version of penstock for this server",
            )
        return _gtid(_fields(body, at, size))
    except (IndexError, KeyError, UnicodeDecodeError) as error:
        raise Fatal(
            f"the source's log holds a malformed {type_name(EventType.GTID_TAGGED)}",
            hint="check the log with mysqlbinlog --verify-binlog-checksum; report the event if it is intact",
        ) from error


#: How a transaction begins, by event type.
BEGINNINGS: dict[int, Callable[[bytes], Gtid]] = {EventType.GTID: gtid, EventType.GTID_TAGGED: tagged_gtid}


def _gtid(fields: dict[int, int | bytes]) -> Gtid:
    source, tag = fields[_UUID_FIELD], fields.get(_TAG_FIELD, b"")
    if not isinstance(source, bytes) or not isinstance(tag, bytes):
        raise IndexError("field")
    name = str(uuid.UUID(bytes=source))
    if tag:
        name = f"{name}:{tag.decode('ascii')}"
    commit_us = fields.get(_ORIGINAL_FIELD, fields.get(_IMMEDIATE_FIELD, 0))
    return Gtid(f"{name}:{int(fields[_NUMBER_FIELD])}", int(commit_us))


def _fields(body: bytes, at: int, size: int) -> dict[int, int | bytes]:
    """Fields by id, up to the first one that is not known: ids ascend, so nothing known comes behind it."""
    if size > len(body):
        raise IndexError("message")
    found: dict[int, int | bytes] = {}
    while at < size:
        field, at = _number(body, at)
        if field >= _KNOWN_FIELDS:
            break
        if field == _UUID_FIELD:
            parts = bytearray()
            for _ in range(16):  # an array: each of its bytes is a number
                part, at = _number(body, at)
                parts += part.to_bytes(1, "little") if part < 256 else b""
            if len(parts) < 16:
                raise IndexError("uuid")
            found[field] = bytes(parts)
        elif field == _TAG_FIELD:
            length, at = _number(body, at)
            if length > _LONGEST_TAG or at + length > size:
                raise IndexError("tag")
            found[field] = body[at : at + length]
            at += length
        else:
            value, at = _number(body, at)
            found[field] = (value >> 1) ^ -(value & 1) if field in _SIGNED else value
    return found


def _number(body: bytes, at: int) -> tuple[int, int]:
    """A number of one to nine bytes, and the place after it."""
    first = body[at]
    more = (~first & (first + 1)).bit_length() - 1 if first < 0xFF else 8
    end = at + 1 + more
    if end > len(body):
        raise IndexError("number")
    return int.from_bytes(body[at:end], "little") >> min(more + 1, 8), end
