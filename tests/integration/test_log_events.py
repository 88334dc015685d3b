"""What a source writes into its log, on a server of its own: compressed, damaged, rotated, restarted, huge."""

import uuid
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from capture.checkpoint import load
from capture.events import Event, EventType
from capture.loop import Capture
from capture.reader import LogReader
from capture.settings import CaptureSettings
from deploy.local import Server, Stack
from deploy.local.mysql import start_mysql, stop_mysql
from deploy.local.server import Profile
from runtime.errors import Fatal, Transient
from runtime.kafka import KafkaSettings
from runtime.mysql import Connection, connect
from schemas.names import TableName
from schemas.position import GtidSet
from schemas.selection import Selection
from tests.pipeline.topics import Record, records

Images = list[tuple[object, object]]


@dataclass(slots=True)
class Followed:
    """A database of one server, and a task that follows it."""

    server: Server
    kafka: KafkaSettings
    name: str = field(default_factory=lambda: f"log_{uuid.uuid4().hex[:8]}")
    transaction_bytes: int = 8 << 20

    def execute(self, *statements: str) -> None:
        with connect(self.server.endpoint("admin"), database=self.name) as session:
            for statement in statements:
                session.execute(statement)

    def capture(self) -> Capture:
        settings = CaptureSettings(
            task=self.name,
            selection=Selection(include=(f"{self.name}.*",)),
            transaction_bytes=self.transaction_bytes,
            heartbeat_ms=200,
        )
        return Capture([self.server.endpoint("penstock")], self.kafka, settings)

    def catch_up(self) -> None:
        """Publishes everything up to now."""
        with connect(self.server.endpoint("admin")) as admin:
            goal = executed(admin)
        with closing(self.capture().session()) as session:
            for _ in session:
                if self.covers(goal):
                    return

    def covers(self, goal: GtidSet) -> bool:
        """True when the topics tell so of log and snapshot; they do not while the snapshot has a transaction open."""
        with suppress(Transient):
            found = load(self.kafka, self.name)
            return found.executed.covers(goal) and TableName(self.name, "t") in found.completed
        return False

    def published(self, table: str = "t") -> list[Record]:
        return list(records(self.kafka, self.name, f"{self.name}.{self.name}.{table}"))

    def images(self) -> Images:
        """The rows of `t` before and after each change, without the snapshot."""
        return [
            (record.envelope["before"], record.envelope["after"]) for record in self.published() if record.op != "r"
        ]


def executed(admin: Connection) -> GtidSet:
    return GtidSet.parse(str(admin.value("SELECT @@GLOBAL.gtid_executed")))


