"""A capture that publishes into dictionaries: the real log, the real Interleave and its readers, no Kafka.

It holds two states: `truth`, the source at the stream's position, and `topic`, what a consumer would have. A row of a
chunk that is not true at its release ends the test.
"""

import os
import select
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from itertools import count

import psutil

from capture.definitions import read_tables
from capture.events import Event, EventType, begins, gtid, heartbeat_v2, query, rotate, rows
from capture.reader import LogReader
from runtime.mysql import Connection, Endpoint
from schemas.codec import (
    Decoded,
    RowsImage,
    RowsKind,
    chunk_select,
    decode,
    encode_chunk,
    encode_rows,
    envelope,
    splice,
)
from schemas.names import TableName
from schemas.plan import LiteralPlan, TablePlan, literal_plan, plan
from schemas.position import LogPosition
from schemas.records import RangeRecord
from schemas.registry import Entry
from snapshot.interleave import Interleave
from snapshot.keyset import whole
from snapshot.marks import Marks
from snapshot.released import Release
from snapshot.session import Session

_PATIENCE_SECONDS = 60
_KINDS = {
    EventType.WRITE_ROWS: RowsKind.INSERT,
    EventType.UPDATE_ROWS: RowsKind.UPDATE,
    EventType.DELETE_ROWS: RowsKind.DELETE,
}


@dataclass(slots=True)
class Keyed:
    """Rows by key."""

    rows: dict[str, str] = field(default_factory=dict)

    def apply(self, row: Decoded) -> None:
        if row.after is None:
            self.rows.pop(row.key, None)
        else:
            self.rows[row.key] = row.after

    def narrow(self) -> None:
        """Without the last column."""
        self.rows = {key: f"{after.rpartition(',')[0]})" for key, after in self.rows.items()}

    def fits(self, row: Decoded, truth: "Keyed | Keyless") -> bool:
        return isinstance(truth, Keyed) and truth.rows.get(row.key) == row.after


@dataclass(slots=True)
class Keyless:
    """Rows, and how often each is there."""

    rows: Counter[str] = field(default_factory=Counter)

    def apply(self, row: Decoded) -> None:
        if row.after is not None:
            self.rows[row.after] += 1
        if row.before is not None:
            self.rows[f"({','.join(row.before)})"] -= 1

    def narrow(self) -> None:
        """Without the last column."""
        wide, self.rows = self.rows, Counter()
        for after, times in wide.items():
            self.rows[f"{after.rpartition(',')[0]})"] += times

    def fits(self, row: Decoded, truth: "Keyed | Keyless") -> bool:
        after = row.after or ""
        return isinstance(truth, Keyless) and self.rows[after] <= truth.rows[after]


@dataclass(slots=True)
class Form:
    """How a table's rows travel now."""

    plan: TablePlan
    literals: LiteralPlan

    @property
    def name(self) -> TableName:
        return self.plan.table.name


