"""Compressed transactions from bytes: what comes out, and what damaged ones do."""

import io
import tracemalloc

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from capture.events import HEADER, Event, EventType
from capture.payload import unpacked
from runtime.errors import Fatal

OUTER = Event(EventType.TRANSACTION_PAYLOAD, 9, 1, 5000, 0, 400, b"")
BODIES = (b"BEGIN", b"", b"x" * 70_000, b"commit")


def event(body: bytes, kind: int = EventType.QUERY, size: int | None = None) -> bytes:
    return HEADER.pack(7, kind, 3, 19 + len(body) if size is None else size, 0, 8) + body


def number(value: int) -> bytes:
    return b"\xfe" + value.to_bytes(8, "little")


def payload(data: bytes, *, compression: int = 0, expanded: int | None = None, size: int | None = None) -> bytes:
    """The body of a TRANSACTION_PAYLOAD event."""
    packed = zstandard.ZstdCompressor().compress(data) if compression == 0 else data
    claimed = len(data) if expanded is None else expanded, len(packed) if size is None else size
    fields = ((2, compression), (3, claimed[0]), (1, claimed[1]))
    return b"".join(bytes((kind, 9)) + number(value) for kind, value in fields) + b"\x00" + packed


def inner(body: bytes) -> list[Event]:
    return list(unpacked(OUTER, io.BytesIO(body), len(body)))


@pytest.mark.parametrize("compression", [0, 255])
def test_the_events_come_out_one_by_one_at_the_place_of_the_whole(compression: int) -> None:
    found = inner(payload(b"".join(map(event, BODIES)), compression=compression))
    assert [one.body for one in found] == list(BODIES)
    assert {(one.end, one.size, one.timestamp, one.server_id, one.flags) for one in found} == {(5000, 400, 7, 3, 8)}


def test_a_payload_may_have_several_frames() -> None:
    data = [event(body) for body in BODIES]
    frames = b"".join(zstandard.ZstdCompressor().compress(one) for one in data)
    head = b"\x02\x01\x00\x03\x09" + number(sum(map(len, data))) + b"\x00"
    assert [one.body for one in inner(head + frames)] == list(BODIES)


@pytest.mark.parametrize(
    "body",
    [
        payload(event(b"a") + event(b"b", size=500)),
        payload(event(b"a", size=18)),
        payload(event(b"a"), expanded=19),
        payload(event(b"a"), expanded=1 << 62),
        payload(event(b"a", size=(1 << 32) - 1), expanded=1 << 62),
        payload(event(b"a"), size=7),
        payload(event(b"a"), compression=3),
        payload(event(b"a")[:-1]),
        payload(event(payload(event(b"a")), EventType.TRANSACTION_PAYLOAD)),
        b"\x02\x01\x00\x00" + event(b"a"),
        b"\x02\x01\x00",
        b"",
    ],
    ids=[
        "size of an event", "size under a header", "expanded size, small", "expanded size, large", "huge event",
        "payload size", "unknown compression", "cut", "nested", "no expanded size", "no end mark", "empty",
    ],
)  # fmt: skip
def test_lies_about_sizes_are_errors(body: bytes) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(Fatal, match="malformed TRANSACTION_PAYLOAD_EVENT"):
            inner(body)
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
    finally:
        tracemalloc.stop()


@given(st.data())
def test_damaged_bytes_are_errors_or_other_events(data: st.DataObject) -> None:
    body = bytearray(payload(b"".join(map(event, (b"BEGIN", b"rows" * 40, b"commit")))))
    for at in data.draw(st.lists(st.integers(0, len(body) - 1), min_size=1, max_size=4)):
        body[at] = data.draw(st.integers(0, 255))
    try:
        inner(bytes(body[: data.draw(st.integers(0, len(body)))]))
    except Fatal:
        return


def test_memory_does_not_follow_the_expanded_size() -> None:
    packer = zstandard.ZstdCompressor().compressobj()
    parts = [packer.compress(event(bytes(1 << 20))) for _ in range(200)] + [packer.flush()]
    packed = b"".join(parts)
    size = 200 * ((1 << 20) + 19)
    body = b"\x02\x01\x00\x03\x09" + number(size) + b"\x00" + packed
    tracemalloc.start()
    try:
        assert sum(len(one.body) + 19 for one in unpacked(OUTER, io.BytesIO(body), len(body))) == size
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()
