"""Days of the proleptic Gregorian calendar, counted from 1970-01-01, and digits of a second's fraction."""

from datetime import date
from functools import lru_cache

_EPOCH = date(1970, 1, 1).toordinal()
_CYCLE_YEARS, _CYCLE_DAYS = 400, 146_097  # the calendar repeats: year 0 is counted as year 400
DAY_SECONDS = 86_400


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
def days_of_text(text: bytes) -> int | None:
    return days(int(text[:4]), int(text[5:7]), int(text[8:10]))


def fraction_text(micros: int, digits: int) -> str:
    return f".{micros:06}"[: digits + 1] if digits else ""


def micros_of(text: bytes) -> int:
    """The digits behind a second's point as millionths."""
    return int(text.ljust(6, b"0")) if text else 0


def fraction_bytes(digits: int) -> int:
    return (digits + 1) // 2
