"""Binary JSON: printed as the server prints it, and refused where it is damaged."""

import json
import random
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.types.column import Malformed
from schemas.types.jsonb import double_text, json_text, quoted

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]


# --- a writer of binary JSON, as simple as it can be ------------------------------------------------------------------


def _document(value: Json, wide: bool) -> bytes:
    kind, body = _value(value, wide)
    return bytes((kind,)) + body


def _value(value: Json, wide: bool) -> tuple[int, bytes]:
    if value is None or isinstance(value, bool):
        return 4, bytes(({None: 0, True: 1, False: 2}[value],))
    if isinstance(value, int):
        return _integer(value)
    if isinstance(value, float):
        return 11, struct.pack("<d", value)
    if isinstance(value, str):
        return 12, _length(len(value.encode())) + value.encode()
    if isinstance(value, list):
        return (3 if wide else 2), _container([], value, wide)
    keys = sorted(value, key=lambda key: (len(key.encode()), key.encode()))
    return (1 if wide else 0), _container([key.encode() for key in keys], [value[key] for key in keys], wide)


def _integer(value: int) -> tuple[int, bytes]:
    for kind, layout, low, high in (
        (5, "<h", -(1 << 15), (1 << 15) - 1),
        (6, "<H", 0, (1 << 16) - 1),
        (7, "<i", -(1 << 31), (1 << 31) - 1),
        (8, "<I", 0, (1 << 32) - 1),
        (9, "<q", -(1 << 63), (1 << 63) - 1),
    ):
        if low <= value <= high:
            return kind, struct.pack(layout, value)
    return 10, struct.pack("<Q", value)


def _length(size: int) -> bytes:
    out = b""
    while size > 127:
        out += bytes((size & 127 | 128,))
        size >>= 7
    return out + bytes((size,))


def _container(keys: list[bytes], values: list[Json], wide: bool) -> bytes:
    width, layout = (4, "<I") if wide else (2, "<H")
    at = 2 * width + len(keys) * (width + 2) + len(values) * (width + 1)
    key_entries = value_entries = bodies = b""
    for key in keys:
        key_entries += struct.pack(layout, at) + struct.pack("<H", len(key))
        bodies += key
        at += len(key)
    for value in values:
        kind, body = _value(value, wide)
        if kind in (4, 5, 6) or (wide and kind in (7, 8)):
            value_entries += bytes((kind,)) + body.ljust(width, b"\0")
        else:
            value_entries += bytes((kind,)) + struct.pack(layout, at)
            bodies += body
            at += len(body)
    return struct.pack(layout, len(values)) + struct.pack(layout, at) + key_entries + value_entries + bodies


# --- the server's text, made another way ------------------------------------------------------------------------------


def _text(value: Json) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(map(_text, value)) + "]"
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: (len(key.encode()), key.encode()))
        return "{" + ", ".join(f"{_text(key)}: {_text(value[key])}" for key in keys) + "}"
    if isinstance(value, float):
        return double_text(value)
    return json.dumps(value, ensure_ascii=False)


_STRINGS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(1 << 63), (1 << 64) - 1)
    | st.integers(-70000, 70000)
    | st.floats(allow_nan=False, allow_infinity=False)
    | _STRINGS
    | st.text("x\u00e9", min_size=120, max_size=140)
)
_VALUES = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=5) | st.dictionaries(_STRINGS, inner, max_size=5), max_leaves=12
)


@settings(max_examples=60)
@given(_VALUES, st.booleans())
def test_a_document_prints_as_the_server_prints_it(value: Json, wide: bool) -> None:
    found = json_text(_document(value, wide))[0].decode()

    assert found == _text(value)
    assert json.loads(found) == value


# Printed by MySQL 9.7: SELECT CAST('...' AS JSON)
@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.0, "1.0"),
        (-0.0, "-0.0"),
        (1e20, "1e20"),
        (1.5e-7, "0.00000015"),
        (1e14, "100000000000000.0"),
        (1e15, "1e15"),
        (1e16, "1e16"),
        (1e22, "1e22"),
        (1e-14, "0.00000000000001"),
        (1e-15, "0.000000000000001"),
        (1e-16, "1e-16"),
        (1.1e-5, "0.000011"),
        (0.00012345678901234567, "0.00012345678901234567"),
        (100000000000000.5, "100000000000000.5"),
        (1234567890123456.7, "1234567890123456.8"),
        (9007199254740992.0, "9.007199254740992e15"),
        (1.7976931348623157e308, "1.7976931348623157e308"),
        (5e-324, "5e-324"),
        (123456.789e3, "123456789.0"),
    ],
)
def test_doubles_print_as_the_server_prints_them(value: float, text: str) -> None:
    assert double_text(value) == text
    assert double_text(-value) == ("-" + text).replace("--", "")


