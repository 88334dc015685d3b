"""Rows on their way from a locked table: through a file, so that the lock goes before the first of them is encoded."""

import struct
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import IO

from runtime.errors import Fatal
from snapshot.session import Rows

_HEAD = struct.Struct("<QQQ?")


def fill(file: IO[bytes], parts: Iterable[Rows]) -> None:
    """Writes all parts; the file stands at its beginning then."""
    for part in parts:
        with _room():
            file.write(_HEAD.pack(len(part.raw), part.count, part.last_at, part.complete))
            file.write(part.raw)
    with _room():
        file.seek(0)


def parts(file: IO[bytes]) -> Iterator[Rows]:
    """What `fill` has written."""
    while head := file.read(_HEAD.size):
        size, count, last_at, complete = _HEAD.unpack(head)
        yield Rows(file.read(size), count, last_at, complete)


@contextmanager
def _room() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Fatal(
            f"the rows of a locked table cannot be kept on disk: {error.strerror}",
            hint=f"make room in {tempfile.gettempdir()} for the largest table without transactions, or set TMPDIR to "
            "another directory",
        ) from error
