from dataclasses import replace

import pytest

from capture import hosts
from capture.hosts import Host, Hosts, Lost, choose
from runtime.errors import Fatal, Transient
from runtime.mysql import Endpoint
from schemas.position import GtidSet, LogPosition

A, B = "3e11fa47-71ca-11e1-9e33-c80aa9429562", "4e11fa47-71ca-11e1-9e33-c80aa9429562"
ENDPOINT = Endpoint("source", "a", 3306, "u", "p", server_uuid=A)
PRIMARY = Host(
    ENDPOINT,
    read_only=False,
    applying=False,
    gtids=True,
    executed=GtidSet.parse(f"{A}:1-9"),
    purged=GtidSet(),
    place=GtidSet(),
)
REPLICA = replace(PRIMARY, endpoint=replace(ENDPOINT, host="b", server_uuid=B), read_only=True, applying=True)
PUBLISHED = GtidSet.parse(f"{A}:1-9")


def executed(host: Host, text: str) -> Host:
    return replace(host, executed=GtidSet.parse(text))


def test_the_host_that_takes_writes_is_read_wherever_it_stands() -> None:
    assert choose([REPLICA, PRIMARY], PUBLISHED) is PRIMARY
    assert choose([REPLICA, PRIMARY], None) is PRIMARY


def test_while_none_takes_writes_the_first_that_has_everything_is_read() -> None:
    behind = executed(REPLICA, f"{A}:1-8")
    other = replace(PRIMARY, read_only=True)
    assert choose([behind, other], PUBLISHED) is other
    assert choose([behind, other], None) is behind


def test_a_replica_that_lags_is_waited_for() -> None:
    with pytest.raises(Transient, match=f"has not applied yet what is published already: {A}:9$"):
        choose([executed(REPLICA, f"{A}:1-8")], PUBLISHED)


def test_a_primary_that_lacks_what_is_published_is_refused_though_a_replica_has_it() -> None:
    promoted = executed(replace(REPLICA, read_only=False, applying=False), f"{A}:1-6,{B}:1")
    demoted = replace(PRIMARY, read_only=True)
    with pytest.raises(Lost, match=f"b:3306 lacks 3 transactions that are published already: {A}:7-9$") as raised:
        choose([demoted, promoted], PUBLISHED)
    assert "mysqlbinlog --include-gtids" in raised.value.hint


def test_a_host_that_has_purged_what_is_needed_is_refused() -> None:
    purged = replace(executed(PRIMARY, f"{A}:1-20"), purged=GtidSet.parse(f"{A}:1-12"))
    with pytest.raises(Fatal, match=f"has purged 3 transactions of its log that are not published yet: {A}:10-12$"):
        choose([purged], PUBLISHED)
    assert choose([purged], None) is purged


def test_two_hosts_that_take_writes_are_refused() -> None:
    with pytest.raises(Fatal, match="several hosts of the source take writes: source u@a:3306, source u@b:3306"):
        choose([PRIMARY, replace(REPLICA, read_only=False)], PUBLISHED)


def test_two_addresses_of_one_server_are_no_two_servers() -> None:
    again = replace(PRIMARY, endpoint=replace(ENDPOINT, host="alias"))
    assert choose([PRIMARY, again], PUBLISHED) is PRIMARY


def test_several_hosts_need_gtids() -> None:
    with pytest.raises(Fatal, match="gtid_mode is not ON at source u@b:3306"):
        choose([PRIMARY, replace(REPLICA, gtids=False)], PUBLISHED)
    alone = replace(PRIMARY, gtids=False, executed=GtidSet())
    assert choose([alone], GtidSet()) is alone


def test_by_file_and_offset_a_server_is_compared_with_itself_only() -> None:
    def place(server: str, offset: int) -> GtidSet:
        return GtidSet.before(server, LogPosition.of("binlog.000003", offset))

    alone = replace(PRIMARY, gtids=False, executed=GtidSet(), place=place(A, 500))
    assert choose([alone], place(A, 500)) is alone
    assert choose([alone], place(B, 900)) is alone, "the reader refuses it by its name"
    with pytest.raises(Lost, match=r"its log ends at binlog\.000003:500, and was read to binlog\.000003:501"):
        choose([alone], place(A, 501))
    with pytest.raises(Fatal, match=f"it can only read server {A}"):
        choose([PRIMARY, REPLICA], place(A, 500))


def test_what_is_lost_gets_a_moment_to_become_visible(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    seen = executed(PRIMARY, f"{A}:1-8")
    monkeypatch.setattr(hosts, "reachable", lambda sources: [seen])
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    source = Hosts([ENDPOINT], patience_seconds=10)
    for now[0] in (100.0, 109.0):
        with pytest.raises(Transient, match="lacks 1 transactions"):
            source.chosen(PUBLISHED)
    now[0] = 111.0
    with pytest.raises(Lost):
        source.chosen(PUBLISHED)
    monkeypatch.setattr(hosts, "reachable", lambda sources: [PRIMARY])
    assert source.chosen(PUBLISHED) is PRIMARY
