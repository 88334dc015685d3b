"""A reader process: reads what capture tells it to, and says what it has read. It owns nothing durable.

    python -m snapshot.reader <file descriptor of a socket pair> <process id of capture>

It ends when capture ends, however that happens: by the kernel's signal where there is one, else by the end of its
socket.
"""

import ctypes
import os
import select
import signal
import socket
import sys
import time
from collections import deque
from collections.abc import Callable

from pydantic import TypeAdapter

from runtime.errors import Fatal, Transient
from runtime.mysql import Elsewhere, Endpoint
from runtime.seams import seam
from schemas.plan import plan
from schemas.table import from_json
from snapshot import at_once, keyed
from snapshot.messages import (
    Chunk,
    Credit,
    Failed,
    Frames,
    Held,
    HoldWanted,
    Kind,
    Login,
    Message,
    Ready,
    Rest,
    Walk,
    pack,
)
from snapshot.session import Session
from snapshot.wishes import Pause, Steps, Wish

#: how many chunks of one reader capture may hold; one alone when it is larger than this
CREDITS = 2
_MOST_BYTES = 8 << 20
_READ = 1 << 16
_PR_SET_PDEATHSIG = 1


class Gone(Exception):
    """Capture has ended."""


class Channel:
    """The reader's end of the socket pair: blocking."""

    def __init__(self, ours: socket.socket) -> None:
        self._socket = ours
        self._frames = Frames()

    def send(self, message: Message) -> None:
        try:
            for part in pack(message):
                self._socket.sendall(part)
        except ConnectionError as error:
            raise Gone from error

    def login(self) -> Login:
        """The first message; no other is sent before a reader says that it is ready."""
        while not (messages := self.receive(None)):
            pass
        (login,) = messages
        if not isinstance(login, Login):
            raise TypeError(f"{type(login).__name__} is no login")
        return login

    def receive(self, seconds: float | None) -> list[Message]:
        """What has come, after at most `seconds` (None: until something comes)."""
        if not select.select([self._socket], [], [], seconds)[0]:
            return []
        try:
            data = self._socket.recv(_READ)
        except ConnectionError as error:
            raise Gone from error
        if not data:
            raise Gone
        return self._frames.feed(data)


class Reader:
    """The loop: obeys commands between the steps of one read."""

    def __init__(self, channel: Channel, open_session: Callable[[], Session]) -> None:
        self._channel = channel
        self._open_session = open_session
        self._session = open_session()
        self._read: Steps | None = None
        self._wish: Wish | Pause | None = None
        self._pause_ends = 0.0
        self._unpublished: deque[int] = deque()  # bytes of each chunk that capture still holds
        self._held = False  # the stream stands still for a table that is read at once

    def run(self) -> None:
        """Goes on until capture is gone."""
        self._channel.send(Ready())
        while True:
            for command in self._channel.receive(self._patience()):
                self._obey(command)
            if self._read is not None and self._patience() == 0:
                self._step(self._read)

    def _obey(self, command: Message) -> None:
        match command:
            case Walk():
                table_plan = plan(command.task, from_json(command.table), command.key_id, command.value_id)
                if command.at_once:
                    self._turn_to(at_once.read(self._open_session, command, table_plan))
                else:
                    self._turn_to(keyed.read(self._session, command, table_plan))
            case Rest():
                self._turn_to(None)
            case Credit():
                self._unpublished.popleft()
            case Held():
                self._held = True
            case _:
                raise ValueError(f"{type(command).__name__} is no command")

    def _turn_to(self, read: Steps | None) -> None:
        if self._read is not None:
            self._read.close()
        self._read, self._wish, self._held = read, None, False

    def _patience(self) -> float | None:
        """How long the loop may wait for a command: 0 when there is a step to take, None when there is none."""
        match self._wish:
            case _ if self._read is None:
                return None
            case Wish.CREDIT if len(self._unpublished) == CREDITS or sum(self._unpublished) > _MOST_BYTES:
                return None
            case Wish.HELD if not self._held:
                return None
            case Pause():
                return max(0.0, self._pause_ends - time.monotonic())
        return 0

    def _step(self, read: Steps) -> None:
        self._wish = None
        match next(read, None):
            case None:
                self._read = None
            case Wish() as wish:
                self._wish = wish
            case Pause(seconds) as wish:
                self._wish, self._pause_ends = wish, time.monotonic() + seconds
            case HoldWanted() as report:
                self._held = False
                self._channel.send(report)
            case Chunk() as report:
                self._unpublished.append(sum(map(len, report.rows.rows)))
                self._channel.send(report)
                seam("snapshot.chunk_sent")
            case report:
                self._channel.send(report)


def main() -> None:
    """The process."""
    _end_with(int(sys.argv[2]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes of a terminal: capture decides
    channel = Channel(socket.socket(fileno=int(sys.argv[1])))
    try:
        login = channel.login()
        source = TypeAdapter(Endpoint).validate_json(login.endpoint)
        Reader(channel, lambda: Session(source, login.naming)).run()
    except Gone:
        return
    except Elsewhere as error:
        channel.send(Failed(Kind.ELSEWHERE, str(error)))
    except Transient as error:
        channel.send(Failed(Kind.TRANSIENT, str(error)))
    except Fatal as error:
        channel.send(Failed(Kind.FATAL, str(error), error.hint))
    except Exception as error:
        channel.send(Failed(Kind.BUG, repr(error)))
        raise


def _end_with(parent: int) -> None:
    """Asks the kernel to kill this process when the thread that started it ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before the kernel was asked
        sys.exit(0)


if __name__ == "__main__":
    main()