@settings(max_examples=60)
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_printed_double_reads_back(value: float) -> None:
    text = double_text(value)

    assert struct.pack("<d", float(text)) == struct.pack("<d", value)
    assert "." in text or "e" in text
    assert "+" not in text


def test_strings_are_escaped_as_the_server_escapes_them() -> None:
    assert quoted(b'\x00\x01\x1f\x7f"\\/\t\n\r\x08\x0c\xc3\xa9') == (
        b'"\\u0000\\u0001\\u001f\x7f\\"\\\\/\\t\\n\\r\\b\\f\xc3\xa9"'
    )


def _opaque(field: int, data: bytes) -> bytes:
    return b"\x0f" + bytes((field,)) + _length(len(data)) + data


def _packed(whole: int, micros: int, negative: bool = False) -> bytes:
    value = whole << 24 | micros
    return struct.pack("<q", -value if negative else value)


_DAY = ((2024 * 13 + 2) << 5 | 29) << 17


@pytest.mark.parametrize(
    ("field", "data", "text"),
    [
        (246, b"\x05\x02\x80\x01\x0a", "1.10"),
        (246, b"\x05\x02\x7f\xfe\xf5", "-1.10"),
        (10, _packed(_DAY, 0), '"2024-02-29"'),
        (10, _packed(0, 0), '"0000-00-00"'),
        (12, _packed(_DAY | 3 << 12 | 4 << 6 | 5, 500_000), '"2024-02-29 03:04:05.500000"'),
        (7, _packed(_DAY, 0), '"2024-02-29 00:00:00.000000"'),
        (11, _packed(838 << 12 | 59 << 6 | 59, 0, negative=True), '"-838:59:59.000000"'),
        (11, _packed(0, 1, negative=True), '"-00:00:00.000001"'),
        (15, b"\x00\xff", '"base64:type15:AP8="'),
        (252, b"", '"base64:type252:"'),
        (16, b"a" * 58, '"base64:type16:' + "YWFh" * 19 + '\\nYQ=="'),
    ],
)
def test_values_of_other_types(field: int, data: bytes, text: str) -> None:
    assert json_text(_opaque(field, data)) == (text.encode(), True)


def test_an_empty_document_is_null() -> None:
    assert json_text(b"") == (b"null", False)


def test_a_long_key_list_has_far_offsets() -> None:
    value: Json = {f"key{number}": [number, "x" * 50] for number in range(2000)}

    assert json.loads(json_text(_document(value, wide=True))[0]) == value


def _nested(levels: int) -> bytes:
    """An array in an array in an array ..."""
    body = struct.pack("<HH", 0, 4)
    for _ in range(levels - 1):
        body = struct.pack("<HH", 1, len(body) + 7) + b"\x02" + struct.pack("<H", 7) + body
    return b"\x02" + body


def test_a_document_as_deep_as_the_server_allows() -> None:
    assert json_text(_nested(100)) == (b"[" * 100 + b"]" * 100, False)
    with pytest.raises(Malformed, match="levels deep"):
        json_text(_nested(101))


@pytest.mark.parametrize(
    "broken",
    [
        b"\x0d",
        b"\x04\x07",
        b"\x0c\x05abc",
        b"\x0c\xff\xff\xff\xff\xff\xff\x01",
        b"\x0b\0\0",
        b"\x00\x01\x00\xff\x00",
        b"\x02\x01\x00\x07\x00\x02\x00\x00",  # an array that holds itself
        b"\x0f\x0a\x03abc",
        b"\x0f\xf6\x02\x05",
        b"\x02\xff\xff\x08\x00aaaa",
    ],
)
def test_a_broken_document_is_refused(broken: bytes) -> None:
    with pytest.raises(Malformed):
        json_text(broken)


def test_values_that_overlap_cannot_multiply_the_work() -> None:
    inner = struct.pack("<HH", 0, 4)
    for _ in range(60):  # each level holds the one below it a hundred times
        inner = struct.pack("<HH", 100, len(inner) + 304) + (b"\x02" + struct.pack("<H", 304)) * 100 + inner

    with pytest.raises(Malformed, match="overlap"):
        json_text(b"\x02" + inner)


def test_damage_anywhere_is_refused_or_printed_but_never_a_crash() -> None:
    chance = random.Random(7)
    value: Json = {"a": [1, 70000, 1.5, "text", None, True], "b": {"c": "\u00e9" * 200, "d": -(1 << 40)}}
    whole = _document(value, wide=False)
    for _ in range(3000):
        damaged = bytearray(whole[: chance.randint(1, len(whole))])
        for _ in range(chance.randint(0, 3)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        try:
            json_text(bytes(damaged))
        except Malformed:
            continue
