"""Whole events and chunks: keys, values, `exact`, and the SQL that is made of them."""

import io
import random
import struct
from collections.abc import Sequence
from dataclasses import replace

import fastavro
import pytest

from runtime.errors import Fatal
from schemas import codec
from schemas.avro import envelope_schema, key_schema, text
from schemas.codec import Decoded, Messages, RowsImage, RowsKind
from schemas.names import TableName
from schemas.registry import FRAME_BYTES, Entry, frame
from schemas.table import Column, Table
from schemas.types.column import Json, Malformed

_NAME = TableName("shop", "orders")
_KEY_ID, _VALUE_ID = 20, 21
_EPOCH = 5
_SOURCE_US, _NOW_US = 1_700_000_000_123_456, 1_700_000_000_200_000

_ID = Column(name="id", data_type="int", column_type="int", nullable=False)
_DAY = Column(name="day", data_type="date", column_type="date", nullable=False)
_SIZE = Column(name="size", data_type="bigint", column_type="bigint unsigned", nullable=True, unsigned=True)
_WORDS = Column(
    name="words", data_type="varchar", column_type="varchar(50)", nullable=True, length=50, charset="utf8mb4"
)
_MOOD = Column(
    name="mood", data_type="enum", column_type="enum('glad','')", nullable=True, charset="utf8mb4", labels=("glad", "")
)
_TABLE = Table(name=_NAME, columns=(_ID, _WORDS, _SIZE), primary_key=("id",))
_BIG = 18_446_744_073_709_551_615


def _plan(table: Table) -> codec.TablePlan:
    return codec.plan("task", table, _KEY_ID if table.key else 0, _VALUE_ID)


def _envelope(snapshot: str = "false", gtid: str | None = "u:1") -> codec.Envelope:
    return codec.envelope(
        "task",
        _NAME,
        snapshot=snapshot,
        gtid=gtid,
        file="binlog.000007",
        pos=4_294_967_296,
        server_id=1,
        thread=9,
        source_us=_SOURCE_US,
        now_us=_NOW_US,
        epoch=_EPOCH,
    )


def _int(value: int) -> bytes:
    return struct.pack("<i", value)


def _long(value: int) -> bytes:
    return struct.pack("<Q", value)


def _string(value: str) -> bytes:
    return bytes((len(value.encode()),)) + value.encode()


def _date(year: int, month: int, day: int) -> bytes:
    return (year << 9 | month << 5 | day).to_bytes(3, "little")


def _image(*values: bytes | None) -> bytes:
    """A row image: the bitmap of NULLs, whose bits behind the last column MySQL sets, then the values."""
    nulls = sum(1 << index for index, value in enumerate(values) if value is None) | 0xFF << len(values) & 0xFF
    return bytes((nulls,)) + b"".join(value for value in values if value is not None)


def _encode(table: Table, kind: RowsKind, rows: bytes, skip: int = 0) -> Messages:
    present = bytes(((1 << len(table.columns)) - 1,))
    image = RowsImage(kind, b"" if kind is RowsKind.INSERT else present, b"" if kind is RowsKind.DELETE else present)
    return codec.encode_rows(_plan(table), image, rows, _envelope(), skip)


def _read(table: Table, value: bytes) -> dict[str, Json]:
    assert value.startswith(frame(_VALUE_ID))
    stream = io.BytesIO(value[FRAME_BYTES:])
    record = fastavro.schemaless_reader(stream, fastavro.parse_schema(envelope_schema("task", table)), None)
    assert stream.read() == b""
    assert isinstance(record, dict)
    return record


def _read_key(table: Table, key: bytes | None) -> Json:
    schema = key_schema("task", table)
    assert schema is not None
    assert key is not None
    assert key.startswith(frame(_KEY_ID))
    record: Json = fastavro.schemaless_reader(  # type: ignore[assignment]
        io.BytesIO(key[FRAME_BYTES:]), fastavro.parse_schema(schema), None
    )
    return record


