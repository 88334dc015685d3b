"""GTID sets against sets of integers, and log positions."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.position import GtidSet, LogPosition, Naming

A = "3e11fa47-71ca-11e1-9e33-c80aa9429562"
B = "4f22fa47-71ca-11e1-9e33-c80aa9429562"
numbers = st.sets(st.integers(1, 40), max_size=25)


def of(source: str, members: set[int]) -> GtidSet:
    found = GtidSet()
    for number in sorted(members, key=lambda n: n * 7 % 41):  # in an order that is not ascending
        found.add(f"{source}:{number}")
    return found


@given(numbers, numbers)
def test_sets_behave_like_sets(left: set[int], right: set[int]) -> None:
    one, other = of(A, left), of(A, right)
    assert one.union(other) == of(A, left | right)
    assert one.minus(other) == of(A, left - right)
    assert one.covers(other) is left.issuperset(right)
    assert one.count() == len(left)
    assert all(one.contains(f"{A}:{n}") is (n in left) for n in range(1, 42))
    assert GtidSet.parse(str(one)) == one


def test_text_form_is_mysqls() -> None:
    text = f"{A}:1-5:11,\n{B}:7"
    assert str(GtidSet.parse(text)) == f"{A}:1-5:11,{B}:7"
    assert str(GtidSet.parse(f"{A.upper()}:2-3:1")) == f"{A}:1-3"
    assert not GtidSet.parse("")


def test_tags_are_sources_of_their_own() -> None:
    found = GtidSet.parse(f"{A}:1-3:backup:1-2:9")
    assert found.contains(f"{A}:backup:9")
    assert not found.contains(f"{A}:9")


@pytest.mark.parametrize("text", ["x", f"{A}:0", f"{A}:3-1x", "12:1", f"{A}:5-2"])
def test_nonsense_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        GtidSet.parse(text)


def test_dump_form() -> None:
    encoded = GtidSet.parse(f"{A}:1-5:11").encode()
    assert encoded[:8] == struct.pack("<Q", 1)
    assert encoded[24:] == struct.pack("<QQQQQ", 2, 1, 6, 11, 12)


def test_dump_form_with_tags_is_what_the_server_writes() -> None:
    """The body of a PREVIOUS_GTIDS event of MySQL 9.7, and what SELECT @@gtid_executed said of it."""
    text = """9bcc94a4-e6fa-11f1-924c-02fc00000001:1-23:foo:1-2,
        aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee:77:bak_1:4:tag_z:9000000000"""
    assert GtidSet.parse(text).encode() == bytes.fromhex(
        "0105000000000001"
        "9bcc94a4e6fa11f1924c02fc00000001000100000000000000010000000000000018000000000000009bcc94a4e6fa11f1924c02fc"
        "0000000106666f6f010000000000000001000000000000000300000000000000aaaaaaaabbbbccccddddeeeeeeeeeeee0001000000"
        "000000004d000000000000004e00000000000000aaaaaaaabbbbccccddddeeeeeeeeeeee0a62616b5f310100000000000000040000"
        "00000000000500000000000000aaaaaaaabbbbccccddddeeeeeeeeeeee0a7461675f7a0100000000000000001a711802000000011a"
        "711802000000"
    )


def test_log_positions_order_by_number_then_offset() -> None:
    assert LogPosition.of("b.999999", 900) < LogPosition.of("b.1000000", 4)
    assert LogPosition.of("b.000002", 4) < LogPosition.of("b.000002", 1 << 33)


@given(st.integers(1, 10**7), st.integers(4, 1 << 40), st.integers(4, 1 << 40))
def test_a_place_stands_for_all_that_begins_before_it(number: int, one: int, other: int) -> None:
    left, right = (GtidSet.before(A, LogPosition.of(f"mysql.bin.{number:06}", offset)) for offset in (one, other))
    assert left.covers(right) is (one >= other)
    assert left.union(right) == (left if one >= other else right)
    assert left.place == LogPosition.of(f"mysql.bin.{number:06}", one)
    assert (left.server, left.naming) == (A, Naming.PLACE)
    name = f"{A}/mysql.bin.{number:06}:{other}"
    assert left.contains(name) is (other < one)
    left.add(name)
    assert left.contains(name) and left.covers(right)
    assert left.minus(right)
    assert GtidSet.parse(str(left)) == left
    assert GtidSet.parse(str(left)).contains(name)


def test_places_of_two_servers_or_files_do_not_mix() -> None:
    place = LogPosition.of("binlog.000009", 500)
    assert not GtidSet.before(A, place).covers(GtidSet.before(B, place))
    assert not GtidSet.before(A, place).covers(GtidSet.parse(f"{A}:1"))
    assert GtidSet.before(A, LogPosition.of("binlog.000010", 4)).covers(GtidSet.before(A, place))
    assert str(GtidSet.before(A, place)) == f"{A}/binlog.000009:500"
    assert GtidSet.parse(f"{A}:1-5").naming is Naming.GTID


def test_a_place_follows_the_log_beyond_4_gb() -> None:
    far = LogPosition.of("binlog.000001", (5 << 32) - 100)
    assert far.reached(50).offset == (5 << 32) + 50
    assert far.reached((1 << 32) - 50).offset == (5 << 32) - 50
    assert far.reached((1 << 32) - 200) == far
