"""An event that is too large for memory, on disk for as long as it is read; the file ends with its reader."""

import tempfile
import zlib
from collections.abc import Iterable
from contextlib import ExitStack
from typing import BinaryIO

from runtime.errors import Fatal

_BLOCK = 1 << 20


def spooled(parts: Iterable[bytes]) -> BinaryIO:
    """A file of these parts."""
    try:
        with ExitStack() as opened:
            file = opened.enter_context(tempfile.TemporaryFile())
            for part in parts:
                file.write(part)
            opened.pop_all()
            return file
    except OSError as error:
        raise Fatal(
            f"a compressed transaction cannot be kept on disk while it is read: {error.strerror}",
            hint=f"make room in {tempfile.gettempdir()} (up to 1 GB), or set TMPDIR to another directory",
        ) from error


def checksum(file: BinaryIO, start: int, stop: int) -> int:
    """CRC32 of a part of a file; the file is left at its end."""
    file.seek(start)
    found = 0
    while start < stop:
        block = file.read(min(_BLOCK, stop - start))
        found = zlib.crc32(block, found)
        start += len(block) or stop
    return found
