"""Whether a Kafka that is away at the start is waited for, by what the targets know of the task."""

from contextlib import nullcontext
from pathlib import Path

import pytest

from apply import state
from apply.state import Applied
from control import opening
from control.config import Task, load
from runtime.errors import Fatal, Transient
from runtime.kafka import KafkaSettings
from runtime.mysql import Endpoint

KAFKA = KafkaSettings("broker:1")
NOTHING = Applied(0, (), ())
SOMETHING = Applied(1, (), ())


@pytest.fixture
def task(tmp_path: Path) -> Task:
    file = tmp_path / "task.yaml"
    file.write_text("task: t\nsource: {host: a, user: u}\ntargets: {b: {host: b, user: u}, c: {host: c, user: u}}\n")
    return load(file, {})


class Away:
    """A Kafka that does not answer."""

    def __init__(self, _: KafkaSettings) -> None:
        pass

    def layout(self) -> dict[str, int]:
        raise Transient("kafka: broker:1: timed out")


def arrange(monkeypatch: pytest.MonkeyPatch, **answers: Applied | Transient) -> None:
    """`answers` of the targets, by host."""

    def open_session(endpoint: Endpoint, *, timeout: float) -> nullcontext[Applied]:
        answer = answers[endpoint.host]
        if isinstance(answer, Transient):
            raise answer
        return nullcontext(answer)

    monkeypatch.setattr(opening, "Topics", Away)
    monkeypatch.setattr(opening, "open_session", open_session)
    monkeypatch.setattr(state, "read", lambda answer, *_: answer)


def test_a_new_task_ends_with_the_address_and_what_to_do(task: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    arrange(monkeypatch, b=NOTHING, c=NOTHING)
    with pytest.raises(Fatal, match=r"broker:1.*no target knows the task t") as caught:
        opening.require_fit(task, KAFKA, task.targets.values())
    assert "kafka.bootstrap_servers" in caught.value.hint


@pytest.mark.parametrize("other", [SOMETHING, Transient("c is away")])
def test_one_that_may_have_begun_waits(task: Task, monkeypatch: pytest.MonkeyPatch, other: Applied | Transient) -> None:
    arrange(monkeypatch, b=NOTHING, c=other)
    with pytest.raises(Transient, match="broker:1"):
        opening.require_fit(task, KAFKA, task.targets.values())


def test_capture_alone_cannot_know_and_waits(task: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    arrange(monkeypatch)
    with pytest.raises(Transient, match="broker:1"):
        opening.require_fit(task, KAFKA, [])
