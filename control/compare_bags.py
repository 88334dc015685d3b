"""The rows of a table without a key at both ends, as multisets.

Each row has a 128-bit digest; digests are summed in buckets by their first bits, so that equal sums mean equal rows
whatever their order, and a difference is looked for in few rows only. Memory is bounded.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b

from control.reading import Reading
from control.row_text import Document, expressions
from schemas.table import Table
from snapshot.keyset import whole

BUCKETS = 4096


@dataclass(slots=True)
class Bag:
    """Rows of some buckets: how often each digest occurs, and one row for each; `cut` when there were too many."""

    counts: Counter[bytes] = field(default_factory=Counter)
    samples: dict[bytes, bytes] = field(default_factory=dict)
    cut: bool = False


@dataclass(frozen=True, slots=True)
class BagEnd:
    """One end of the comparison."""

    reading: Reading
    table: Table
    document: Document

    def sums(self) -> tuple[int, list[int]]:
        """The number of rows, and the sum of the digests in each bucket."""
        sums = [0] * BUCKETS
        count = 0
        for row in self._rows():
            digest = blake2b(row, digest_size=16).digest()
            sums[_bucket(digest)] += int.from_bytes(digest)
            count += 1
        return count, sums

    def sums_of(self, buckets: Collection[int]) -> Mapping[int, int]:
        _, sums = self.sums()
        return {bucket: sums[bucket] for bucket in buckets}

    def bag(self, buckets: Collection[int], most: int) -> Bag:
        """The rows of some buckets, at most `most` different ones."""
        wanted = frozenset(buckets)
        found = Bag()
        for row in self._rows():
            digest = blake2b(row, digest_size=16).digest()
            if _bucket(digest) not in wanted:
                continue
            if digest not in found.samples and len(found.samples) >= most:
                found.cut = True
                continue
            found.counts[digest] += 1
            found.samples[digest] = row
        return found

    def _rows(self) -> Iterator[bytes]:
        return self.reading.raw_stream(whole(self.table, expressions(self.table, self.document)))


def _bucket(digest: bytes) -> int:
    return (digest[0] << 8 | digest[1]) % BUCKETS
