"""DATE, TIME, DATETIME, TIMESTAMP and YEAR.

Row images since 5.6: https://dev.mysql.com/doc/dev/mysql-server/latest/field__types_8h.html and my_time.cc's
*_to_binary functions. A DATE or DATETIME that is no day of the (proleptic Gregorian) calendar, such as 0000-00-00 or
2024-02-31, travels in `exact`.
"""

from datetime import date
from functools import lru_cache

from schemas.table import Column
from schemas.types.annotation import named
from schemas.types.column import ColumnPlan, Exact, FromLog, FromText, Json, ToLiteral, Type
from schemas.varint import long, long_at, sized, sized_at
from schemas.varint import text as avro_text

_EPOCH = date(1970, 1, 1).toordinal()
_CYCLE_YEARS, _CYCLE_DAYS = 400, 146_097  # the calendar repeats: year 0 is counted as year 400
_DAY_SECONDS = 86_400
_TIME_OFFSET = 0x800000
_NOW = "CURRENT_TIMESTAMP"


def days(year: int, month: int, day: int) -> int | None:
    """Days since 1970-01-01, None for what is no day."""
    try:
        return date(year + _CYCLE_YEARS, month, day).toordinal() - _CYCLE_DAYS - _EPOCH
    except ValueError:
        if year + _CYCLE_YEARS <= 9999:
            return None
    try:
        return date(year, month, day).toordinal() - _EPOCH
    except ValueError:
        return None


@lru_cache(1 << 14)
def day_text(number: int) -> str:
    """YYYY-MM-DD of a day."""
    ordinal = number + _EPOCH
    if ordinal >= 1:
        return date.fromordinal(ordinal).isoformat()
    early = date.fromordinal(ordinal + _CYCLE_DAYS)
    return f"{early.year - _CYCLE_YEARS:04}{early.isoformat()[4:]}"


@lru_cache(1 << 14)
def _days_of_text(text: bytes) -> int | None:
    return days(int(text[:4]), int(text[5:7]), int(text[8:10]))


def _fraction_text(micros: int, digits: int) -> str:
    return f".{micros:06}"[: digits + 1] if digits else ""


def _micros(text: bytes) -> int:
    """The digits behind a second's point as millionths."""
    return int(text.ljust(6, b"0")) if text else 0


def fraction_bytes(digits: int) -> int:
    return (digits + 1) // 2


# --- YEAR -------------------------------------------------------------------------------------------------------------


def _year_avro(column: Column) -> dict[str, Json]:
    return named(column, "int", "io.debezium.time.Year")


def _year_default(column: Column, text: str) -> Json:
    return int(text)


def _year_size(column: Column) -> int:
    return 1


def _year_log(column: ColumnPlan) -> FromLog:
    present = column.present

    def read(data: bytes, at: int, out: list[bytes], exact: list[Exact]) -> int:
        byte = data[at]
        out.append(present + long(byte + 1900 if byte else 0))
        return at + 1

    return read


def _year_text(column: ColumnPlan) -> FromText:
    present = column.present

    def read(text: bytes, out: list[bytes], exact: list[Exact]) -> None:
        out.append(present + long(int(text)))

    return read


def _year_literal(column: ColumnPlan) -> ToLiteral:
    def write(data: bytes, at: int, out: list[str]) -> int:
        value, at = long_at(data, at)
        out.append(str(value))
        return at

    return write


YEAR = Type(
    avro=_year_avro, default=_year_default, size=_year_size, log=_year_log, text=_year_text, literal=_year_literal
)


# --- DATE: days -------------------------------------------------------------------------------------------------------


def _date_avro(column: Column) -> dict[str, Json]:
    return named(column, "int", "io.debezium.time.Date")


def _date_default(column: Column, text: str) -> Json:
    number = _days_of_text(text.encode())
    return number if number is not None or column.nullable else 0


def _date_size(column: Column) -> int:
    return 3


def _date_log(column: ColumnPlan) -> FromLog:
    present, missing, index = column.present, column.missing(long(0)), column.index

    @lru_cache(1 << 12)
    def encoded(packed: int) -> bytes | None:
        number = days(packed >> 9, packed >> 5 & 15, packed & 31)
        return None if number is None else present + long(number)

    def read(data: bytes, at: int, out: list[bytes], exact: list[Exact]) -> int:
        packed = data[at] | data[at + 1] << 8 | data[at + 2] << 16
        value = encoded(packed)
        if value is None:
            exact.append((index, f"{packed >> 9:04}-{packed >> 5 & 15:02}-{packed & 31:02}"))
            value = missing
        out.append(value)
        return at + 3

    return read


def _date_text(column: ColumnPlan) -> FromText:
    present, missing, index = column.present, column.missing(long(0)), column.index

    def read(text: bytes, out: list[bytes], exact: list[Exact]) -> None:
        number = _days_of_text(text)
        if number is None:
            exact.append((index, text.decode()))
            out.append(missing)
        else:
            out.append(present + long(number))

    return read


def _date_literal(column: ColumnPlan) -> ToLiteral:
    def write(data: bytes, at: int, out: list[str]) -> int:
        number, at = long_at(data, at)
        out.append(f"'{day_text(number)}'")
        return at

    return write


def _packed_day(exact: str) -> int:
    return int(exact[:4]) << 9 | int(exact[5:7]) << 5 | int(exact[8:10])


def _date_key(column: ColumnPlan, exact: str) -> bytes:
    """A number of its own, below every day."""
    return long(-(1 << 30) - _packed_day(exact))


