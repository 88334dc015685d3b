"""The rows of a table with a key at both ends: whole buffers at first, single rows only where buffers differ.

Equal buffers are equal rows. The source's chunk decides the bounds of the target's, and the next chunk of the source is
read while the target's is.
"""

from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from control.reading import Reading, Rows
from control.row_text import Document, Row, expressions, key_literals, key_of, measure, rows, values
from schemas.sql import identifier, qualified
from schemas.table import Table
from snapshot.keyset import Bound, Span, chunk, index_name

_CHUNK_BYTES = 2 << 20
_MOST_BYTES = 32 << 20  # a chunk of unexpectedly long rows is cut here
_FIRST_ROWS = 500
_MOST_ROWS = 50_000
_SURPLUS_ROWS = 5000  # rows that only the target has, read at most per chunk
_PICKED_AT_A_TIME = 200


@dataclass(frozen=True, slots=True)
class End:
    """One end of the comparison."""

    reading: Reading
    table: Table
    document: Document
    descending: tuple[str, ...] = ()  # columns of the key, see keyset.Span: the source's, at both ends

    def read(self, after: Bound | None, until: Bound | None, limit: int, most_bytes: int) -> Rows:
        select = expressions(self.table, self.document)
        return self.reading.rows(chunk(self.table, select, Span(after, until, self.descending), limit), most_bytes)

    def pick(self, keys: Collection[Row]) -> Mapping[Row, bytes]:
        """The rows of some keys, by the key as this end spells it."""
        found: dict[Row, bytes] = {}
        wanted = list(keys)
        while wanted:
            part, wanted = wanted[:_PICKED_AT_A_TIME], wanted[_PICKED_AT_A_TIME:]
            rows = self.reading.rows(self._picking(part), _MOST_BYTES)
            found.update(keyed(self.table, rows.raw))
            if not rows.complete and len(part) > 1:  # long rows: what is missing is asked for in smaller parts
                rest = [key for key in part if key not in found]
                for key in rest:
                    found.update(keyed(self.table, self.reading.rows(self._picking([key]), _MOST_BYTES).raw))
        return found

    def _picking(self, keys: list[Row]) -> str:
        columns = [identifier(self.table.columns[index].name) for index in self.table.key_indexes]
        conditions = (
            " AND ".join(f"{name} = {text}" for name, text in zip(columns, key_literals(self.table, key), strict=True))
            for key in keys
        )
        return (
            f"SELECT {', '.join(expressions(self.table, self.document))} FROM {qualified(self.table.name)} "
            f"FORCE INDEX ({identifier(index_name(self.table))}) WHERE ({') OR ('.join(conditions)})"
        )


@dataclass(frozen=True, slots=True)
class Compared:
    """One chunk: how many rows the source had, how many bytes, and the keys whose rows differ."""

    rows: int
    size: int
    suspects: frozenset[Row]


@dataclass(frozen=True, slots=True)
class _Chunk:
    after: Bound | None
    until: Bound | None  # None: the last one
    raw: bytes
    rows: int


def compare(source: End, target: End) -> Iterator[Compared]:
    """Every row of the table at both ends, chunk by chunk."""
    chunks = _chunks(source)
    with ThreadPoolExecutor(max_workers=1) as ahead:
        coming = ahead.submit(next, chunks, None)
        while (part := coming.result()) is not None:
            coming = ahead.submit(next, chunks, None)
            there = target.read(part.after, part.until, part.rows + _SURPLUS_ROWS, len(part.raw) + _MOST_BYTES)
            suspects = frozenset[Row]() if there.raw == part.raw else differing(source.table, part.raw, there.raw)
            yield Compared(part.rows, len(part.raw), suspects)


def differing(table: Table, here: bytes, there: bytes) -> frozenset[Row]:
    """Keys of rows that are not in both buffers alike."""
    ours, theirs = keyed(table, here), keyed(table, there)
    return frozenset(key for key in ours.keys() | theirs.keys() if ours.get(key) != theirs.get(key))


def keyed(table: Table, raw: bytes) -> dict[Row, bytes]:
    """The rows of a buffer by their keys."""
    return {key_of(table, values(row)): row for row in rows(raw)}


def _chunks(source: End) -> Iterator[_Chunk | None]:
    after: Bound | None = None
    limit = _FIRST_ROWS
    while True:
        found = source.read(after, None, limit, _MOST_BYTES)
        count, last = measure(found.raw)
        if found.complete and count < limit:
            yield _Chunk(after, None, found.raw, count)
            return
        until = key_literals(source.table, key_of(source.table, values(found.raw[last:])))
        yield _Chunk(after, until, found.raw, count)
        after = until
        limit = max(1, min(_MOST_ROWS, 4 * limit, _CHUNK_BYTES * count // len(found.raw)))
