"""What a transaction took back does not come out, and the rest comes when it has ended."""

import pytest

from capture.ended import EndedLog
from capture.events import Event, EventType
from capture.held import Memory
from schemas.selection import Selection
from tests.unit.capture.test_xa import Log, query, rows, table_map

COMMIT = Event(EventType.XID, 1, 2, 990, 0, 9, bytes(8))
SELECTION = Selection(include=("shop.*",))


def change(data: bytes, end: int) -> list[Event]:
    return [table_map(5, "shop", "t")._replace(end=end - 10), rows(5, data)._replace(end=end)]


def transaction(*inner: Event, last: Event = COMMIT) -> list[Event]:
    return [query("BEGIN", end=100), *inner, last]


def told(events: list[Event], most_bytes: int = 1 << 20) -> list[Event]:
    reader = EndedLog(Log(events), SELECTION, Memory(most_bytes))
    out = []
    while reader.ready(0):
        out.append(reader.read())
    ends = [event.end for event in out if event.end]
    assert ends == sorted(ends), "no event says that the log is further than what has come out"
    return [event for event in out if event.type != EventType.IGNORABLE]


def data(events: list[Event]) -> list[bytes]:
    return [event.body[6:] for event in events if event.type == EventType.WRITE_ROWS]


@pytest.mark.parametrize("most_bytes", [1 << 20, 0])
def test_a_committed_transaction_comes_as_it_is(most_bytes: int) -> None:
    events = transaction(*change(b"one", 200), query("CREATE TABLE x (id INT)", end=300), *change(b"two", 400))
    assert told(list(events), most_bytes) == events
    ended_by_text = transaction(*change(b"one", 200), last=query("COMMIT", end=500))
    assert told(list(ended_by_text), most_bytes) == ended_by_text


@pytest.mark.parametrize("most_bytes", [1 << 20, 0])
def test_a_rolled_back_one_comes_out_empty(most_bytes: int) -> None:
    dropped = query("DROP TEMPORARY TABLE IF EXISTS `scratch`", end=300)
    events = transaction(*change(b"one", 200), dropped, last=query("ROLLBACK", end=400))
    out = told([*events, query("BEGIN", end=420), *change(b"two", 500), COMMIT], most_bytes)
    assert [EventType(event.type) for event in out[:2]] == [EventType.QUERY, EventType.XID]
    assert out[1].end == 400
    assert data(out) == [b"two"]


@pytest.mark.parametrize("most_bytes", [1 << 20, 0])
def test_what_a_savepoint_takes_back(most_bytes: int) -> None:
    inner = [
        *change(b"one", 200),
        query("SAVEPOINT `a b`", end=210),
        *change(b"two", 300),
        query("SAVEPOINT `B`", end=310),
        *change(b"three", 400),
        query("ROLLBACK TO `b`", end=410),
        *change(b"four", 500),
        query("ROLLBACK TO SAVEPOINT `A B`", end=510),
        *change(b"five", 600),
    ]
    assert data(told(transaction(*inner), most_bytes)) == [b"one", b"five"]
    assert data(told(transaction(*inner[:9], *inner[-2:]), most_bytes)) == [b"one", b"two", b"five"]


def test_a_savepoint_that_is_unknown_is_left_to_be_judged() -> None:
    unknown = query("ROLLBACK TO `x`", end=300)
    assert unknown in told(transaction(*change(b"one", 200), unknown))


def test_what_stands_outside_passes() -> None:
    events = [query("CREATE TABLE x (id INT)", end=50), Event(EventType.ROTATE, 0, 2, 0, 0, 9, bytes(8) + b"b.000002")]
    assert told(list(events)) == events
