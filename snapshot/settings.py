"""What a snapshot needs to know of the task's config."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SnapshotSettings:
    """How many processes read, how large chunks are, and how much the window may remember."""

    task: str
    readers: int = 2
    chunk_bytes: int = 2 << 20
    window_bytes: int = 32 << 20
    retry_minutes: int = 720
