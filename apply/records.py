"""Records of one partition, in order, on their way to the destination. Pure."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple


class Place(NamedTuple):
    """A partition of a topic."""

    topic: str
    partition: int

    def __str__(self) -> str:
        return f"{self.topic}/{self.partition}"


@dataclass(frozen=True, slots=True)
class Records:
    """Consecutive records of a partition; once they are applied, its fence is `next_offset`."""

    place: Place
    offsets: list[int]
    keys: list[bytes | None]
    values: list[bytes]
    next_offset: int

    def __len__(self) -> int:
        return len(self.offsets)

    def head(self, count: int) -> "Records":
        """The first `count` records."""
        end = self.offsets[count] if count < len(self.offsets) else self.next_offset
        return Records(self.place, self.offsets[:count], self.keys[:count], self.values[:count], end)

    def tail(self, count: int) -> "Records":
        """Everything but the first `count` records."""
        return Records(self.place, self.offsets[count:], self.keys[count:], self.values[count:], self.next_offset)

    def since(self, offset: int) -> "Records":
        """The records from `offset` on."""
        return self.tail(bisect_left(self.offsets, offset))

    def up_to_epoch(self, epoch: int, epoch_of: Callable[[bytes], int]) -> "Records":
        """The records of this epoch and earlier ones. Epochs never fall inside a partition.

        The fence then stands at the first record left out, even if compaction has removed what a barrier counts on.
        """
        return self.head(bisect_right(self.values, epoch, key=epoch_of))
