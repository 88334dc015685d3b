"""A session in which equal text means equal values, to one server; opened again when it is lost."""

import time
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass

from runtime.environment import open_session
from runtime.errors import Transient
from runtime.mysql import Connection, Endpoint
from runtime.service import Backoff

_SETTINGS = {"character_set_results": "NULL"}  # bytes as they are stored
_PATIENCE_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows one after the other, each after its length (4 bytes, little-endian); not `complete`: cut as too long."""

    raw: bytes
    complete: bool


class Reading:
    """Reads raw rows; `hint` goes before each SELECT."""

    def __init__(self, endpoint: Endpoint, hint: str = "") -> None:
        self._endpoint = endpoint
        self._hint = hint
        self._connection: Connection | None = None

    def rows(self, select: str, most_bytes: int) -> "Rows":
        """A result up to so many bytes (and one row); asked again over a new connection when one is lost."""
        backoff = Backoff(_PATIENCE_SECONDS, "verify")
        while True:
            try:
                return self._rows(select, most_bytes)
            except Transient as error:
                self.close()
                time.sleep(backoff.after(error))

    def _rows(self, select: str, most_bytes: int) -> "Rows":
        parts: list[bytes] = []
        size = 0
        with closing(self.raw_stream(select)) as stream:
            for row in stream:
                parts.append(len(row).to_bytes(4, "little"))
                parts.append(row)
                size += len(row)
                if size > most_bytes:
                    return Rows(b"".join(parts), complete=False)
        return Rows(b"".join(parts), complete=True)

    def raw_stream(self, select: str) -> Generator[bytes]:
        """A result row by row; a connection that is lost or a reader that stops ends it."""
        complete = False
        try:
            yield from self._open().raw_stream(self._hint + select)
            complete = True
        finally:
            if not complete:
                self.close()

    def close(self) -> None:
        if self._connection is not None:
            self._connection.abort()
            self._connection = None

    def _open(self) -> Connection:
        if self._connection is None:
            self._connection = open_session(self._endpoint, _SETTINGS)
        return self._connection
