"""Builds capture and apply from a task's settings: they never see the file."""

from collections.abc import Generator

from apply.loop import Apply
from apply.settings import ApplySettings
from capture.loop import Capture
from capture.settings import CaptureSettings
from control.config import TargetSettings, Task
from control.opening import require_fit
from runtime.kafka import KafkaSettings
from runtime.service import Session, Stop


def capture_of(task: Task, kafka: KafkaSettings, stop: Stop) -> Capture:
    return Capture(task.sources, kafka, capture_settings(task), stop)


def capture_settings(task: Task) -> CaptureSettings:
    return CaptureSettings(
        task=task.name,
        selection=task.selection,
        commit_interval_ms=task.commit_interval_ms,
        heartbeat_ms=task.heartbeat_ms,
        readers=task.readers,
        chunk_bytes=task.chunk_bytes,
        retry_minutes=task.retry_minutes,
    )


def checked(task: Task, kafka: KafkaSettings, session: Session) -> Session:
    """The same after a look, once, whether everything is fit."""
    fit = False

    def look_first() -> Generator[None]:
        nonlocal fit
        if not fit:
            require_fit(task, kafka, [])
            fit = True
        yield from session()

    return look_first


def apply_of(task: Task, kafka: KafkaSettings, target: TargetSettings) -> Apply:
    settings = ApplySettings(state_database=target.state_database, lock_patience_seconds=target.retry_minutes * 60.0)
    return Apply(kafka, task.name, target.name, target.destination, settings)
