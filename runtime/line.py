"""The socket to a server: it is waited for as long as its patience lasts, in steps that hear a request to stop.

A statement may work for hours without a byte to be read, so time alone says nothing about a connection: what is
patient for how long, the owner of the connection decides.
"""

import io
import select
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from runtime import stopping
from runtime.errors import Transient

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

MAX_ALLOWED_PACKET = 1 << 30
_WHOLE = 0xFFFFFF
_STEP_SECONDS = 0.5
_PIECE = 1 << 18
# A peer that is gone without a word is noticed within half a minute, whatever is waited for.
_KEEP_ALIVE = {"TCP_KEEPIDLE": 10, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 4}


class Unreachable(Transient):
    """The server does not answer, or no longer."""


class Patience(Protocol):
    """How long a silent server is waited for."""

    def check(self, silent_seconds: float) -> None:
        """Raises when nothing has moved for too long; to be asked often."""


@dataclass(frozen=True, slots=True)
class Limited:
    """For questions that are answered at once, and for what shows signs of life by itself."""

    seconds: float

    def check(self, silent_seconds: float) -> None:
        stopping.check()
        if silent_seconds > self.seconds:
            raise Unreachable(f"the server sent nothing for {self.seconds:g} seconds")


@dataclass(frozen=True, slots=True)
class LastWords:
    """For what is said after a request to stop."""

    seconds: float

    def check(self, silent_seconds: float) -> None:
        if silent_seconds > self.seconds:
            raise Unreachable(f"the server sent nothing for {self.seconds:g} seconds")


class Line(io.RawIOBase):
    """A connected socket, plain or encrypted."""

    def __init__(self, sock: socket.socket, patience: Patience) -> None:
        self.sock = sock
        self.patience = patience
        if sock.family != socket.AF_UNIX:
            for name, seconds in _KEEP_ALIVE.items():
                if hasattr(socket, name):  # not every system has each
                    sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), seconds)

    def readable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self.sock.fileno()

    def ready(self, seconds: float) -> bool:
        """True when there is something to read; waits at most `seconds`."""
        if isinstance(self.sock, ssl.SSLSocket) and self.sock.pending():
            return True
        return bool(select.select([self.sock], [], [], seconds)[0])

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        """What has come, when something comes; 0 at the end."""
        return self._moved(lambda: self.sock.recv_into(buffer))

    def send_all(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            rest = rest[self._sent(rest[:_PIECE]) :]

    def _sent(self, piece: memoryview) -> int:
        return self._moved(lambda: self.sock.send(piece))

    def _moved(self, act: Callable[[], int]) -> int:
        if self.sock.gettimeout() != _STEP_SECONDS:
            self.sock.settimeout(_STEP_SECONDS)
        began = time.monotonic()
        while True:
            self.patience.check(time.monotonic() - began)
            try:
                return act()
            except TimeoutError:
                continue


class Packets:
    """Reads protocol packets through one large buffer."""

    def __init__(self, line: Line) -> None:
        self.line = line
        self._buffer = bytearray(1 << 18)
        self._view = memoryview(self._buffer)
        self._start = 0
        self._end = 0

    def fileno(self) -> int:
        return self.line.fileno()

    def ready(self, seconds: float) -> bool:
        """True when a packet has begun to arrive; waits at most `seconds`."""
        return self._end > self._start or self.line.ready(seconds)

    def read(self) -> bytes:
        """The payload of the next packet; parts of 2^24-1 bytes are joined."""
        payload, whole = self.first()
        return payload if whole else b"".join((payload, *self.rest()))

    def first(self) -> tuple[bytes, bool]:
        """The first part of the next packet, and whether it is all of it."""
        payload, size = self._part()
        return payload, size < _WHOLE

    def rest(self) -> Iterator[bytes]:
        """The parts that follow a first one that was not all; to be read to the end."""
        total = size = _WHOLE
        while size == _WHOLE:
            payload, size = self._part()
            total += size
            if total > MAX_ALLOWED_PACKET + _WHOLE:
                raise Transient(f"a packet of over {MAX_ALLOWED_PACKET} bytes: the stream is out of step")
            yield payload

    def _part(self) -> tuple[bytes, int]:
        start = self._start
        if self._end - start < 4:
            self._fill(4)
            start = self._start
        buffer = self._buffer
        size = buffer[start] | buffer[start + 1] << 8 | buffer[start + 2] << 16
        whole = size + 4
        if self._end - start < whole:
            self._fill(whole)
            start = self._start
        self._start = start + whole
        return bytes(self._view[start + 4 : start + whole]), size

    def _fill(self, wanted: int) -> None:
        """Reads until `wanted` bytes lie in the buffer."""
        held = self._end - self._start
        if self._start + wanted > len(self._buffer):
            if wanted > len(self._buffer):
                buffer = bytearray(wanted + (1 << 16))
                buffer[:held] = self._view[self._start : self._end]
                self._buffer, self._view = buffer, memoryview(buffer)
            else:
                self._buffer[:held] = bytes(self._view[self._start : self._end])
            self._start, self._end = 0, held
        while self._end - self._start < wanted:
            try:
                count = self.line.readinto(self._view[self._end :])
            except OSError as error:
                raise Unreachable(f"lost the connection: {error}") from error
            if count == 0:
                raise Unreachable("the server closed the connection")
            self._end += count
