"""Schema ids: one for each content, and never another meaning."""

import json

import pytest

from runtime.errors import Fatal
from schemas.names import TableName
from schemas.registry import FIRST_TABLE_ID, Entry, Registry, entry_key, entry_value, frame, id_at, parse_entry
from schemas.table import Column, Table

_TABLE = Table(
    name=TableName("d", "t"), columns=(Column(name="\u00e9", data_type="int", column_type="int", nullable=True),)
)


def test_new_content_gets_a_new_id_once() -> None:
    registry = Registry([Entry(7, "commits", "{}", None)])

    first, entry = registry.id_of("s", "{}", _TABLE)
    again, nothing = registry.id_of("s", "{}", _TABLE)

    assert first == again == FIRST_TABLE_ID
    assert entry == Entry(FIRST_TABLE_ID, "s", "{}", _TABLE)
    assert nothing is None
    assert registry.entry(first) == entry


@pytest.mark.parametrize("other", [("s2", "{}", _TABLE), ("s", "[]", _TABLE), ("s", "{}", None)])
def test_any_difference_is_another_id(other: tuple[str, str, Table | None]) -> None:
    registry = Registry()
    registry.id_of("s", "{}", _TABLE)

    number, entry = registry.id_of(*other)

    assert number == FIRST_TABLE_ID + 1
    assert entry is not None


def test_a_registry_read_back_goes_on_counting() -> None:
    entries = [Entry(21, "b", "{}", None), Entry(40, "a", "{}", _TABLE)]
    registry = Registry(parse_entry(entry_value(entry)) for entry in entries)

    assert registry.id_of("a", "{}", _TABLE) == (40, None)
    assert registry.id_of("c", "{}", None)[0] == 41


def test_an_entry_is_plain_json_under_its_number() -> None:
    entry = Entry(20, "t-value", '{"type":"int"}', _TABLE)

    assert entry_key(entry) == b"20"
    assert set(json.loads(entry_value(entry))) == {"id", "subject", "schema", "topic", "table"}
    assert json.loads(entry_value(entry))["topic"] == entry.topic == "t"
    assert parse_entry(entry_value(entry)) == entry


@pytest.mark.parametrize("value", [b"", b"{}", b"[1]", b'{"id":"x","subject":"","schema":"","table":null}'])
def test_an_entry_of_another_program_is_refused(value: bytes) -> None:
    with pytest.raises(Fatal, match="schemas topic"):
        parse_entry(value)


def test_an_unknown_id_is_refused() -> None:
    with pytest.raises(Fatal, match="schema id 20"):
        Registry().entry(20)


def test_records_are_framed_by_their_id() -> None:
    assert frame(258) == b"\0\0\0\1\2"
    assert id_at(frame(258) + b"rest") == 258
    for broken in (b"", b"\0\0", b"\1\0\0\0\0"):
        with pytest.raises(Fatal, match="without a schema id"):
            id_at(broken)
