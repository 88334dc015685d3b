"""Avro's primitives, held against fastavro."""

import io

import fastavro
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.varint import long, long_at, sized, sized_at, text

_LONGS = st.integers(-(1 << 63), (1 << 63) - 1)


@settings(max_examples=25)
@given(_LONGS)
def test_longs_are_avros(value: int) -> None:
    out = io.BytesIO()
    fastavro.schemaless_writer(out, {"type": "long"}, value)

    assert long(value) == out.getvalue()
    assert long_at(b"\x7f" + long(value) + b"\x00", 1) == (value, 1 + len(long(value)))


@pytest.mark.parametrize("value", [0, -1, 63, -64, 64, 8191, -8192, 8192, 1 << 20, 1 << 27, 1 << 34, -(1 << 63)])
def test_longs_at_the_edges_of_their_groups(value: int) -> None:
    out = io.BytesIO()
    fastavro.schemaless_writer(out, {"type": "long"}, value)

    assert long(value) == out.getvalue()


@settings(max_examples=25)
@given(st.binary(max_size=300), st.text(max_size=100))
def test_bytes_and_texts_are_avros(data: bytes, words: str) -> None:
    out = io.BytesIO()
    fastavro.schemaless_writer(out, {"type": "bytes"}, data)
    fastavro.schemaless_writer(out, {"type": "string"}, words)

    assert sized(data) + text(words) == out.getvalue()
    found, at = sized_at(out.getvalue(), 0)
    assert (found, sized_at(out.getvalue(), at)[0].decode()) == (data, words)


@pytest.mark.parametrize("broken", [b"\x08abc", b"\x01", b"\xff" * 12 + b"\x01"])
def test_a_broken_length_is_an_error(broken: bytes) -> None:
    with pytest.raises(ValueError, match=r"length|number"):
        sized_at(broken, 0)
