"""Capture: from the last durable position onwards, log events and snapshot chunks into Kafka."""

import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace

from capture.cascades import Cascades
from capture.catalog import Catalog
from capture.checkpoint import Checkpoint, load
from capture.databases import Databases
from capture.ended import EndedLog
from capture.evolution import Evolution
from capture.foreign_keys import ForeignKeys
from capture.held import Memory
from capture.hosts import Hosts
from capture.identity import require_topics
from capture.log import Events
from capture.lookback import Lookback
from capture.merges import read_merges
from capture.objects import require_selection, same_words, unknown_selection
from capture.publisher import Publisher
from capture.reader import LogReader
from capture.schema import SchemaSource
from capture.scope import Scope
from capture.settings import CaptureSettings
from capture.start import begin, own_session, task_record
from capture.statements import Statements, unsaid
from capture.stream import Stream
from capture.work import Work
from capture.xa import DecidedLog
from runtime.dialect import dialect_of
from runtime.environment import open_session
from runtime.errors import Fatal, Fenced
from runtime.kafka import KafkaSettings
from runtime.mysql import Connection, Endpoint
from runtime.seams import seam
from runtime.service import Stop
from runtime.telemetry import log
from schemas.position import GtidSet
from schemas.records import PositionRecord, ProblemRecord
from snapshot.interleave import opened
from snapshot.marks import Marks, place_server


class Capture:
    """One task's capture. `session` opens from the topics, works, and yields where it may stop."""

    def __init__(
        self, sources: Sequence[Endpoint], kafka: KafkaSettings, settings: CaptureSettings, stop: Stop | None = None
    ) -> None:
        self._hosts = Hosts(sources)
        self._kafka = kafka
        self._settings = settings
        self._stop = stop

    def session(self) -> Generator[None]:
        with (
            closing(Publisher(self._kafka, self._settings, self._stop)) as publisher,
            self._problems(publisher),
        ):
            checkpoint = load(self._kafka, self._settings.task)
            require_topics(self._kafka, self._settings.task, checkpoint)
            publisher.known(checkpoint.entries)
            publisher.tables.known(checkpoint.topics, checkpoint.spread)
            source = self._hosts.chosen(published(checkpoint.position) if checkpoint.position else None).endpoint
            with open_session(source) as connection:
                yield from self._capture(publisher, checkpoint, connection)

    def _capture(self, publisher: Publisher, checkpoint: Checkpoint, connection: Connection) -> Generator[None]:
        settings, source = self._settings, connection.endpoint
        statements = Statements(connection, settings.selection)
        begun = None if checkpoint.position is None else checkpoint.executed
        self._keep_objects(publisher, checkpoint, connection)
        marks = Marks(connection, place_server(connection, begun))
        schema = SchemaSource(source, connection, marks, statements, settings)
        if checkpoint.position is None:
            begin(self._kafka, publisher, schema, connection, statements, settings)
            checkpoint = load(self._kafka, settings.task)
            publisher.known(checkpoint.entries)
        start = checkpoint.position
        if start is None:
            raise AssertionError("a task that has begun has a position")
        if checkpoint.problem is not None:
            publisher.problem(ProblemRecord(place="capture", error="", hint="", time_us=time.time_ns() // 1000))
        seam("capture.opened")
        catalog = Catalog(publisher, settings.selection, checkpoint.tables)
        catalog.doubt(checkpoint.doubtful)
        catalog.merges |= read_merges(connection, settings.selection)
        databases = Databases(statements, checkpoint.databases)
        keys = ForeignKeys(statements, checkpoint.statements, settings.selection)
        with opened(
            source,
            settings.snapshot,
            checkpoint.ranges.values(),
            catalog.plan,
            published(start),
            keys,
        ) as interleave:
            executed = GtidSet.parse(start.gtid_set)
            with closing(LogReader(source, executed, settings.server_id, settings.heartbeat_ms)) as reader:
                if reader.approaching:
                    log.info("passing_log_by", until=str(executed.place))
                yield from reader.approach()
                start = replace(start, file=reader.begin.file, offset=reader.begin.offset)  # as this host names it
                evolution = Evolution(settings, publisher, catalog, interleave, schema, databases)
                cascades = Cascades(publisher, catalog, interleave, keys)
                own = own_session(unsaid(connection))
                scope = Scope(settings.selection, catalog, checkpoint.names, schema, statements, own)
                stream = Stream(settings, publisher, catalog, interleave, statements, evolution, scope, cascades, start)
                log.info(
                    "capturing",
                    host=f"{source.host}:{source.port}",
                    position=str(stream.log),
                    gtid_set=str(executed),
                    epoch=stream.epoch,
                )
                with closing(Memory(settings.held_bytes)) as memory:
                    events = self._events(reader, connection, stream, memory)
                    yield from Work(settings, publisher, interleave, stream, events).run()

    def _keep_objects(self, publisher: Publisher, checkpoint: Checkpoint, connection: Connection) -> None:
        """Fatal when the task began with other objects; the same in other words are noted."""
        settings, task = self._settings, checkpoint.task
        if checkpoint.position is None:
            return
        if task is None and checkpoint.position.selection != settings.fingerprint:
            raise unknown_selection()
        if task is not None:
            require_selection(connection, task.selection, settings.selection, list(checkpoint.tables))
        if task is None or not same_words(task.selection, settings.selection):
            publisher.note(task_record(self._kafka, settings))

    def _events(self, reader: LogReader, connection: Connection, stream: Stream, memory: Memory) -> Events:
        """The log without what was rolled back, and with XA transactions where they are decided."""
        settings = self._settings
        ended: Events = reader
        if stream.executed.place is not None and dialect_of(connection).logs_rolled_back:
            ended = EndedLog(reader, settings.selection, memory)
        past = Lookback(connection.endpoint, settings)
        return DecidedLog(ended, settings.selection, past, lambda: stream.log, memory)

    @contextmanager
    def _problems(self, publisher: Publisher) -> Iterator[None]:
        """Leaves word in the topics of what an operator must mend."""
        try:
            yield
        except Fenced:
            raise
        except Fatal as error:
            now = time.time_ns() // 1000
            publisher.problem(ProblemRecord(place="capture", error=str(error), hint=error.hint, time_us=now))
            raise


def published(position: PositionRecord) -> GtidSet:
    """Every transaction of which the topics hold rows, all or some."""
    found = GtidSet.parse(position.gtid_set)
    if position.gtid:
        found.add(position.gtid)
    return found
