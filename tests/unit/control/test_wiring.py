"""Capture looks once whether everything is fit, however often it has to try."""

from collections.abc import Generator
from pathlib import Path

import pytest

from control import wiring
from control.config import load
from runtime.errors import Fatal, Transient
from runtime.kafka import KafkaSettings
from runtime.service import Backoff, Stop, run

KAFKA = KafkaSettings("broker:1")


def test_the_patience_of_the_task_reaches_capture_and_its_readers(tmp_path: Path) -> None:
    file = tmp_path / "task.yaml"
    file.write_text(
        "task: t\nsource: {host: a, user: u}\nretry_minutes: 30\nsnapshot: {readers: 5, chunk_bytes: 70000}\n"
        "targets: {b: {host: b, user: u}}\n"
    )
    settings = wiring.capture_settings(load(file, {})).snapshot
    assert (settings.retry_minutes, settings.readers, settings.chunk_bytes) == (30, 5, 70000)


def test_what_is_away_is_waited_for_and_the_look_comes_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "task.yaml"
    file.write_text("task: t\nsource: {host: a, user: u}\ntargets: {b: {host: b, user: u}}\n")
    task, sessions = load(file, {}), []
    answers: list[Exception | None] = [Transient("kafka is away"), Transient("kafka is away"), None]

    def look(*_: object) -> None:
        if (answer := answers.pop(0)) is not None:
            raise answer

    def session() -> Generator[None]:
        sessions.append(1)
        yield
        if len(sessions) < 3:
            raise Transient("lost")

    monkeypatch.setattr(wiring, "require_fit", look)
    run(wiring.checked(task, KAFKA, session), Stop(), Backoff(60, first=0.001))
    assert (len(answers), len(sessions)) == (0, 3)

    answers.append(Fatal("log_bin is OFF", "switch it on"))
    with pytest.raises(Fatal, match="log_bin is OFF"):
        run(wiring.checked(task, KAFKA, session), Stop(), Backoff(60))
    assert len(sessions) == 3
