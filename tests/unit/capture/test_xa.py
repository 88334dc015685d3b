"""XA transactions come out where they are decided."""

import struct
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture.events import Event, EventType, begins
from capture.held import Held, Memory
from capture.xa import DecidedLog, prepare, shown
from runtime.errors import Fatal
from schemas.ddl.statement import Xid
from schemas.position import LogPosition
from schemas.selection import Selection

HERE = LogPosition.of("binlog.000007", 900)
SELECTION = Selection(include=("shop.*",))
A, B = Xid(b"a"), Xid(b"b", b"branch", 7)


def query(text: str, end: int = 0) -> Event:
    body = struct.pack("<IIBHH", 12, 0, 4, 0, 0) + b"shop\x00" + text.encode()
    return Event(EventType.QUERY, 1, 2, end, 0, 50, body)


def gtid(end: int = 0) -> Event:
    return Event(EventType.GTID, 1, 2, end, 0, 40, bytes(42))


def table_map(number: int, database: str, table: str) -> Event:
    names = b"".join(bytes((len(name),)) + name.encode() + b"\x00" for name in (database, table))
    return Event(
        EventType.TABLE_MAP, 1, 2, 0, 0, 60, number.to_bytes(6, "little") + b"\x01\x00" + names + b"\x01\x03\x00\x00"
    )


def rows(number: int, data: bytes, flags: int = 1) -> Event:
    return Event(EventType.WRITE_ROWS, 1, 2, 0, flags, 70, number.to_bytes(6, "little") + data)


def prepared(xid: Xid, end: int, one_phase: bool = False) -> Event:
    head = struct.pack("<?III", one_phase, xid.format_id, len(xid.gtrid), len(xid.bqual))
    return Event(EventType.XA_PREPARE, 1, 2, end, 0, 30, head + xid.gtrid + xid.bqual)


def before_prepare(xid: Xid, *inner: Event, end: int, one_phase: bool = False) -> list[Event]:
    start, stop = query(f"XA START {shown(xid)}"), query(f"XA END {shown(xid)}")
    return [gtid(), start, *inner, stop, prepared(xid, end, one_phase)]


class Log:
    """Events from a list; the past from a dictionary."""

    def __init__(self, events: list[Event], past: dict[Xid, bytes] | None = None) -> None:
        self.events = events
        self.past = past or {}
        self.asked: list[Xid] = []

    def fileno(self) -> int:
        return 3

    def ready(self, seconds: float) -> bool:
        return bool(self.events)

    def read(self) -> Event:
        return self.events.pop(0)

    def search(self, xid: Xid, before: LogPosition, hold: Callable[[int], Held]) -> Iterator[dict[Xid, Held]]:
        assert before == HERE
        self.asked.append(xid)
        yield {}
        found = {}
        for other, data in self.past.items():
            found[other] = hold(77)
            found[other].add(table_map(5, "shop", "t"))
            found[other].add(rows(5, data))
        yield found


def decided(log: Log, most_bytes: int = 1 << 20) -> list[Event]:
    reader = DecidedLog(log, SELECTION, log, lambda: HERE, Memory(most_bytes))
    out = []
    while reader.ready(0):
        out.append(reader.read())
    return [event for event in out if event.type != EventType.IGNORABLE]


def types(events: list[Event]) -> list[EventType]:
    return [EventType(event.type) for event in events]


EMPTY = [EventType.GTID, EventType.QUERY, EventType.XID]
FULL = [EventType.GTID, EventType.QUERY, EventType.TABLE_MAP, EventType.WRITE_ROWS, EventType.XID]


@pytest.mark.parametrize("most_bytes", [1 << 20, 0])
def test_rows_come_at_the_commit_and_lie_there(most_bytes: int) -> None:
    inner = [table_map(5, "shop", "t"), rows(5, b"one")]
    log = Log([*before_prepare(A, *inner, end=400), gtid(), query(f"XA COMMIT {shown(A)}", end=1000)])
    out = decided(log, most_bytes)
    assert types(out) == EMPTY + FULL
    assert [begins(event.body) for event in (out[1], out[4])] == [12, 12]
    assert out[6].body == inner[1].body
    assert {(event.end, event.size) for event in out[4:]} == {(1000, 50)}
    assert log.asked == []