def _decode(table: Table, values: Sequence[bytes], written: Sequence[str] | None = None) -> list[Decoded]:
    entry = Entry(_VALUE_ID, "s", text(envelope_schema("task", table)), table)
    plan = codec.literal_plan(entry, written or [column.name for column in table.columns])
    return [codec.decode(plan, value) for value in values]


def test_an_insert_as_debeziums_consumers_read_it() -> None:
    rows = _image(_int(1), _string("\u00e9"), _long(7)) + _image(_int(2), None, None)

    messages = _encode(_TABLE, RowsKind.INSERT, rows)

    assert messages.rows == 2
    assert [_read_key(_TABLE, key) for key in messages.keys] == [{"id": 1}, {"id": 2}]
    first, second = (_read(_TABLE, value) for value in messages.values)
    assert first == {
        "before": None,
        "after": {"id": 1, "words": "\u00e9", "size": 7},
        "source": {
            "version": "penstock 1",
            "connector": "mysql",
            "name": "task",
            "ts_ms": _SOURCE_US // 1000,
            "snapshot": "false",
            "db": "shop",
            "sequence": None,
            "ts_us": _SOURCE_US,
            "ts_ns": _SOURCE_US * 1000,
            "table": "orders",
            "server_id": 1,
            "gtid": "u:1",
            "file": "binlog.000007",
            "pos": 4_294_967_296,
            "row": 0,
            "thread": 9,
            "query": None,
        },
        "transaction": None,
        "op": "c",
        "ts_ms": _NOW_US // 1000,
        "ts_us": _NOW_US,
        "ts_ns": _NOW_US * 1000,
        "epoch": _EPOCH,
        "exact": None,
    }
    assert second["after"] == {"id": 2, "words": None, "size": None}
    assert _decode(_TABLE, messages.values) == [
        Decoded("c", _EPOCH, _SOURCE_US, "(1)", "(1,'\u00e9',7)", None, True),
        Decoded("c", _EPOCH, _SOURCE_US, "(2)", "(2,NULL,NULL)", None, True),
    ]


def test_an_update_keeps_both_images_and_what_avro_cannot_hold_of_each() -> None:
    rows = _image(_int(1), _string("a"), _long(_BIG)) + _image(_int(1), _string("b"), _long(_BIG - 1))

    messages = _encode(_TABLE, RowsKind.UPDATE, rows)

    record = _read(_TABLE, messages.values[0])
    assert record["op"] == "u"
    assert record["before"] == {"id": 1, "words": "a", "size": -1}
    assert record["after"] == {"id": 1, "words": "b", "size": -2}
    assert record["exact"] == {"size": str(_BIG - 1), "before.size": str(_BIG)}
    assert _decode(_TABLE, messages.values) == [
        Decoded("u", _EPOCH, _SOURCE_US, "(1)", f"(1,'b',{_BIG - 1})", None, True)
    ]


def test_a_delete_has_its_key_and_before_alone() -> None:
    messages = _encode(_TABLE, RowsKind.DELETE, _image(_int(1), None, _long(_BIG)))

    record = _read(_TABLE, messages.values[0])
    assert (record["op"], record["after"], record["exact"]) == ("d", None, {"size": str(_BIG)})
    assert _read_key(_TABLE, messages.keys[0]) == {"id": 1}
    assert _decode(_TABLE, messages.values) == [Decoded("d", _EPOCH, _SOURCE_US, "(1)", None, None, True)]