@pytest.fixture(scope="module")
def server(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("log") / "own"
    yield start_mysql(Profile.SOURCE, folder)
    stop_mysql(folder)


@pytest.fixture
def followed(stack: Stack, server: Server) -> Iterator[Followed]:
    """A task that has begun, with an empty table `t`."""
    made = Followed(server, KafkaSettings(stack.kafka))
    with connect(server.endpoint("admin")) as admin:
        admin.execute(f"CREATE DATABASE {made.name}")
    made.execute("CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(2000))")
    made.catch_up()
    yield made
    made.execute(f"DROP DATABASE {made.name}")


def inserted(*ids: int) -> Images:
    return [(None, {"id": number, "v": "x"}) for number in ids]


def insert(*ids: int) -> str:
    return f"INSERT INTO t VALUES {', '.join(f'({number}, {chr(39)}x{chr(39)})' for number in ids)}"


def test_checksums_are_switched_while_the_log_is_followed(followed: Followed) -> None:
    switch = "SET GLOBAL binlog_checksum = {}"
    try:
        followed.execute(insert(1), switch.format("NONE"), insert(2), switch.format("CRC32"), insert(3))
        followed.catch_up()
        followed.execute(switch.format("NONE"), insert(4))
        followed.catch_up()
        followed.execute(
            insert(5), "SET SESSION binlog_transaction_compression = ON", insert(6), switch.format("CRC32")
        )
        followed.catch_up()
    finally:
        followed.execute(switch.format("CRC32"))
    assert followed.images() == inserted(1, 2, 3, 4, 5, 6)


@pytest.mark.parametrize("compression", ["OFF", "ON"])
def test_a_flipped_bit_in_a_log_file_stops(followed: Followed, compression: str) -> None:
    followed.execute(
        f"SET SESSION binlog_transaction_compression = {compression}",
        "FLUSH BINARY LOGS",
        insert(1),
        "INSERT INTO t VALUES (2, REPEAT('some text ', 20))",
    )
    with connect(followed.server.endpoint("admin")) as admin:
        file, end = admin.query("SHOW BINARY LOG STATUS")[0][:2]
        path = Path(str(admin.value("SELECT @@GLOBAL.log_bin_basename"))).with_name(str(file))
        admin.execute("FLUSH BINARY LOGS")
    whole = path.read_bytes()
    damaged = bytearray(whole)
    damaged[int(end) - 31 - 4 - 20] ^= 0x10  # within the rows, or the payload, of the last transaction
    path.write_bytes(damaged)
    try:
        with pytest.raises(Fatal, match=r"wrong checksum of (WRITE_ROWS|TRANSACTION_PAYLOAD)_EVENT") as raised:
            followed.catch_up()
        assert "mysqlbinlog" in raised.value.hint
    finally:
        path.write_bytes(whole)
    followed.catch_up()
    assert followed.images() == [*inserted(1), (None, {"id": 2, "v": "some text " * 20})]


def test_the_log_begins_new_files(followed: Followed) -> None:
    """By command, by size, and because the server was restarted."""
    followed.execute(insert(1), "FLUSH BINARY LOGS", insert(2), "FLUSH BINARY LOGS", "FLUSH BINARY LOGS", insert(3))
    with closing(followed.capture().session()) as session:
        next(session)
        followed.execute("SET GLOBAL max_binlog_size = 4096", *(insert(number) for number in range(4, 60)))
        followed.execute("SET GLOBAL max_binlog_size = 1073741824", "FLUSH BINARY LOGS")
        with connect(followed.server.endpoint("admin")) as admin:
            goal = executed(admin)
        for _ in session:
            if followed.covers(goal):
                break
    stop_mysql(followed.server.directory)
    start_mysql(Profile.SOURCE, followed.server.directory)
    followed.execute(insert(60))
    followed.catch_up()
    assert followed.images() == inserted(*range(1, 61))
    assert len({record.position.file for record in followed.published()}) > 3


@pytest.mark.parametrize("compression", ["OFF", "ON"])
def test_a_transaction_that_is_published_in_part(followed: Followed, compression: str) -> None:
    """Sessions end in its middle, one after the other: each row arrives once, in order; compressed, at one place."""
    followed.transaction_bytes = 60_000
    count = 400
    followed.execute(
        f"SET SESSION binlog_transaction_compression = {compression}",
        "BEGIN",
        *(f"INSERT INTO t VALUES ({number}, REPEAT('x', 200)), ({-number}, 'y')" for number in range(1, count + 1)),
        "UPDATE t SET v = 'z' WHERE id > 0",
        "COMMIT",
    )
    with connect(followed.server.endpoint("admin")) as admin:
        goal = executed(admin)
    parts = 0
    while not load(followed.kafka, followed.name).executed.covers(goal):
        before = load(followed.kafka, followed.name).position
        with closing(followed.capture().session()) as session:
            for _ in session:
                now = load(followed.kafka, followed.name).position
                if now != before and before is not None and now is not None and now.units_done > before.units_done:
                    parts += 1
                    break
                if load(followed.kafka, followed.name).executed.covers(goal):
                    break
    assert parts > 3
    found = followed.published()
    ids = [number for one in range(1, count + 1) for number in (one, -one)]
    assert [record.envelope["after"]["id"] for record in found] == [*ids, *range(1, count + 1)]
    places = [(record.position, record.row) for record in found]
    assert places == sorted(set(places))
    assert (len({place for place, _ in places}) == 1) is (compression == "ON")


def test_offsets_beyond_4_gb(followed: Followed, monkeypatch: pytest.MonkeyPatch) -> None:
    """Events carry the lower 32 bits of offsets; here the file passes 4 GB within a transaction."""
    with connect(followed.server.endpoint("admin")) as admin:
        admin.execute("FLUSH BINARY LOGS")
    followed.catch_up()
    moved = (1 << 32) - 900
    read = LogReader.read

    def far(reader: LogReader) -> Event:
        event = read(reader)
        return event._replace(end=(event.end + moved) & 0xFFFFFFFF) if event.end else event

    followed.execute("BEGIN", *(insert(number) for number in range(1, 30)), "COMMIT")
    monkeypatch.setattr(LogReader, "read", far)
    followed.catch_up()
    monkeypatch.undo()
    offsets = [record.position.offset for record in followed.published()]
    assert offsets == sorted(offsets)
    assert offsets[0] < 1 << 32 < offsets[-1] < (1 << 32) + 20_000
    position = load(followed.kafka, followed.name).position
    assert position is not None and position.offset > 1 << 32


def test_row_events_of_version_1(followed: Followed, monkeypatch: pytest.MonkeyPatch) -> None:
    """As servers before 5.6 wrote them: the same without the extra part of the head."""
    older = {
        EventType.WRITE_ROWS: EventType.WRITE_ROWS_V1,
        EventType.UPDATE_ROWS: EventType.UPDATE_ROWS_V1,
        EventType.DELETE_ROWS: EventType.DELETE_ROWS_V1,
    }
    seen: list[int] = []
    read = LogReader.read

    def rewritten(reader: LogReader) -> Event:
        event = read(reader)
        if event.type not in older:
            return event
        extra = int.from_bytes(event.body[8:10], "little")
        seen.append(event.type)
        return event._replace(type=older[EventType(event.type)], body=event.body[:8] + event.body[8 + extra :])

    monkeypatch.setattr(LogReader, "read", rewritten)
    followed.execute(
        insert(1, 2), "UPDATE t SET v = 'y' WHERE id = 1", "UPDATE t SET id = 3 WHERE id = 2", "DELETE FROM t"
    )
    followed.catch_up()
    assert set(seen) == set(older)
    one, two, three = ({"id": number, "v": "x"} for number in (1, 2, 3))
    changed = {"id": 1, "v": "y"}
    assert followed.images() == [
        (None, one), (None, two), (one, changed), (two, None), (None, three), (changed, None), (three, None),
    ]  # fmt: skip


def test_a_file_is_loaded(followed: Followed) -> None:
    followed.execute(
        insert(1, 2, 3),
        f"SELECT id + 10, v FROM t INTO OUTFILE './{followed.name}.txt'",
        f"LOAD DATA INFILE './{followed.name}.txt' INTO TABLE t",
        f"LOAD DATA INFILE './{followed.name}.txt' REPLACE INTO TABLE t (id, @v) SET v = CONCAT(@v, id)",
    )
    followed.catch_up()
    replaced: Images = [({"id": number, "v": "x"}, {"id": number, "v": f"x{number}"}) for number in (11, 12, 13)]
    assert followed.images() == [*inserted(1, 2, 3, 11, 12, 13), *replaced]


STOPPING = {
    "INCIDENT_EVENT": Event(EventType.INCIDENT, 1, 1, 500, 0, 100, b"\x01\x00\x00"),
    "BEGIN_LOAD_QUERY_EVENT": Event(EventType.BEGIN_LOAD_QUERY, 1, 1, 500, 0, 100, b""),
    "malformed WRITE_ROWS_EVENT": Event(EventType.WRITE_ROWS, 1, 1, 500, 0, 100, b"\x01"),
    "malformed HEARTBEAT_V2_EVENT": Event(EventType.HEARTBEAT_V2, 0, 1, 0, 0, 100, b"\x01"),
    "malformed ROTATE_EVENT": Event(EventType.ROTATE, 0, 1, 0, 0, 100, b"\x04" + bytes(7) + b"nameless"),
}


def test_events_that_stop(followed: Followed, monkeypatch: pytest.MonkeyPatch) -> None:
    followed.execute(insert(1))
    for match, event in STOPPING.items():
        with monkeypatch.context() as patched, pytest.raises(Fatal, match=match) as raised:
            _after_the_first(patched, event)
            followed.catch_up()
        assert raised.value.hint
    followed.catch_up()
    assert followed.images() == inserted(1)


def _after_the_first(monkeypatch: pytest.MonkeyPatch, event: Event) -> None:
    """Every event but the one that begins a stream is another one."""
    read = LogReader.read
    begun: set[int] = set()

    def replaced(reader: LogReader) -> Event:
        if id(reader) in begun:
            return event
        begun.add(id(reader))
        return read(reader)

    monkeypatch.setattr(LogReader, "read", replaced)
