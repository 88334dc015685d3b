"""ENUM and SET: numbers in, labels out, and the number where the labels do not tell."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import codec
from schemas.avro import envelope_schema
from schemas.avro import text as text_of
from schemas.codec import RowsImage, RowsKind, envelope
from schemas.names import TableName
from schemas.registry import Entry
from schemas.table import Table
from schemas.types.column import Malformed
from schemas.types.enumset import column_type_of, labels_of
from schemas.varint import text
from tests.unit.schemas.one_column import Carried, carried, column

NAME = TableName("d", "t")
ENVELOPE = envelope(
    "task",
    NAME,
    snapshot="false",
    gtid=None,
    file="b.1",
    pos=4,
    server_id=1,
    thread=None,
    source_us=1,
    now_us=2,
    epoch=1,
)


def _enum(labels: tuple[str, ...], number: int) -> Carried:
    size = 1 if len(labels) < 256 else 2
    return carried(replace(column("enum"), labels=labels), number.to_bytes(size, "little"), str(number).encode())


def _set(labels: tuple[str, ...], number: int) -> Carried:
    groups = (len(labels) + 7) // 8
    size = groups if groups < 5 else 8
    return carried(replace(column("set"), labels=labels), number.to_bytes(size, "little"), str(number).encode())


@pytest.mark.parametrize("count", [1, 255, 256, 300])
def test_enum_labels(count: int) -> None:
    labels = tuple(f"l{number}" for number in range(count))

    found = _enum(labels, count)

    assert (found.avro, found.exact, found.literal) == (text(labels[-1]), None, f"'{labels[-1]}'")


def test_the_error_value_is_not_the_empty_label() -> None:
    empty, error = _enum(("a", ""), 2), _enum(("a", ""), 0)

    assert (empty.avro, empty.exact, empty.literal) == (text(""), None, "''")
    assert (error.avro, error.exact, error.literal) == (text(""), "0", "0")
    assert empty.key != error.key


def test_a_label_that_stands_twice_has_its_number_beside_it() -> None:
    assert [_enum(("a", "b", "a"), number).exact for number in (1, 2, 3)] == [None, None, "3"]
    assert [_set(("a", "b", "a"), number).exact for number in (1, 3, 4, 5)] == [None, None, "4", "5"]


@pytest.mark.parametrize(
    ("kind", "labels", "number"),
    [("enum", ("a", "\u00e4", ""), 2), ("enum", ("a", "\u00e4", ""), 3), ("enum", ("a",), 0)]
    + [("set", ("a", "", "it's"), number) for number in range(8)]
    + [("set", tuple(f"m{number}" for number in range(64)), number) for number in (0, 1 << 63, (1 << 64) - 1)],
)
def test_the_number_comes_back(kind: str, labels: tuple[str, ...], number: int) -> None:
    table = Table(
        name=NAME, columns=(replace(column(kind), name="v", labels=labels, nullable=False),),
        primary_key=("v",),
    )  # fmt: skip
    written = codec.plan("task", table, 20, 21)
    image = RowsImage(RowsKind.INSERT, b"", b"\x01")
    size = written.columns[0].size
    value = codec.encode_rows(written, image, b"\0" + number.to_bytes(size, "little"), ENVELOPE, 0).values[0]
    entry = Entry(21, "value", text_of(envelope_schema("task", table)), table)

    read = codec.decode(codec.literal_plan(entry, ["v"], {"v"}, {"v"}), value)

    assert read.after == f"({number})"
    name = "CAST(`v` AS UNSIGNED)" if len(labels) > 53 else "`v`"
    assert read.key == f"({name} = {number})"
    assert read.strict is bool(number or kind == "set")


def test_a_number_without_a_label_is_refused() -> None:
    with pytest.raises(Malformed, match="ENUM value 3 of 2"):
        _enum(("a", "b"), 3)
    with pytest.raises(Malformed, match="SET value 8 of 3"):
        _set(("a", "b", "c"), 8)


@settings(max_examples=25)
@given(st.integers(1, 64), st.data())
def test_set_members_are_joined(count: int, data: st.DataObject) -> None:
    labels = tuple(f"m{number}" for number in range(count))
    number = data.draw(st.integers(0, (1 << count) - 1))
    expected = ",".join(label for bit, label in enumerate(labels) if number >> bit & 1)

    found = _set(labels, number)

    assert (found.avro, found.exact, found.literal) == (text(expected), None, f"'{expected}'")


def test_the_empty_member_is_not_the_empty_set() -> None:
    found = [_set(("", "a"), number) for number in range(4)]

    assert [one.avro for one in found] == [text(""), text(""), text("a"), text(",a")]
    assert [one.literal for one in found] == ["''", "1", "'a'", "',a'"]
    assert len({one.key for one in found}) == 4


# COLUMN_TYPE as MySQL 9.7 prints it
@pytest.mark.parametrize(
    ("column_type", "labels"),
    [
        ("enum('a','b')", ("a", "b")),
        ("set('it''s','c,d','')", ("it's", "c,d", "")),
        (r"enum('a\\b','new\nline','\\\\','x\\')", ("a\\b", "new\nline", "\\\\", "x\\")),
        ("enum('(',')','\u00e9\t')", ("(", ")", "\u00e9\t")),
    ],
)
def test_labels_of_a_column_type(column_type: str, labels: tuple[str, ...]) -> None:
    assert labels_of(column_type) == labels
    assert column_type_of(column_type[: column_type.index("(")], labels) == column_type
