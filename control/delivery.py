"""How far each target is in the task's topics, from group offsets alone."""

from collections.abc import Mapping

from runtime.kafka import KafkaSettings, Topics
from schemas.topics import is_table_topic, schema_topic

Place = tuple[str, int]  # topic and partition


def group(task: str, target: str) -> str:
    """The consumer group of a target."""
    return f"{task}.{target}"


class Delivery:
    """Offsets of the topics that targets read."""

    def __init__(self, kafka: KafkaSettings, task: str) -> None:
        self._task = task
        self._topics = Topics(kafka)

    def ends(self) -> dict[Place, int]:
        """The end of every partition that a target reads."""
        return self._topics.ends(self._places())

    def written(self) -> dict[Place, int]:
        """The same, with what is published and not yet visible: a commit record may be seen before its rows."""
        return self._topics.written(self._places())

    def _places(self) -> list[Place]:
        return [
            (topic, partition)
            for topic, partitions in self._topics.layout().items()
            if topic == schema_topic(self._task) or is_table_topic(self._task, topic)
            for partition in range(partitions)
        ]

    def behind(self, target: str, ends: Mapping[Place, int]) -> dict[Place, int]:
        """For each partition that is not applied up to its end: how many offsets are missing."""
        applied = self._topics.committed(group(self._task, target), list(ends))
        missing = {place: end - applied.get(place, 0) for place, end in ends.items()}
        return {place: count for place, count in missing.items() if count > 0}

    def members(self, target: str) -> int:
        """How many apply processes work for a target now."""
        return self._topics.members(group(self._task, target))
