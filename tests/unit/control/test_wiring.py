"""Capture looks once whether everything is fit, and waits for a Kafka that is away."""

from collections.abc import Generator
from pathlib import Path

import pytest

from control import wiring
from control.config import load
from control.finding import Finding, failed
from runtime.errors import Fatal, Transient
from runtime.kafka import KafkaSettings
from runtime.service import Backoff, Stop, run

KAFKA = KafkaSettings("broker:1")


class Answers:
    """A Kafka that is away at first."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, _: KafkaSettings) -> "Answers":
        return self

    def layout(self) -> None:
        self.asked += 1
        if self.asked < 3:
            raise Transient("kafka is away")


def test_a_kafka_that_is_away_is_waited_for_and_the_look_comes_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "task.yaml"
    file.write_text("task: t\nsource: {host: a, user: u}\ntargets: {b: {host: b, user: u}}\n")
    task, answers, looks, sessions = load(file, {}), Answers(), [], []
    findings: list[Finding] = []

    def look(*_: object) -> list[Finding]:
        looks.append(1)
        return findings

    def session() -> Generator[None]:
        sessions.append(1)
        yield
        if len(sessions) < 3:
            raise Transient("lost")

    monkeypatch.setattr(wiring, "Topics", answers)
    monkeypatch.setattr(wiring, "before_start", look)
    run(wiring.checked(task, KAFKA, session), Stop(), Backoff(60, first=0.001))
    assert (answers.asked, len(looks), len(sessions)) == (3, 1, 3)

    findings.append(failed("source.log_bin", "log_bin is OFF", "switch it on"))
    with pytest.raises(Fatal, match="log_bin is OFF"):
        run(wiring.checked(task, KAFKA, session), Stop(), Backoff(60))
    assert len(sessions) == 3
