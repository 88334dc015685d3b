"""Differences of JSON documents applied to binary documents that the server wrote, and to others."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.types.column import Malformed
from schemas.types.json_diff import patched
from schemas.types.jsonb import json_text

#: {"a": 1, "b": [1, 2, {"c": 3}], "zz...": "some long text here some long text here"}, and what MySQL 9.7 logged for
#: JSON_SET(j, '$.a', 7, '$.b[2].c', 'x', '$."k k"', 5, '$.b[9]', NULL)
DOCUMENT = bytes.fromhex(
    "0003007400190001001a0001001b0018000501000233000c4c0061627a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a"
    "03001900050100050200000d0001000c000b0001000503006327736f6d65206c6f6e672074657874206865726520736f6d65206c"
    "6f6e6720746578742068657265"
)
LOGGED = bytes.fromhex("0003242e61030507000008242e625b325d2e63030c01780107242e226b206b22030505000106242e625b395d020400")
LONG = "z" * 24
TEXT = "some long text here some long text here"


def sized(data: bytes) -> bytes:
    return bytes((len(data),)) + data if len(data) < 251 else b"\xfc" + struct.pack("<H", len(data)) + data


def change(operation: int, path: str, value: bytes = b"") -> bytes:
    return bytes((operation,)) + sized(path.encode()) + (b"" if operation == 2 else sized(value))


def text(document: bytes) -> str:
    return json_text(document)[0].decode()


def test_what_the_server_logged() -> None:
    assert text(DOCUMENT) == f'{{"a": 1, "b": [1, 2, {{"c": 3}}], "{LONG}": "{TEXT}"}}'
    assert (
        text(patched(DOCUMENT, LOGGED)) == f'{{"a": 7, "b": [1, 2, {{"c": "x"}}, null], "k k": 5, "{LONG}": "{TEXT}"}}'
    )


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (change(2, "$.a") + change(2, "$.b"), f'{{"{LONG}": "{TEXT}"}}'),
        (change(2, f"$.{LONG}") + change(2, "$.b[0]"), '{"a": 1, "b": [2, {"c": 3}]}'),
        (change(2, f"$.{LONG}") + change(0, "$.b[last]", b"\x04\x01"), '{"a": 1, "b": [1, 2, true]}'),
        (change(2, f"$.{LONG}") + change(1, "$.b[last-1]", b"\x04\x01"), '{"a": 1, "b": [1, true, 2, {"c": 3}]}'),
        (change(2, f"$.{LONG}") + change(1, "$.b[last-9]", b"\x04\x01"), '{"a": 1, "b": [true, 1, 2, {"c": 3}]}'),
        (change(0, f"$.{LONG}", b"\x00\x00\x00\x04\x00"), f'{{"a": 1, "b": [1, 2, {{"c": 3}}], "{LONG}": {{}}}}'),
        (
            change(2, f"$.{LONG}") + change(2, "$.b") + change(1, '$."q\\"\\u00e9\\\\"', b"\x07\xff\xff\xff\xff"),
            '{"a": 1, "q\\"é\\\\": -1}',
        ),
        (change(2, f"$.{LONG}") + change(2, "$.b") + change(1, "$.€", b"\x0a" + bytes(8)), '{"a": 1, "€": 0}'),
        (
            change(0, "$.b", DOCUMENT) + change(2, "$.b.b[2].c") + change(2, f"$.b.{LONG}") + change(2, f"$.{LONG}"),
            '{"a": 1, "b": {"a": 1, "b": [1, 2, {}]}}',
        ),
    ],
)  # fmt: skip
def test_changes_are_applied_one_after_the_other(changes: bytes, expected: str) -> None:
    assert text(patched(DOCUMENT, changes)) == expected


@pytest.mark.parametrize(
    "changes",
    [
        change(0, "$.missing", b"\x04\x00"),
        change(1, "$.a", b"\x04\x00"),
        change(2, "$.missing"),
        change(2, "$.b[3]"),
        change(2, "$.b[last-3]"),
        change(0, "$.b[3]", b"\x04\x00"),
        change(0, "$.a.x", b"\x04\x00"),
        change(0, "$.b.x", b"\x04\x00"),
        change(1, "$[0]", b"\x04\x00"),
        change(0, "$", b"\x04\x00"),
        change(0, "$.*", b"\x04\x00"),
        change(0, "a", b"\x04\x00"),
        change(0, "$.a", b"\x0c\x7f"),
        change(0, "$.a", b""),
        change(0, "$.a", b"\x0e\x00"),
        change(3, "$.a", b"\x04\x00"),
        change(0, "$" + ".a" * 200, b"\x04\x00"),
        b"\x00\xfe" + b"\xff" * 8,
        b"\x00\x03$.a\xfd\xff\xff\xff",
        b"\x00",
    ],
)
def test_changes_that_do_not_fit_are_refused(changes: bytes) -> None:
    with pytest.raises(Malformed):
        patched(DOCUMENT, changes)


@pytest.mark.parametrize("document", [DOCUMENT, b"\x04\x00", b"\x0c\x01x"])
def test_no_change_leaves_any_document_as_it_is(document: bytes) -> None:
    assert patched(document, b"") == document


def test_members_that_overlap_are_refused() -> None:
    """They would grow with every level when they are copied."""
    count, long = 2000, 50_000
    entries = 4 + 3 * count
    overlapping = b"\x02" + struct.pack("<HH", count, entries + long + 3)
    overlapping += (b"\x0c" + struct.pack("<H", entries)) * count
    overlapping += b"\xd0\x86\x03" + bytes(long)
    with pytest.raises(Malformed):
        patched(overlapping, change(2, "$[0]"))


@given(st.binary(max_size=60), st.lists(st.tuples(st.integers(0, 110), st.integers(0, 255)), max_size=4))
def test_damaged_bytes_give_our_error(changes: bytes, damage: list[tuple[int, int]]) -> None:
    document = bytearray(DOCUMENT)
    for at, byte in damage:
        document[at % len(document)] = byte
    for differences in (changes, LOGGED, LOGGED[:-9] + changes):
        try:
            json_text(patched(bytes(document), differences))
        except Malformed:
            continue