def test_several_at_once_and_one_that_is_rolled_back() -> None:
    of_a, of_b = ([table_map(number, "shop", "t"), rows(number, data)] for number, data in ((5, b"of a"), (6, b"of b")))
    plain = [gtid(), query("BEGIN"), *of_b, Event(EventType.XID, 1, 2, 0, 0, 9, bytes(8))]
    events = [*before_prepare(A, *of_a, end=1), *before_prepare(B, *of_b, end=2), *plain]
    events += [gtid(), query(f"XA ROLLBACK {shown(A)}"), gtid(), query(f"XA COMMIT {shown(B)}")]
    out = decided(Log(events))
    assert types(out) == EMPTY * 2 + FULL + [EventType.GTID, EventType.XID] + FULL
    assert [event.body[6:] for event in out if event.type == EventType.WRITE_ROWS] == [b"of b", b"of b"]


def test_one_phase() -> None:
    out = decided(Log(before_prepare(A, table_map(5, "shop", "t"), rows(5, b"one"), end=400, one_phase=True)))
    assert types(out) == [EventType.GTID, EventType.QUERY, *FULL[1:]]
    assert out[-1].end == 400


def test_what_is_not_selected_is_not_held() -> None:
    inner = [table_map(5, "other", "t"), rows(5, b"no"), table_map(6, "shop", "t"), rows(6, b"yes"), rows(5, b"no")]
    out = decided(Log([*before_prepare(A, *inner, end=1), gtid(), query(f"XA COMMIT {shown(A)}")]))
    assert [event.body[6:] for event in out if event.type == EventType.WRITE_ROWS] == [b"yes"]


def test_a_statement_inside_is_judged_at_the_commit() -> None:
    savepoint = query("SAVEPOINT `s`")
    out = decided(Log([*before_prepare(A, savepoint, end=1), gtid(), query(f"XA COMMIT {shown(A)}")]))
    assert out[5].body == savepoint.body


def test_what_this_session_has_not_seen_is_looked_up_once() -> None:
    log = Log(
        [
            *before_prepare(B, table_map(6, "shop", "t"), rows(6, b"newer"), end=1),
            *(gtid(), query(f"XA COMMIT {shown(A)}")),
            *(gtid(), query(f"XA COMMIT {shown(B)}")),
            *(gtid(), query(f"XA COMMIT {shown(Xid(b'c'))}")),
        ],
        {A: b"found", B: b"older", Xid(b"c"): b"too"},
    )
    out = decided(log)
    assert [event.body[6:] for event in out if event.type == EventType.WRITE_ROWS] == [b"found", b"newer", b"too"]
    assert log.asked == [A]


def test_rows_that_are_nowhere_stop() -> None:
    with pytest.raises(Fatal, match="XA COMMIT X'61',X'',1: the log does not hold the rows") as raised:
        decided(Log([gtid(), query(f"XA COMMIT {shown(A)}")]))
    assert raised.value.hint
    assert types(decided(Log([gtid(), query(f"XA ROLLBACK {shown(A)}")]))) == [EventType.GTID, EventType.XID]


def test_memory_is_given_back() -> None:
    memory = Memory(200)
    first, second = Held(1, SELECTION, memory), Held(1, SELECTION, memory)
    for held in (first, second):
        held.add(table_map(5, "shop", "t"))
        held.add(rows(5, bytes(100)))
    assert 0 < memory.bytes <= 200
    assert len(list(second.events())) == 2
    assert memory.bytes == first.bytes
    first.close()
    assert memory.bytes == 0


def test_ids_are_compared_as_the_server_does() -> None:
    """A format over 2^31 is a number in texts and four bytes in events."""
    high = Xid(b"x", b"", 0xFFFFFFFE)
    log = Log([*before_prepare(high, end=1), gtid(), query("XA COMMIT X'78',X'',18446744073709551614")])
    assert types(decided(log)) == [*EMPTY, *EMPTY]
    assert prepare(prepared(B, 1).body) == (False, B)


@given(st.binary(max_size=40))
def test_malformed_events_raise_our_error(body: bytes) -> None:
    try:
        prepare(body)
    except Fatal:
        return
