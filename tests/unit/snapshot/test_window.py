"""What the window remembers, and for how long."""

import pytest

from schemas.codec import ChunkRows
from schemas.names import TableName
from schemas.position import GtidSet, LogPosition
from snapshot.messages import Chunk
from snapshot.window import Window

_UUID = "00000000-0000-0000-0000-000000000001"
_T, _U = TableName("d", "t"), TableName("d", "u")
_READER = 1


def _low(last: int) -> GtidSet:
    return GtidSet({_UUID: [(1, last + 1)]})


def _gtid(number: int) -> str:
    return f"{_UUID}:{number}"


def _at(offset: int) -> LogPosition:
    return LogPosition.of("binlog.000001", offset)


def _chunk(low: int, high: int, walk: int = 1) -> Chunk:
    return Chunk(walk, _low(low), _at(high), ChunkRows([b"k"], [b"r"], [b"\0"]), ("1",), False)


def _window(published: int = 0, most_bytes: int = 10_000) -> Window:
    window = Window(_low(published), most_bytes)
    window.reads(_READER)
    return window


def test_a_chunk_waits_until_the_stream_has_passed_its_high() -> None:
    window = _window()
    window.put(_READER, _T, _chunk(low=3, high=400))

    assert window.release(_at(399)) == []
    (passed,) = window.release(_at(400))
    assert (passed.exact, passed.touched, passed.reader) == (True, frozenset(), _READER)
    assert window.release(_at(900)) == []


def test_only_what_the_chunk_may_lack_is_taken_out_of_it() -> None:
    window = _window()
    window.touched(_T, _gtid(3), [b"seen"])
    window.touched(_T, _gtid(4), [b"k", b"l"])
    window.touched(_U, _gtid(5), [b"of another table"])
    window.put(_READER, _T, _chunk(low=3, high=400))
    window.touched(_T, _gtid(6), [b"after the high"])

    assert window.release(_at(400))[0].touched == {b"k", b"l", b"after the high"}


def test_what_every_chunk_has_seen_is_forgotten() -> None:
    window = _window()
    window.touched(_T, _gtid(4), [b"k"])
    window.put(_READER, _T, _chunk(low=4, high=400))
    assert window.remembered_bytes == 0

    window.touched(_T, _gtid(4), [b"late, but seen by all that is to come"])
    assert window.remembered_bytes == 0
    window.touched(_T, _gtid(5), [b"k"])
    assert window.remembered_bytes > 0


def test_a_slow_reader_keeps_what_its_next_chunk_may_lack() -> None:
    window = _window()
    window.reads(2)
    window.touched(_T, _gtid(4), [b"k"])
    window.put(_READER, _T, _chunk(low=4, high=400, walk=1))
    window.put(2, _T, _chunk(low=3, high=300, walk=2))

    assert {passed.chunk.walk: passed.touched for passed in window.release(_at(400))} == {1: set(), 2: {b"k"}}
    window.put(2, _T, _chunk(low=4, high=400, walk=2))
    assert window.remembered_bytes == 0


def test_a_reader_that_rests_keeps_nothing() -> None:
    window = _window()
    window.reads(2)
    window.touched(_T, _gtid(4), [b"k"])
    window.put(_READER, _U, _chunk(low=4, high=400))
    assert window.remembered_bytes > 0

    window.rests(2)
    assert window.remembered_bytes == 0


def test_memory_is_bounded_and_what_is_forgotten_makes_chunks_inexact() -> None:
    window = _window(most_bytes=10_000)
    for number in range(2, 1000):
        window.touched(_T, _gtid(number), [b"%d" % number])
        assert window.remembered_bytes <= 10_000
    window.put(_READER, _T, _chunk(low=1, high=100))
    window.put(_READER, _U, _chunk(low=1, high=100))

    assert [passed.exact for passed in window.release(_at(100))] == [False, True]
    assert window.needed(_T).contains(_gtid(2))
    window.put(_READER, _T, _chunk(low=999, high=200))
    assert [passed.exact for passed in window.release(_at(200))] == [True]
    assert not window.needed(_T)


def test_each_transaction_is_looked_at_once_however_many_lows_come(monkeypatch: pytest.MonkeyPatch) -> None:
    window = _window(most_bytes=10_000_000)
    for number in range(2, 2000):
        window.touched(_T, _gtid(number), [b"%d" % number])
    looks: list[str] = []
    contains = GtidSet.contains

    def counted(self: GtidSet, gtid: str) -> bool:
        looks.append(gtid)
        return contains(self, gtid)

    monkeypatch.setattr(GtidSet, "contains", counted)
    for low in range(2, 1000):
        window.saw(_READER, _low(low))
    assert len(looks) < 2 * 1000
    assert window.remembered_bytes == sum(len(str(number)) + 120 for number in range(1000, 2000))


def test_what_one_key_costs_is_counted_once() -> None:
    window = _window()
    for _ in range(1000):
        window.touched(_T, _gtid(2), [b"k"])
    assert window.remembered_bytes == 121


def test_after_a_restart_a_chunk_must_have_seen_all_that_is_published() -> None:
    window = _window(published=5)
    window.put(_READER, _T, _chunk(low=4, high=100))
    assert [passed.exact for passed in window.release(_at(100))] == [False]

    window.put(_READER, _T, _chunk(low=5, high=100))
    assert [passed.exact for passed in window.release(_at(100))] == [True]
    assert not window.needed(_T)


def test_discarded_chunks_give_their_room_back() -> None:
    window = _window()
    window.put(_READER, _T, _chunk(low=1, high=100, walk=1))
    window.put(2, _T, _chunk(low=1, high=100, walk=2))
    window.put(_READER, _T, _chunk(low=1, high=200, walk=1))

    assert window.discard(1) == [_READER, _READER]
    assert [passed.chunk.walk for passed in window.release(_at(300))] == [2]
