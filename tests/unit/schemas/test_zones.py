"""Zones as offsets, and whether one of them holds for all moments that matter."""

import pytest

from schemas.zones import EVERYTHING, FIRST, Change, Zone, written

SUMMER, WINTER = 1_000_000, 2_000_000
ZONE = Zone((Change(FIRST, 3600, 0), Change(SUMMER, 7200, 0), Change(WINTER, 3600, -1800)))


@pytest.mark.parametrize(
    ("intervals", "offset"),
    [
        ([(SUMMER - 1, SUMMER - 1)], 3600),
        ([(SUMMER, SUMMER)], 7200),
        ([(SUMMER, WINTER - 1)], 7200),
        ([(SUMMER - 1, SUMMER)], None),
        ([(SUMMER, SUMMER), (WINTER, WINTER)], None),
        ([(FIRST, FIRST), (WINTER, WINTER + 5)], 3600),
        ([(SUMMER - 10, WINTER + 10)], None),
        ([EVERYTHING], None),
    ],
)
def test_one_offset_or_several(intervals: list[tuple[int, int]], offset: int | None) -> None:
    assert ZONE.only_offset(intervals) == offset


def test_a_zone_travels_as_text() -> None:
    assert Zone.parse(str(ZONE)) == ZONE
    with pytest.raises(ValueError, match="values to unpack"):
        Zone.parse("1,2")


@pytest.mark.parametrize(
    ("offset", "text"), [(0, "+00:00"), (20700, "+05:45"), (-12600, "-03:30"), (-60, "-00:01"), (-2670, None)]
)
def test_offsets_as_the_server_takes_them(offset: int, text: str | None) -> None:
    assert written(offset) == text


def test_zones_that_agree_but_for_times_that_came_twice() -> None:
    later = Zone((*ZONE.changes[:2], Change(WINTER, 3600, 1800)))
    assert later.agrees(ZONE)
    assert later.disputed(ZONE) == [(WINTER + 3600, WINTER + 7200)]
    assert ZONE.disputed(ZONE) == []
    assert not ZONE.agrees(Zone(ZONE.changes[:2]))


def test_moments_whose_local_time_comes_twice() -> None:
    assert ZONE.doubled() == [(WINTER - 3600, WINTER + 3599)]
