"""One session at work: waits for the log and the snapshot's readers, and decides when a Kafka transaction closes.

It closes when the log is at rest, at a byte limit, and at the latest after the commit interval; far behind, the
interval grows to a second, because nobody waits for a change that is minutes old.
"""

import select
import time
from collections.abc import Generator

from capture.log import Events
from capture.publisher import Publisher
from capture.settings import CaptureSettings
from capture.stream import Stream
from runtime.seams import seam
from runtime.telemetry import log, snapshot_rows
from schemas.codec import envelope, splice
from schemas.records import SnapshotCompleted
from snapshot.interleave import Interleave
from snapshot.released import Release

_EVENTS_AT_A_TIME = 500
_REST_SECONDS = 0.001  # a log that is silent for this long is at rest: what is open becomes visible
_POSITION_SECONDS = 0.05  # a position without rows is written at most this often while the log rests,
_BUSY_POSITION_SECONDS = 1.0  # this often while it flows,
_HEARTBEAT_SECONDS = 10.0  # and this often without any news, as a sign of life
_BEHIND_SECONDS = 10.0


class Work:
    """Joins the log stream, the snapshot and the publisher."""

    def __init__(
        self,
        settings: CaptureSettings,
        publisher: Publisher,
        interleave: Interleave,
        stream: Stream,
        reader: Events,
    ) -> None:
        self._settings = settings
        self._publisher = publisher
        self._interleave = interleave
        self._stream = stream
        self._reader = reader
        self._committed = float("-inf")  # the first position tells at once that capture runs
        self._atomic = False  # a part of a table that is read at once is open: no commit
        self._caught_up = False

    def run(self) -> Generator[None]:
        """Works until it is closed; yields where nothing is lost by stopping."""
        try:
            yield from self._work()
        except GeneratorExit:
            self._last_word()
            raise

    def _work(self) -> Generator[None]:
        while True:
            passing = self._may_pass()
            resting = not (passing and self._reader.ready(0))
            if resting:
                self._wait(passing)
            flowed = self._read()
            self._interleave.receive()
            yield from self._publish_chunks()
            resting = resting and not flowed
            if self._due(resting):
                self._commit()
                yield
            elif resting and not self._publisher.open:
                self._tell_caught_up()
                yield

    def _may_pass(self) -> bool:
        """False while the next source transaction must wait for a table that is read at once."""
        return not self._stream.between_transactions or self._interleave.may_pass(self._stream.log)

    def _wait(self, passing: bool) -> None:
        """Until an event or a chunk arrives, at most until something is due."""
        pending = (self._publisher.open or self._stream.moved) and not self._atomic
        seconds = _REST_SECONDS if pending else 0.2
        waiting = [*self._interleave.filenos(), *([self._reader.fileno()] if passing else [])]
        select.select(waiting, [], [], seconds)

    def _read(self) -> bool:
        """Handles what has arrived of the log; true when it was anything but a heartbeat."""
        flowed = False
        limit = self._settings.transaction_bytes
        for _ in range(_EVENTS_AT_A_TIME):
            if self._publisher.bytes > limit or not self._may_pass() or not self._reader.ready(0):
                break
            event = self._reader.read()
            self._stream.handle(event)
            flowed = flowed or event.timestamp > 0
        return flowed

    def _publish_chunks(self) -> Generator[None]:
        if not self._stream.between_transactions:
            return
        for release in self._interleave.release(self._stream.log):
            self._publish(release)
            self._atomic = release.more
            if not self._atomic and self._publisher.bytes > self._settings.transaction_bytes:
                self._commit()
            yield

    def _publish(self, release: Release) -> None:
        plan, rows = release.plan, release.rows
        name = release.range.name
        topic = self._publisher.tables.name(name)
        now = time.time_ns() // 1000
        common = envelope(
            self._settings.task,
            name,
            snapshot="incremental",
            gtid=None,
            file=self._stream.log.file,
            pos=self._stream.log.offset,
            server_id=0,
            thread=None,
            source_us=now,
            now_us=now,
            epoch=self._stream.epoch,
        )
        if rows.keys:
            self._publisher.send(topic, rows.keys, splice(plan, rows.rows, rows.exacts, common))
            snapshot_rows.labels(str(name)).inc(len(rows.keys))
        self._publisher.progress(release.range)
        seam("capture.chunk_published")
        if release.table_done:
            done = sum(part.rows_done for part in self._interleave.progress() if part.name == name)
            self._publisher.schema_record(
                SnapshotCompleted(
                    database=name.database,
                    table=name.name,
                    topic=topic,
                    rows=done,
                    epoch=self._stream.epoch,
                    time_us=now,
                )
            )
            log.info("snapshot_completed", table=str(name), rows=done)

    def _due(self, resting: bool) -> bool:
        now = time.monotonic()
        age = now - self._committed
        if self._atomic:
            return False
        if not self._publisher.open:
            news = self._stream.moved and age > (_POSITION_SECONDS if resting else _BUSY_POSITION_SECONDS)
            return news or age > _HEARTBEAT_SECONDS
        if resting or self._publisher.bytes > self._settings.transaction_bytes:
            return True
        behind = time.time() - self._stream.source_us / 1e6 > _BEHIND_SECONDS
        interval = 1.0 if behind else self._settings.commit_interval_ms / 1000
        return now - self._publisher.since > interval

    def _commit(self) -> None:
        self._publisher.commit(self._stream.position())
        self._committed = time.monotonic()

    def _tell_caught_up(self) -> None:
        if not self._caught_up and self._interleave.finished:
            self._caught_up = True
            log.info("caught_up", gtid_set=str(self._stream.executed), position=str(self._stream.log))

    def _last_word(self) -> None:
        """Writes the position once more on a clean stop, when nothing of a source transaction is pending."""
        if not self._atomic and self._stream.between_transactions:
            self._publisher.commit(self._stream.position(stopped=True), seconds=5.0)
