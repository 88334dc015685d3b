"""Dates and times: from both sources to the same Avro, and to MySQL's text again."""

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.types.calendar import day_text, days
from schemas.varint import long, text
from tests.unit.schemas.one_column import Carried, carried, column

_EPOCH = dt.datetime(1970, 1, 1)
_FRACTIONS = st.integers(0, 6)


def _fraction(micros: int, digits: int) -> bytes:
    """Hundredths, 1e-4 or 1e-6, big-endian."""
    size = (digits + 1) // 2
    return (micros // (1_000_000, 10_000, 100, 1)[size]).to_bytes(size, "big")


def _cut(micros: int, digits: int) -> int:
    return int(f"{micros:06}"[:digits].ljust(6, "0"))


def _tail(micros: int, digits: int) -> str:
    return f".{micros:06}"[: digits + 1] if digits else ""


def _date(year: int, month: int, day: int) -> Carried:
    packed = (year << 9 | month << 5 | day).to_bytes(3, "little")
    return carried(column("date"), packed, f"{year:04}-{month:02}-{day:02}".encode())


@settings(max_examples=25)
@given(st.dates())
def test_dates(value: dt.date) -> None:
    found = _date(value.year, value.month, value.day)

    assert found.avro == found.key == long((value - _EPOCH.date()).days)
    assert (found.exact, found.literal) == (None, f"'{value.isoformat()}'")


def test_the_year_before_the_first_is_counted_too() -> None:
    assert _date(0, 1, 1).avro == long(-719_528)
    assert _date(0, 12, 31).literal == "'0000-12-31'"
    assert days(1, 1, 1) == -719_162
    assert day_text(-719_163) == "0000-12-31"


@settings(max_examples=25)
@given(st.integers(0, 9999), st.integers(0, 12), st.integers(0, 31))
def test_every_date_that_mysql_stores_comes_back(year: int, month: int, day: int) -> None:
    assert _date(year, month, day).literal == f"'{year:04}-{month:02}-{day:02}'"


@pytest.mark.parametrize("parts", [(0, 0, 0), (2024, 0, 0), (2024, 2, 0), (2024, 0, 9), (2024, 2, 31), (2023, 2, 29)])
def test_what_is_no_day_is_exact_text_behind_the_epoch(parts: tuple[int, int, int]) -> None:
    found = _date(*parts)

    assert found.avro == long(0)
    assert found.exact == "{:04}-{:02}-{:02}".format(*parts)


def test_no_two_dates_share_a_key() -> None:
    dates = [_date(year, month, day) for year in (0, 1970, 9999) for month in range(13) for day in range(32)]

    assert len({found.key for found in dates}) == len(dates)


def _datetime(value: tuple[int, int, int, int, int, int, int], digits: int) -> Carried:
    year, month, day, hour, minute, second, micros = value
    whole = ((year * 13 + month) << 5 | day) << 17 | hour << 12 | minute << 6 | second
    log = (whole + 0x8000000000).to_bytes(5, "big") + _fraction(micros, digits)
    words = f"{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}{_tail(micros, digits)}"
    found = carried(replace(column("datetime"), fraction=digits), log, words.encode())
    assert found.literal == f"'{words}'"
    return found


@settings(max_examples=25)
@given(st.datetimes(), _FRACTIONS)
def test_datetimes(value: dt.datetime, digits: int) -> None:
    value = value.replace(microsecond=_cut(value.microsecond, digits))
    parts = (value.year, value.month, value.day, value.hour, value.minute, value.second, value.microsecond)

    found = _datetime(parts, digits)

    unit = dt.timedelta(milliseconds=1) if digits <= 3 else dt.timedelta(microseconds=1)
    assert found.avro == long((value - _EPOCH) // unit)
    assert found.exact is None


@settings(max_examples=25)
@given(st.integers(0, 9999), st.integers(0, 12), st.integers(0, 31), st.integers(0, 999_999), _FRACTIONS)
def test_every_datetime_that_mysql_stores_comes_back(year: int, month: int, day: int, micros: int, digits: int) -> None:
    found = _datetime((year, month, day, 23, 59, 59, _cut(micros, digits)), digits)

    if found.exact is not None:
        assert found.avro == long(0)
        assert found.key != found.avro


def test_no_two_datetimes_share_a_key() -> None:
    found = [_datetime((2024, month, day, 1, 2, 3, 0), 0) for month in range(13) for day in range(32)]
    found += [_datetime((0, 0, 0, 0, 0, second, 0), 0) for second in range(60)]

    assert len({one.key for one in found}) == len(found)


def _timestamp(seconds: int, micros: int, digits: int, words: str) -> Carried:
    log = seconds.to_bytes(4, "big") + _fraction(micros, digits)
    return carried(replace(column("timestamp"), fraction=digits), log, words.encode())


@settings(max_examples=25)
@given(st.integers(1, (1 << 32) - 1), st.integers(0, 999_999), _FRACTIONS)
def test_timestamps_are_utc_text(seconds: int, micros: int, digits: int) -> None:
    micros = _cut(micros, digits)
    moment = (_EPOCH + dt.timedelta(seconds=seconds)).isoformat(sep=" ")
    tail = _tail(micros, digits)

    found = _timestamp(seconds, micros, digits, moment + tail)

    assert found.avro == text(moment.replace(" ", "T") + tail + "Z")
    assert found.literal == f"'{moment}{tail}'"


@pytest.mark.parametrize(("digits", "tail"), [(0, ""), (3, ".000"), (6, ".000000")])
def test_the_zero_timestamp_is_exact_text(digits: int, tail: str) -> None:
    found = _timestamp(0, 0, digits, f"0000-00-00 00:00:00{tail}")

    assert found.avro == text(f"1970-01-01T00:00:00{tail}Z")
    assert found.exact == f"0000-00-00 00:00:00{tail}"
    assert found.literal == f"'0000-00-00 00:00:00{tail}'"
    assert found.key == text(f"0000-00-00T00:00:00{tail}Z")


_LONGEST = ((838 * 60 + 59) * 60 + 59) * 1_000_000


@settings(max_examples=25)
@given(st.integers(-_LONGEST, _LONGEST), _FRACTIONS)
def test_times(value: int, digits: int) -> None:
    size = abs(value) - abs(value) % 10 ** (6 - digits)
    value = -size if value < 0 else size
    seconds, micros = divmod(size, 1_000_000)
    hour, minute, second = seconds // 3600, seconds // 60 % 60, seconds % 60
    stored = (digits + 1) // 2
    packed = (hour << 12 | minute << 6 | second) << 8 * stored | int.from_bytes(_fraction(micros, digits), "big")
    log = ((0x800000 << 8 * stored) + (-packed if value < 0 else packed)).to_bytes(3 + stored, "big")
    words = f"{'-' if value < 0 else ''}{hour:02}:{minute:02}:{second:02}{_tail(micros, digits)}"

    found = carried(replace(column("time"), fraction=digits), log, words.encode())

    assert (found.avro, found.literal) == (long(value), f"'{words}'")


@pytest.mark.parametrize(("byte", "year"), [(0, 0), (1, 1901), (100, 2000), (255, 2155)])
def test_years(byte: int, year: int) -> None:
    found = carried(column("year"), bytes((byte,)), f"{year:04}".encode())

    assert (found.avro, found.literal) == (long(year), str(year))
