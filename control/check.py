"""Is everything fit for the task? Looks at the source, Kafka and each target, and reports all findings at once.

Only reads: it changes nothing anywhere, but for an empty Kafka transaction under an id of its own.
"""

import time
from collections.abc import Callable, Collection, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import TypeVar

from apply import state
from apply.owners import others
from apply.state import Applied
from apply.zone import agreeing
from capture.definitions import read_tables, selected_databases
from capture.hosts import primary
from capture.objects import OtherObjects
from control.catalog import OLDEST, TableFacts, read_catalog
from control.check_destination import destination_findings, spelled_there, table_findings, zone_finding
from control.check_kafka import kafka_findings, record_size
from control.check_marker import naming_findings
from control.check_objects import cascade_finding, following_keys, object_findings
from control.check_source import source_findings, source_privileges
from control.check_standing import Standing, read_standing, standing_findings
from control.check_target import feed_finding, owner_finding, sharing_findings
from control.cluster import BrokerDown, kafka_of
from control.commits import Begun, Commits
from control.config import TargetSettings, Task
from control.definitions import Definitions, common_to
from control.delivery import Delivery, group
from control.finding import Finding, Status, failed, ok, warning
from control.reached import Destination
from control.server import ServerFacts, read_log, read_server
from runtime.dialect import dialect_of
from runtime.environment import open_session
from runtime.errors import Fatal, Transient
from runtime.kafka import KafkaSettings, Topics
from runtime.mysql import Connection, Endpoint
from schemas.ddl.foreign_keys import between
from schemas.engines import reads_consistently
from schemas.names import TableName
from schemas.selection import HEARTBEAT_DATABASE, HEARTBEAT_TABLE
from schemas.zones import Zone, read_zone

_HEARTBEAT = "SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA = %s AND TABLE_NAME = %s"
Seen = TypeVar("Seen")

_CONNECT_SECONDS = 30.0
_AWAY = ".connect"
_ITS_OWN = (".access", ".topics")  # what may be wrong with one target
_UNREACHED = "correct host and port, or let this host through"
_OTHERS = {
    "views": "SELECT COUNT(*) FROM information_schema.VIEWS WHERE TABLE_SCHEMA IN %s",
    "routines": "SELECT COUNT(*) FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA IN %s",
    "triggers": "SELECT COUNT(*) FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA IN %s",
    "events": "SELECT COUNT(*) FROM information_schema.EVENTS WHERE EVENT_SCHEMA IN %s",
}


def is_waited_for(name: str, targets: int) -> bool:
    """What the processes wait for, or the one of a target alone says."""
    return name.endswith(_AWAY) or (targets > 1 and name.startswith("target.") and name.endswith(_ITS_OWN))


@dataclass(frozen=True, slots=True)
class SourceSight:
    """What was seen of the source, for judging the targets."""

    server: ServerFacts
    databases: tuple[str, ...]
    tables: dict[TableName, TableFacts]
    zone: Zone | None = None  # of sessions that set none, where its offset varies


def check(task: Task) -> list[Finding]:
    """Everything that can be looked at."""
    inspection = Inspection(task)
    inspection.look_at_kafka()
    source = inspection.look_at_source()
    for target in task.targets.values():
        inspection.look_at_target(target, source)
    inspection.compare_targets()
    return inspection.findings


def before_start(
    task: Task, kafka: KafkaSettings, begun: Begun | None, targets: Collection[TargetSettings]
) -> list[Finding]:
    """What must be known before processes start: everything for a new task (not `begun`), for others only what has
    changed outside.

    A server of a task that has begun may be down for the moment: the processes wait for it. Where there are more
    `targets` than one, what is wrong with one of them is told by its own process, and the others go on.
    """
    inspection = Inspection(task, begun)
    inspection.kafka = kafka
    if begun is not None:
        inspection.findings.append(record_size(Topics(kafka), kafka))
        inspection.look_at_log()
        for target in targets:
            inspection.look_at_feed(target)
        inspection.compare_targets()
        return [finding for finding in inspection.findings if not is_waited_for(finding.name, len(targets))]
    inspection.look_at_kafka()
    if failures(inspection.findings):
        return inspection.findings
    source = inspection.look_at_source()
    for target in targets:
        inspection.look_at_target(target, source)
    inspection.compare_targets()
    return inspection.findings


