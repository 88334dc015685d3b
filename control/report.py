"""What `penstock status` says, as it is written in JSON. Pure."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum


class Phase(StrEnum):
    """What the task is doing."""

    SCHEMA = "schema"
    SNAPSHOT = "snapshot"
    STREAMING = "streaming"
    STOPPED = "stopped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """Places in the log: what is captured, and where it ends now."""

    position: str | None = None
    end_position: str | None = None


@dataclass(frozen=True, slots=True)
class CaptureStatus:
    """`seconds_since_commit`: age of the last sign of life."""

    running: bool = False
    caught_up: bool | None = None
    lag_seconds: float | None = None
    seconds_since_commit: float | None = None
    transactions_behind: int | None = None


@dataclass(frozen=True, slots=True)
class SnapshotStatus:
    """Tables and rows of the snapshot; estimates are the source's statistics."""

    tables_total: int = 0
    tables_done: int = 0
    rows_done: int = 0
    rows_estimated: int = 0


@dataclass(frozen=True, slots=True)
class TargetStatus:
    """One destination; `offsets_behind` counts what its topics hold and it has not applied."""

    caught_up: bool | None = None
    lag_seconds: float | None = None
    applied_epoch: int | None = None
    workers: int | None = None
    offsets_behind: int | None = None


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that needs an operator, or that could not be reached."""

    where: str
    error: str
    hint: str


@dataclass(frozen=True, slots=True)
class Report:
    """Everything `penstock status` says."""

    task: str
    phase: Phase = Phase.STOPPED
    epoch: int | None = None
    source: SourceStatus = SourceStatus()
    capture: CaptureStatus = CaptureStatus()
    snapshot: SnapshotStatus = SnapshotStatus()
    targets: Mapping[str, TargetStatus] = field(default_factory=dict)
    problems: tuple[Trouble, ...] = ()

    def as_json(self) -> dict[str, object]:
        return asdict(self)


@dataclass(slots=True)
class TableProgress:
    """Rows of one table's snapshot."""

    rows_done: int = 0
    rows_estimated: int = 0
    done: bool = True
