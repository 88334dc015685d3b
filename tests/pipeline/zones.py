"""Named time zones in a server that has none: what mysql_tzinfo_to_sql loads, from Python's own database."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from runtime.mysql import Connection
from schemas.sql import text_literal

_LAST = 2_145_916_800  # 2038


def load_zone(connection: Connection, name: str, *, known_as: str | None = None) -> None:
    """Makes the zone `name` known, or another zone's rules by that name; nothing is logged."""
    connection.execute("SET SESSION sql_log_bin = 0")
    connection.execute(f"DELETE FROM mysql.time_zone_name WHERE Name = {text_literal(name)}")
    connection.execute("INSERT INTO mysql.time_zone (Use_leap_seconds) VALUES ('N')")
    number = int(connection.value("SELECT LAST_INSERT_ID()"))
    connection.execute(f"INSERT INTO mysql.time_zone_name VALUES ({text_literal(name)}, {number})")
    offsets = list(_offsets(ZoneInfo(known_as or name)))
    kinds = sorted({offset for _, offset in offsets})
    rows = ", ".join(f"({number}, {kinds.index(offset)}, {offset}, 0, 'X')" for offset in kinds)
    connection.execute(f"INSERT INTO mysql.time_zone_transition_type VALUES {rows}")
    rows = ", ".join(f"({number}, {since}, {kinds.index(offset)})" for since, offset in offsets)
    connection.execute(f"INSERT INTO mysql.time_zone_transition VALUES {rows}")
    connection.execute("SET SESSION sql_log_bin = 1")


def _offsets(zone: ZoneInfo) -> Iterator[tuple[int, int]]:
    """(moment, offset from then on)."""
    before = _offset(zone, 0)
    yield 0, before
    for day in range(86_400, _LAST, 86_400):
        if _offset(zone, day) != before:
            low, high = day - 86_400, day
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if _offset(zone, middle) == before else (low, middle)
            before = _offset(zone, high)
            yield high, before


def _offset(zone: ZoneInfo, moment: int) -> int:
    offset = datetime.fromtimestamp(moment, UTC).astimezone(zone).utcoffset()
    return (offset or timedelta()) // timedelta(seconds=1)
