"""Numbers: from both sources to the same Avro, and to literals of the same value."""

import struct
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.types.decimals import decimal_text, twos_complement, unpack_decimal
from schemas.types.floats import double_literal
from schemas.varint import long, sized
from tests.unit.schemas.one_column import carried, column

_SIZES = {"tinyint": 1, "smallint": 2, "mediumint": 3, "int": 4, "bigint": 8}


@pytest.mark.parametrize("data_type", _SIZES)
@settings(max_examples=25)
@given(data=st.data())
def test_signed_integers(data_type: str, data: st.DataObject) -> None:
    size = _SIZES[data_type]
    value = data.draw(st.integers(-(1 << 8 * size - 1), (1 << 8 * size - 1) - 1))

    found = carried(column(data_type), value.to_bytes(size, "little", signed=True), str(value).encode())

    assert (found.avro, found.exact, found.literal) == (long(value), None, str(value))


@pytest.mark.parametrize("data_type", _SIZES)
@settings(max_examples=25)
@given(data=st.data())
def test_unsigned_integers(data_type: str, data: st.DataObject) -> None:
    size = _SIZES[data_type]
    value = data.draw(st.integers(0, (1 << 8 * size) - 1))

    found = carried(column(data_type, unsigned=True), value.to_bytes(size, "little"), str(value).encode())

    wraps = value >= 1 << 63
    assert found.avro == found.key == long(value - (1 << 64) if wraps else value)
    assert found.exact == (str(value) if wraps else None)
    assert found.literal == str(value)


def test_zerofill_text_is_a_number() -> None:
    assert carried(column("int", unsigned=True), b"\x2a\0\0\0", b"0000000042").literal == "42"


@settings(max_examples=25)
@given(st.integers(-128, 127))
def test_a_boolean_keeps_every_number(value: int) -> None:
    found = carried(column("tinyint", "tinyint(1)"), value.to_bytes(1, "little", signed=True), str(value).encode())

    assert found.avro == (b"\x01" if value else b"\x00")
    assert found.literal == str(value)
    assert found.exact == (None if value in (0, 1) else str(value))


def _packed(value: Decimal, precision: int, scale: int) -> bytes:
    """Digit groups of nine in four bytes, leftovers in fewer, sign in the highest bit."""
    sign, digits, exponent = value.as_tuple()
    assert exponent == -scale
    text = "".join(map(str, digits)).rjust(precision, "0")
    whole, fraction = text[: precision - scale], text[precision - scale :]
    sizes = {0: 0, 1: 1, 2: 1, 3: 2, 4: 2, 5: 3, 6: 3, 7: 4, 8: 4, 9: 4}
    groups = []
    lead = len(whole) % 9
    groups += [whole[:lead]] if lead else []
    groups += [whole[at : at + 9] for at in range(lead, len(whole), 9)]
    groups += [fraction[at : at + 9] for at in range(0, len(fraction), 9)]
    packed = bytearray(b"".join(int(group).to_bytes(sizes[len(group)], "big") for group in groups))
    packed[0] |= 0x80
    return bytes(byte ^ 0xFF for byte in packed) if sign and value else bytes(packed)


@st.composite
def _decimals(draw: st.DrawFn) -> tuple[Decimal, int, int]:
    scale = draw(st.integers(0, 30))
    precision = draw(st.integers(max(1, scale), 65))
    unscaled = draw(st.integers(-(10**precision) + 1, 10**precision - 1))
    digits = tuple(map(int, str(abs(unscaled))))
    return Decimal((int(unscaled < 0), digits, -scale)), precision, scale


@settings(max_examples=25)
@given(_decimals())
def test_decimals(drawn: tuple[Decimal, int, int]) -> None:
    value, precision, scale = drawn
    definition = replace(column("decimal"), precision=precision, scale=scale)
    text = f"{value:f}"

    found = carried(definition, _packed(value, precision, scale), text.encode())

    unscaled = int(text.replace(".", ""))
    assert found.avro == sized(twos_complement(unscaled))
    assert found.literal == decimal_text(unscaled, scale)
    assert Decimal(found.literal) == value


@settings(max_examples=25)
@given(st.integers(-(1 << 220), 1 << 220))
def test_twos_complement_is_the_shortest(value: int) -> None:
    found = twos_complement(value)

    assert int.from_bytes(found, "big", signed=True) == value
    assert len(found) == 1 or not -(1 << 8 * len(found) - 9) <= value < 1 << 8 * len(found) - 9


def test_a_decimal_of_the_wrong_size_is_refused() -> None:
    with pytest.raises(Exception, match="DECIMAL"):
        unpack_decimal(b"\x80", 10, 2)


@settings(max_examples=25)
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_doubles(value: float) -> None:
    found = carried(column("double"), struct.pack("<d", value), repr(value).encode())

    assert found.avro == struct.pack("<d", value)
    assert struct.pack("<d", float(found.literal)) == found.avro
    assert "e" in found.literal


@settings(max_examples=25)
@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_floats_are_the_doubles_of_the_same_value(value: float) -> None:
    found = carried(column("float"), struct.pack("<f", value), repr(value).encode())

    assert found.avro == struct.pack("<f", value)
    assert float(found.literal) == value


def test_a_double_literal_is_no_decimal() -> None:
    assert [double_literal(value) for value in (0.0, -0.0, 1.5, 1e20, 5e-324)] == [
        "0.0e0",
        "-0.0e0",
        "1.5e0",
        "1e+20",
        "5e-324",
    ]


@settings(max_examples=25)
@given(st.integers(2, 64), st.data())
def test_bits_are_little_endian(bits: int, data: st.DataObject) -> None:
    value, size = data.draw(st.integers(0, (1 << bits) - 1)), (bits + 7) // 8

    found = carried(replace(column("bit"), length=bits), value.to_bytes(size, "big"), value.to_bytes(size, "big"))

    assert found.avro == sized(value.to_bytes(size, "little"))
    assert found.literal == str(value)


@pytest.mark.parametrize("value", [0, 1])
def test_one_bit_is_a_boolean(value: int) -> None:
    found = carried(replace(column("bit"), length=1), bytes((value,)), bytes((value,)))

    assert (found.avro, found.literal) == (bytes((value,)), str(value))
