"""Which form a record has: from its schema id to the plan that reads it and the statements that write it."""

from apply.destination import Shape, read_shape
from apply.statements import layout_of
from apply.steps import Form
from runtime.errors import Fatal, Transient
from runtime.kafka import KafkaSettings, read_to_end
from runtime.mysql import Connection
from runtime.service import Deadline
from schemas.codec import decode
from schemas.names import TableName
from schemas.plan import LiteralPlan, literal_plan
from schemas.registry import Entry, Registry, id_at, parse_entry
from schemas.topics import schemas_topic

# A record may be visible a moment before the schema that was written in the same Kafka transaction.
_PATIENCE_SECONDS = 5.0


class Layouts:
    """Forms by schema id, read when they are first needed. What it knows of the destination holds until `forget`."""

    def __init__(self, kafka: KafkaSettings, task: str, connection: Connection) -> None:
        self._kafka = kafka
        self._topic = schemas_topic(task)
        self._connection = connection
        self._registry = Registry()
        self._next_offset = 0
        self._shapes: dict[TableName, Shape] = {}
        self._forms: dict[bytes, Form] = {}
        self.age = 0  # how often it has forgotten
        self._epoch_plans: dict[bytes, LiteralPlan] = {}

    def form(self, frame: bytes) -> Form:
        """The form of records that begin with `frame`: a zero byte and the schema id."""
        found = self._forms.get(frame)
        if found is None:
            found = self._forms[frame] = self._form(frame)
        return found

    def epoch_of(self, value: bytes) -> int:
        """The epoch of a record, whatever the destination's table looks like."""
        frame = value[:5]
        plan = self._epoch_plans.get(frame)
        if plan is None:
            plan = self._epoch_plans[frame] = literal_plan(self._entry(frame), ())
        return decode(plan, value).epoch

    def forget(self) -> None:
        """A schema change has been applied: the destination's tables are read again."""
        self.age += 1
        self._shapes.clear()
        self._forms.clear()

    def _form(self, frame: bytes) -> Form:
        entry = self._entry(frame)
        if entry.table is None:
            raise Fatal(
                f"schema {entry.id} ({entry.subject}) describes no table's rows",
                hint=f"something else has written to the task's topics: see what wrote schema id {entry.id}",
            )
        name = entry.table.name
        shape = self._shapes.get(name)
        if shape is None:
            shape = self._shapes[name] = read_shape(self._connection, name)
        layout = layout_of(shape, entry.table)
        return Form(literal_plan(entry, layout.written, layout.numbered, layout.apart, layout.kept), layout)

    def _entry(self, frame: bytes) -> Entry:
        number = id_at(frame)
        deadline = Deadline(_PATIENCE_SECONDS)
        while not self._registry.knows(number):
            if deadline.passed:
                raise Transient(f"kafka: {self._topic} has no schema {number} yet")
            self._read_entries()
        return self._registry.entry(number)

    def _read_entries(self) -> None:
        for message in read_to_end(self._kafka, self._topic, {0: self._next_offset}):
            self._registry.add(parse_entry(message.value() or b""))
            self._next_offset = (message.offset() or 0) + 1