def test_an_update_of_the_key_is_a_delete_and_a_create() -> None:
    rows = _image(_int(1), None, _long(_BIG)) + _image(_int(2), None, None)
    rows += _image(_int(7), None, None) + _image(_int(7), _string("x"), None)

    messages = _encode(_TABLE, RowsKind.UPDATE, rows)

    assert messages.rows == 2
    assert [_read_key(_TABLE, key) for key in messages.keys] == [{"id": 1}, {"id": 2}, {"id": 7}]
    records = [_read(_TABLE, value) for value in messages.values]
    assert [record["op"] for record in records] == ["d", "c", "u"]
    assert [_row_number(record) for record in records] == [0, 0, 1]
    assert [record["exact"] for record in records] == [{"size": str(_BIG)}, None, None]
    assert [(change.op, change.key, change.after) for change in _decode(_TABLE, messages.values)] == [
        ("d", "(1)", None),
        ("c", "(2)", "(2,NULL,NULL)"),
        ("u", "(7)", "(7,'x',NULL)"),
    ]


def _row_number(record: dict[str, Json]) -> Json:
    source = record["source"]
    assert isinstance(source, dict)
    return source["row"]


@pytest.mark.parametrize("skip", range(5))
def test_skipped_rows_count_and_the_others_keep_their_number(skip: int) -> None:
    rows = b"".join(_image(_int(number), None, None) for number in range(4))
    whole = _encode(_TABLE, RowsKind.INSERT, rows)

    messages = _encode(_TABLE, RowsKind.INSERT, rows, skip)

    assert messages.rows == 4
    assert messages.values == whole.values[skip:]
    assert messages.keys == whole.keys[skip:]


def test_a_keyless_table_has_no_key_and_updates_stay_updates() -> None:
    table = replace(_TABLE, primary_key=())
    rows = _image(_int(1), _string("it's"), _long(_BIG)) + _image(_int(2), None, None)

    messages = _encode(table, RowsKind.UPDATE, rows)

    assert messages.keys == [None]
    assert _decode(table, messages.values) == [
        Decoded("u", _EPOCH, _SOURCE_US, "()", "(2,NULL,NULL)", ("1", "'it\\'s'", str(_BIG)), True)
    ]
    deleted = _decode(table, _encode(table, RowsKind.DELETE, _image(_int(3), None, None)).values)
    assert deleted == [Decoded("d", _EPOCH, _SOURCE_US, "()", None, ("3", "NULL", "NULL"), True)]


def test_a_first_unique_key_without_null_is_the_key_in_its_own_order() -> None:
    table = Table(name=_NAME, columns=(_ID, _DAY), primary_key=("day", "id"))

    messages = _encode(table, RowsKind.INSERT, _image(_int(4), _date(1970, 1, 3)))

    assert _read_key(table, messages.keys[0]) == {"day": 2, "id": 4}
    assert messages.keys[0] == frame(_KEY_ID) + b"\x04\x08"
    assert _decode(table, messages.values)[0].key == "('1970-01-03',4)"


def test_keys_that_avro_holds_alike_stay_apart() -> None:
    table = Table(name=_NAME, columns=(_ID, _DAY), primary_key=("day",))
    days = [(1970, 1, 1), (0, 0, 0), (2024, 0, 0), (2024, 2, 31)]

    messages = _encode(table, RowsKind.INSERT, b"".join(_image(_int(0), _date(*day)) for day in days))

    assert len(set(messages.keys)) == len(days)
    assert [_read(table, value)["after"] for value in messages.values] == [{"id": 0, "day": 0}] * 4
    assert [change.key for change in _decode(table, messages.values)] == [
        "('1970-01-01')",
        "('0000-00-00')",
        "('2024-00-00')",
        "('2024-02-31')",
    ]
    changed = _encode(table, RowsKind.UPDATE, _image(_int(0), _date(0, 0, 0)) + _image(_int(0), _date(1970, 1, 1)))
    assert [change.op for change in _decode(table, changed.values)] == ["d", "c"]