class Tap:
    """The log after now, and the tables `names`, whose rows nobody may change before the first `run`."""

    def __init__(self, source: Endpoint, connection: Connection, names: Sequence[TableName]) -> None:
        self.source = source
        self.connection = connection
        self.executed = Marks(connection, None).low()
        self.position = Marks(connection, None).high()
        self.forms: dict[TableName, Form] = {}
        self.truth: dict[TableName, Keyed | Keyless] = {}
        self.topic: dict[TableName, Keyed | Keyless] = {}
        self.done: list[TableName] = []
        self.ranges: dict[str, RangeRecord] = {}
        self.releases = self.released_rows = self.most_rows = 0
        self._ids = count(20)
        self._maps: dict[int, Form | None] = {}
        self._gtid, self._begun = "", False
        for name in names:
            self.define(name)
            self.truth[name] = self.stored(name)
            self.topic[name] = type(self.truth[name])()

    def define(self, name: TableName) -> None:
        """Takes over the definition that the source has now."""
        table = read_tables(self.connection, [name])[name]
        key_id, value_id = next(self._ids), next(self._ids)
        entry = Entry(value_id, f"{name}-value", "", table)
        literals = literal_plan(entry, [column.name for column in table.columns])
        self.forms[name] = Form(plan("tap", table, key_id, value_id), literals)

    def plan(self, table: TableName) -> TablePlan:
        return self.forms[table].plan

    def stored(self, name: TableName) -> Keyed | Keyless:
        """The rows that the source holds now."""
        form = self.forms[name]
        session = Session(self.source)
        chunk = encode_chunk(
            form.plan, session.rows(whole(form.plan.table, chunk_select(form.plan.table)), 1 << 30, 1 << 30).raw
        )
        session.close()
        rows = Keyed() if form.plan.table.key else Keyless()
        for value in splice(form.plan, chunk.rows, chunk.exacts, _ENVELOPE):
            rows.apply(decode(form.literals, value))
        return rows

    def run(self, interleave: Interleave, until: Callable[[], bool] | None = None) -> None:
        """Until the snapshot is finished, or until something else is so."""
        ended = until or (lambda: interleave.finished)
        deadline = time.monotonic() + _PATIENCE_SECONDS
        with closing(LogReader(self.source, self.executed, server_id=os.getpid(), heartbeat_ms=200)) as reader:
            while not (ended() and not self._gtid):
                self.step(interleave, reader)
                assert time.monotonic() < deadline, f"stuck at {self.position}: {interleave.progress()}"

    def catch_up(self, interleave: Interleave) -> None:
        """Streams all that the source has executed."""
        goal = Marks(self.connection, None).low()
        self.run(interleave, until=lambda: self.executed.covers(goal))

    def step(self, interleave: Interleave, reader: LogReader) -> None:
        passing = bool(self._gtid) or interleave.may_pass(self.position)
        select.select([*interleave.filenos(), *([reader.fileno()] if passing else [])], [], [], 0.1)
        interleave.receive()
        if not self._gtid:
            for release in interleave.release(self.position):
                self._release(release)
        while (self._gtid or interleave.may_pass(self.position)) and reader.ready(0):
            self._handle(reader.read(), interleave)

    def statement(self, text: str, gtid: str, interleave: Interleave) -> None:
        """What a test does about a statement in the log."""

    def _release(self, release: Release) -> None:
        form = self.forms[release.range.name]
        truth, topic = self.truth[form.name], self.topic[form.name]
        for value in splice(release.plan, release.rows.rows, release.rows.exacts, _ENVELOPE):
            row = decode(form.literals, value)
            topic.apply(row)
            assert topic.fits(row, truth), f"{form.name} at {self.position}: {row.after} is not true"
        self.ranges[release.range.id] = release.range
        self.releases += 1
        self.released_rows += len(release.rows.rows)
        self.most_rows = max(self.most_rows, len(release.rows.rows))
        self.done += [release.range.name] if release.table_done else []

    # ---- events

    def _handle(self, event: Event, interleave: Interleave) -> None:
        match event.type:
            case EventType.ROTATE:
                self.position = LogPosition.of(*rotate(event.body))
                return
            case EventType.HEARTBEAT_V2:
                self.position = max(self.position, LogPosition.of(*heartbeat_v2(event.body)))
                return
            case EventType.HEARTBEAT:
                self.position = max(self.position, LogPosition.of(event.body.decode(), event.end))
                return
            case EventType.GTID:
                self._gtid = gtid(event.body).gtid
            case EventType.TABLE_MAP:
                self._maps[int.from_bytes(event.body[:6], "little")] = self.forms.get(_table_of(event.body))
            case EventType.XID:
                self._end()
            case EventType.QUERY:
                self._query(event, interleave)
            case number if number in _KINDS:
                self._rows(event, interleave)
        if event.end:
            self.position = LogPosition.of(self.position.file, event.end)

    def _query(self, event: Event, interleave: Interleave) -> None:
        if begins(event.body) is not None:
            self._begun = True
            return
        found = query(event.body)
        text = found.text.decode()
        if not self._begun and found.database in {name.database for name in self.forms}:
            self.statement(text, self._gtid, interleave)
        if not self._begun or text in ("COMMIT", "ROLLBACK"):
            self._end()

    def _end(self) -> None:
        self.executed.add(self._gtid)
        self._gtid, self._begun = "", False

    def _rows(self, event: Event, interleave: Interleave) -> None:
        head = rows(event.type, event.body)
        form = self._maps[head.table_id]
        if form is None:
            return
        image = RowsImage(_KINDS[EventType(event.type)], *head.images)
        messages = encode_rows(form.plan, image, event.body[head.start :], _ENVELOPE, 0)
        if interleave.wants(form.name):
            interleave.touched(form.name, self._gtid, [key for key in messages.keys if key is not None])
        states = [self.truth] if interleave.drops(form.name) else [self.truth, self.topic]
        for value in messages.values:
            for state in states:
                state[form.name].apply(decode(form.literals, value))


_ENVELOPE = envelope(
    "tap",
    TableName("", ""),
    snapshot="",
    gtid=None,
    file="",
    pos=0,
    server_id=0,
    thread=None,
    source_us=0,
    now_us=0,
    epoch=0,
)


def _table_of(body: bytes) -> TableName:
    database = body[9 : 9 + body[8]].decode()
    at = 9 + body[8] + 1
    return TableName(database, body[at + 1 : at + 1 + body[at]].decode())


def readers() -> list[psutil.Process]:
    """The reader processes of this process."""
    found = []
    for child in psutil.Process().children():
        with suppress(psutil.NoSuchProcess):  # a zombie by now
            found += [child] if "snapshot.reader" in child.cmdline() else []
    return found
