"""Random temporal columns: the ends of their ranges, zero, partial and impossible dates, every number of digits."""

from hypothesis import strategies as st

from tests.conformance.rounds.typed import Typed, weighted

_DAYS = (
    "0000-00-00", "2024-00-00", "2024-02-00", "2024-00-15", "2024-02-31", "0000-01-01", "0000-12-31", "0001-01-01",
    "1000-01-01", "1582-10-10", "1900-02-28", "1969-12-31", "1970-01-01", "2000-02-29", "9999-12-31", "0069-05-05",
)  # fmt: skip
_CLOCKS = ("00:00:00", "23:59:59", "12:34:56", "00:00:01")
_FRACTIONS = ("", ".000000", ".000001", ".499999", ".5", ".999999", ".123456")
_TIMES = ("838:59:59", "-838:59:59", "-00:00:00", "00:00:00", "24:00:00", "-00:00:01", "99:59:59", "-100:00:00")
_STAMPS = (
    "1970-01-01 00:00:01", "2038-01-19 03:14:07", "0000-00-00 00:00:00", "2001-09-09 01:46:40", "2024-03-31 01:30:00",
    "2024-02-30 00:00:00", "2040-01-01 00:00:00",
)  # fmt: skip


_LATER = ("{} + INTERVAL 1 DAY", "{} - INTERVAL 50 MINUTE")


def _moments(digits: int) -> st.SearchStrategy[str]:
    """Defaults of a DATETIME or TIMESTAMP."""
    now = f"CURRENT_TIMESTAMP({digits})"
    return st.sampled_from(("'0000-00-00 00:00:00'", "'2020-02-02 02:02:02'", now, f"{now} ON UPDATE {now}"))


def _days() -> st.SearchStrategy[str]:
    numbers = st.tuples(st.integers(0, 9999), st.integers(0, 12), st.integers(0, 31))
    return weighted(_DAYS, numbers.map(lambda day: "{:04}-{:02}-{:02}".format(*day)))


def _clocks() -> st.SearchStrategy[str]:
    numbers = st.tuples(st.integers(0, 23), st.integers(0, 59), st.integers(0, 59))
    return weighted(_CLOCKS, numbers.map(lambda clock: "{:02}:{:02}:{:02}".format(*clock)))


def _fractions() -> st.SearchStrategy[str]:
    return weighted(_FRACTIONS, st.integers(0, 999999).map(lambda micros: f".{micros:06}"))


def _digits() -> st.SearchStrategy[int]:
    return weighted((0, 0, 3, 6), st.integers(0, 6))


def _quoted(parts: tuple[str, ...]) -> str:
    return "'" + "".join(parts) + "'"


def dates() -> st.SearchStrategy[Typed]:
    return st.just(
        Typed("DATE", _days().map(lambda day: f"'{day}'"), key_bytes=4, default="'0000-00-00'", turns=_LATER)
    )


@st.composite
def datetimes(draw: st.DrawFn) -> Typed:
    digits = draw(_digits())
    values = st.tuples(_days(), st.just(" "), _clocks(), _fractions()).map(_quoted)
    default = draw(_moments(digits))
    return Typed(f"DATETIME({digits})", values, key_bytes=8, default=default, turns=_LATER)


@st.composite
def times(draw: st.DrawFn) -> Typed:
    digits = draw(_digits())
    hours = st.integers(-838, 838).map(lambda hour: f"{'-' * (hour < 0)}{abs(hour):02}:59:07")
    values = st.tuples(weighted(_TIMES, hours), _fractions()).map(_quoted)
    return Typed(
        f"TIME({digits})", values, key_bytes=8, default="'-01:02:03'", turns=("SEC_TO_TIME(-TIME_TO_SEC({}))",)
    )


@st.composite
def timestamps(draw: st.DrawFn) -> Typed:
    digits = draw(_digits())
    moments = st.integers(1, (1 << 31) - 1).map(lambda second: f"FROM_UNIXTIME({second})")
    texts = st.tuples(st.sampled_from(_STAMPS), _fractions()).map(_quoted)
    return Typed(
        f"TIMESTAMP({digits})", st.one_of(texts, moments), key_bytes=8, default=draw(_moments(digits)), turns=_LATER
    )
