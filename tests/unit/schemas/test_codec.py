"""Events of the log: keys, values, `exact`, and the SQL that is made of them."""

import io
import random
from dataclasses import replace

import fastavro
import pytest

from runtime.errors import Fatal
from schemas import codec
from schemas.avro import envelope_schema
from schemas.codec import Decoded, RowsImage, RowsKind
from schemas.registry import FRAME_BYTES, Entry, frame
from schemas.table import Table
from schemas.types.column import Json, Malformed
from tests.unit.schemas.orders import (
    BIG,
    DAY,
    EPOCH,
    ID,
    KEY_ID,
    MOOD,
    NAME,
    NOW_US,
    SIZE,
    SOURCE_US,
    TABLE,
    VALUE_ID,
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
    read_key,
    string_of,
)


def test_an_insert_as_debeziums_consumers_read_it() -> None:
    rows = image(int_of(1), string_of("\u00e9"), long_of(7)) + image(int_of(2), None, None)

    messages = encode(TABLE, RowsKind.INSERT, rows)

    assert messages.rows == 2
    assert [read_key(TABLE, key) for key in messages.keys] == [{"id": 1}, {"id": 2}]
    first, second = (read(TABLE, value) for value in messages.values)
    assert first == {
        "before": None,
        "after": {"id": 1, "words": "\u00e9", "size": 7},
        "source": {
            "version": "penstock 1",
            "connector": "mysql",
            "name": "task",
            "ts_ms": SOURCE_US // 1000,
            "snapshot": "false",
            "db": "shop",
            "sequence": None,
            "ts_us": SOURCE_US,
            "ts_ns": SOURCE_US * 1000,
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
        "ts_ms": NOW_US // 1000,
        "ts_us": NOW_US,
        "ts_ns": NOW_US * 1000,
        "epoch": EPOCH,
        "exact": None,
    }
    assert second["after"] == {"id": 2, "words": None, "size": None}
    assert decode(TABLE, messages.values) == [
        Decoded("c", EPOCH, SOURCE_US, "(1)", "(1,'\u00e9',7)", None, True),
        Decoded("c", EPOCH, SOURCE_US, "(2)", "(2,NULL,NULL)", None, True),
    ]


def test_an_update_keeps_both_images_and_what_avro_cannot_hold_of_each() -> None:
    rows = image(int_of(1), string_of("a"), long_of(BIG)) + image(int_of(1), string_of("b"), long_of(BIG - 1))

    messages = encode(TABLE, RowsKind.UPDATE, rows)

    record = read(TABLE, messages.values[0])
    assert record["op"] == "u"
    assert record["before"] == {"id": 1, "words": "a", "size": -1}
    assert record["after"] == {"id": 1, "words": "b", "size": -2}
    assert record["exact"] == {"size": str(BIG - 1), "before.size": str(BIG)}
    assert decode(TABLE, messages.values) == [Decoded("u", EPOCH, SOURCE_US, "(1)", f"(1,'b',{BIG - 1})", None, True)]


def test_a_delete_has_its_key_and_before_alone() -> None:
    messages = encode(TABLE, RowsKind.DELETE, image(int_of(1), None, long_of(BIG)))

    record = read(TABLE, messages.values[0])
    assert (record["op"], record["after"], record["exact"]) == ("d", None, {"size": str(BIG)})
    assert read_key(TABLE, messages.keys[0]) == {"id": 1}
    assert decode(TABLE, messages.values) == [Decoded("d", EPOCH, SOURCE_US, "(1)", None, None, True)]


def test_an_update_of_the_key_is_a_delete_and_a_create() -> None:
    rows = image(int_of(1), None, long_of(BIG)) + image(int_of(2), None, None)
    rows += image(int_of(7), None, None) + image(int_of(7), string_of("x"), None)

    messages = encode(TABLE, RowsKind.UPDATE, rows)

    assert messages.rows == 2
    assert [read_key(TABLE, key) for key in messages.keys] == [{"id": 1}, {"id": 2}, {"id": 7}]
    records = [read(TABLE, value) for value in messages.values]
    assert [record["op"] for record in records] == ["d", "c", "u"]
    assert [_row_number(record) for record in records] == [0, 0, 1]
    assert [record["exact"] for record in records] == [{"size": str(BIG)}, None, None]
    assert [(change.op, change.key, change.after) for change in decode(TABLE, messages.values)] == [
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
    rows = b"".join(image(int_of(number), None, None) for number in range(4))
    whole = encode(TABLE, RowsKind.INSERT, rows)

    messages = encode(TABLE, RowsKind.INSERT, rows, skip)

    assert messages.rows == 4
    assert messages.values == whole.values[skip:]
    assert messages.keys == whole.keys[skip:]


def test_a_keyless_table_has_no_key_and_updates_stay_updates() -> None:
    table = replace(TABLE, primary_key=())
    rows = image(int_of(1), string_of("it's"), long_of(BIG)) + image(int_of(2), None, None)

    messages = encode(table, RowsKind.UPDATE, rows)

    assert messages.keys == [None]
    assert decode(table, messages.values) == [
        Decoded("u", EPOCH, SOURCE_US, "()", "(2,NULL,NULL)", ("1", "'it\\'s'", str(BIG)), True)
    ]
    deleted = decode(table, encode(table, RowsKind.DELETE, image(int_of(3), None, None)).values)
    assert deleted == [Decoded("d", EPOCH, SOURCE_US, "()", None, ("3", "NULL", "NULL"), True)]


def test_a_first_unique_key_without_null_is_the_key_in_its_own_order() -> None:
    table = Table(name=NAME, columns=(ID, DAY), primary_key=("day", "id"))

    messages = encode(table, RowsKind.INSERT, image(int_of(4), date_of(1970, 1, 3)))

    assert read_key(table, messages.keys[0]) == {"day": 2, "id": 4}
    assert messages.keys[0] == frame(KEY_ID) + b"\x04\x08"
    assert decode(table, messages.values)[0].key == "('1970-01-03',4)"


def test_keys_that_avro_holds_alike_stay_apart() -> None:
    table = Table(name=NAME, columns=(ID, DAY), primary_key=("day",))
    days = [(1970, 1, 1), (0, 0, 0), (2024, 0, 0), (2024, 2, 31)]

    messages = encode(table, RowsKind.INSERT, b"".join(image(int_of(0), date_of(*day)) for day in days))

    assert len(set(messages.keys)) == len(days)
    assert [read(table, value)["after"] for value in messages.values] == [{"id": 0, "day": 0}] * 4
    assert [change.key for change in decode(table, messages.values)] == [
        "('1970-01-01')",
        "('0000-00-00')",
        "('2024-00-00')",
        "('2024-02-31')",
    ]
    changed = encode(table, RowsKind.UPDATE, image(int_of(0), date_of(0, 0, 0)) + image(int_of(0), date_of(1970, 1, 1)))
    assert [change.op for change in decode(table, changed.values)] == ["d", "c"]


def test_columns_named_like_a_prefix_are_not_mistaken() -> None:
    names = ("size", "before.size", "after.size", "after.before.size")
    columns = tuple(replace(SIZE, name=name) for name in names)
    table = Table(name=NAME, columns=(ID, *columns), primary_key=("id",))
    before = image(int_of(1), *(long_of(BIG - number) for number in range(4)))
    after = image(int_of(1), *(long_of(BIG - 10 - number) for number in range(4)))

    record = encode(table, RowsKind.UPDATE, before + after).values[0]

    exact = read(table, record)["exact"]
    assert isinstance(exact, dict)
    assert set(exact) == {
        "size",
        "after.before.size",
        "after.after.size",
        "after.after.before.size",
        *(f"before.{name}" for name in names),
    }
    literals = ",".join(str(BIG - 10 - number) for number in range(4))
    assert decode(table, [record])[0].after == f"(1,{literals})"
    keyless = replace(table, primary_key=())
    decoded = decode(keyless, encode(keyless, RowsKind.UPDATE, before + after).values)[0]
    assert decoded.before == ("1", *(str(BIG - number) for number in range(4)))
    assert decoded.after == f"(1,{literals})"


def test_enums_error_value_is_marked_as_one_that_strict_sessions_refuse() -> None:
    table = Table(name=NAME, columns=(ID, MOOD), primary_key=("id",))
    rows = b"".join(image(int_of(number), bytes((number,))) for number in range(3))

    changes = decode(table, encode(table, RowsKind.INSERT, rows).values)

    assert [(change.after, change.strict) for change in changes] == [
        ("(0,0)", False),
        ("(1,'glad')", True),
        ("(2,'')", True),
    ]


def test_only_wanted_columns_are_written_in_the_order_wanted_and_generated_ones_never() -> None:
    made = replace(SIZE, name="made", generated=True)
    table = Table(name=NAME, columns=(ID, made, WORDS, SIZE), primary_key=("id",))
    values = encode(table, RowsKind.INSERT, image(int_of(1), long_of(2), string_of("w"), long_of(3))).values

    assert decode(table, values, ["size", "made", "words"])[0].after == "(3,'w')"
    assert decode(table, values, ["size", "made", "words"])[0].key == "(1)"
    with pytest.raises(Fatal, match="no column gone"):
        decode(table, values, ["gone"])


def test_a_schema_of_no_table_has_no_literals() -> None:
    with pytest.raises(Fatal, match="belongs to no table"):
        codec.literal_plan(Entry(3, "commits", "{}", None), [])


def test_an_image_that_lacks_a_column_stops_with_the_setting_to_change() -> None:
    image = RowsImage(RowsKind.INSERT, b"", b"\x05")

    with pytest.raises(Fatal, match=r"shop\.orders: a row of the log lacks words") as caught:
        codec.encode_rows(plan_of(TABLE), image, b"", envelope(), 0)
    assert "binlog_row_image=FULL" in caught.value.hint


def test_null_in_a_not_null_column_is_refused() -> None:
    with pytest.raises(Malformed, match="NULL in a NOT NULL column"):
        encode(TABLE, RowsKind.INSERT, image(None, None, None))


def test_a_cut_event_is_refused() -> None:
    rows = image(int_of(1), string_of("abc"), long_of(7))
    for size in range(1, len(rows)):
        with pytest.raises(Malformed, match=r"shop\.orders"):
            encode(TABLE, RowsKind.INSERT, rows[:size])


def test_damaged_values_are_refused_or_read_but_never_a_crash() -> None:
    chance = random.Random(5)
    rows = image(int_of(1), string_of("words"), long_of(BIG)) + image(int_of(1), None, long_of(7))
    value = encode(TABLE, RowsKind.UPDATE, rows).values[0]
    for size in range(len(value)):
        with pytest.raises(Malformed):
            decode(TABLE, [value[:size]])
    for _ in range(2000):
        damaged = bytearray(value)
        damaged[chance.randrange(FRAME_BYTES, len(damaged))] = chance.randrange(256)
        try:
            decode(TABLE, [bytes(damaged)])
        except Malformed:
            continue


def test_a_record_of_another_writer_of_the_same_schema_is_understood() -> None:
    """fastavro writes maps in blocks of its own, and `transaction` may be there."""
    schema = fastavro.parse_schema(envelope_schema("task", TABLE))
    record = read(TABLE, encode(TABLE, RowsKind.INSERT, image(int_of(1), string_of("w"), long_of(BIG))).values[0])
    record["transaction"] = {"id": "t", "total_order": 1, "data_collection_order": 2}
    out = io.BytesIO()
    fastavro.schemaless_writer(out, schema, record)

    found = decode(TABLE, [frame(VALUE_ID) + out.getvalue()])

    assert found == [Decoded("c", EPOCH, SOURCE_US, "(1)", f"(1,'w',{BIG})", None, True)]
