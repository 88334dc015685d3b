"""The fences of this process's partitions, as they were last read; partitions without one get it at their beginning."""

from collections.abc import Sequence

from apply.destination import find_shape, has_rows
from apply.records import Place
from apply.rewind import REBUILD
from apply.state import Fence, State
from runtime.errors import Fatal, Transient
from runtime.kafka import KafkaSettings, Topics
from runtime.mysql import Connection


class Fences:
    """By partition. Only a commit or a reading changes an entry: nothing is believed after an error."""

    def __init__(self, kafka: KafkaSettings, connection: Connection, state: State) -> None:
        self._topics = Topics(kafka)
        self._connection = connection
        self._state = state
        self._known: dict[Place, Fence] = {}

    def __getitem__(self, place: Place) -> Fence:
        return self._known[place]

    def __setitem__(self, place: Place, fence: Fence) -> None:
        self._known[place] = fence

    def resume(self, places: Sequence[Place]) -> dict[Place, int]:
        """Where partitions begin that this process has just been given."""
        found = self._state.fences()
        missing = [place for place in places if place not in found]
        if missing:
            self._refuse_rows_without_fence(missing)
            # A destination that has lost its fences may hold later states than the records that come first.
            ends = self._topics.ends(missing)
            self._state.add_fences((place, ends[place]) for place in missing)
            found = self._state.fences()
        self._known.update((place, found[place]) for place in places)
        return {place: found[place].next_offset for place in places}

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
