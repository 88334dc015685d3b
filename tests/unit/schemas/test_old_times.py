"""Rows in the temporal formats from before MySQL 5.6, logged by MariaDB with mysql56_temporal_format=OFF.

`old_times.json` holds its TABLE_MAP and WRITE_ROWS events and what a SELECT gave for the same rows.
"""

import json
import struct
from dataclasses import replace
from pathlib import Path

import pytest

from capture import events
from schemas import codec
from schemas.codec import RowsImage, RowsKind
from schemas.map_fit import misfit
from schemas.plan import logged_plan
from schemas.table import Table
from schemas.table_map import parse_table_map, table_of
from schemas.types.column import Kind, Malformed

_GOLDEN = json.loads((Path(__file__).parent / "golden" / "old_times.json").read_text(encoding="utf-8"))
_EVENT = parse_table_map(bytes.fromhex(_GOLDEN["table_map"]))
_CODES = [column.type for column in _EVENT.columns]
_ROWS = bytes.fromhex(_GOLDEN["rows"])
_ENVELOPE = codec.envelope(
    "task", _EVENT.name, snapshot="false", gtid=None, file="bin.000001", pos=4, server_id=7, thread=None,
    source_us=1, now_us=2, epoch=1,
)  # fmt: skip


def _table() -> Table:
    """As definitions tell it: MariaDB's default metadata has no names, so they are given here."""
    named = zip(_EVENT.columns, "icdenms", strict=True)
    columns = tuple(replace(column, name=name, unsigned=False) for column, name in named)
    return replace(table_of(replace(_EVENT, columns=columns, has_names=True), None), primary_key=("i",))


def _selected() -> bytes:
    """The rows of the SELECT as the text protocol carries them."""
    raw = b""
    for row in _GOLDEN["selected"]:
        fields = [b"\xfb" if value is None else bytes((len(str(value)),)) + str(value).encode() for value in row]
        raw += struct.pack("<I", sum(map(len, fields))) + b"".join(fields)
    return raw


def test_rows_of_the_log_give_the_bytes_of_a_select() -> None:
    table = _table()
    plan = codec.plan("task", table, 20, 21)
    head = events.rows(_GOLDEN["event_type"], _ROWS)

    logged = codec.encode_rows(
        logged_plan(plan, _CODES), RowsImage(RowsKind.INSERT, *head.images), _ROWS[head.start :], _ENVELOPE, 0
    )

    chunk = codec.encode_chunk(plan, _selected())
    assert len(logged.values) == len(_GOLDEN["selected"]) == 9
    assert logged.keys == chunk.keys
    for value, row, exact in zip(logged.values, chunk.rows, chunk.exacts, strict=True):
        assert value[7:].startswith(row)  # behind the frame and the branches of `before` and `after`
        assert value.endswith(exact)


def test_the_definition_fits_what_the_log_says() -> None:
    table = _table()

    assert misfit(_EVENT, table) == ""
    assert [column.column_type for column in table.columns[1:]] == ["time", "datetime", "timestamp"] * 2


def test_only_old_columns_are_read_in_another_way() -> None:
    plan = codec.plan("task", _table(), 20, 21)

    assert [column.kind for column in logged_plan(plan, _CODES).columns[1:4]] == [
        Kind.OLD_TIME, Kind.OLD_DATETIME, Kind.OLD_TIMESTAMP,
    ]  # fmt: skip
    assert logged_plan(plan, [3, 19, 18, 17, 19, 18, 17]) is plan


def test_a_row_that_ends_early_is_refused() -> None:
    plan = logged_plan(codec.plan("task", _table(), 20, 21), _CODES)
    head = events.rows(_GOLDEN["event_type"], _ROWS)

    with pytest.raises(Malformed, match=r"behind its event|does not fit"):
        codec.encode_rows(plan, RowsImage(RowsKind.INSERT, *head.images), _ROWS[head.start : -3], _ENVELOPE, 0)