def failures(findings: Sequence[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.status is Status.FAILED]


def require(findings: Sequence[Finding]) -> None:
    """Raises every failure at once."""
    found = failures(findings)
    if found:
        lines = [f"{finding.name}: {finding.message}\n  repair: {finding.repair}" for finding in found]
        raise Fatal("the task cannot start:\n" + "\n".join(lines), hint="penstock check shows every finding")


class Inspection:
    """Collects findings; a server that does not answer is one finding, and the others are looked at all the same."""

    def __init__(self, task: Task, begun: Begun | None = None) -> None:
        self._task = task
        self._begun = begun
        self.kafka: KafkaSettings | None = None  # once it is known that it answers
        self._servers: list[tuple[str, str]] = []  # targets, and the server_uuid of each
        self.findings: list[Finding] = []

    def look_at_kafka(self) -> None:
        try:
            kafka = kafka_of(self._task)
        except BrokerDown:
            self.findings.append(ok("kafka.connect", "penstock migrate starts the private Kafka"))
            return
        self.findings.extend(kafka_findings(kafka, self._task.name))
        if not failures(self.findings):
            self._begun = captured(kafka, self._task.name)
            self.kafka = kafka

    def look_at_log(self) -> None:
        """The source's settings and its log only."""
        self._at_source(self._server)

    def look_at_source(self) -> SourceSight | None:
        return self._at_source(self._source)

    def look_at_target(self, target: TargetSettings, source: SourceSight | None) -> None:
        place = f"target.{target.name}"
        self._visit(place, target.destination, lambda connection: self._target(connection, target, source))

    def look_at_feed(self, target: TargetSettings) -> None:
        """Whether a target is the one that the topics have fed, and nothing more."""
        self._visit(f"target.{target.name}", target.destination, lambda connection: self._feed(connection, target))

    def compare_targets(self) -> None:
        self.findings.extend(sharing_findings(self._servers))

    def _at_source(self, look: Callable[[Connection], Seen]) -> Seen | None:
        """What `look` sees of the host that would be read; whether the others could take its place."""
        sources = self._task.sources
        try:
            chosen = primary(sources)
        except Transient as error:
            self.findings.append(failed("source.connect", str(error), _UNREACHED))
            return None
        except Fatal as error:
            self.findings.append(failed("source.hosts", str(error), error.hint))
            return None
        for other in sources:
            if (other.host, other.port) != (chosen.host, chosen.port):
                self._stand_in(other)
        return self._visit("source", chosen, look)

    def _stand_in(self, host: Endpoint) -> None:
        """What would keep a host from taking over; the task runs without it, so these are warnings."""
        inspection = Inspection(self._task, self._begun)
        inspection._visit("source", host, inspection._server)
        address = f"{host.host}:{host.port}"
        for finding in inspection.findings:
            if finding.status is Status.FAILED or finding.name == "source.replica_filters":
                message = f"{address} could not take over now: {finding.message}"
                self.findings.append(warning("source.hosts", message, finding.repair))

    def _visit(self, place: str, endpoint: Endpoint, look: Callable[[Connection], Seen]) -> Seen | None:
        """What `look` sees of a server; what goes wrong is a finding."""
        try:
            with open_session(endpoint, timeout=_CONNECT_SECONDS) as connection:
                self.findings.append(ok(f"{place}.connect", f"{endpoint} answers"))
                return look(connection)
        except Transient as error:
            self.findings.append(failed(f"{place}.connect", str(error), _UNREACHED))
        except Fatal as error:
            self.findings.append(failed(f"{place}.access", str(error), error.hint))
        return None

    def _server(self, connection: Connection) -> ServerFacts:
        server = read_server(connection)
        log = read_log(connection, server.version) if server.grants.everywhere("REPLICATION CLIENT") else None
        position = self._begun.executed if self._begun else None
        self.findings.extend(source_findings(server, log, position, time.time_ns() // 1000))
        made = bool(connection.query(_HEARTBEAT, (HEARTBEAT_DATABASE, HEARTBEAT_TABLE)))
        self.findings.extend(naming_findings(server, position, made))
        if self._begun is not None:
            self.findings.append(self._same_objects(connection, self._begun))
        return server

    def _same_objects(self, connection: Connection, begun: Begun) -> Finding:
        name = "objects.selection"
        try:
            begun.require(connection, self._task.selection)
        except OtherObjects as error:
            return failed(name, str(error), error.hint)
        return ok(name, "the objects that the task began with")

    def _source(self, connection: Connection) -> SourceSight:
        task, server = self._task, self._server(connection)
        databases = tuple(selected_databases(connection, task.selection))
        if server.version < OLDEST:
            return SourceSight(server, databases, {})
        seen = read_catalog(connection, databases, server.version)
        facts = {name: table for name, table in seen.items() if task.selection.selected(name)}
        keys = following_keys(server, facts)
        through = between(keys)
        at_once = [
            name
            for name, table in facts.items()
            if table.keyless or not reads_consistently(table.engine) or name in through.get(name, ())
        ]
        self.findings.extend(source_privileges(server, task.selection, list(facts), at_once))
        tables = read_tables(connection, facts).values()
        others = {kind: int(connection.value(sql, (databases or ("",),))) for kind, sql in _OTHERS.items()}
        self.findings.append(cascade_finding(keys, facts))
        self.findings.extend(object_findings(task.name, facts, tables, others))
        zone = read_zone(connection.query, server.variables["time_zone"])
        return SourceSight(server, databases, facts, zone if zone and len(zone.changes) > 1 else None)

    def _target(self, connection: Connection, target: TargetSettings, source: SourceSight | None) -> None:
        server = read_server(connection)
        databases = source.databases if source else ()
        there = source.server if source else None
        self.findings.extend(destination_findings(target.name, server, there, databases, target.state_database))
        if source is None or server.version < OLDEST:
            return
        applied = self._feed(connection, target)
        self.findings.extend(table_findings(target.name, server, source.server, source.tables))
        if source.zone is not None:
            name = source.server.variables["time_zone"]
            agrees = any(True for _ in agreeing(connection, name, source.zone))
            self.findings.append(zone_finding(target.name, name, agrees=agrees))
        taken = others(connection, source.tables, group(self._task.name, target.name))
        self.findings.append(owner_finding(target.name, taken))
        begun = bool(applied.fences) or applied.epoch > 0
        standing = Standing({}, {}) if begun else self._standing(connection, server, source)
        self.findings.extend(standing_findings(f"target.{target.name}", standing, begun=begun))

    def _standing(self, target: Connection, server: ServerFacts, source: SourceSight) -> Standing:
        """What the destination has already, against the source's definitions."""
        with open_session(primary(self._task.sources), timeout=_CONNECT_SECONDS) as connection:
            common = common_to(dialect_of(connection), dialect_of(target), lowers=server.lowers_names)
            here, there = Definitions(connection, common), Definitions(target, common)
            tables = {name: spelled_there(server, name) for name in source.tables}
            databases = {one: spelled_there(server, TableName(one, "")).database for one in source.databases}
            return read_standing(target, here, there, tables, databases)

    def _feed(self, connection: Connection, target: TargetSettings) -> Applied:
        self._servers.append((target.name, str(connection.value("SELECT @@server_uuid"))))
        applied = state.read(connection, target.state_database, group(self._task.name, target.name))
        if self.kafka is not None:
            with (
                closing(Delivery(self.kafka, self._task.name)) as delivery,
                closing(Destination(self._task.name, target)) as destination,
            ):
                self.findings.append(feed_finding(destination, applied, delivery))
        return applied


def captured(kafka: KafkaSettings, task: str) -> Begun | None:
    """How the task began and what it has captured; None before its first commit record."""
    with closing(Commits(kafka, task)) as commits:
        commits.refresh()
        return commits.begun
