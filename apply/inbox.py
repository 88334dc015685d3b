"""This process's share of the topics: partitions come and go, their records come in batches.

Kafka distributes the partitions; where each begins is for the destination to say. Only what the destination holds is
committed to the consumer group, for Kafka's own tools; such an offset bears our mark. One without it is an operator's
wish, so it is overwritten only here, before the first record of its partition is handed out.
"""

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

from apply.records import Place, Records
from apply.settings import ApplySettings
from apply.state import Stuck
from runtime.kafka import Consumer, KafkaError, KafkaException, KafkaSettings, Message, TopicPartition, leave, member
from runtime.kafka_errors import errors_of, meaning
from runtime.seams import seam
from runtime.telemetry import log
from schemas.topics import apply_subscription

MARK = "penstock:1"
_COMMIT_SECONDS = 0.1
_CHUNK = 1000
_ANSWER_SECONDS = 8.0

Resume = Callable[[Sequence[Place]], dict[Place, int]]


class Inbox:
    """A member of the target's consumer group. `resume` tells where partitions begin when they are assigned."""

    def __init__(self, kafka: KafkaSettings, task: str, group: str, settings: ApplySettings, resume: Resume) -> None:
        self._settings = settings
        self._resume = resume
        self._starts: dict[Place, int] = {}  # of every partition that this process has
        self._held: dict[Place, int] = {}  # partitions that rest, and how far they are applied
        self._trailing: set[Place] = set()  # those of them of which more records come all the same
        self._gone_paused: set[Place] = set()  # partitions that rested when they went
        self._unmarked: set[Place] = set()
        self._moved: set[Place] = set()  # partitions that have come or gone during a poll
        self._dirty: set[Place] = set()  # their committed offsets may be behind
        self._committed: dict[Place, int] = {}
        self._ended: dict[Place, int] = {}  # where partitions were seen to end, behind the last transaction's marker
        self._commit_due = 0.0
        self._closing = False
        self._consumer = member(kafka, group, self._heard)
        with errors_of(f"join the group {group}"):
            self._consumer.subscribe(
                [apply_subscription(task)], on_assign=self._assigned, on_revoke=self._revoked, on_lost=self._revoked
            )

    def has(self, place: Place) -> bool:
        return place in self._starts

    @property
    def held(self) -> frozenset[Place]:
        """The partitions that rest."""
        return frozenset(self._held)

    @property
    def places(self) -> list[Place]:
        """Every partition that this process has."""
        return list(self._starts)

    @property
    def idle(self) -> bool:
        """Everything that the topics hold for this process is applied and committed."""
        return bool(self._starts) and not self._dirty and not self._held

    def poll(self, seconds: float) -> tuple[list[Records], list[Stuck]]:
        """The records that are there, or else those that come within `seconds`: at most a batch. And what comes next in
        partitions that cannot go on."""
        with errors_of("read topics"):
            first = self._consumer.poll(seconds)
            self._moved.clear()
            messages = [] if first is None else self._fill([first])
        found, stuck = _by_place(self._without_ends(messages))
        batch = [records for records in found if records.place in self._starts]
        if batch:
            self._mark()
            self._dirty.update(records.place for records in batch)
            seam("apply.polled")
        return batch, [each for each in stuck if each.place in self._starts]

    def hold(self, place: Place, offset: int) -> None:
        """Lets a partition rest; its records from `offset` on come again after `release`."""
        if place not in self._starts:
            return
        self._ended.pop(place, None)
        with errors_of(f"hold {place}"):
            self._seek(TopicPartition(*place, offset))
            self._consumer.pause([TopicPartition(*place)])
        self._trailing.discard(place)
        self._held[place] = offset

    def rest(self, place: Place, applied: int) -> None:
        """Lets a partition rest whose records were all taken; they are applied up to the offset `applied`."""
        if place not in self._held or place in self._trailing:
            with errors_of(f"hold {place}"):
                self._consumer.pause([TopicPartition(*place)])
        self._trailing.discard(place)
        self._held[place] = applied
        self._dirty.add(place)

    def trail(self, place: Place, applied: int) -> None:
        """A partition goes on although what was taken of it is applied only up to the offset `applied`."""
        self.release([place])
        self._trailing.add(place)
        self._held[place] = applied
        self._dirty.add(place)

    def release(self, places: Collection[Place]) -> None:
        """The partitions go on."""
        rested = [place for place in places if self._held.pop(place, None) is not None and place not in self._trailing]
        self._trailing.difference_update(places)
        if rested:
            with errors_of("go on with held partitions"):
                self._consumer.resume([TopicPartition(*place) for place in rested])

    def go_to(self, place: Place, offset: int) -> None:
        """The next record of a partition is the one at `offset`."""
        if place in self._starts:
            self._ended.pop(place, None)
            with errors_of(f"seek {place}"):
                self._seek(TopicPartition(*place, offset))

    def commit(self) -> None:
        """Commits the offsets of what is applied, now and then. Nothing that was polled may be unapplied."""
        now = time.monotonic()
        if self._dirty and now >= self._commit_due:
            self._commit_due = now + _COMMIT_SECONDS
            with errors_of("commit offsets"):
                self._commit_reached()

    @property
    def commit_in(self) -> float | None:
        """Seconds until `commit` has something to do; None when nothing is to be committed."""
        return max(0.0, self._commit_due - time.monotonic()) if self._dirty else None

    def close(self) -> None:
        """Leaves the group; what was committed last is with the broker."""
        self._closing = True
        leave(self._consumer)

    def _seek(self, at: TopicPartition) -> None:
        try:
            self._consumer.seek(at)
        except KafkaException as error:
            if error.args[0].code() != KafkaError._STATE:
                raise
            # Nothing is fetched any more of a partition whose next record is gone, until it is taken anew.
            self._consumer.incremental_unassign([TopicPartition(at.topic, at.partition)])
            self._consumer.incremental_assign([at])

    def _fill(self, messages: list[Message]) -> list[Message]:
        """Adds what is there already: waiting with consume() would wait for all of it."""
        size = len(messages[0])
        while len(messages) < self._settings.batch_rows and size < self._settings.batch_bytes:
            average = size // len(messages) + 1
            room = min(self._settings.batch_rows - len(messages), (self._settings.batch_bytes - size) // average + 1)
            more = self._consumer.consume(min(_CHUNK, room), 0)
            if not more:
                break
            if self._moved:  # what was taken before comes again, here or elsewhere
                messages = [each for each in messages if (each.topic(), each.partition()) not in self._moved]
                self._moved.clear()
            messages += more
            size += sum(map(len, more))
        return messages

    def _without_ends(self, messages: Sequence[Message]) -> Iterator[Message]:
        """The messages but for those that tell where a partition ends: an idle one has nothing else to tell."""
        for message in messages:
            error = message.error()
            if error is None or error.code() != KafkaError._PARTITION_EOF:
                yield message
                continue
            place = Place(str(message.topic()), message.partition() or 0)
            if place in self._starts:
                self._ended[place] = message.offset() or 0
                self._dirty.add(place)

    def _mark(self) -> None:
        """An operator's offset has become the fence: from now on the fence counts, not that offset."""
        if self._unmarked:
            offsets = [_offset(place, self._starts[place]) for place in self._unmarked]
            with errors_of("mark offsets"):
                self._consumer.commit(offsets=offsets, asynchronous=False)
            self._unmarked.clear()

    def _commit_reached(self) -> None:
        """What is committed passes transaction markers, which fences do not: so lag is 0 when everything is applied."""
        asked = [TopicPartition(*place) for place in self._dirty]
        offsets = []
        for at in self._consumer.position(asked):
            place = Place(at.topic, at.partition)
            read = max(at.offset if at.offset >= 0 else self._starts[place], self._ended.get(place, 0))
            reached = self._held.get(place, read)
            if self._committed.get(place) != reached:
                offsets.append(_offset(place, reached))
                self._committed[place] = reached
            high = self._consumer.get_watermark_offsets(at, cached=True)[1]
            if 0 <= high <= reached:
                self._dirty.discard(place)
        if offsets:
            self._consumer.commit(offsets=offsets, asynchronous=True)
            seam("apply.offsets_committed")

    def _heard(self, error: KafkaError | None, partitions: list[TopicPartition]) -> None:
        """How an asynchronous commit went: what the broker did not take is committed again."""
        for at in partitions:
            place = Place(at.topic, at.partition)
            if (error is not None or at.error is not None) and place in self._starts:
                self._committed.pop(place, None)
                self._dirty.add(place)

    def _assigned(self, _: Consumer, partitions: list[TopicPartition]) -> None:
        if self._closing:  # they go at once, and the client answers no questions any more
            return
        places = [Place(at.topic, at.partition) for at in partitions]
        starts = self._resume(places)
        with errors_of("take partitions"):
            for at in self._consumer.committed(partitions, timeout=_ANSWER_SECONDS):
                self._compare(Place(at.topic, at.partition), at, starts)
            for at, place in zip(partitions, places, strict=True):
                at.offset = starts[place]
            self._consumer.incremental_assign(partitions)
            self._go_on(places)
        self._starts.update(starts)
        self._moved.update(places)
        self._dirty.update(places)
        log.info("assigned", partitions=[str(place) for place in places])

    def _go_on(self, places: Iterable[Place]) -> None:
        """A partition that was paused when it went comes back paused. To the others a resume might cost the news that
        they have ended."""
        paused = self._gone_paused.intersection(places)
        self._consumer.resume([TopicPartition(*place) for place in paused])
        self._gone_paused -= paused

    def _compare(self, place: Place, committed: TopicPartition, starts: Mapping[Place, int]) -> None:
        """What the group's offset of a partition means, beside where the fence lets it begin."""
        if committed.offset >= 0 and committed.metadata != MARK:
            self._unmarked.add(place)
        elif committed.offset > 0 and starts[place] == 0:
            # another server, or an emptied one: the rows that the group's offset stands for are not there
            log.warning("begins_again", partition=str(place), committed=committed.offset)

    def _revoked(self, _: Consumer, partitions: list[TopicPartition]) -> None:
        """Another process takes them over from their fences; what is in memory is dropped."""
        places = {Place(at.topic, at.partition) for at in partitions}
        self._gone_paused |= places & self._held.keys()
        for known in (self._starts, self._held, self._committed, self._ended):
            for place in places:
                known.pop(place, None)
        self._moved |= places
        self._trailing -= places
        self._unmarked -= places
        self._dirty -= places
        log.info("revoked", partitions=sorted(str(place) for place in places))


def _offset(place: Place, offset: int) -> TopicPartition:
    return TopicPartition(place.topic, place.partition, offset, metadata=MARK)


def _by_place(messages: Iterable[Message]) -> tuple[list[Records], list[Stuck]]:
    """The messages by partition, each in order, up to the first one that is no record; and those."""
    found: dict[Place, tuple[list[int], list[bytes | None], list[bytes]]] = {}
    stuck: dict[tuple[str | None, int | None], Stuck] = {}
    current: tuple[str | None, int | None] | None = None
    for message in messages:
        at = (message.topic(), message.partition())
        value = message.value()
        if message.error() is not None or value is None or at in stuck:
            trouble = _trouble(message)
            if trouble is not None:
                stuck.setdefault(at, trouble)
            continue
        if at != current:
            current = at
            offsets, keys, values = found.setdefault(Place(str(at[0]), at[1] or 0), ([], [], []))
        offsets.append(message.offset() or 0)
        keys.append(message.key())
        values.append(value)
    batch = [Records(place, offsets, keys, values, offsets[-1] + 1) for place, (offsets, keys, values) in found.items()]
    return batch, list(stuck.values())


def _trouble(message: Message) -> Stuck | None:
    """Why the partition cannot go on past this message."""
    error = message.error()
    if error is None:
        if message.value() is not None:
            return None
        return _stuck(
            message,
            "a record without a value",
            "something else has written to the task's topics: reset the partition past this record",
        )
    if error.code() == KafkaError._AUTO_OFFSET_RESET:
        return _stuck(
            message,
            f"the next record to apply is not in the topic any more: {error.str()}",
            "its records were deleted, or it was made anew: start the task afresh with new topics",
        )
    if error.code() != KafkaError.UNKNOWN_TOPIC_OR_PART and not error.retriable():
        raise meaning(error, f"read {message.topic()}/{message.partition()}")
    return None


def _stuck(message: Message, error: str, hint: str) -> Stuck:
    place = Place(str(message.topic()), message.partition() or 0)
    return Stuck(place, message.offset() or 0, error, hint)
