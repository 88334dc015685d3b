"""Rows with partial JSON documents become rows with whole ones."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.errors import Fatal
from schemas.codec import RowsImage, RowsKind, whole_rows
from schemas.codec import plan as plan_of
from schemas.names import TableName
from schemas.table import Column, Table
from schemas.types.column import Malformed

_ID = Column(name="id", data_type="int", column_type="int", nullable=False)
_A = Column(name="a", data_type="json", column_type="json", nullable=True)
_N = Column(name="n", data_type="int", column_type="int", nullable=True)
_B = Column(name="b", data_type="json", column_type="json", nullable=True)
_PLAN = plan_of("task", Table(name=TableName("d", "t"), columns=(_ID, _A, _N, _B), primary_key=("id",)), 20, 21)
_IMAGE = RowsImage(RowsKind.UPDATE, b"\x0f", b"\x0f")
_ARRAY = b"\x02\x01\x00\x07\x00\x05\x01\x00"  # [1]
_NULL = b"\x04\x00"
_SET_CELL = b"\x00\x04$[0]\x03\x05\x09\x00"  # [0] becomes 9
_NINE = b"\x03" + struct.pack("<II", 1, 13) + b"\x05\x09\x00\x00\x00"  # [9], as a large array


def sized(data: bytes) -> bytes:
    return struct.pack("<I", len(data)) + data


def row(nulls: int, *values: bytes) -> bytes:
    return bytes((nulls | 0xF0,)) + b"".join(values)


def number(value: int) -> bytes:
    return struct.pack("<i", value)


_OLDER = row(0b0000, number(1), sized(_ARRAY), number(5), sized(_ARRAY))
_LATER = row(0b1110, number(2))


def test_partial_and_whole_documents_of_one_row() -> None:
    for flags, a, b, whole_a, whole_b in (
        (0b01, _SET_CELL, _NULL, _NINE, _NULL),
        (0b10, _NULL, _SET_CELL, _NULL, _NINE),
        (0b11, _SET_CELL, _SET_CELL, _NINE, _NINE),
        (0b00, _NULL, _NULL, _NULL, _NULL),
    ):
        newer = row(0b0100, number(1), sized(a), sized(b))
        whole = row(0b0100, number(1), sized(whole_a), sized(whole_b))
        assert whole_rows(_PLAN, _IMAGE, _OLDER + b"\x01" + bytes((flags,)) + newer) == _OLDER + whole


def test_no_difference_is_the_same_document() -> None:
    newer = row(0b1100, number(1), sized(b""))
    found = whole_rows(_PLAN, _IMAGE, _OLDER + b"\x01\x01" + newer)
    assert found.startswith(_OLDER + row(0b1100, number(1)))


def test_several_rows_each_with_options_of_its_own() -> None:
    rows = _OLDER + b"\x01\x02" + row(0b0010, number(1), number(6), sized(_SET_CELL))
    rows += _LATER + b"\x00" + _LATER
    assert whole_rows(_PLAN, _IMAGE, rows + rows) == 2 * (
        _OLDER + row(0b0010, number(1), number(6), sized(_NINE)) + _LATER + _LATER
    )


@pytest.mark.parametrize(
    "rows",
    [
        _LATER + b"\x01\x01" + row(0b1100, number(2), sized(_SET_CELL)),
        _OLDER + b"\x02\x01" + _OLDER,
        _OLDER,
        _OLDER + b"\x01\x01" + row(0b1100, number(1), struct.pack("<I", 900) + _SET_CELL),
        _OLDER + b"\x01\x01" + row(0b1100, number(1)),
        _OLDER + b"\x01\x01" + row(0b1000, number(1), sized(_SET_CELL), b"\x01"),
    ],
    ids=["older is NULL", "unknown option", "no newer image", "length", "cut", "cut behind"],
)
def test_rows_that_break_the_format(rows: bytes) -> None:
    with pytest.raises(Malformed):
        whole_rows(_PLAN, _IMAGE, rows)


@pytest.mark.parametrize("image", [(b"\x0d", b"\x0f"), (b"\x0f", b"\x02")])
def test_images_that_lack_a_column(image: tuple[bytes, bytes]) -> None:
    with pytest.raises(Fatal, match="lacks") as raised:
        whole_rows(_PLAN, RowsImage(RowsKind.UPDATE, *image), _OLDER)
    assert "binlog_row_image" in raised.value.hint


@given(st.binary(max_size=60))
def test_damaged_bytes_give_our_error(rows: bytes) -> None:
    for data in (rows, _OLDER + rows, _OLDER + b"\x01\x01" + row(0b1100, number(1)) + rows):
        try:
            whole_rows(_PLAN, _IMAGE, data)
        except Malformed:
            continue
