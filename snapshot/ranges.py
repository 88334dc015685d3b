"""Key ranges: how a table is divided among readers, and what is left of each division. Pure.

A range is a `schemas.records.RangeRecord`: rows behind `lower` (exclusive) up to `upper` (inclusive), published up to
`last`. Ranges of a table never overlap and leave nothing out; they are made once and survive every restart.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from schemas.names import TableName
from schemas.records import RangeRecord
from snapshot.keyset import Bound

#: a range of fewer rows is not worth a reader of its own
_LEAST_ROWS = 100_000
_RANGES_PER_READER = 4


def divisions(rows_estimated: int, readers: int) -> int:
    """Into how many ranges a table of that size is divided; more than readers, because rows lie unevenly."""
    return max(1, min(readers * _RANGES_PER_READER, rows_estimated // _LEAST_ROWS))


def integer_bounds(least: int, most: int, count: int) -> list[Bound]:
    """The inner bounds that divide least..most into at most `count` parts of equal width."""
    width = most - least + 1
    inner = sorted({least + width * part // count - 1 for part in range(1, count)})
    return [(str(bound),) for bound in inner if least <= bound < most]


def divided(
    table: TableName, descending: tuple[str, ...], bounds: Sequence[Bound], rows_estimated: int, ids: Iterator[int]
) -> list[RangeRecord]:
    """The ranges between `bounds`, which are in the key's order; `descending` belongs to that order (`keyset.Span`)."""
    edges = [None, *bounds, None]
    share = rows_estimated // (len(edges) - 1)
    return [
        RangeRecord(
            id=str(next(ids)),
            database=table.database,
            table=table.name,
            lower=lower,
            upper=upper,
            descending=descending,
            rows_estimated=share,
        )
        for lower, upper in pairwise(edges)
    ]
