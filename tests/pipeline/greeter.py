"""A server that greets as MySQL's protocol says and then only listens: for what clients do at the greeting."""

import socket
import struct
import threading
from contextlib import suppress


class Greeter:
    """Tells the version `version`; a context manager. `heard` are the bytes that clients answered with."""

    def __init__(self, version: str) -> None:
        self._greeting = _greeting(version)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._greet, name="greeter", daemon=True)
        self.greeted = 0
        self.heard = b""

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    def __enter__(self) -> "Greeter":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    def _greet(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            with client, suppress(OSError):
                client.settimeout(10)
                client.sendall(self._greeting)
                self.greeted += 1
                while told := client.recv(1 << 16):
                    self.heard += told


def _greeting(version: str) -> bytes:
    """HandshakeV10 (https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase_packets.html)."""
    capabilities = 0x81BFF7DF  # what MariaDB 10.11 offers, without TLS
    nonce = bytes(range(1, 21))
    packet = b"".join(
        (
            b"\x0a" + version.encode() + b"\0",
            struct.pack("<I", 7),
            nonce[:8] + b"\0",
            struct.pack("<HBHH", capabilities & 0xFFFF, 45, 2, capabilities >> 16),
            bytes((21,)) + bytes(10),
            nonce[8:] + b"\0",
            b"mysql_native_password\0",
        )
    )
    return struct.pack("<I", len(packet))[:3] + b"\0" + packet
