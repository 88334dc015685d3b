"""TIME, DATETIME and TIMESTAMP as servers before 5.6 kept them, in the log of tables that were never rewritten since.

Numbers whose decimal digits are the fields, little-endian: Field_time, Field_datetime and Field_timestamp of MySQL's
field.cc (store and val_str). They have no fraction. Only a row image shows this format; all else is as ever.
"""

from dataclasses import replace

from schemas.table import Column
from schemas.types.calendar import DAY_SECONDS, day_text, days
from schemas.types.column import ColumnPlan, Exact, FromLog
from schemas.types.datetimes import DATETIME, TIMESTAMP, ZERO_TIMESTAMP
from schemas.types.times import TIME
from schemas.varint import long
from schemas.varint import text as avro_text

_TIME_BYTES, _DATETIME_BYTES, _TIMESTAMP_BYTES = 3, 8, 4
_EPOCH = "1970-01-01T00:00:00Z"


def _time_log(column: ColumnPlan) -> FromLog:
    """[-]HHHMMSS"""
    present = column.present

    def read(data: bytes, at: int, out: list[bytes], exact: list[Exact]) -> int:
        end = at + _TIME_BYTES
        number = int.from_bytes(data[at:end], "little", signed=True)
        minutes, second = divmod(abs(number), 100)
        hour, minute = divmod(minutes, 100)
        micros = (hour * 3600 + minute * 60 + second) * 1_000_000
        out.append(present + long(-micros if number < 0 else micros))
        return end

    return read


def _datetime_log(column: ColumnPlan) -> FromLog:
    """YYYYMMDDHHMMSS"""
    present, missing, index = column.present, column.missing(long(0)), column.index

    def read(data: bytes, at: int, out: list[bytes], exact: list[Exact]) -> int:
        end = at + _DATETIME_BYTES
        whole, clock = divmod(int.from_bytes(data[at:end], "little"), 1_000_000)
        year, month, day = whole // 10000, whole // 100 % 100, whole % 100
        hour, minute, second = clock // 10000, clock // 100 % 100, clock % 100
        number = days(year, month, day)
        if number is None:
            exact.append((index, f"{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}"))
            out.append(missing)
        else:
            out.append(present + long((number * DAY_SECONDS + hour * 3600 + minute * 60 + second) * 1000))
        return end

    return read


def _timestamp_log(column: ColumnPlan) -> FromLog:
    """Seconds since 1970."""
    present, missing, index = column.present, column.missing(avro_text(_EPOCH)), column.index

    def read(data: bytes, at: int, out: list[bytes], exact: list[Exact]) -> int:
        end = at + _TIMESTAMP_BYTES
        seconds = int.from_bytes(data[at:end], "little")
        if seconds == 0:
            exact.append((index, ZERO_TIMESTAMP))
            out.append(missing)
        else:
            day, second = divmod(seconds, DAY_SECONDS)
            minute, second = divmod(second, 60)
            hour, minute = divmod(minute, 60)
            out.append(present + avro_text(f"{day_text(day)}T{hour:02}:{minute:02}:{second:02}Z"))
        return end

    return read


def _time_size(column: Column) -> int:
    return _TIME_BYTES


def _datetime_size(column: Column) -> int:
    return _DATETIME_BYTES


def _timestamp_size(column: Column) -> int:
    return _TIMESTAMP_BYTES


OLD_TIME = replace(TIME, log=_time_log, size=_time_size)
OLD_DATETIME = replace(DATETIME, log=_datetime_log, size=_datetime_size)
OLD_TIMESTAMP = replace(TIMESTAMP, log=_timestamp_log, size=_timestamp_size)
