"""The request that lets a controller forget a broker, byte for byte, and answers that are not answers."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from control.registration import BROKER_ID_NOT_REGISTERED, unregister

# length; key 64, version 0, correlation 1, client id, no tags; broker 7, no tags
_REQUEST = bytes.fromhex("00000018 0040 0000 00000001 0008") + b"penstock" + bytes.fromhex("00 00000007 00")


@contextmanager
def _controller(answer: bytes, heard: list[bytes]) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                heard.append(connection.recv(len(_REQUEST), socket.MSG_WAITALL))
                connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1]
        thread.join()


def test_it_asks_and_reads_the_error_code() -> None:
    answer = bytes.fromhex("0000000d 00000001 00 00000000 0066 00 00")
    heard: list[bytes] = []
    with _controller(answer, heard) as port:
        assert unregister("127.0.0.1", port, broker=7, timeout=5.0) == BROKER_ID_NOT_REGISTERED
    assert heard == [_REQUEST]


@pytest.mark.parametrize("answer", [b"", b"\0\0", bytes.fromhex("0000000d 00000001"), b"\xff\xff\xff\xff" + b"x" * 99])
def test_an_answer_that_breaks_off_is_a_lost_connection(answer: bytes) -> None:
    with _controller(answer, []) as port, pytest.raises(ConnectionError):
        unregister("127.0.0.1", port, broker=7, timeout=5.0)
