"""What comes out of the interleaving: rows at the place of the log where they are exact. Pure."""

from dataclasses import dataclass

from schemas.codec import ChunkRows
from schemas.plan import TablePlan
from schemas.records import RangeRecord
from snapshot.window import Passed


@dataclass(frozen=True, slots=True)
class Release:
    """Rows to publish at the stream's position, together with `range` in the same Kafka transaction."""

    range: RangeRecord  # as it is with these rows
    plan: TablePlan
    rows: ChunkRows
    more: bool  # a part of what was read at once: the Kafka transaction stays open until the last part
    table_done: bool  # every row of the table is published with these


@dataclass(frozen=True, slots=True)
class Replanned:
    """What a DDL changes in the plan of the snapshot."""

    ranges: tuple[RangeRecord, ...]  # to be written in the Kafka transaction of the DDL
    empties: bool = False  # what is published of the table must be emptied (TRUNCATE): all its rows come again


def untouched(passed: Passed) -> ChunkRows:
    """The rows that are exact."""
    rows, touched = passed.chunk.rows, passed.touched
    if touched.isdisjoint(rows.keys):
        return rows
    kept = [index for index, key in enumerate(rows.keys) if key not in touched]
    return ChunkRows(
        [rows.keys[index] for index in kept],
        [rows.rows[index] for index in kept],
        [rows.exacts[index] for index in kept],
    )
