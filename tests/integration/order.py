"""One schema change that a test runs by itself, also in another process."""

from dataclasses import dataclass

from apply.execution import Execution
from apply.fences import Fences
from apply.ledger import Entry, Ledger
from apply.owners import Owners
from apply.reach import reach
from apply.records import Place
from apply.state import State
from runtime.kafka import KafkaSettings
from runtime.mysql import Connection, Endpoint
from schemas.records import SchemaChange


@dataclass(frozen=True, slots=True)
class Order:
    """A schema change to be run, the record at `offset` of the schema topic."""

    kafka: KafkaSettings
    endpoint: Endpoint
    state_database: str
    target: str
    place: Place
    offset: int
    change: SchemaChange
    lock_wait_seconds: int = 5

    def execution(self, connection: Connection) -> Execution:
        """As apply runs the change when it comes next."""
        state = State(connection, self.state_database, self.target)
        fences = Fences(self.kafka, self.place.topic, connection, state)
        fences.resume([self.place])
        ledger = Ledger(self.place, state, fences)
        entry = Entry(self.offset, 0, b"", self.change, reach(self.change))
        ledger.add(entry)
        return Execution(
            endpoint=self.endpoint,
            state_database=self.state_database,
            target=self.target,
            lock_wait_seconds=self.lock_wait_seconds,
            ledger=ledger,
            entry=entry,
            change=self.change,
            owners=Owners(),
        )
