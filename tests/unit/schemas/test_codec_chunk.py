"""Chunks of a snapshot give the bytes of the log."""

import struct
from dataclasses import replace

import pytest

from schemas import codec
from schemas.codec import RowsKind
from schemas.table import Table
from schemas.types.column import Malformed
from tests.unit.schemas.orders import (
    BIG,
    DAY,
    ID,
    MOOD,
    NAME,
    SIZE,
    TABLE,
    WORDS,
    date_of,
    decode,
    encode,
    envelope,
    image,
    int_of,
    long_of,
    plan_of,
    read,
    string_of,
)


def _row(*values: bytes | None) -> bytes:
    """A row of the text protocol after its length."""
    row = b"".join(b"\xfb" if value is None else _packed(len(value)) + value for value in values)
    return struct.pack("<I", len(row)) + row


def _packed(size: int) -> bytes:
    if size < 251:
        return bytes((size,))
    if size < 1 << 16:
        return b"\xfc" + size.to_bytes(2, "little")
    return b"\xfd" + size.to_bytes(3, "little")


def test_a_chunk_gives_the_bytes_of_the_log() -> None:
    table = Table(name=NAME, columns=(DAY, WORDS, SIZE, MOOD, ID), primary_key=("day", "id"))
    rows = [
        (date_of(2024, 2, 29), string_of("a"), long_of(1), b"\x01", int_of(1)),
        (date_of(0, 0, 0), None, long_of(BIG), b"\x00", int_of(-2)),
        (date_of(1970, 1, 1), string_of(""), None, None, int_of(1 << 30)),
    ]
    texts = [
        (b"2024-02-29", b"a", b"1", b"1", b"1"),
        (b"0000-00-00", None, str(BIG).encode(), b"0", b"-2"),
        (b"1970-01-01", b"", None, None, str(1 << 30).encode()),
    ]
    logged = encode(table, RowsKind.INSERT, b"".join(image(*row) for row in rows))
    plan = plan_of(table)

    chunk = codec.encode_chunk(plan, b"".join(_row(*row) for row in texts))

    assert chunk.keys == logged.keys
    values = codec.splice(plan, chunk.rows, chunk.exacts, envelope("true", None))
    for copied, log in zip(values, logged.values, strict=True):
        ours, theirs = read(table, copied), read(table, log)
        assert ours["op"] == "r"
        assert (ours["after"], ours["exact"], ours["epoch"]) == (theirs["after"], theirs["exact"], theirs["epoch"])
    assert [change.after for change in decode(table, values)] == [
        change.after for change in decode(table, logged.values)
    ]


@pytest.mark.parametrize("size", [0, 250, 251, 65535, 65536])
def test_texts_of_every_length_form(size: int) -> None:
    table = Table(name=NAME, columns=(ID, replace(WORDS, data_type="longtext", length=0)), primary_key=("id",))

    chunk = codec.encode_chunk(plan_of(table), _row(b"1", b"x" * size))

    assert chunk.rows[0].endswith(b"x" * size)


def test_an_empty_chunk_is_empty() -> None:
    assert codec.encode_chunk(plan_of(TABLE), b"") == codec.ChunkRows([], [], [])
    assert codec.last_row(b"") == b""


def test_the_key_of_the_last_row_as_literals() -> None:
    words = replace(WORDS, nullable=False)
    table = Table(
        name=NAME, columns=(ID, DAY, replace(MOOD, nullable=False), words), primary_key=("mood", "words", "day")
    )
    raw = _row(b"1", b"2024-01-01", b"1", b"x") + _row(b"2", b"0000-00-00", b"2", b"it's")

    assert codec.key_literals(plan_of(table), codec.last_row(raw)) == ("2", "'it\\'s'", "'0000-00-00'")


def test_expressions_make_the_text_of_a_result_exact() -> None:
    columns = (
        ID,
        replace(ID, name="f`f", data_type="float"),
        replace(MOOD, name="e"),
        WORDS,
        replace(WORDS, name="l", charset="latin1"),
    )

    assert codec.chunk_select(Table(name=NAME, columns=columns)) == [
        "`id`",
        "`f``f` * 1e0",
        "CAST(`e` AS UNSIGNED)",
        "`words`",
        "CAST(`l` AS BINARY)",
    ]


@pytest.mark.parametrize(
    "raw",
    [
        _row(b"1", None, b"x"),
        _row(None, None, None),
        _row(b"1", None),
        _row(b"1", None, None, None),
        _row(b"1", b"abc", None)[:-1],
        b"\x05\0",
        struct.pack("<I", 3) + b"\xff\x01\x02",
    ],
)
def test_a_broken_row_of_a_result_is_refused(raw: bytes) -> None:
    with pytest.raises(Malformed, match=r"shop\.orders"):
        codec.encode_chunk(plan_of(TABLE), raw)
