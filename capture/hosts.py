"""Which of the source's hosts is read: the one that takes writes, and only if it has all that the topics hold.

Never goes on at a host that lacks a published transaction: the target would hold rows that no server has. Positions
in files of two hosts are never compared: a session stays at the server that is chosen here, by its server_uuid.
"""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from runtime.environment import open_session
from runtime.errors import Fatal, Transient
from runtime.mysql import Connection, Endpoint, Refused
from schemas.position import GtidSet, Naming
from snapshot.marks import Marks

# A transaction is in the log, and published, before it is in gtid_executed: with semi-synchronous replication by
# rpl_semi_sync_source_timeout, 10 seconds by default. Only what lacks for longer is lost.
_PATIENCE_SECONDS = 15.0
_ANSWER_SECONDS = 10.0
_SYNTAX = 1064
_SQL_RUNNING = 11  # the column Replica_SQL_Running, in every version
_SHOWN = 500
_FACTS = (
    "SELECT @@GLOBAL.server_uuid, @@GLOBAL.read_only OR @@GLOBAL.innodb_read_only, @@GLOBAL.gtid_mode,"
    " @@GLOBAL.gtid_executed, @@GLOBAL.gtid_purged"
)


@dataclass(frozen=True, slots=True)
class Host:
    """A host as it answered."""

    endpoint: Endpoint  # accepts no other server
    read_only: bool
    applying: bool  # a replica that applies what its own source sends: what it lacks may still come
    gtids: bool
    executed: GtidSet
    purged: GtidSet
    place: GtidSet  # all that its log holds, by file and offset

    def lacks(self, published: GtidSet) -> GtidSet:
        """What is published and not there. A place in another server's log says nothing here: the reader refuses it."""
        if published.naming is Naming.GTID:
            return published.minus(self.executed)
        return published.minus(self.place) if published.server == self.endpoint.server_uuid else GtidSet()

    def has_purged(self, published: GtidSet) -> GtidSet:
        """What is not published and not in its log any more."""
        return self.purged.minus(published) if published.naming is Naming.GTID else GtidSet()


class Hosts:
    """The hosts of one source. A new session asks `chosen`; what lacks there may need a moment to become visible."""

    def __init__(self, sources: Sequence[Endpoint], patience_seconds: float = _PATIENCE_SECONDS) -> None:
        self._sources = sources
        self._patience_seconds = patience_seconds
        self._lacking_since: float | None = None

    def chosen(self, published: GtidSet | None) -> Host:
        """The host to read from now on: it has all of `published` (None: a new task) and still logs what follows it."""
        hosts = reachable(self._sources)
        try:
            found = choose(hosts, published)
        except Lost as error:
            now = time.monotonic()
            self._lacking_since = self._lacking_since or now
            if now - self._lacking_since < self._patience_seconds:
                raise Transient(str(error)) from error
            raise
        self._lacking_since = None
        return found


class Lost(Fatal):
    """The server to read lacks transactions that are published already."""


def primary(sources: Sequence[Endpoint]) -> Endpoint:
    """The host that is asked when it is only about what the source has now."""
    return sources[0] if len(sources) == 1 else choose(reachable(sources), None).endpoint


def reachable(sources: Sequence[Endpoint]) -> list[Host]:
    """Every host that answers, in the order of the config, all asked at once; Transient when none does."""
    with ThreadPoolExecutor(len(sources)) as pool:
        seen = list(pool.map(_seen, sources))
    hosts = [host for host in seen if isinstance(host, Host)]
    if not hosts:
        raise Transient("; ".join(str(error) for error in seen))
    return hosts


def choose(hosts: Sequence[Host], published: GtidSet | None) -> Host:
    """The only host that takes writes; while none does, the first that has everything. `published` None: begun anew."""
    if len({host.endpoint.server_uuid for host in hosts}) > 1:
        _several(hosts, published)
    writers = [host for host in hosts if not host.read_only]
    if published is None:
        return (writers or hosts)[0]
    candidates = writers or list(hosts)
    fit = [host for host in candidates if not host.lacks(published) and not host.has_purged(published)]
    if fit:
        return fit[0]
    for host in candidates:
        missing = host.lacks(published)
        if not missing:
            raise _purged_error(host, host.has_purged(published))
        if host.applying:
            raise Transient(
                f"{host.endpoint}: a replica that has not applied yet what is published already: {_shown(missing)}"
            )
    raise _lost_error(candidates[0], published)


def _several(hosts: Sequence[Host], published: GtidSet | None) -> None:
    """Different servers may take each other's place only if it is sure which one is the source, and what it has."""
    without = [str(host.endpoint) for host in hosts if not host.gtids]
    if without:
        raise Fatal(
            f"gtid_mode is not ON at {', '.join(without)}: what one host has cannot be compared with another",
            hint="set gtid_mode = ON at every host of source.hosts, or name one host only",
        )
    if published is not None and published.naming is Naming.PLACE:
        raise Fatal(
            f"the task has begun without GTIDs: it can only read server {published.server}",
            hint="name that host only, or migrate anew with a new task name to be able to fail over",
        )
    writers = [host for host in hosts if not host.read_only]
    if len({host.endpoint.server_uuid for host in writers}) > 1:
        raise Fatal(
            f"several hosts of the source take writes: {', '.join(str(host.endpoint) for host in writers)}",
            hint="SET PERSIST super_read_only = ON at each but the primary: otherwise nobody can tell which one it is",
        )


def _lost_error(host: Host, published: GtidSet) -> Lost:
    missing = host.lacks(published)
    which = f"{missing.count()} transactions that are published already: {_shown(missing)}"
    if published.naming is Naming.PLACE:
        which = f"what is published already: its log ends at {host.place.place}, and was read to {published.place}"
    return Lost(
        f"{host.endpoint} lacks {which}",
        hint="a failover, a restored backup or RESET BINARY LOGS has lost them. If another server still has them, "
        "bring them to this one (mysqlbinlog --include-gtids=...) and start again; else migrate anew with a new task "
        "name",
    )


def _purged_error(host: Host, purged: GtidSet) -> Fatal:
    return Fatal(
        f"{host.endpoint} has purged {purged.count()} transactions of its log that are not published yet: "
        f"{_shown(purged)}",
        hint="start again with a new task name, and keep logs longer (binlog_expire_logs_seconds) on every host",
    )


def _shown(gtids: GtidSet) -> str:
    text = str(gtids)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def _seen(endpoint: Endpoint) -> Host | Transient:
    try:
        with open_session(endpoint, timeout=_ANSWER_SECONDS) as connection:
            return _look(endpoint, connection)
    except Transient as error:
        return error


def _look(endpoint: Endpoint, connection: Connection) -> Host:
    ((server_uuid, read_only, mode, executed, purged),) = connection.query(_FACTS)
    end = Marks(connection, None).high()
    return Host(
        endpoint=replace(endpoint, server_uuid=str(server_uuid)),
        read_only=bool(read_only),
        applying=_applying(connection),
        gtids=mode == "ON",
        executed=GtidSet.parse(str(executed)),
        purged=GtidSet.parse(str(purged)),
        place=GtidSet.before(str(server_uuid), end),
    )


def _applying(connection: Connection) -> bool:
    try:
        channels = connection.query("SHOW REPLICA STATUS")
    except Refused as error:
        if error.code != _SYNTAX:
            raise
        channels = connection.query("SHOW SLAVE STATUS")  # before MySQL 8.0.22
    return any(channel[_SQL_RUNNING] == "Yes" for channel in channels)
