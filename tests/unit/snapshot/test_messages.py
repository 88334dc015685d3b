"""What a message says, its bytes say, however the stream of bytes is cut."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.codec import ChunkRows
from schemas.position import GtidSet, LogPosition, Naming
from snapshot.messages import (
    Changed,
    Chunk,
    Credit,
    Failed,
    Frames,
    Held,
    HoldEnded,
    HoldWanted,
    Kind,
    Located,
    Login,
    Message,
    Ready,
    Rest,
    Walk,
    pack,
)

_LOW = GtidSet.parse("3e11fa47-71ca-11e1-9e33-c80aa9429562:1-5:7")
_HIGH = LogPosition.of("binlog.000012", 5_000_000_000)
_WALK = Walk(
    number=3,
    task="shop",
    table="{}",
    key_id=20,
    value_id=21,
    at_once=False,
    after=("'ä'", "5"),
    descending=("b",),
    until=None,
    needs=str(_LOW),
    chunk_bytes=1 << 21,
)
_MESSAGES: list[Message] = [
    Login("{}", Naming.GTID),
    _WALK,
    Held(3),
    Credit(),
    Rest(),
    Ready(),
    Chunk(3, _LOW, _HIGH, ChunkRows([b"k1", b""], [b"r" * 70000, b"r2"], [b"\0", b"\0"]), ("1", "'x'"), False),
    Chunk(3, _LOW, _HIGH, ChunkRows([b"k1", b"k2"], [b"r1", b"r2"], [b"\0", b"\2"]), None, True),
    Chunk(4, _LOW, _HIGH, ChunkRows([None, None], [b"r1", b"r2"], [b"\0", b"\0"]), None, True),
    Chunk(4, GtidSet(), _HIGH, ChunkRows([], [], []), None, True),
    HoldWanted(3),
    HoldEnded(3),
    Located(3, _LOW, _HIGH),
    Changed(3, _HIGH, "Unknown column 'é'"),
    Failed(Kind.FATAL, "it cannot", "do this"),
]


@settings(max_examples=50, deadline=None, derandomize=True)
@given(st.lists(st.integers(1, 200_000), max_size=20))
def test_messages_survive_any_cut(cuts: list[int]) -> None:
    stream = b"".join(part for message in _MESSAGES for part in pack(message))
    frames, got, at = Frames(), [], 0
    for cut in [*cuts, len(stream)]:
        got += frames.feed(stream[at : at + cut])
        at += cut

    assert got == _MESSAGES


@pytest.mark.parametrize(
    "broken",
    [
        b"\xff\xff\xff\xff\x00\x00\x00\x00\x00",  # longer than any message
        b"\x02\x00\x00\x00\x63\x02\x00\x00\x00{}",  # of no kind
        b"\x02\x00\x00\x00\x00\x03\x00\x00\x00{}",  # a header that is longer than the message
    ],
)
def test_a_stream_that_is_out_of_step_is_found_out(broken: bytes) -> None:
    with pytest.raises(ValueError, match="out of step"):
        Frames().feed(broken)


def test_a_login_is_not_shown() -> None:
    assert "secret" not in repr(Login('{"password": "secret"}', Naming.GTID))
