"""Places in a log without GTIDs: where events begin, and what the dump command asks for."""

import struct

import pytest

from capture.approach import Approach
from capture.events import Event, EventType
from capture.naming import after, begin_of, name_of
from capture.reader import dump_place
from runtime.errors import Fatal
from schemas.position import GtidSet, LogPosition

_SERVER = "3e11fa47-71ca-11e1-9e33-c80aa9429562"
_LOG = LogPosition.of("binlog.000003", 1200)


def _event(kind: EventType, end: int, size: int = 100, body: bytes = b"") -> Event:
    return Event(kind, 1, 1, end, 0, size, body)


def test_a_transaction_is_named_by_where_it_begins() -> None:
    begin = _event(EventType.QUERY, end=1300)
    assert name_of(_SERVER, begin_of(begin, _LOG)) == f"{_SERVER}/binlog.000003:1200"
    before = GtidSet.before(_SERVER, _LOG)
    assert not before.contains(name_of(_SERVER, begin_of(begin, _LOG)))
    assert GtidSet.before(_SERVER, after(begin, _LOG)).contains(name_of(_SERVER, begin_of(begin, _LOG)))


def test_a_log_is_followed_over_rotations_and_made_up_events() -> None:
    rotation = _event(EventType.ROTATE, end=1300, body=struct.pack("<Q", 4) + b"binlog.000004")
    assert after(rotation, _LOG) == LogPosition.of("binlog.000004", 4)
    assert after(_event(EventType.FORMAT_DESCRIPTION, end=0), _LOG) == _LOG  # the dump's own
    far = LogPosition.of("binlog.000003", (1 << 32) - 50)
    assert after(_event(EventType.XID, end=50), far).offset == (1 << 32) + 50
    assert begin_of(_event(EventType.XID, end=50), far).offset == (1 << 32) - 50


def test_the_dump_begins_at_the_place() -> None:
    assert dump_place(_LOG, 7) == struct.pack("<IHI", 1200, 0, 7) + b"binlog.000003"


def test_the_way_to_a_place_behind_4_gb() -> None:
    """Heads of events as they come from the beginning of the file."""
    far = LogPosition.of("binlog.000003", (1 << 32) + 1000)
    way, at = Approach(far), 4
    way.pass_by(EventType.FORMAT_DESCRIPTION, 100, 0)  # the dump's own
    for size in (120, 1 << 30, 1 << 30, 1 << 30, 1 << 30, 876):
        assert not way.arrived
        at += size
        way.pass_by(EventType.WRITE_ROWS, size, at & 0xFFFFFFFF)
    assert way.arrived


@pytest.mark.parametrize(
    ("kind", "size", "end"),
    [
        (EventType.WRITE_ROWS, 2000, 2004),  # over the place
        (EventType.WRITE_ROWS, 500, 505),  # what it says of its end is wrong
        (EventType.ROTATE, 500, 504),
        (EventType.ROTATE, 500, 0),
        (EventType.HEARTBEAT, 40, 4),
        (EventType.HEARTBEAT_V2, 40, 0),
    ],
)
def test_a_place_that_is_none(kind: EventType, size: int, end: int) -> None:
    with pytest.raises(Fatal, match=r"no event of the log begins at binlog\.000003:1200") as raised:
        Approach(_LOG).pass_by(kind, size, end)
    assert raised.value.hint
