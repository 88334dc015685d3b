"""TIME as microseconds, from -838:59:59 to 838:59:59.

The row image since 5.6 is my_time_packed_to_binary's (my_time.cc).
"""

from schemas.table import Column
from schemas.types.annotation import named
from schemas.types.calendar import fraction_bytes, fraction_text, micros_of
from schemas.types.column import ColumnPlan, Exact, FromLog, FromText, Json, ToLiteral, Type
from schemas.varint import long, long_at

_TIME_OFFSET = 0x800000


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
    value = (int(hours) * 3600 + int(minutes) * 60 + int(seconds)) * 1_000_000 + micros_of(fraction)
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
    return f"{'-' if value < 0 else ''}{hour:02}:{minute:02}:{second:02}{fraction_text(micros, digits)}"


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
