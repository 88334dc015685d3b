"""Parsing of events from bytes laid out as the server's documentation says."""

import struct
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture.events import (
    EventType,
    Gtid,
    anonymous,
    begins,
    checksummed,
    gtid,
    heartbeat,
    heartbeat_v2,
    query,
    rotate,
    rows,
)
from runtime.errors import Fatal

SOURCE = uuid.UUID("3e11fa47-71ca-11e1-9e33-c80aa9429562")


def us(value: int, more: bool = False) -> bytes:
    return (value | (1 << 55 if more else 0)).to_bytes(7, "little")


def gtid_body(*times: bytes) -> bytes:
    return b"\x01" + SOURCE.bytes + struct.pack("<q", 77) + b"\x02" + bytes(16) + b"".join(times)


def test_gtid_takes_the_original_commit_time() -> None:
    assert gtid(gtid_body(us(5))).commit_us == 5
    replicated = gtid(gtid_body(us(9, more=True), us(5)))
    assert replicated.commit_us == 5
    assert replicated.gtid == f"{SOURCE}:77"
    assert gtid(gtid_body()).commit_us == 0


def test_an_anonymous_transaction_has_a_commit_time_too() -> None:
    body = bytes(25) + b"\x02" + bytes(16) + us(5)
    assert anonymous(body) == Gtid("", 5)
    with pytest.raises(Fatal):
        gtid(body)
    with pytest.raises(Fatal):
        anonymous(body[:20])


def query_body(status: bytes, text: bytes = b"ALTER TABLE t", database: bytes = b"shop") -> bytes:
    head = struct.pack("<IIBHH", 12, 0, len(database), 0, len(status))
    return head + status + database + b"\x00" + text


def test_query_with_its_session() -> None:
    status = (
        b"\x00" + bytes(4)
        + b"\x01" + struct.pack("<Q", 1 << 22)
        + b"\x06\x03std"
        + b"\x04" + struct.pack("<HHH", 255, 45, 8)
        + b"\x05\x06+02:00"
        + b"\x07\x04\x00"
        + b"\x0c\x02a\x00bc\x00"
        + b"\x0d\x01\x02\x03"
        + b"\x10\x01"
        + b"\x11" + bytes(8)
        + b"\x12" + struct.pack("<H", 255)
        + b"\x14\x01"
    )  # fmt: skip
    found = query(query_body(status))
    assert (found.thread_id, found.database, found.text) == (12, "shop", b"ALTER TABLE t")
    assert found.sql_mode == 1 << 22
    assert (found.charset_client, found.collation_connection, found.collation_server) == (255, 45, 8)
    assert found.time_zone == "+02:00"
    assert found.explicit_defaults_for_timestamp is True
    assert found.default_collation_for_utf8mb4 == 255
    assert found.lc_time_names == 4
    assert found.default_table_encryption is True


def test_an_unknown_status_variable_stops() -> None:
    with pytest.raises(Fatal, match="status variable 99"):
        query(query_body(b"\x63\x00"))


def test_rotate_and_heartbeat() -> None:
    assert rotate(struct.pack("<Q", 4) + b"b.000007") == ("b.000007", 4)
    assert heartbeat_v2(b"\x01\x08b.000007\x02\x09\xfe" + struct.pack("<Q", 5 << 32) + b"\x00") == (
        "b.000007",
        5 << 32,
    )


def test_rows_heads() -> None:
    head = (7).to_bytes(6, "little") + b"\x01\x00"
    inserted = rows(EventType.WRITE_ROWS, head + b"\x05\x00\x00\xaa\xbb" + b"\x03\xff" + b"rest")
    assert (inserted.table_id, inserted.images) == (7, (b"", b"\x07"))
    assert inserted.start == 14 + 1
    partitioned = rows(EventType.WRITE_ROWS, head + b"\x05\x00\x01\x03\x00" + b"\x03\xff" + b"rest")
    assert (partitioned.images, partitioned.start) == ((b"", b"\x07"), 15)
    partial = rows(EventType.PARTIAL_UPDATE_ROWS, head + b"\x02\x00\x03\xff\xfd" + b"rest")
    assert (partial.images, partial.start) == ((b"\x07", b"\x05"), 13)
    inserted_v1 = rows(EventType.WRITE_ROWS_V1, head + b"\x03\xff" + b"rest")
    assert (inserted_v1.images, inserted_v1.start) == ((b"", b"\x07"), 10)
    deleted_v1 = rows(EventType.DELETE_ROWS_V1, head + b"\x03\x03" + b"rest")
    assert (deleted_v1.images, deleted_v1.start) == ((b"\x03", b""), 10)
    updated = rows(EventType.UPDATE_ROWS_V1, head + b"\x09" + b"\xff\x01" + b"\xfe\x01" + b"rest")
    assert updated.images == (b"\xff\x01", b"\xfe\x01")


@given(st.binary(max_size=80))
def test_malformed_events_raise_our_error(body: bytes) -> None:
    for parse in (gtid, query, rotate, heartbeat, heartbeat_v2, checksummed):
        try:
            parse(body)
        except Fatal:
            continue


def test_begin_is_seen_without_reading_the_session() -> None:
    assert begins(query_body(b"\x01" + bytes(8), b"BEGIN")) == 12
    assert begins(query_body(b"", b"BEGIN ")) is None
    assert begins(query_body(b"", b"INSERT INTO t VALUES ('\x00BEGIN")) is None
    assert begins(b"") is None
