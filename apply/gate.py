"""Up to which epoch the rows of each topic may be written: to the first change of their own table that is not applied.

Every process follows the schema topic beside its partitions, from the fence on: what lies before is applied.
"""

from collections import deque

from apply.records import Place
from apply.state import State
from runtime.follower import Follower
from runtime.kafka import KafkaSettings, TopicPartition
from schemas.records import Cascade, SchemaChange, parse_schema_record

_MOST = 50_000  # changes that are not applied, in memory


class Gate:
    """What is applied at the destination, as it was last read, and what waits."""

    def __init__(self, kafka: KafkaSettings, place: Place, state: State) -> None:
        self._kafka = kafka
        self._place = place
        self._state = state
        self._epoch, self._beyond = state.progress()
        self._waiting: deque[tuple[int, tuple[str, ...]]] = deque()  # epochs and the topics that they touch
        self._touching: dict[str, deque[int]] = {}
        self._known = self._epoch
        self._blind = False  # a record cannot be read: what follows is not known
        self._follower: Follower | None = None

    def close(self) -> None:
        if self._follower is not None:
            self._follower.close()
            self._follower = None

    def open_to(self, topic: str) -> int:
        """The last epoch of which rows of the topic may be written."""
        touching = self._touching.get(topic)
        if touching:
            first = next((epoch for epoch in touching if epoch > self._epoch and epoch not in self._beyond), None)
            if first is not None:
                return first - 1
        return max(self._epoch, self._known)

    def look(self) -> bool:
        """Reads what is applied now, and what is published; true when more is applied than before."""
        before = (self._epoch, self._beyond)
        if self._follower is None:
            start = self._state.next_offset(self._place)
            self._epoch, self._beyond = self._state.progress()  # after that: it knows what lies before
            self._known = max(self._known, self._epoch)
            self._follower = Follower(self._kafka, [TopicPartition(*self._place, start)])
        else:
            self._epoch, self._beyond = self._state.progress()
        self._read(self._follower)
        self._forget()
        return before != (self._epoch, self._beyond)

    def _read(self, follower: Follower) -> None:
        if self._blind or len(self._waiting) >= _MOST:
            return
        for message in follower.receive(0):
            try:
                record = parse_schema_record(message.value() or b"")
            except ValueError:
                self._blind = True  # whoever applies it says what is wrong
                return
            if not isinstance(record, SchemaChange | Cascade) or record.epoch <= self._known:
                continue
            topics = tuple({table.topic for table in record.tables})
            self._waiting.append((record.epoch, topics))
            for topic in topics:
                self._touching.setdefault(topic, deque()).append(record.epoch)
            self._known = record.epoch

    def _forget(self) -> None:
        """What is applied and everything before it too."""
        while self._waiting and self._waiting[0][0] <= self._epoch:
            _, topics = self._waiting.popleft()
            for topic in topics:
                self._touching[topic].popleft()
                if not self._touching[topic]:
                    del self._touching[topic]
