"""Capture: from the last durable position onwards, log events and snapshot chunks into Kafka."""

import time
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager

from capture.catalog import Catalog
from capture.checkpoint import load
from capture.publisher import Publisher
from capture.reader import LogReader
from capture.schema import SchemaSource
from capture.settings import CaptureSettings
from capture.start import begin
from capture.statements import Statements
from capture.stream import Stream
from capture.work import Work
from runtime.errors import Fatal, Fenced
from runtime.kafka import KafkaSettings
from runtime.mysql import Connection, Endpoint, connect
from runtime.seams import seam
from runtime.telemetry import log
from schemas.position import GtidSet
from schemas.records import PositionRecord, ProblemRecord
from snapshot.interleave import opened
from snapshot.marks import Marks, place_server
from snapshot.settings import SnapshotSettings


class Capture:
    """One task's capture. `session` opens from the topics, works, and yields where it may stop."""

    def __init__(self, source: Endpoint, kafka: KafkaSettings, settings: CaptureSettings) -> None:
        self._source = source
        self._kafka = kafka
        self._settings = settings

    def session(self) -> Generator[None]:
        with (
            closing(Publisher(self._kafka, self._settings)) as publisher,
            self._problems(publisher),
            connect(self._source, init="SET time_zone = '+00:00'") as connection,
        ):
            yield from self._capture(publisher, connection)

    def _capture(self, publisher: Publisher, connection: Connection) -> Generator[None]:
        settings = self._settings
        checkpoint = load(self._kafka, settings.task)
        publisher.known(checkpoint.entries)
        statements = Statements(connection, settings.selection)
        begun = None if checkpoint.position is None else checkpoint.executed
        marks = Marks(connection, place_server(connection, begun))
        schema = SchemaSource(self._source, connection, marks, statements, settings)
        if checkpoint.position is None:
            begin(self._kafka, publisher, schema, connection, settings)
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
        with opened(
            self._source,
            str(connection.value("SELECT @@GLOBAL.server_uuid")),
            SnapshotSettings(settings.task, settings.readers, settings.chunk_bytes),
            checkpoint.ranges.values(),
            catalog.plan,
            published(start),
        ) as interleave:
            stream = Stream(self._kafka, settings, publisher, catalog, interleave, statements, schema, start)
            with closing(LogReader(self._source, stream.executed, settings.server_id, settings.heartbeat_ms)) as reader:
                log.info("capturing", position=str(stream.log), gtid_set=str(stream.executed), epoch=stream.epoch)
                yield from Work(settings, publisher, interleave, stream, reader).run()

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
