"""The rows of a transaction whose end is not known: in memory, beyond a limit on disk.

They end with their session, and their file with them: they stay in the source's log and are found there again. So
nothing here is durable, and nothing needs to be.
"""

import io
import struct
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import BinaryIO

from capture.events import Event, EventType
from runtime.errors import Fatal
from schemas.selection import Selection
from schemas.table_map import parse_table_map

_HEAD = struct.Struct("<BIIIHII")  # type, timestamp, server id, end, flags, size, size of the body
_OF_TABLES = frozenset(
    (
        EventType.TABLE_MAP,
        EventType.WRITE_ROWS_V1,
        EventType.UPDATE_ROWS_V1,
        EventType.DELETE_ROWS_V1,
        EventType.WRITE_ROWS,
        EventType.UPDATE_ROWS,
        EventType.DELETE_ROWS,
        EventType.PARTIAL_UPDATE_ROWS,
    )
)
KEPT = _OF_TABLES | {EventType.QUERY}


@dataclass(slots=True)
class Memory:
    """What all held transactions may take together; who would exceed it goes to disk, until the session ends."""

    most_bytes: int
    bytes: int = 0
    files: list[BinaryIO] = field(default_factory=list)

    def close(self) -> None:
        """Drops every transaction that is still held on disk."""
        for file in self.files:
            file.close()


class Held:
    """The events of one transaction in order, without rows of tables that are not selected."""

    def __init__(self, thread_id: int, selection: Selection, memory: Memory) -> None:
        self.thread_id = thread_id
        self.bytes = 0
        self._selection = selection
        self._memory = memory
        self._in_memory = 0
        self._tables: set[bytes] = set()  # ids of selected tables
        self._file: BinaryIO = io.BytesIO()

    def add(self, event: Event) -> None:
        number = event.body[:6]
        if event.type == EventType.TABLE_MAP:
            if self._selection.selected(parse_table_map(event.body).name):
                self._tables.add(number)
            else:
                self._tables.discard(number)
        elif event.type in _OF_TABLES and number not in self._tables:
            return
        kind, timestamp, server_id, end, flags, whole, body = event
        head = _HEAD.pack(kind, timestamp, server_id, end, flags, whole, len(body))
        try:
            self._file.write(head)
            self._file.write(body)
        except OSError as error:
            raise _no_room(error) from error
        size = len(head) + len(body)
        self.bytes += size
        if isinstance(self._file, io.BytesIO):
            self._count(size)
            if self._memory.bytes > self._memory.most_bytes:
                self._file = self._on_disk(self._file)
                self._count(-self._in_memory)

    def cut(self, size: int) -> None:
        """Forgets what came after there were `size` bytes."""
        self._file.seek(size)
        self._file.truncate()
        if isinstance(self._file, io.BytesIO):
            self._count(size - self.bytes)
        self.bytes = size

    def events(self) -> Iterator[Event]:
        """All of them, once."""
        self._file.seek(0)
        while head := self._file.read(_HEAD.size):
            kind, timestamp, server_id, end, flags, whole, size = _HEAD.unpack(head)
            yield Event(kind, timestamp, server_id, end, flags, whole, self._file.read(size))
        self.close()

    def close(self) -> None:
        self._count(-self._in_memory)
        self._file.close()
        self._memory.files = [file for file in self._memory.files if not file.closed]

    def _on_disk(self, memory: io.BytesIO) -> BinaryIO:
        try:
            with ExitStack() as opened:
                file = opened.enter_context(tempfile.TemporaryFile())
                file.write(memory.getbuffer())
                opened.pop_all()
                self._memory.files.append(file)
                return file
        except OSError as error:
            raise _no_room(error) from error

    def _count(self, size: int) -> None:
        self._in_memory += size
        self._memory.bytes += size


def _no_room(error: OSError) -> Fatal:
    return Fatal(
        f"the rows of an undecided transaction cannot be kept on disk: {error.strerror}",
        hint=f"make room in {tempfile.gettempdir()} for as long as the transaction is undecided, or set TMPDIR to "
        "another directory",
    )
