"""Rows on their way from a locked table: through a file, so that the lock goes before the first of them is encoded."""

import struct
from collections.abc import Iterable, Iterator
from typing import IO

from snapshot.session import Rows

_HEAD = struct.Struct("<QQQ?")


def fill(file: IO[bytes], parts: Iterable[Rows]) -> None:
    """Writes all parts; the file stands at its beginning then."""
    for part in parts:
        file.write(_HEAD.pack(len(part.raw), part.count, part.last_at, part.complete))
        file.write(part.raw)
    file.seek(0)


def parts(file: IO[bytes]) -> Iterator[Rows]:
    """What `fill` has written."""
    while head := file.read(_HEAD.size):
        size, count, last_at, complete = _HEAD.unpack(head)
        yield Rows(file.read(size), count, last_at, complete)
