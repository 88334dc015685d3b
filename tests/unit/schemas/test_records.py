"""The fixed records survive their journey."""

from dataclasses import replace

import pytest

from schemas.names import TableName
from schemas.records import (
    FIRST_TABLE_ID,
    Cascade,
    FollowedRow,
    FollowingTable,
    NamedTable,
    NamesRecord,
    PositionRecord,
    ProblemRecord,
    RangeRecord,
    SchemaChange,
    SnapshotCompleted,
    TemporaryTable,
    TouchedTable,
    commit_key,
    commit_value,
    fixed_schemas,
    frame,
    parse_commit,
    parse_schema_record,
    schema_value,
)

POSITION = PositionRecord(
    gtid_set="a:1-5",
    file="b.000001",
    offset=5 << 32,
    gtid="a:6",
    units_done=7,
    selection="f",
    epoch=3,
    source_us=1,
    time_us=2,
)
RANGE = RangeRecord(
    id="7", database="d", table="t", lower=("1", "'a'"), last=("2", "''"), rows_done=9, rows_estimated=10, done=False
)
IN_ORDER = RangeRecord(id="8", database="d", table="t", last=("2", "''"), descending=("b", "c"))
PROBLEM = ProblemRecord(place="capture", error="e", hint="h", time_us=3)
CHANGE = SchemaChange(
    epoch=4,
    gtid=None,
    file="b.000001",
    offset=4,
    source_us=5,
    time_us=6,
    kind="ALTER_TABLE",
    statement="ALTER TABLE t ADD c INT",
    database=None,
    session={"sql_mode": ""},
    tables=(TouchedTable(database="d", table="t", topic="x.d.t", definition=None, barriers=(4, 0)),),
)
CASCADE = Cascade(
    epoch=5,
    gtid="a:7",
    file="b.000001",
    offset=4,
    source_us=5,
    time_us=6,
    database="d",
    table="p",
    columns=("id",),
    rows=(FollowedRow(before=("1",), after=None), FollowedRow(before=("2",), after=("'3'",))),
    tables=(
        FollowingTable(
            database="d",
            table="t",
            topic="x.d.t",
            barriers=(4, 0),
            parents=(TableName("d", "p"),),
            certain=(True,),
        ),
    ),
)
NAMES = NamesRecord(
    views=(NamedTable("d", "v"), NamedTable("d", "w")),
    newcomers=(NamedTable("d", "n"),),
    temporary=(TemporaryTable(7, "d", "t"),),
)
COMPLETED = SnapshotCompleted(database="d", table="t", topic="x.d.t", rows=5, epoch=1, time_us=8)


@pytest.mark.parametrize("record", [POSITION, RANGE, IN_ORDER, PROBLEM, NAMES])
def test_commit_records(record: PositionRecord | RangeRecord | ProblemRecord | NamesRecord) -> None:
    assert parse_commit(commit_value(record)) == record


def test_keys_part_what_the_topic_keeps() -> None:
    other = RangeRecord(id="8", database="d", table="t")
    keys = {commit_key(record) for record in (POSITION, RANGE, PROBLEM, NAMES, other)}
    assert len(keys) == 5
    assert commit_key(RANGE) == commit_key(RangeRecord(id="7", database="other", table="t"))


@pytest.mark.parametrize("record", [CHANGE, CASCADE, COMPLETED])
def test_schema_records(record: SchemaChange | Cascade | SnapshotCompleted) -> None:
    assert parse_schema_record(schema_value(record)) == record


@pytest.mark.parametrize("value", [b"", b"\x01\x00\x00\x00\x02", b"\x00\x00\x00\x00\x63x", schema_value(CHANGE)])
def test_foreign_values_are_refused(value: bytes) -> None:
    with pytest.raises(ValueError, match=r"schema|framed"):
        parse_commit(value)


def test_a_range_of_one_direction_stays_what_older_versions_read() -> None:
    assert [commit_value(record)[:5] for record in (RANGE, IN_ORDER)] == [frame(3), frame(10)]
    assert commit_key(replace(IN_ORDER, descending=())) == commit_key(IN_ORDER)


def test_reserved_ids() -> None:
    ids = [number for number, _, _ in fixed_schemas("t")]
    assert len(set(ids)) == len(ids)
    assert max(ids) < FIRST_TABLE_ID
