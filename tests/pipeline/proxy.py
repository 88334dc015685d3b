"""A TCP proxy in front of a server, which a test cuts, or makes deaf: connections that stay open and bring nothing."""

import socket
import threading
import time
from contextlib import suppress

_CHUNK = 1 << 16


class Proxy:
    """Listens on a port of 127.0.0.1; a context manager that leaves no connection behind."""

    def __init__(self, host: str, port: int) -> None:
        self._server = (host, port)
        self._hearing = threading.Event()
        self._hearing.set()
        self._cut = False
        self._seconds_a_byte = 0.0
        self._open: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._accept, name="proxy", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    def go_deaf(self) -> None:
        """Nothing passes any more, in either direction; nobody is told."""
        self._hearing.clear()

    def crawl(self, bytes_a_second: int) -> None:
        """Lets no more through in a second, in each direction of each connection."""
        self._seconds_a_byte = 1 / bytes_a_second

    def hear(self) -> None:
        self._hearing.set()

    def cut(self) -> None:
        """Ends every connection, and lets none through from now on."""
        self._cut = True
        for each in self._open:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        self._hearing.set()

    def mend(self) -> None:
        """Lets new connections through again."""
        self._cut = False

    def __enter__(self) -> "Proxy":
        return self

    def __exit__(self, *_: object) -> None:
        self.cut()
        self._listener.close()
        for each in self._open:
            each.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self._cut:
                client.close()
                continue
            try:
                server = socket.create_connection(self._server, timeout=10)
            except OSError:
                client.close()
                continue
            server.settimeout(None)
            self._open += [client, server]
            for here, there in ((client, server), (server, client)):
                threading.Thread(target=self._pass, args=(here, there), name="proxy", daemon=True).start()

    def _pass(self, here: socket.socket, there: socket.socket) -> None:
        with suppress(OSError):
            while data := here.recv(_CHUNK):
                self._hearing.wait()
                time.sleep(len(data) * self._seconds_a_byte)
                there.sendall(data)
        with suppress(OSError):
            there.shutdown(socket.SHUT_RDWR)
