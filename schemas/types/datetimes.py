"""DATETIME as milliseconds (up to three digits of fraction) or microseconds, TIMESTAMP as ISO 8601 text in UTC.

Row images since 5.6 are those of my_datetime_packed_to_binary and my_timestamp_to_binary (my_time.cc). A DATETIME on no
day of the calendar and the zero TIMESTAMP are in `exact`.
"""

from functools import lru_cache

from schemas.table import Column
from schemas.types.annotation import named
from schemas.types.calendar import DAY_SECONDS, day_text, days, days_of_text, fraction_bytes, fraction_text, micros_of
from schemas.types.column import ColumnPlan, Exact, FromLog, FromText, Json, ToLiteral, Type
from schemas.types.dates import packed_day
from schemas.varint import long, long_at, sized, sized_at
from schemas.varint import text as avro_text

_NOW = "CURRENT_TIMESTAMP"


def _datetime_avro(column: Column) -> dict[str, Json]:
    return named(column, "long", "io.debezium.time." + ("Timestamp" if column.fraction <= 3 else "MicroTimestamp"))


def _datetime_default(column: Column, text: str) -> Json:
    if text.upper().startswith(_NOW):
        return 0
    value = _datetime_value(text.encode(), _units(column.fraction))
    return value if value is not None or column.nullable else 0


def _datetime_size(column: Column) -> int:
    return 5 + fraction_bytes(column.fraction)


def _units(digits: int) -> int:
    """Units per second."""
    return 1000 if digits <= 3 else 1_000_000


def _datetime_value(text: bytes, units: int) -> int | None:
    """YYYY-MM-DD HH:MM:SS[.ffffff]"""
    day = days_of_text(text[:10])
    if day is None:
        return None
    seconds = day * DAY_SECONDS + int(text[11:13]) * 3600 + int(text[14:16]) * 60 + int(text[17:19])
    return seconds * units + micros_of(text[20:]) * units // 1_000_000


@lru_cache(1 << 14)
def _days_of_packed(packed: int) -> int | None:
    """The day of a packed DATETIME's upper bits: year and month as year*13+month, then the day."""
    year, month = divmod(packed >> 5, 13)
    return days(year, month, packed & 31)


