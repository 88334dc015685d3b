"""What a server answers to a statement: any number of results, each an OK or rows.

https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_query_response.html
"""

from collections.abc import Generator, Iterator
from dataclasses import dataclass, field

from runtime.line import Packets
from runtime.mysql_errors import server_error

_MORE_RESULTS = 0x0008
_NULL = 0xFB


@dataclass(slots=True)
class Answer:
    """How many rows a statement has changed, and what it tells in rows of its own (maintenance does)."""

    changed: int = 0
    rows: list[tuple[bytes | None, ...]] = field(default_factory=list)


class Running:
    """A statement that was sent; the caller does something else until the server answers."""

    def __init__(self, server: object, packets: Packets, sql: str) -> None:
        self._server = server
        self._packets = packets
        self._sql = sql
        self._silent = 0.0
        self.answer = Answer()

    def finished(self, seconds: float) -> bool:
        """True when the server has done it, within `seconds`; raises what it objects to."""
        if not self._packets.ready(seconds):
            self._silent += seconds
            self._packets.line.patience.check(self._silent)
            return False
        self.answer = whole_answer(self._server, self._packets, self._sql)
        return True


def whole_answer(server: object, packets: Packets, sql: str) -> Answer:
    """Reads every result of the answer; the next statement may then be sent."""
    answer = Answer()
    more = True
    while more:
        first = checked(server, packets.read(), sql)
        if first[0] == 0:
            changed, at = _number(first, 1)
            _, at = _number(first, at)
            answer.changed += changed
            more = bool(int.from_bytes(first[at : at + 2], "little") & _MORE_RESULTS)
        else:
            end = _gather(rows_of(server, packets, first, sql), answer.rows)
            more = bool(int.from_bytes(end[3:5], "little") & _MORE_RESULTS)
    return answer


def rows_of(server: object, packets: Packets, header: bytes, sql: str) -> Generator[bytes, None, bytes]:
    """The rows of a result behind its header; returns the packet that ends it."""
    for _ in range(_number(header, 0)[0]):  # definitions
        packets.read()
    packets.read()  # EOF after the definitions: CLIENT_DEPRECATE_EOF is not set
    while True:
        row = packets.read()
        if row[:1] == b"\xfe" and len(row) < 9:
            return row
        if row[:1] == b"\xff":
            raise server_error(server, row, sql)
        yield row


def _gather(result: Generator[bytes, None, bytes], rows: list[tuple[bytes | None, ...]]) -> bytes:
    while True:
        try:
            rows.append(tuple(_values(next(result))))
        except StopIteration as ended:
            end: bytes = ended.value
            return end


def checked(server: object, packet: bytes, sql: str) -> bytes:
    """The packet; raises the error that it is."""
    if packet[:1] == b"\xff":
        raise server_error(server, packet, sql)
    return packet


def _values(row: bytes) -> Iterator[bytes | None]:
    at = 0
    while at < len(row):
        if row[at] == _NULL:
            at += 1
            yield None
        else:
            size, at = _number(row, at)
            yield row[at : at + size]
            at += size


def _number(data: bytes, at: int) -> tuple[int, int]:
    """A length-encoded integer, and where it ends
    (https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_basic_dt_integers.html)."""
    size = {0xFC: 2, 0xFD: 3, 0xFE: 8}.get(data[at], 0)
    return (int.from_bytes(data[at + 1 : at + 1 + size], "little") if size else data[at]), at + 1 + size
