"""What mysql-replication reads from a log, as plain values, and where it is known to be wrong.

An independent reader of row events: it shares nothing with ours but the driver's login.
"""

import datetime
import struct
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal

from pymysqlreplication import BinLogStreamReader
from pymysqlreplication.row_event import WriteRowsEvent

from deploy.local import Server
from schemas.table import Column
from tests.conformance.rounds.plain_values import INTEGERS
from tests.conformance.rounds.readers import LogPlace

BYTES = frozenset(("binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob"))
_SERVER_ID = 900_003
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_ZERO = datetime.timedelta()


@dataclass(frozen=True, slots=True)
class Unread:
    """A row that it gave up, with its words."""

    error: str


@dataclass(frozen=True, slots=True)
class Document:
    """A JSON document."""

    value: object


def created(server: Server, begin: LogPlace, database: str) -> Iterator[tuple[str, object]]:
    """For every statement that inserted one row since a place in the log: the table, and what its column `v` holds."""
    account = server.account("admin")
    settings = {"host": server.host, "port": server.port, "user": account.user, "password": account.password}
    with closing(
        BinLogStreamReader(
            connection_settings=settings,
            server_id=_SERVER_ID,
            log_file=begin.file,
            log_pos=begin.offset,
            resume_stream=True,
            only_events=[WriteRowsEvent],
            only_schemas=[database],
            enable_logging=False,
        )
    ) as stream:
        for event in stream:
            yield event.table, _value(event)


def _value(event: WriteRowsEvent) -> object:
    try:
        (row,) = event.rows
    except (ValueError, ArithmeticError, LookupError, struct.error) as error:
        return Unread(f"{type(error).__name__}: {error}")
    return row["values"]["v"]


def plain(column: Column, value: object) -> object:
    """A value in the form of `rounds.plain_values`."""
    kind = column.data_type
    match value:
        case int() if kind in INTEGERS:
            return int(value)
        case str() if kind == "bit":
            return int(value, 2)
        case str() if kind == "enum":
            return column.labels.index(value) + 1 if value in column.labels else value
        case set() if kind == "set":
            return sum(1 << column.labels.index(label) for label in value if label in column.labels)
        case float() if kind != "json":
            return repr(value)
        case datetime.datetime() if kind == "timestamp":
            micros = (value.replace(tzinfo=datetime.UTC) - _EPOCH) // datetime.timedelta(microseconds=1)
            return Decimal(micros) / 1_000_000
        case datetime.datetime():
            clock = datetime.timedelta(
                hours=value.hour, minutes=value.minute, seconds=value.second, microseconds=value.microsecond
            )
            return f"{_day(value)} {_clock(clock, column.fraction)}"
        case datetime.date():
            return _day(value)
        case datetime.timedelta():
            return "-" * (value < _ZERO) + _clock(abs(value), column.fraction)
        case "" if kind in BYTES:
            return b""
        case bytes() if kind == "binary":
            return value.rstrip(b"\0")
    return Document(_text(value)) if kind == "json" and value is not None else value


def _day(day: datetime.date) -> str:
    return f"{day.year:04}-{day.month:02}-{day.day:02}"


def _clock(time: datetime.timedelta, digits: int) -> str:
    seconds, micros = divmod(time // datetime.timedelta(microseconds=1), 1_000_000)
    fraction = f".{micros:06}"[: digits + 1] if digits else ""
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{fraction}"


def _text(document: object) -> object:
    """A document with its strings as text."""
    match document:
        case bytes():
            return document.decode()
        case dict():
            return {_text(name): _text(value) for name, value in document.items()}
        case list():
            return [_text(value) for value in document]
    return document
