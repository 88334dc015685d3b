"""YEAR, and DATE as days; a DATE that is no day of the calendar, such as 0000-00-00 or 2024-02-31, is in `exact`.

Row images of temporal types: https://dev.mysql.com/doc/dev/mysql-server/latest/field__types_8h.html
"""

from functools import lru_cache

from schemas.table import Column
from schemas.types.annotation import named
from schemas.types.calendar import day_text, days, days_of_text
from schemas.types.column import ColumnPlan, Exact, FromLog, FromText, Json, ToLiteral, Type
from schemas.varint import long, long_at


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


def _date_avro(column: Column) -> dict[str, Json]:
    return named(column, "int", "io.debezium.time.Date")


def _date_default(column: Column, text: str) -> Json:
    number = days_of_text(text.encode())
    return number if number is not None or column.nullable else 0


def _date_size(column: Column) -> int:
    return 3


@lru_cache(1 << 14)
def _days_of_packed(packed: int) -> int | None:
    return days(packed >> 9, packed >> 5 & 15, packed & 31)


def _date_log(column: ColumnPlan) -> FromLog:
    present, missing, index = column.present, column.missing(long(0)), column.index

    def read(data: bytes, at: int, out: list[bytes], exact: list[Exact]) -> int:
        packed = data[at] | data[at + 1] << 8 | data[at + 2] << 16
        number = _days_of_packed(packed)
        if number is None:
            exact.append((index, f"{packed >> 9:04}-{packed >> 5 & 15:02}-{packed & 31:02}"))
            out.append(missing)
        else:
            out.append(present + long(number))
        return at + 3

    return read


def _date_text(column: ColumnPlan) -> FromText:
    present, missing, index = column.present, column.missing(long(0)), column.index

    def read(text: bytes, out: list[bytes], exact: list[Exact]) -> None:
        number = days_of_text(text)
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


def packed_day(exact: str) -> int:
    return int(exact[:4]) << 9 | int(exact[5:7]) << 5 | int(exact[8:10])


def _date_key(column: ColumnPlan, exact: str) -> bytes:
    """A number of its own, below every day."""
    return long(-(1 << 30) - packed_day(exact))


DATE = Type(
    avro=_date_avro,
    default=_date_default,
    size=_date_size,
    log=_date_log,
    text=_date_text,
    literal=_date_literal,
    exact_key=_date_key,
)
