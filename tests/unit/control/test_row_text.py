import struct

from hypothesis import given
from hypothesis import strategies as st

from control.row_text import Row, expressions, key_literals, key_of, measure, plain_document, rows, shown, values
from schemas.names import TableName
from schemas.table import Column, Table


def column(name: str, data_type: str, charset: str | None = None) -> Column:
    return Column(name=name, data_type=data_type, column_type=data_type, nullable=False, charset=charset)


TABLE = Table(
    name=TableName("shop", "t"),
    columns=(
        column("id", "int"),
        column("name", "varchar", "latin1"),
        column("hash", "binary", "binary"),
        column("f", "float"),
        column("e", "enum", "utf8mb4"),
        column("flags", "bit"),
        column("day", "date"),
    ),
    primary_key=("name", "hash", "f", "e", "flags", "day", "id"),
)


def packed(row: Row) -> bytes:
    """A row as the server sends it."""
    parts = []
    for value in row:
        if value is None:
            parts.append(b"\xfb")
        elif len(value) < 251:
            parts.append(bytes((len(value),)) + value)
        elif len(value) < 1 << 16:
            parts.append(b"\xfc" + struct.pack("<H", len(value)) + value)
        else:
            parts.append(b"\xfd" + struct.pack("<I", len(value))[:3] + value)
    return b"".join(parts)


VALUES = st.none() | st.binary(max_size=10) | st.integers(0, 70_000).map(lambda size: b"x" * size)


@given(st.lists(st.lists(VALUES, min_size=1, max_size=4).map(tuple), max_size=4))
def test_a_buffer_is_taken_apart_as_it_was_put_together(wanted: list[Row]) -> None:
    raw = b"".join(struct.pack("<I", len(packed(row))) + packed(row) for row in wanted)
    assert [values(row) for row in rows(raw)] == wanted
    count, last = measure(raw)
    assert count == len(wanted)
    if wanted:
        assert values(raw[last:]) == wanted[-1]


def test_values_whose_text_is_not_exact_are_selected_otherwise() -> None:
    assert expressions(TABLE, plain_document) == [
        "`id`",
        "`name`",
        "`hash`",
        "`f` * 1e0",
        "CAST(`e` AS UNSIGNED)",
        "`flags`",
        "`day`",
    ]


def test_key_literals_have_the_charset_of_their_column() -> None:
    row: Row = (b"7", b"caf\xe9", b"\x00\xff", b"0.10000000149011612", b"2", b"\x01\x02", b"0000-00-00")
    literals = key_literals(TABLE, key_of(TABLE, row))
    assert literals == ("_latin1 X'636166e9'", "X'00ff'", "0.10000000149011612e0", "2", "258", "'0000-00-00'", "7")


def test_values_are_shown_without_ambiguity() -> None:
    row: Row = (b"7", b"it's", b"\x00\xff", None, b"2", b"\x05", b"2024-01-31")
    told = [shown(column, value) for column, value in zip(TABLE.columns, row, strict=True)]
    assert told == ["id=7", "name='it's'", "hash=0x00ff", "f=NULL", "e=2", "flags=0x05", "day='2024-01-31'"]
