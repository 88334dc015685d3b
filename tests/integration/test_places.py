"""Places of a log without GTIDs: at the end of a file, and behind 4 GB of one."""

import struct
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from capture import reader
from capture.events import FLAG_IGNORABLE, Event, EventType
from capture.reader import LogReader
from deploy.local import Profile, Server, Stack, start_mysql, stop_mysql
from runtime.errors import Fatal
from runtime.kafka import KafkaSettings
from runtime.mysql import connect
from schemas.position import GtidSet, LogPosition
from tests.integration.sessions import Site

_OPTIONS = ("--gtid-mode=OFF", "--enforce-gtid-consistency=OFF", "--binlog-checksum=NONE", "--max-allowed-packet=1G")


@pytest.fixture(scope="module")
def server(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("places") / "own"
    server = start_mysql(Profile.SOURCE, folder, _OPTIONS)
    with connect(server.endpoint("admin")) as admin:
        admin.execute("CREATE DATABASE penstock")
        admin.execute("GRANT CREATE, SELECT, INSERT, UPDATE ON penstock.* TO penstock")
    yield server
    stop_mysql(folder)


@pytest.fixture
def site(stack: Stack, server: Server) -> Iterator[Site]:
    """A task that has begun, with an empty table `t`."""
    name = f"places_{uuid.uuid4().hex[:8]}"
    with connect(server.endpoint("admin")) as admin:
        admin.execute(f"CREATE DATABASE {name}")
        admin.execute(f"USE {name}")
        admin.execute("CREATE TABLE t (id INT PRIMARY KEY)")
        made = Site(server, KafkaSettings(stack.kafka), name, admin)
        made.catch_up()
        yield made


def test_a_commit_between_two_files(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """The event that ends a file has come, and what begins the next one not yet: the position is where that begins."""
    read, ready = LogReader.read, LogReader.ready
    pauses: list[int] = []

    def pausing(one: LogReader) -> Event:
        event = read(one)
        if event.type == EventType.ROTATE and event.end:
            pauses.append(20)
        return event

    def paused(one: LogReader, seconds: float) -> bool:
        if pauses and pauses[-1]:
            pauses[-1] -= 1
            return False
        return ready(one, seconds)

    monkeypatch.setattr(LogReader, "read", pausing)
    monkeypatch.setattr(LogReader, "ready", paused)
    site.execute("INSERT INTO t VALUES (1)", "FLUSH BINARY LOGS", "FLUSH BINARY LOGS", "INSERT INTO t VALUES (2)")
    site.catch_up()
    assert pauses == [0, 0]
    sizes = {str(name): int(size) for name, size, *_ in site.admin.query("SHOW BINARY LOGS")}
    beyond = [f"{place.file}:{place.offset}" for place in site.positions() if place.offset > sizes[place.file]]
    assert beyond == []
    assert site.ids() == [1, 2]


def test_a_place_that_no_dump_can_begin_at(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """As it is behind 4 GB, with a limit so low that each place lies behind it."""
    monkeypatch.setattr(reader, "LARGEST_OFFSET", 200)
    for number in range(3):
        site.execute(f"INSERT INTO t VALUES ({number})", f"INSERT INTO t VALUES ({number + 10})")
        site.catch_up()
        if number == 1:
            site.execute("FLUSH BINARY LOGS")
    assert site.ids() == [0, 10, 1, 11, 2, 12]
    assert not [record for record in site.published() if record.op == "r"]


@pytest.mark.parametrize(("moved", "another"), [(-1, False), (1 << 20, True), (1 << 20, False)])
def test_a_place_that_the_log_does_not_hold(
    site: Site, monkeypatch: pytest.MonkeyPatch, moved: int, another: bool
) -> None:
    """In the middle of an event, behind the end of a file, and behind the end of the log."""
    monkeypatch.setattr(reader, "LARGEST_OFFSET", 200)
    server = str(site.admin.value("SELECT @@GLOBAL.server_uuid"))
    last = site.positions()[-1]
    if another:
        site.execute("FLUSH BINARY LOGS")
    wrong = GtidSet.before(server, LogPosition.of(last.file, last.offset + moved))
    with (
        closing(LogReader(site.source.endpoint("admin"), wrong, 7_001, 200)) as one,
        pytest.raises(Fatal, match="no event of the log begins at") as raised,
    ):
        one.read()
    assert "migrate anew" in raised.value.hint


@pytest.mark.long
def test_a_file_of_over_4_gb(site: Site) -> None:
    """Events that may be ignored, all of them holes in the file, lie between a place and the next transaction."""
    file = site.positions()[-1].file
    place = LogPosition.of(file, site.positions()[-1].offset)
    site.execute("INSERT INTO t VALUES (1)")
    stop_mysql(site.source.directory)
    far = _spread(site.source.directory / "data" / file, place.offset)
    start_mysql(Profile.SOURCE, site.source.directory)
    with connect(site.source.endpoint("admin"), database=site.name) as admin:
        site.admin = admin
        site.catch_up()
        assert site.ids() == [1]
        assert site.published()[0].position.offset > far > 1 << 32
        server = str(admin.value("SELECT @@GLOBAL.server_uuid"))
        begin = GtidSet.before(server, LogPosition.of(file, far))
        with closing(LogReader(site.source.endpoint("admin"), begin, 7_001, 200)) as one:
            assert one.begin == LogPosition.of(file, far)
            assert sum(1 for _ in one.approach()) > 1, "a stop is heard on the way"
            assert one.read().type == EventType.ANONYMOUS_GTID


def _spread(path: Path, at: int) -> int:
    """Moves what lies behind `at` behind 4 GB; returns where it lies then."""
    head, size, count = struct.Struct("<IBIIIH"), 64 << 20, 65
    with path.open("r+b") as log:
        log.seek(at)
        rest = bytearray(log.read())
        for _ in range(count):
            log.seek(at)
            at += size
            log.write(head.pack(1, EventType.IGNORABLE, 1, size, at & 0xFFFFFFFF, FLAG_IGNORABLE))
        start = 0
        while start < len(rest):
            when, kind, server, length, _, flags = head.unpack_from(rest, start)
            head.pack_into(rest, start, when, kind, server, length, (at + start + length) & 0xFFFFFFFF, flags)
            start += length
        log.seek(at)
        log.write(rest)
    return at
