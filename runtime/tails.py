"""Where the records of Kafka partitions are: transactions leave markers behind them, which are offsets too."""

from collections.abc import Iterator, Mapping
from itertools import islice

from runtime.errors import Transient
from runtime.kafka import Consumer, KafkaError, KafkaSettings, Message, TopicPartition, consumer
from runtime.kafka_errors import PATIENCE_SECONDS, errors_of, meaning
from runtime.service import Deadline

Partition = tuple[str, int]
Window = tuple[int, int]  # offsets: from the first one to before the second one

_FIRST_STEP = 2  # the last record of a transaction and its marker
_AT_ONCE = 500  # partitions


class Tails:
    """Reads few records of many partitions, over one consumer that is in no group."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        self._consumer: Consumer | None = None

    def first(self, windows: Mapping[Partition, Window]) -> dict[Partition, Message]:
        """The first committed record in each window that has one."""
        found: dict[Partition, Message] = {}
        for some in _portions(windows):
            reading = _Reading(self._opened(), some)
            for place, message in reading.records():
                found[place] = message
                reading.leave(place)
        return found

    def after_last(self, windows: Mapping[Partition, Window]) -> dict[Partition, int]:
        """The offset after the last committed record in each window; where there is none, the window's beginning.

        Everything in the windows must be decided.
        """
        found: dict[Partition, int] = {}
        step, rest = _FIRST_STEP, dict(windows)
        while rest:
            looked = {place: (max(low, end - step), end) for place, (low, end) in rest.items()}
            last = self._last(looked)
            for place, (start, _) in looked.items():
                if place in last or start == rest[place][0]:
                    found[place] = last.get(place, start - 1) + 1
                    del rest[place]
            step *= 8
        return found

    def close(self) -> None:
        if self._consumer is not None:
            self._consumer.close()
            self._consumer = None

    def _last(self, windows: Mapping[Partition, Window]) -> dict[Partition, int]:
        last = {}
        for some in _portions(windows):
            for place, message in _Reading(self._opened(), some).records():
                last[place] = message.offset() or 0
        return last

    def _opened(self) -> Consumer:
        if self._consumer is None:
            # the end of a partition is told only when a fetch comes back empty
            sizes = {"fetch.message.max.bytes": 64 << 10, "fetch.max.bytes": 1 << 20, "fetch.wait.max.ms": 10}
            self._consumer = consumer(self._settings, "penstock-reader", **sizes)
        return self._consumer


def _portions(windows: Mapping[Partition, Window]) -> Iterator[dict[Partition, Window]]:
    rest = iter(windows.items())
    while some := dict(islice(rest, _AT_ONCE)):
        yield some


class _Reading:
    """One pass over windows of partitions."""

    def __init__(self, reader: Consumer, windows: dict[Partition, Window]) -> None:
        self._reader = reader
        self._open = {place: (start, end) for place, (start, end) in windows.items() if start < end}

    def records(self) -> Iterator[tuple[Partition, Message]]:
        """The committed records of every window, those of each partition in order."""
        with errors_of("read the ends of topics"):
            self._reader.assign([TopicPartition(*place, start) for place, (start, _) in self._open.items()])
        deadline = Deadline(PATIENCE_SECONDS)
        while self._open:
            with errors_of("read the ends of topics"):
                waited = self._reader.poll(0.5)
                messages = [] if waited is None else [waited, *self._reader.consume(1000, 0)]
            if messages:
                deadline = Deadline(PATIENCE_SECONDS)
            elif deadline.passed:
                raise Transient(f"kafka: {next(iter(self._open))}: no answer within {PATIENCE_SECONDS:g} seconds")
            for message in messages:
                yield from self._taken(message)

    def leave(self, place: Partition) -> None:
        """Reads no more of a partition."""
        if self._open.pop(place, None) is not None:
            with errors_of("read the ends of topics"):
                self._reader.incremental_unassign([TopicPartition(*place)])

    def _taken(self, message: Message) -> Iterator[tuple[Partition, Message]]:
        place = (str(message.topic()), message.partition() or 0)
        if place not in self._open:
            return
        error = message.error()
        if error is not None:
            if error.code() == KafkaError._PARTITION_EOF:
                self.leave(place)
            elif not error.retriable():
                raise meaning(error, f"read {place[0]}")
            return
        offset, (_, end) = message.offset() or 0, self._open[place]
        if offset < end:
            yield place, message
        if offset >= end - 1:
            self.leave(place)
