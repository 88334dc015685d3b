"""Plays stories side by side through one pipeline: what comes before the task by its snapshot, the rest by the log."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.local import Stack
from runtime.errors import Transient
from runtime.mysql import Connection, Endpoint, Refused, connect
from tests.conformance.stories.trials import PATIENCE_SECONDS, STATE_DATABASE, Trial, afterwards, around, second
from tests.conformance.stories.writer import Story
from tests.pipeline.compare import differences
from tests.pipeline.settle import Unsettled, settle
from tests.pipeline.task import Task
from tests.pipeline.topics import lose

_NAMED = re.compile(r"\b(?:story|apart)(\d+)\b")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a story; `faults` are differences, or why the pipeline ended. None: the destination is equal."""

    story: Story
    accepted: int  # statements that the source took
    faults: tuple[str, ...] = ()


class Stage:
    """One pipeline for some stories; what it learns of each is in `outcomes`."""

    def __init__(self, stack: Stack, folder: Path, partitions: int, trial: Trial) -> None:
        self._stack = stack
        self._folder = folder
        self._partitions = partitions
        self._trial = trial

    def play(self, stories: Sequence[Story]) -> Iterator[Outcome]:
        """A story that ends the pipeline is at fault, and the others are played anew."""
        rest = list(stories)
        while rest:
            try:
                yield from self._together(rest)
            except Unsettled as error:
                guilty = _guilty(str(error), rest)
                if guilty is None and len(rest) > 1:
                    yield from self.play(rest[: len(rest) // 2])
                    rest = rest[len(rest) // 2 :]
                    continue
                guilty = guilty or rest[0]
                yield Outcome(guilty, 0, () if _is_named_limit(str(error), guilty) else (str(error),))
                rest.remove(guilty)
            else:
                return

    def _together(self, stories: Sequence[Story]) -> list[Outcome]:
        _clean(self._stack.source.endpoint("admin"))
        told = [Telling(self._stack, story) for story in stories]
        accepted = [each.tell(each.story.before) for each in told]
        names = [story.database for story in stories]
        found: list[str] = []
        with second(self._trial, self._stack) as other, self._task(names, other) as task:
            for server in filter(None, (task.stack_destination, other)):
                _clean(server)
            targets = list(task.content["targets"])
            with around(self._trial, task) as meanwhile:
                process = task.start("migrate")
                process.until(lambda: not process.running or "capturing" in process.stderr, "capture", PATIENCE_SECONDS)
                for number, each in enumerate(told):
                    accepted[number] += each.tell(each.story.meanwhile)
                    each.close()
                    meanwhile()
                settle(task, [process], targets, PATIENCE_SECONDS)
            for server in filter(None, (task.stack_destination, other)):
                found += differences(task.stack_source, server, names)
            if not found:
                process = afterwards(self._trial, task, process)
                found += differences(task.stack_source, task.stack_destination, names)
            assert process.terminate() == 0, process.tail()
            lose(task.kafka, task.name, targets)  # a broker with the topics of all stories is slow
        return [
            Outcome(story, count, tuple(line for line in found if str(story.number) in _NAMED.findall(line)))
            for story, count in zip(stories, accepted, strict=True)
        ]

    def _task(self, databases: Sequence[str], other: Endpoint | None) -> Task:
        overrides: dict[str, Any] = {"kafka": {"partitions": self._partitions}}
        if other is not None:
            account = {"host": other.host, "port": other.port, "user": other.user, "password": other.password}
            overrides["targets"] = {"other": account}
        return Task(self._stack, self._folder, include=[f"{name}.*" for name in databases], overrides=overrides)


class Telling:
    """One story's session at the source."""

    def __init__(self, stack: Stack, story: Story) -> None:
        self.story = story
        self._endpoint = stack.source.endpoint("admin")
        self._connection = self._open()
        for name in (story.database, story.elsewhere):
            self._connection.execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
        self._connection.execute(f"USE {story.database}")

    def tell(self, statements: Sequence[str]) -> int:
        """How many of the statements the source has taken."""
        return sum(map(self._take, statements))

    def close(self) -> None:
        self._connection.close()

    def _take(self, statement: str) -> bool:
        try:
            self._connection.execute(statement)
        except Refused:
            return False
        except Transient:
            self._connection.abort()
            self._connection = self._open()
            self._connection.execute(f"USE {self.story.database}")
            return False
        return True

    def _open(self) -> Connection:
        return connect(self._endpoint, init="SET lock_wait_timeout = 20")


def _guilty(error: str, stories: Sequence[Story]) -> Story | None:
    """The story whose table an error names."""
    numbers = _NAMED.findall(error.partition("\n--- ")[0])
    return next((story for story in stories if numbers and story.number == int(numbers[-1])), None)


def _is_named_limit(error: str, story: Story) -> bool:
    """Counting within groups, which no engine but MyISAM does: docs/limits.md says that it stops by name."""
    return "it must be defined as a key (1075)" in error and "MyISAM" in str((story.before, story.meanwhile))


def _clean(server: Endpoint) -> None:
    """Drops what stories before have left there, penstock's own too."""
    with connect(server, init="SET foreign_key_checks = 0") as connection:
        for (name,) in connection.query("SHOW DATABASES"):
            if _NAMED.fullmatch(str(name)) or name == STATE_DATABASE:
                connection.execute(f"DROP DATABASE {name}")
