"""GTID_TAGGED events as MySQL 9.7 wrote them; `mysqlbinlog` gave what is expected."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture.events import EventType
from capture.gtids import BEGINNINGS, tagged_gtid
from runtime.errors import Fatal

AUTOMATIC = bytes.fromhex(
    "0274000000026d023103510291029903e90322c50349029804f1030000000204040606666f6f08000a040c7fdcf4a378ea60061081"
    "041283120b"
)
GIVEN = bytes.fromhex(
    "028e00000002a902a902a902a902ed02ed023103310375037503b903b903b903b903b903b903040f80461c86060a7461675f7a0804"
    "0a080c7fc704a478ea60061001051283120b"
)


def test_tag_and_commit_time() -> None:
    found = tagged_gtid(AUTOMATIC)
    assert found.gtid == "9bcc94a4-e6fa-11f1-924c-02fc00000001:foo:1"
    assert found.commit_us == 1795410022888668
    given_number = BEGINNINGS[EventType.GTID_TAGGED](GIVEN)
    assert given_number.gtid == "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee:tag_z:9000000000"
    assert given_number.commit_us == 1795410022892743


def test_the_original_commit_time_counts() -> None:
    at = AUTOMATIC.index(bytes.fromhex("1081"))
    assert tagged_gtid(_sized(AUTOMATIC[:at] + b"\x0e\x0a" + AUTOMATIC[at:])).commit_us == 5


def test_fields_of_later_servers() -> None:
    later = _sized(AUTOMATIC + b"\x18\xff later")
    assert tagged_gtid(later) == tagged_gtid(AUTOMATIC)
    with pytest.raises(Fatal, match="a form that this version does not know"):
        tagged_gtid(later[:2] + b"\x1a" + later[3:])  # they say that a reader must know the field


@given(st.binary(max_size=80))
def test_malformed_events_raise_our_error(body: bytes) -> None:
    for tried in (body, b"\x02" + body, AUTOMATIC[: len(body)] + body):
        try:
            tagged_gtid(tried)
        except Fatal:
            continue


def _sized(message: bytes) -> bytes:
    return message[:1] + bytes((len(message) << 1,)) + message[2:]
