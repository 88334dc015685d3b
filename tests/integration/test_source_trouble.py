"""The source's server restarts, goes silent, or loses what was published: capture goes on, or says what is lost."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace

import pytest

from capture import hosts, reader
from capture.checkpoint import load
from capture.loop import Capture
from capture.settings import CaptureSettings
from deploy.local import Profile, Server, Stack, kill_mysql, start_mysql
from runtime.errors import Transient
from runtime.kafka import KafkaSettings
from runtime.mysql import Connection, connect
from schemas.position import GtidSet
from schemas.selection import Selection
from tests.pipeline.proxy import Proxy

_OPTIONS = ["--innodb-buffer-pool-size=64M", "--innodb-redo-log-capacity=16M"]
_PATIENCE_SECONDS = 40.0


@dataclass(slots=True)
class Site:
    """A source of its own, behind a proxy, and a capture of it."""

    server: Server
    proxy: Proxy
    kafka: KafkaSettings
    capture: Capture

    def admin(self) -> Connection:
        return connect(self.server.endpoint("admin"))

    def write(self, number: int) -> GtidSet:
        """One more row; what is executed with it."""
        with self.admin() as connection:
            connection.execute(f"INSERT INTO troubled.t VALUES ({number})")
            return GtidSet.parse(str(connection.value("SELECT @@GLOBAL.gtid_executed")))

    def published(self, goal: GtidSet) -> bool:
        return load(self.kafka, "troubled").executed.covers(goal)

    def work(self, until: Callable[[], bool]) -> None:
        """Session after session, as the service does."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while True:
            try:
                with closing(self.capture.session()) as session:
                    for _ in session:
                        if until():
                            return
            except Transient:
                assert time.monotonic() < deadline
                time.sleep(0.2)


@pytest.fixture
def site(databases: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    server = start_mysql(Profile.SOURCE, tmp_path_factory.mktemp("trouble") / "mysql", _OPTIONS)
    kafka = KafkaSettings(databases.kafka)
    settings = CaptureSettings(task="troubled", selection=Selection(include=("troubled.*",)), heartbeat_ms=200)
    with Proxy(server.host, server.port) as proxy:
        source = replace(server.endpoint("penstock"), port=proxy.port)
        made = Site(server, proxy, kafka, Capture([source], kafka, settings))
        with made.admin() as connection:
            connection.execute("CREATE DATABASE troubled")
            connection.execute("CREATE TABLE troubled.t (id INT PRIMARY KEY)")
        yield made
    kill_mysql(server.directory)


def test_silence_a_crash_and_a_reset(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    first = site.write(1)
    site.work(lambda: site.published(first))

    monkeypatch.setattr(reader, "SILENCE_SECONDS", 4.0)
    with closing(site.capture.session()) as session:
        next(session)
        site.proxy.go_deaf()  # the connection stays open and brings nothing
        second = site.write(2)
        with pytest.raises(Transient, match="silent for"):
            for _ in session:
                pass
    site.proxy.hear()
    site.work(lambda: site.published(second))

    with closing(site.capture.session()) as session:
        next(session)
        kill_mysql(site.server.directory)
        with pytest.raises(Transient):
            for _ in session:
                pass
    site.server = start_mysql(Profile.SOURCE, site.server.directory)
    third = site.write(3)
    site.work(lambda: site.published(third))

    with site.admin() as connection:
        connection.execute("RESET BINARY LOGS AND GTIDS")
    site.write(4)
    site.capture._hosts = hosts.Hosts(site.capture._hosts._sources, patience_seconds=0.0)
    with pytest.raises(hosts.Lost, match=r"lacks .* transactions that are published already") as raised:
        for _ in range(5):
            try:
                next(site.capture.session())
            except Transient:
                continue
    assert "RESET BINARY LOGS" in raised.value.hint
    assert str(third).partition(":")[0] in str(raised.value)
