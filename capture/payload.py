"""The events inside a TRANSACTION_PAYLOAD event, one by one: a compressed transaction is never expanded as a whole.

Layout: fields (type, length, value; all packed integers), an end mark, then the events of the transaction back to back,
without checksums and without places of their own, as they are or as zstd frames.
https://dev.mysql.com/doc/dev/mysql-server/latest/classmysql_1_1binlog_1_1event_1_1Transaction__payload__event.html
No size that the bytes claim is trusted: memory follows what has really been read.
"""

from collections.abc import Iterator
from typing import BinaryIO, Protocol

import zstandard

from capture.events import HEADER, HEADER_SIZE, Event, EventType, malformed, packed

_END, _SIZE, _COMPRESSION, _UNCOMPRESSED_SIZE = 0, 1, 2, 3
_ZSTD, _NONE = 0, 255
_LONGEST_HEAD = 1 << 10
_WINDOW = 1 << 27  # what the server's highest level (22) uses, and zstd's own limit
_BLOCK = 1 << 18
_LARGEST_EVENT = (1 << 30) + (1 << 20)  # max_allowed_packet is at most 1 GB


class _Bytes(Protocol):
    def read(self, size: int, /) -> bytes: ...


def unpacked(outer: Event, body: BinaryIO, size: int) -> Iterator[Event]:
    """The inner events of `outer`, whose body is the `size` bytes that `body` still has.

    Each carries the place of `outer`: a compressed transaction has only this one. `body` is closed in the end.
    """
    try:
        with body:
            yield from _events(outer, body, size)
    except (IndexError, zstandard.ZstdError) as error:
        raise malformed(EventType.TRANSACTION_PAYLOAD) from error


def _events(outer: Event, body: BinaryIO, size: int) -> Iterator[Event]:
    begin = body.tell()
    fields, start = _head(body.read(min(size, _LONGEST_HEAD)))
    if fields.get(_SIZE, size - start) != size - start:
        raise malformed(EventType.TRANSACTION_PAYLOAD)
    body.seek(begin + start)
    compression = fields.get(_COMPRESSION, _ZSTD)
    if compression == _NONE:
        source, left = _Blocks(body), size - start
    elif compression == _ZSTD and _UNCOMPRESSED_SIZE in fields:
        compressed = zstandard.ZstdDecompressor(max_window_size=_WINDOW).stream_reader(
            body, read_size=_BLOCK, read_across_frames=True, closefd=False
        )
        source, left = _Blocks(compressed), fields[_UNCOMPRESSED_SIZE]
    else:
        raise malformed(EventType.TRANSACTION_PAYLOAD)
    while left:
        timestamp, kind, server_id, whole, _, flags = HEADER.unpack(source.take(HEADER_SIZE))
        if not HEADER_SIZE <= whole <= min(left, _LARGEST_EVENT) or kind == EventType.TRANSACTION_PAYLOAD:
            raise malformed(EventType.TRANSACTION_PAYLOAD)
        inner = source.take(whole - HEADER_SIZE)
        left -= whole
        yield Event(kind, timestamp, server_id, outer.end, flags, outer.size, inner)
    if source.more():
        raise malformed(EventType.TRANSACTION_PAYLOAD)


def _head(body: bytes) -> tuple[dict[int, int], int]:
    """The fields, and where the payload begins."""
    fields: dict[int, int] = {}
    at = 0
    while True:
        kind, at = packed(body, at)
        if kind == _END:
            return fields, at
        size, at = packed(body, at)
        fields[kind] = packed(body[at : at + size], 0)[0] if kind <= _UNCOMPRESSED_SIZE else 0
        at += size


class _Blocks:
    """Takes exact numbers of bytes from a source that gives blocks; IndexError when it ends before."""

    __slots__ = ("_at", "_block", "_source")

    def __init__(self, source: _Bytes) -> None:
        self._source = source
        self._block = b""
        self._at = 0

    def take(self, size: int) -> bytes:
        at = self._at
        if at + size <= len(self._block):
            self._at = at + size
            return self._block[at : at + size]
        parts = [self._block[at:]]
        missing = size - len(parts[0])
        while True:
            block = self._block = self._source.read(_BLOCK)
            if not block:
                raise IndexError("the payload ends within an event")
            if missing <= len(block):
                parts.append(block[:missing])
                self._at = missing
                return b"".join(parts)
            parts.append(block)
            missing -= len(block)

    def more(self) -> bool:
        return self._at < len(self._block) or bool(self._source.read(1))
