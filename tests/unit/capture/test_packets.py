"""Events over a socket: checksums as each file has them, packets of many parts, compressed transactions."""

import socket
import struct
import threading
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from random import Random

import pytest

import capture.reader
from capture.events import HEADER, Event, EventType
from capture.reader import LogReader
from runtime.errors import Fatal
from runtime.line import Limited, Line, Packets
from runtime.mysql import Endpoint
from schemas.position import GtidSet
from tests.unit.capture.test_payload import event as inner_event
from tests.unit.capture.test_payload import payload

_SOURCE = Endpoint("source", "127.0.0.1", 1, "u", "p")
_FULL = (1 << 24) - 1
_ROTATE = b"\x04" + bytes(7) + b"b.000002"


def logged(kind: int, body: bytes, crc: bool, end: int = 900) -> bytes:
    """An event as the server sends it."""
    whole = HEADER.pack(5, kind, 1, 19 + len(body) + 4 * crc, end, 0) + body
    return whole + struct.pack("<I", zlib.crc32(whole)) if crc else whole


def description(version: bytes, algorithm: int | None) -> bytes:
    """A FORMAT_DESCRIPTION event: it ends in an algorithm and a checksum, whatever the algorithm is."""
    body = b"\x04\x00" + version.ljust(50, b"\x00") + bytes(4) + b"\x13" + bytes(40)
    if algorithm is None:
        return logged(EventType.FORMAT_DESCRIPTION, body, crc=False)
    body += bytes((algorithm,))
    return logged(EventType.FORMAT_DESCRIPTION, body if algorithm == 1 else body + b"\xaa" * 4, crc=algorithm == 1)


def framed(payload: bytes) -> bytes:
    """A packet, in parts where it must be."""
    parts = [payload[at : at + _FULL] for at in range(0, len(payload) + 1, _FULL)]
    return b"".join(len(part).to_bytes(3, "little") + b"\x00" + part for part in parts)


@contextmanager
def reading(monkeypatch: pytest.MonkeyPatch, *events: bytes, knows_checksums: bool = True) -> Iterator[LogReader]:
    """A reader of these events, over a real socket."""
    ours, theirs = socket.socketpair()

    class Connected:
        def query(self, sql: str) -> list[tuple[str, str]]:
            return [("binlog_checksum", "NONE")] if knows_checksums else []

        def execute(self, sql: str) -> None:
            assert sql.startswith("SET ")

        def packets(self, command: int, payload: bytes) -> Packets:
            return Packets(Line(ours, Limited(30.0)))

        def abort(self) -> None:
            ours.close()

    def send() -> None:
        with theirs:
            for one in (logged(EventType.ROTATE, _ROTATE, crc=knows_checksums), *events):
                theirs.sendall(framed(b"\x00" + one))

    monkeypatch.setattr(capture.reader, "open_session", lambda source, timeout: Connected())
    sender = threading.Thread(target=send)
    sender.start()
    try:
        with closing(LogReader(_SOURCE, GtidSet(), 7, 1000)) as reader:
            yield reader
    finally:
        sender.join()


def bodies(reader: LogReader, count: int) -> list[bytes]:
    return [reader.read().body for _ in range(count)]


def test_each_file_says_whether_its_events_have_checksums(monkeypatch: pytest.MonkeyPatch) -> None:
    events = [
        logged(EventType.ROTATE, _ROTATE, crc=True),
        description(b"9.7.4", 0),
        logged(EventType.QUERY, b"plain", crc=False),
        logged(EventType.ROTATE, _ROTATE, crc=False),
        description(b"9.7.4", 1),
        logged(EventType.QUERY, b"checked", crc=True),
        logged(EventType.ROTATE, _ROTATE, crc=True),
        description(b"9.7.4", 0),
        logged(EventType.TRANSACTION_PAYLOAD, payload(inner_event(b"inside")), crc=False),
    ]
    with reading(monkeypatch, *events) as reader:
        found = bodies(reader, len(events))
    assert [found[index] for index in (0, 2, 3, 5, 8)] == [_ROTATE, b"plain", _ROTATE, b"checked", b"inside"]


def test_a_server_that_knows_no_checksums(monkeypatch: pytest.MonkeyPatch) -> None:
    events = (
        description(b"5.5.62-log", None),
        logged(EventType.QUERY, b"plain", crc=False),
    )
    with reading(monkeypatch, *events, knows_checksums=False) as reader:
        assert bodies(reader, 2)[1] == b"plain"


@pytest.mark.parametrize("kind", [EventType.QUERY, EventType.TRANSACTION_PAYLOAD])
def test_a_flipped_bit_stops(monkeypatch: pytest.MonkeyPatch, kind: EventType) -> None:
    for place in (0, 25, -1):
        damaged = bytearray(logged(kind, payload(inner_event(b"inside")), crc=True))
        damaged[place] ^= 1
        with (
            reading(monkeypatch, description(b"8.4.3", 1), bytes(damaged)) as reader,
            pytest.raises(Fatal, match="wrong checksum") as raised,
        ):
            bodies(reader, 2)
        assert raised.value.hint


def test_an_unknown_checksum_algorithm_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    with reading(monkeypatch, description(b"9.7.4", 2)) as reader, pytest.raises(Fatal, match="algorithm 2"):
        reader.read()


@pytest.mark.parametrize("sent", [b"", b"\x00" * 18, logged(EventType.QUERY, b"abc", crc=True)[:-2]])
def test_an_event_that_is_cut_stops(monkeypatch: pytest.MonkeyPatch, sent: bytes) -> None:
    with reading(monkeypatch, sent) as reader, pytest.raises(Fatal, match="malformed"):
        reader.read()


def test_a_compressed_transaction_of_many_packets(monkeypatch: pytest.MonkeyPatch) -> None:
    """It waits on disk until its checksum is known, then comes out event by event."""
    random = Random(7)
    rows = [random.randbytes(1 << 20) for _ in range(20)]
    data = payload(b"".join(map(inner_event, rows)))
    with reading(
        monkeypatch, logged(EventType.TRANSACTION_PAYLOAD, data, crc=True), logged(EventType.STOP, b"", crc=True)
    ) as reader:
        for number, row in enumerate(rows):
            assert number == 0 or reader.ready(0.0)
            found = reader.read()
            assert (found.body, found.end, found.size) == (row, 900, len(data) + 23)
        assert reader.read().type == EventType.STOP
    damaged = bytearray(logged(EventType.TRANSACTION_PAYLOAD, data, crc=True))
    damaged[18 << 20] ^= 1
    with reading(monkeypatch, bytes(damaged)) as reader, pytest.raises(Fatal, match="wrong checksum"):
        reader.read()


def test_a_row_of_many_packets(monkeypatch: pytest.MonkeyPatch) -> None:
    body = bytes(2 * _FULL - 1 - 19 - 4)  # the packet fills its parts: an empty one ends it
    with reading(
        monkeypatch, logged(EventType.WRITE_ROWS, body, crc=True), logged(EventType.XID, b"x", crc=True)
    ) as reader:
        assert reader.read() == Event(EventType.WRITE_ROWS, 5, 1, 900, 0, len(body) + 23, body)
        assert reader.read().body == b"x"