def test_columns_named_like_a_prefix_are_not_mistaken() -> None:
    names = ("size", "before.size", "after.size", "after.before.size")
    columns = tuple(replace(_SIZE, name=name) for name in names)
    table = Table(name=_NAME, columns=(_ID, *columns), primary_key=("id",))
    before = _image(_int(1), *(_long(_BIG - number) for number in range(4)))
    after = _image(_int(1), *(_long(_BIG - 10 - number) for number in range(4)))

    record = _encode(table, RowsKind.UPDATE, before + after).values[0]

    exact = _read(table, record)["exact"]
    assert isinstance(exact, dict)
    assert set(exact) == {
        "size",
        "after.before.size",
        "after.after.size",
        "after.after.before.size",
        *(f"before.{name}" for name in names),
    }
    literals = ",".join(str(_BIG - 10 - number) for number in range(4))
    assert _decode(table, [record])[0].after == f"(1,{literals})"
    keyless = replace(table, primary_key=())
    decoded = _decode(keyless, _encode(keyless, RowsKind.UPDATE, before + after).values)[0]
    assert decoded.before == ("1", *(str(_BIG - number) for number in range(4)))
    assert decoded.after == f"(1,{literals})"


def test_enums_error_value_is_marked_as_one_that_strict_sessions_refuse() -> None:
    table = Table(name=_NAME, columns=(_ID, _MOOD), primary_key=("id",))
    rows = b"".join(_image(_int(number), bytes((number,))) for number in range(3))

    changes = _decode(table, _encode(table, RowsKind.INSERT, rows).values)

    assert [(change.after, change.strict) for change in changes] == [
        ("(0,0)", False),
        ("(1,'glad')", True),
        ("(2,'')", True),
    ]


def test_only_wanted_columns_are_written_in_the_order_wanted_and_generated_ones_never() -> None:
    made = replace(_SIZE, name="made", generated=True)
    table = Table(name=_NAME, columns=(_ID, made, _WORDS, _SIZE), primary_key=("id",))
    values = _encode(table, RowsKind.INSERT, _image(_int(1), _long(2), _string("w"), _long(3))).values

    assert _decode(table, values, ["size", "made", "words"])[0].after == "(3,'w')"
    assert _decode(table, values, ["size", "made", "words"])[0].key == "(1)"
    with pytest.raises(Fatal, match="no column gone"):
        _decode(table, values, ["gone"])


def test_a_schema_of_no_table_has_no_literals() -> None:
    with pytest.raises(Fatal, match="belongs to no table"):
        codec.literal_plan(Entry(3, "commits", "{}", None), [])


def test_an_image_that_lacks_a_column_stops_with_the_setting_to_change() -> None:
    image = RowsImage(RowsKind.INSERT, b"", b"\x05")

    with pytest.raises(Fatal, match=r"shop\.orders: a row of the log lacks words") as caught:
        codec.encode_rows(_plan(_TABLE), image, b"", _envelope(), 0)
    assert "binlog_row_image=FULL" in caught.value.hint


def test_null_in_a_not_null_column_is_refused() -> None:
    with pytest.raises(Malformed, match="NULL in a NOT NULL column"):
        _encode(_TABLE, RowsKind.INSERT, _image(None, None, None))


def test_a_cut_event_is_refused() -> None:
    rows = _image(_int(1), _string("abc"), _long(7))
    for size in range(1, len(rows)):
        with pytest.raises(Malformed, match=r"shop\.orders"):
            _encode(_TABLE, RowsKind.INSERT, rows[:size])