DATE = Type(
    avro=_date_avro,
    default=_date_default,
    size=_date_size,
    log=_date_log,
    text=_date_text,
    literal=_date_literal,
    exact_key=_date_key,
)


# --- TIME: microseconds -----------------------------------------------------------------------------------------------


def _time_avro(column: Column) -> dict[str, Json]:
    return named(column, "long", "io.debezium.time.MicroTime")


def _time_default(column: Column, text: str) -> Json:
    return _time_micros(text.encode())


def _time_size(column: Column) -> int:
    return 3 + fraction_bytes(column.fraction)


def _time_micros(text: bytes) -> int:
    """[-]HHH:MM:SS[.ffffff]"""
    negative = text[:1] == b"-"
    hours, minutes, rest = text[negative:].split(b":")
    seconds, _, fraction = rest.partition(b".")
    value = (int(hours) * 3600 + int(minutes) * 60 + int(seconds)) * 1_000_000 + _micros(fraction)
    return -value if negative else value


def _time_log(column: ColumnPlan) -> FromLog:
    # One signed number, offset: the packed time, then the fraction as 1, 2 or 3 bytes of hundredths, 1e-4 or 1e-6.
    present, size = column.present, column.size
    shift = 8 * (size - 3)
    offset, mask, unit = _TIME_OFFSET << shift, (1 << shift) - 1, 10 ** (6 - 2 * (size - 3))

    def read(data: bytes, at: int, out: list[bytes], exact: list[Exact]) -> int:
        end = at + size
        signed = int.from_bytes(data[at:end], "big") - offset
        packed = abs(signed)
        whole = packed >> shift
        seconds = (whole >> 12 & 1023) * 3600 + (whole >> 6 & 63) * 60 + (whole & 63)
        value = seconds * 1_000_000 + (packed & mask) * unit
        out.append(present + long(-value if signed < 0 else value))
        return end

    return read


def _time_text(column: ColumnPlan) -> FromText:
    present = column.present

    def read(text: bytes, out: list[bytes], exact: list[Exact]) -> None:
        out.append(present + long(_time_micros(text)))

    return read


def time_text(value: int, digits: int) -> str:
    """MySQL's text of a TIME of so many microseconds."""
    seconds, micros = divmod(abs(value), 1_000_000)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    return f"{'-' if value < 0 else ''}{hour:02}:{minute:02}:{second:02}{_fraction_text(micros, digits)}"


def _time_literal(column: ColumnPlan) -> ToLiteral:
    digits = column.fraction

    def write(data: bytes, at: int, out: list[str]) -> int:
        value, at = long_at(data, at)
        out.append(f"'{time_text(value, digits)}'")
        return at

    return write


TIME = Type(
    avro=_time_avro, default=_time_default, size=_time_size, log=_time_log, text=_time_text, literal=_time_literal
)


# --- DATETIME: milliseconds up to three digits of fraction, else microseconds -----------------------------------------


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
    day = _days_of_text(text[:10])
    if day is None:
        return None
    seconds = day * _DAY_SECONDS + int(text[11:13]) * 3600 + int(text[14:16]) * 60 + int(text[17:19])
    return seconds * units + _micros(text[20:]) * units // 1_000_000


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
            exact.append((index, _packed_datetime_text(whole) + _fraction_text(micros, digits)))
            out.append(missing)
        else:
            seconds = day * _DAY_SECONDS + (whole >> 12 & 31) * 3600 + (whole >> 6 & 63) * 60 + (whole & 63)
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
    day, second = divmod(seconds, _DAY_SECONDS)
    minute, second = divmod(second, 60)
    hour, minute = divmod(minute, 60)
    fraction = _fraction_text(rest * (1_000_000 // units), digits)
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
    packed = _packed_day(exact) << 17 | int(exact[11:13]) << 12 | int(exact[14:16]) << 6 | int(exact[17:19])
    return long(-(1 << 62) - (packed << 20 | _micros(exact[20:].encode())))


DATETIME = Type(
    avro=_datetime_avro,
    default=_datetime_default,
    size=_datetime_size,
    log=_datetime_log,
    text=_datetime_text,
    literal=_datetime_literal,
    exact_key=_datetime_key,
)


# --- TIMESTAMP: ISO 8601 text in UTC ----------------------------------------------------------------------------------


def _timestamp_avro(column: Column) -> dict[str, Json]:
    return named(column, "string", "io.debezium.time.ZonedTimestamp")


def _timestamp_default(column: Column, text: str) -> Json:
    if text.upper().startswith(_NOW) or text.startswith("0000-"):
        return _epoch_text(column.fraction)
    return f"{text[:10]}T{text[11:]}Z"


def _timestamp_size(column: Column) -> int:
    return 4 + fraction_bytes(column.fraction)


def _epoch_text(digits: int) -> str:
    return f"1970-01-01T00:00:00{_fraction_text(0, digits)}Z"


def _zero_text(digits: int) -> str:
    return f"0000-00-00 00:00:00{_fraction_text(0, digits)}"


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
            day, second = divmod(seconds, _DAY_SECONDS)
            minute, second = divmod(second, 60)
            hour, minute = divmod(minute, 60)
            fraction = _fraction_text(micros, digits)
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
    def write(data: bytes, at: int, out: list[str]) -> int:
        value, at = sized_at(data, at)
        text = value.decode("ascii")
        out.append(f"'{text[:10]} {text[11:-1]}'")
        return at

    return write


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
