"""The fences of this process's partitions, as they were last read; partitions without one get it at their beginning."""

import time
from collections.abc import Collection, Mapping, Sequence

from apply.destination import find_shape, has_rows
from apply.identity import differing, needed, refuse
from apply.records import Place
from apply.rewind import REBUILD
from apply.state import Fence, State
from runtime.errors import Fatal, Transient
from runtime.kafka import KafkaSettings, Topics
from runtime.mysql import Connection

_LOOK_SECONDS = 5.0


class Fences:
    """By partition. Only a commit or a reading changes an entry: nothing is believed after an error."""

    def __init__(self, kafka: KafkaSettings, schema_topic: str, connection: Connection, state: State) -> None:
        self._topics = Topics(kafka)
        self._schema_topic = schema_topic
        self._connection = connection
        self._state = state
        self._known: dict[Place, Fence] = {}
        self._ids: dict[str, str] = {}  # of the topics of these fences
        self._due = 0.0

    def __getitem__(self, place: Place) -> Fence:
        return self._known[place]

    def __setitem__(self, place: Place, fence: Fence) -> None:
        self._known[place] = fence

    def open(self) -> None:
        """Fatal when the target was fed from topics of another task of that name, or of one that has lost its topics.

        A schema topic that is not there has not been made yet, or again: then there is nothing to apply either.
        """
        task_id = self._topics.ids([self._schema_topic]).get(self._schema_topic, "")
        before = self._state.task_id()
        if task_id and before and task_id != before:
            refuse(
                self._state, {self._schema_topic: f"{self._schema_topic} was deleted and made anew"}, self._schema_topic
            )
        if task_id and not before:
            self._state.begin_task(task_id)

    def resume(self, places: Sequence[Place]) -> dict[Place, int]:
        """Where partitions begin that this process has just been given."""
        if not places:
            return {}
        ids = self._topics.ids({place.topic for place in places})
        known = self._state.fences()
        over = self._require_same([known[place] for place in places if place in known], ids)
        found = {place: fence for place, fence in known.items() if place.topic not in over}
        missing = [place for place in places if place not in found]
        if missing:
            self._refuse_rows_without_fence(missing)
            # A destination that has lost its fences may hold later states than the records that come first.
            ends = self._topics.ends(missing)
            self._state.add_fences((place, ends[place], ids.get(place.topic, "")) for place in missing)
            found = self._state.fences()
        self._known.update((place, found[place]) for place in places)
        self._ids |= ids
        return {place: found[place].next_offset for place in places}

    def look(self) -> None:
        """Now and then: whether topics were made anew while this process reads them."""
        if time.monotonic() < self._due:
            return
        self._due = time.monotonic() + _LOOK_SECONDS
        try:
            ids = self._topics.ids(self._ids)
        except Transient:  # whoever needs a Kafka that is away says so; the next look tells what it holds
            return
        anew = {topic for topic, topic_id in ids.items() if topic_id != self._ids[topic]}
        if anew:
            self._require_same([fence for fence in self._known.values() if fence.topic in anew], ids)
            raise Transient(f"topics were made anew: {', '.join(sorted(anew))}")

    def lost(self, announced: Mapping[str, str]) -> list[str]:
        """Which of these topics, with the ids that they had when they were written to, Kafka has lost; in words."""
        asked = [topic for topic, topic_id in announced.items() if self._ids.get(topic) != topic_id]
        found = differing(
            [Fence(topic, 0, 1, 0, 0, 0, announced[topic]) for topic in asked], self._topics.ids(asked), {}
        )
        return sorted(found.values())

    def _require_same(self, fences: Sequence[Fence], ids: Mapping[str, str]) -> Collection[str]:
        """Fatal when fences that matter count offsets of other topics; those of tables that are gone are forgotten."""
        ends = self._topics.written([fence.place for fence in fences if fence.topic in ids])
        odd = differing(fences, ids, ends)
        refuse(self._state, needed(self._state, odd, self._schema_topic), self._schema_topic)
        for topic, topic_id in {(fence.topic, fence.topic_id) for fence in fences if fence.topic in odd}:
            self._state.drop_fences(topic, topic_id)
        nameless = {fence.topic for fence in fences if not fence.topic_id and fence.topic not in odd}
        self._state.name_topics({topic: ids[topic] for topic in nameless if ids.get(topic)})
        return odd

    def reread(self, place: Place) -> int:
        """Where a partition's fence stands now."""
        found = self._state.fence(place)
        if found is None:
            raise Transient(f"the fence of {place} is gone: the target is being rebuilt")
        self._known[place] = found
        return found.next_offset

    def _refuse_rows_without_fence(self, places: Sequence[Place]) -> None:
        """Rows of a table without a key would be inserted a second time."""
        tables = self._state.tables()
        for place in places:
            table = tables.get(place.topic)
            # a table may be gone although it is listed: the schema change that drops it is noted after it has run
            shape = None if table is None else find_shape(self._connection, table.name)
            if table is None or shape is None or not shape.keyless:
                continue
            if has_rows(self._connection, table.name) and place not in self._state.fences():
                raise Fatal(
                    f"{place} has no fence, yet {table.name} at the destination holds rows and has no key",
                    hint=f"empty the table at the destination, or {REBUILD}",
                )
