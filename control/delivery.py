"""How far the topics of a task are: where partitions end, and which record of each a target has not applied."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from apply.records import Place as Partition
from apply.rewind import wishes
from apply.state import Applied
from control.tail import Decoder
from runtime.kafka import KafkaSettings, Message, Topics
from runtime.tails import Tails
from schemas.topics import is_table_topic, schema_topic

Place = tuple[str, int]  # topic and partition
Ends = Mapping[Place, int]

_PORTION = 200


def group(task: str, target: str) -> str:
    """The consumer group of a target, and its name in the state database."""
    return f"{task}.{target}"


@dataclass(frozen=True, slots=True)
class Sight:
    """The topics that targets read at one moment: Kafka's ids of them, and where each partition ends."""

    ids: Mapping[str, str]
    ends: Ends


class Delivery:
    """Offsets of the topics that targets read, and few of their records."""

    def __init__(self, kafka: KafkaSettings, task: str) -> None:
        self._task = task
        self._topics = Topics(kafka)
        self._tails = Tails(kafka)
        self._decoder = Decoder(kafka, task)

    def ends(self) -> dict[Place, int]:
        """The end of every partition that a target reads."""
        return self._topics.ends(self._places())

    def written(self) -> dict[Place, int]:
        """The same, with what is published and not yet visible: a commit record may be seen before its rows."""
        return self._topics.written(self._places())

    def ids(self) -> dict[str, str]:
        """Kafka's ids of these topics."""
        return self._topics.ids({topic for topic, _ in self._places()})

    def sight(self) -> Sight:
        """What can be seen now, and where it ends."""
        return Sight(self.ids(), self.ends())

    def goals(self, ends: Ends) -> dict[Place, int]:
        """The offset after the last record before each end, of the partitions in which everything up to it is decided.

        Markers of transactions lie behind it, which fences do not pass.
        """
        decided = self._topics.ends(list(ends))
        return self._tails.after_last({place: (0, end) for place, end in ends.items() if decided[place] >= end})

    def first(self, windows: Mapping[Place, tuple[int, int]]) -> Iterator[tuple[Place, int | None, int]]:
        """For each window, in portions: the offset of its first record (None when there is none), and when what it
        tells was committed at the source, in microseconds."""
        rest = iter(windows.items())
        while some := dict(islice(rest, _PORTION)):
            found = self._tails.first(some)
            for place in some:
                message = found.get(place)
                yield place, None if message is None else message.offset(), 0 if message is None else self._us(message)

    def ordered(self, target: str, applied: Applied) -> list[Place]:
        """The partitions that an operator has sent elsewhere with Kafka's tools, and no apply process has seen."""
        fences = {fence.place: fence for fence in applied.fences}
        committed = self._topics.committed(group(self._task, target), [*fences])
        found = wishes({Partition(*place): at for place, at in committed.items()}, fences)
        return [(wish.place.topic, wish.place.partition) for wish in found]

    def members(self, target: str) -> int:
        """How many apply processes work for a target now."""
        return self._topics.members(group(self._task, target))

    def close(self) -> None:
        self._tails.close()

    def _us(self, message: Message) -> int:
        record = self._decoder.decode(message.value())
        if message.topic() == schema_topic(self._task):
            return int(record.get("source_us") or record["time_us"])
        return int(record["source"]["ts_us"] or record["ts_us"] or 0)

    def _places(self) -> list[Place]:
        return [
            (topic, partition)
            for topic, partitions in self._topics.layout().items()
            if topic == schema_topic(self._task) or is_table_topic(self._task, topic)
            for partition in range(partitions)
        ]