def _datetime_log(column: ColumnPlan) -> FromLog:
    present, missing, index, size = column.present, column.missing(long(0)), column.index, column.size
    units, digits = _units(column.fraction), column.fraction
    scale = 10 ** (6 - 2 * (size - 5))  # a unit of the stored fraction, in millionths

    def read(data: bytes, at: int, out: list[bytes], exact: list[Exact]) -> int:
        whole = int.from_bytes(data[at : at + 5], "big") & 0x7FFFFFFFFF
        end = at + size
        micros = int.from_bytes(data[at + 5 : end], "big") * scale
        day = _days_of_packed(whole >> 17)
        if day is None:
            exact.append((index, _packed_datetime_text(whole) + fraction_text(micros, digits)))
            out.append(missing)
        else:
            seconds = day * DAY_SECONDS + (whole >> 12 & 31) * 3600 + (whole >> 6 & 63) * 60 + (whole & 63)
            out.append(present + long(seconds * units + micros * units // 1_000_000))
        return end

    return read


def _packed_datetime_text(whole: int) -> str:
    year, month = divmod(whole >> 22, 13)
    return f"{year:04}-{month:02}-{whole >> 17 & 31:02} {whole >> 12 & 31:02}:{whole >> 6 & 63:02}:{whole & 63:02}"


def _datetime_text(column: ColumnPlan) -> FromText:
    present, missing, index = column.present, column.missing(long(0)), column.index
    units = _units(column.fraction)

    def read(text: bytes, out: list[bytes], exact: list[Exact]) -> None:
        value = _datetime_value(text, units)
        if value is None:
            exact.append((index, text.decode()))
            out.append(missing)
        else:
            out.append(present + long(value))

    return read


def datetime_text(value: int, digits: int) -> str:
    """MySQL's text of a DATETIME in the units of its digits."""
    units = _units(digits)
    seconds, rest = divmod(value, units)
    day, second = divmod(seconds, DAY_SECONDS)
    minute, second = divmod(second, 60)
    hour, minute = divmod(minute, 60)
    fraction = fraction_text(rest * (1_000_000 // units), digits)
    return f"{day_text(day)} {hour:02}:{minute:02}:{second:02}{fraction}"


def _datetime_literal(column: ColumnPlan) -> ToLiteral:
    digits = column.fraction

    def write(data: bytes, at: int, out: list[str]) -> int:
        value, at = long_at(data, at)
        out.append(f"'{datetime_text(value, digits)}'")
        return at

    return write


def _datetime_key(column: ColumnPlan, exact: str) -> bytes:
    """A number of its own, below every time."""
    packed = packed_day(exact) << 17 | int(exact[11:13]) << 12 | int(exact[14:16]) << 6 | int(exact[17:19])
    return long(-(1 << 62) - (packed << 20 | micros_of(exact[20:].encode())))


DATETIME = Type(
    avro=_datetime_avro,
    default=_datetime_default,
    size=_datetime_size,
    log=_datetime_log,
    text=_datetime_text,
    literal=_datetime_literal,
    exact_key=_datetime_key,
)


def _timestamp_avro(column: Column) -> dict[str, Json]:
    return named(column, "string", "io.debezium.time.ZonedTimestamp")


def _timestamp_default(column: Column, text: str) -> Json:
    if text.upper().startswith(_NOW) or text.startswith("0000-"):
        return _epoch_text(column.fraction)
    return f"{text[:10]}T{text[11:]}Z"


def _timestamp_size(column: Column) -> int:
    return 4 + fraction_bytes(column.fraction)


def _epoch_text(digits: int) -> str:
    return f"1970-01-01T00:00:00{fraction_text(0, digits)}Z"


ZERO_TIMESTAMP = "0000-00-00 00:00:00"


def _zero_text(digits: int) -> str:
    return f"{ZERO_TIMESTAMP}{fraction_text(0, digits)}"


def _timestamp_log(column: ColumnPlan) -> FromLog:
    size, digits, index = column.size, column.fraction, column.index
    head = column.present + long(len(_epoch_text(digits)))
    missing = column.missing(avro_text(_epoch_text(digits)))
    scale = 10 ** (6 - 2 * (size - 4))

    def read(data: bytes, at: int, out: list[bytes], exact: list[Exact]) -> int:
        seconds = int.from_bytes(data[at : at + 4], "big")
        end = at + size
        micros = int.from_bytes(data[at + 4 : end], "big") * scale
        if seconds == 0:
            exact.append((index, _zero_text(digits)))
            out.append(missing)
        else:
            day, second = divmod(seconds, DAY_SECONDS)
            minute, second = divmod(second, 60)
            hour, minute = divmod(minute, 60)
            fraction = fraction_text(micros, digits)
            out.append(head + f"{day_text(day)}T{hour:02}:{minute:02}:{second:02}{fraction}Z".encode())
        return end

    return read


def _timestamp_text(column: ColumnPlan) -> FromText:
    digits, index, present = column.fraction, column.index, column.present
    missing = column.missing(avro_text(_epoch_text(digits)))

    def read(text: bytes, out: list[bytes], exact: list[Exact]) -> None:
        if text.startswith(b"0000-"):
            exact.append((index, text.decode()))
            out.append(missing)
        else:
            out.append(present + sized(text[:10] + b"T" + text[11:] + b"Z"))

    return read


def _timestamp_literal(column: ColumnPlan) -> ToLiteral:
    if column.zoneless:
        return _moment

    def write(data: bytes, at: int, out: list[str]) -> int:
        value, at = sized_at(data, at)
        text = value.decode("ascii")
        out.append(f"'{text[:10]} {text[11:-1]}'")
        return at

    return write


def _moment(data: bytes, at: int, out: list[str]) -> int:
    value, at = sized_at(data, at)
    micros = _datetime_value(value[:-1], 1_000_000)
    if micros is None:
        raise ValueError("no day of the calendar")
    out.append(f"FROM_UNIXTIME({micros // 1_000_000}.{micros % 1_000_000:06})")
    return at


def _timestamp_key(column: ColumnPlan, exact: str) -> bytes:
    return avro_text(f"{exact[:10]}T{exact[11:]}Z")


TIMESTAMP = Type(
    avro=_timestamp_avro,
    default=_timestamp_default,
    size=_timestamp_size,
    log=_timestamp_log,
    text=_timestamp_text,
    literal=_timestamp_literal,
    exact_key=_timestamp_key,
)