# --- chunks -----------------------------------------------------------------------------------------------------------


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
    table = Table(name=_NAME, columns=(_DAY, _WORDS, _SIZE, _MOOD, _ID), primary_key=("day", "id"))
    rows = [
        (_date(2024, 2, 29), _string("a"), _long(1), b"\x01", _int(1)),
        (_date(0, 0, 0), None, _long(_BIG), b"\x00", _int(-2)),
        (_date(1970, 1, 1), _string(""), None, None, _int(1 << 30)),
    ]
    texts = [
        (b"2024-02-29", b"a", b"1", b"1", b"1"),
        (b"0000-00-00", None, str(_BIG).encode(), b"0", b"-2"),
        (b"1970-01-01", b"", None, None, str(1 << 30).encode()),
    ]
    logged = _encode(table, RowsKind.INSERT, b"".join(_image(*row) for row in rows))
    plan = _plan(table)

    chunk = codec.encode_chunk(plan, b"".join(_row(*row) for row in texts))

    assert chunk.keys == logged.keys
    values = codec.splice(plan, chunk.rows, chunk.exacts, _envelope("true", None))
    for read, log in zip(values, logged.values, strict=True):
        ours, theirs = _read(table, read), _read(table, log)
        assert ours["op"] == "r"
        assert (ours["after"], ours["exact"], ours["epoch"]) == (theirs["after"], theirs["exact"], theirs["epoch"])
    assert [change.after for change in _decode(table, values)] == [
        change.after for change in _decode(table, logged.values)
    ]


@pytest.mark.parametrize("size", [0, 250, 251, 65535, 65536])
def test_texts_of_every_length_form(size: int) -> None:
    table = Table(name=_NAME, columns=(_ID, replace(_WORDS, data_type="longtext", length=0)), primary_key=("id",))

    chunk = codec.encode_chunk(_plan(table), _row(b"1", b"x" * size))

    assert chunk.rows[0].endswith(b"x" * size)


def test_an_empty_chunk_is_empty() -> None:
    assert codec.encode_chunk(_plan(_TABLE), b"") == codec.ChunkRows([], [], [])
    assert codec.last_row(b"") == b""


def test_the_key_of_the_last_row_as_literals() -> None:
    words = replace(_WORDS, nullable=False)
    table = Table(
        name=_NAME, columns=(_ID, _DAY, replace(_MOOD, nullable=False), words), primary_key=("mood", "words", "day")
    )
    raw = _row(b"1", b"2024-01-01", b"1", b"x") + _row(b"2", b"0000-00-00", b"2", b"it's")

    assert codec.key_literals(_plan(table), codec.last_row(raw)) == ("2", "'it\\'s'", "'0000-00-00'")


def test_expressions_make_the_text_of_a_result_exact() -> None:
    columns = (
        _ID,
        replace(_ID, name="f`f", data_type="float"),
        replace(_MOOD, name="e"),
        _WORDS,
        replace(_WORDS, name="l", charset="latin1"),
    )

    assert codec.chunk_select(Table(name=_NAME, columns=columns)) == [
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
        codec.encode_chunk(_plan(_TABLE), raw)


# --- values back ------------------------------------------------------------------------------------------------------


def test_damaged_values_are_refused_or_read_but_never_a_crash() -> None:
    chance = random.Random(5)
    rows = _image(_int(1), _string("words"), _long(_BIG)) + _image(_int(1), None, _long(7))
    value = _encode(_TABLE, RowsKind.UPDATE, rows).values[0]
    for size in range(len(value)):
        with pytest.raises(Malformed):
            _decode(_TABLE, [value[:size]])
    for _ in range(2000):
        damaged = bytearray(value)
        damaged[chance.randrange(FRAME_BYTES, len(damaged))] = chance.randrange(256)
        try:
            _decode(_TABLE, [bytes(damaged)])
        except Malformed:
            continue


def test_a_record_of_another_writer_of_the_same_schema_is_understood() -> None:
    """fastavro writes maps in blocks of its own, and `transaction` may be there."""
    schema = fastavro.parse_schema(envelope_schema("task", _TABLE))
    record = _read(_TABLE, _encode(_TABLE, RowsKind.INSERT, _image(_int(1), _string("w"), _long(_BIG))).values[0])
    record["transaction"] = {"id": "t", "total_order": 1, "data_collection_order": 2}
    out = io.BytesIO()
    fastavro.schemaless_writer(out, schema, record)

    found = _decode(_TABLE, [frame(_VALUE_ID) + out.getvalue()])

    assert found == [Decoded("c", _EPOCH, _SOURCE_US, "(1)", f"(1,'w',{_BIG})", None, True)]
