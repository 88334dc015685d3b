"""Pieces of a partition's records, and where the fence stands behind each."""

from apply.fold import last_of_each_key
from apply.records import Place, Records

PLACE = Place("task.d.t", 1)


def records(*values: bytes, keys: list[bytes | None] | None = None) -> Records:
    """At offsets 10, 12, 14, ...: transactions leave holes."""
    offsets = [10 + 2 * index for index in range(len(values))]
    return Records(PLACE, offsets, keys or [b"k"] * len(values), list(values), offsets[-1] + 1)


def test_a_head_ends_where_the_tail_begins() -> None:
    whole = records(b"a", b"b", b"c")
    assert (whole.head(2).values, whole.head(2).next_offset) == ([b"a", b"b"], 14)
    assert (whole.tail(2).offsets, whole.tail(2).next_offset) == ([14], 15)
    assert whole.head(3).next_offset == 15
    assert len(whole.tail(3)) == 0


def test_records_before_the_fence_are_left_out() -> None:
    whole = records(b"a", b"b", b"c")
    assert whole.since(10).values == [b"a", b"b", b"c"]
    assert whole.since(11).values == [b"b", b"c"]
    assert len(whole.since(15)) == 0


def test_records_of_later_epochs_are_left_out() -> None:
    whole = records(b"\1", b"\1", b"\2", b"\4", b"\4")

    def epoch_of(value: bytes) -> int:
        return value[0]

    assert whole.up_to_epoch(4, epoch_of) == whole
    kept = whole.up_to_epoch(3, epoch_of)
    assert (kept.values, kept.next_offset) == ([b"\1", b"\1", b"\2"], 16)
    none = whole.up_to_epoch(0, epoch_of)
    assert (none.values, none.next_offset) == ([], 10)


def test_the_last_value_of_each_key_is_kept() -> None:
    assert last_of_each_key(records(b"1", b"2", b"3", keys=[b"a", b"b", b"a"])) == [b"3", b"2"]


def test_records_without_a_key_are_all_kept() -> None:
    assert last_of_each_key(records(b"1", b"1", keys=[None, None])) == [b"1", b"1"]


def test_a_place_reads_like_kafka_writes_it() -> None:
    assert str(PLACE) == "task.d.t/1"
