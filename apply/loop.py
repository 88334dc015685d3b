"""Apply: a session goes from the fences to wherever the topics end, batch by batch. It keeps nothing of its own."""

import time
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass

from apply.destination import open_session, packet_limit
from apply.fences import Fences
from apply.inbox import Inbox
from apply.layouts import Layouts
from apply.records import Place, Records
from apply.rewind import Rewind
from apply.schema_topic import SchemaTopic
from apply.settings import ApplySettings
from apply.state import State, Stuck
from apply.writer import Writer
from runtime.kafka import KafkaSettings
from runtime.mysql import Endpoint, Refused
from runtime.telemetry import applied_records, apply_lag, log
from schemas.topics import schema_topic

_IDLE_SECONDS = 0.2
_HELD_SECONDS = 0.02
_BUSY_SECONDS = 0.002
_PING_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Apply:
    """Applies the topics of a task to one target; several processes share the work through the consumer group."""

    kafka: KafkaSettings
    task: str
    target: str
    destination: Endpoint
    settings: ApplySettings = ApplySettings()

    @property
    def group(self) -> str:
        return f"{self.task}.{self.target}"

    def session(self) -> Generator[None]:
        """Yields when everything taken from the topics is applied, or given back."""
        wait = self.settings.lock_wait_seconds
        with closing(open_session(self.destination, wait)) as connection:
            state = State(connection, self.settings.state_database, self.target)
            state.ensure()
            with closing(open_session(self.destination, wait)) as holder:
                guard = State(holder, self.settings.state_database, self.target)
                yield from Rewind(self.kafka, self.task, self.group, connection, state, guard).run()
            ...
