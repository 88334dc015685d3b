"""The one request to a KRaft controller that no client library has: forget a broker's registration.

UnregisterBroker, version 0 (https://kafka.apache.org/protocol#The_Messages_UnregisterBroker, KIP-500).
"""

import socket
import struct

_UNREGISTER_BROKER = 64
_CLIENT = b"penstock"
_LARGEST_ANSWER = 1 << 16
NOT_CONTROLLER = 41
BROKER_ID_NOT_REGISTERED = 102


def unregister(host: str, port: int, broker: int, timeout: float) -> int:
    """Asks the controller at host:port to forget `broker`; returns Kafka's error code, 0 when it is done."""
    header = struct.pack(">hhih", _UNREGISTER_BROKER, 0, 1, len(_CLIENT)) + _CLIENT + b"\0"
    request = header + struct.pack(">i", broker) + b"\0"
    with socket.create_connection((host, port), timeout) as connection, connection.makefile("rb") as answers:
        connection.sendall(struct.pack(">i", len(request)) + request)
        (size,) = struct.unpack(">i", answers.read(4).ljust(4, b"\0"))
        answer = answers.read(max(0, min(size, _LARGEST_ANSWER)))
    # correlation id, no tags, throttle time, error code
    if len(answer) < 11:
        raise ConnectionError("the controller closed the connection")
    return int(struct.unpack_from(">ixih", answer)[2])
