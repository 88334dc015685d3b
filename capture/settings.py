"""What capture is told."""

import hashlib
from dataclasses import dataclass

from schemas.selection import Selection
from snapshot.settings import SnapshotSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureSettings:
    """Plain values; durations in milliseconds, sizes in bytes."""

    task: str
    selection: Selection
    commit_interval_ms: int = 100
    heartbeat_ms: int = 1000
    readers: int = 2
    chunk_bytes: int = 2 << 20
    held_bytes: int = 32 << 20  # rows of undecided transactions beyond this wait on disk
    retry_minutes: int = 720
    transaction_bytes: int = 8 << 20  # a Kafka transaction closes at this size at the latest

    @property
    def snapshot(self) -> SnapshotSettings:
        """What the snapshot is told."""
        return SnapshotSettings(self.task, self.readers, self.chunk_bytes, retry_minutes=self.retry_minutes)

    @property
    def fingerprint(self) -> str:
        """Names the selection: the count of units inside a transaction depends on it."""
        text = repr((sorted(self.selection.include), sorted(self.selection.exclude)))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def server_id(self) -> int:
        """The replica id that the source sees: stable for a task, in the upper half of the range."""
        return 1 << 31 | int.from_bytes(hashlib.sha256(self.task.encode()).digest()[:4], "big") >> 1
