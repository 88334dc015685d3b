"""Builds capture and apply from a task's settings: they never see the file."""

from apply.loop import Apply
from apply.settings import ApplySettings
from capture.loop import Capture
from capture.settings import CaptureSettings
from control.config import TargetSettings, Task
from runtime.kafka import KafkaSettings


def capture_of(task: Task, kafka: KafkaSettings) -> Capture:
    settings = CaptureSettings(
        task=task.name,
        selection=task.selection,
        commit_interval_ms=task.commit_interval_ms,
        heartbeat_ms=task.heartbeat_ms,
        readers=task.readers,
        chunk_bytes=task.chunk_bytes,
    )
    return Capture(task.sources, kafka, settings)


def apply_of(task: Task, kafka: KafkaSettings, target: TargetSettings) -> Apply:
    settings = ApplySettings(state_database=target.state_database)
    return Apply(kafka, task.name, target.name, target.destination, settings)
