"""The transactional producer, on which exactly once into Kafka rests (KIP-98).

It fences every older producer of the same id when it is built, and what it wrote becomes visible only by `commit`.
"""

import time
from collections import deque
from collections.abc import Sequence

import confluent_kafka
from confluent_kafka import KafkaError, KafkaException

from runtime.errors import Transient
from runtime.kafka import KafkaSettings
from runtime.kafka_errors import PATIENCE_SECONDS, Complaints, errors_of, meaning, reasons_of
from runtime.service import Stop

TRANSACTION_TIMEOUT_SECONDS = 900
_LEAST_BYTES_A_SECOND = 1 << 16  # that a link must bring to the broker
_STOP_SECONDS = 3.0  # for what is waited for when a stop is requested
_STEP_SECONDS = 1.0  # signals are heard between two of them
_NO_LIMIT = 2_147_483_647  # librdkafka refuses a record that is larger than its queue: the bound is kept here


class Producer:
    """A transactional producer. Building it ends what an older one left open and fences that one.

    Memory is bounded by `queue_bytes`, and by the size of a record that is larger than that. After any error but Fatal
    the owner drops it and builds a new one. After `stop`, nothing is waited for longer than a moment.
    """

    def __init__(
        self, settings: KafkaSettings, transactional_id: str, queue_bytes: int = 32 << 20, stop: Stop | None = None
    ) -> None:
        self._complaints = Complaints()
        with errors_of("open the producer"):
            self._producer = confluent_kafka.Producer(
                {
                    "linger.ms": 5,
                    "batch.size": 1 << 20,
                    "compression.type": "lz4",
                    "queue.buffering.max.kbytes": _NO_LIMIT,
                    "queue.buffering.max.messages": 1_000_000,
                    "message.max.bytes": settings.largest_record,
                    "partitioner": "murmur2_random",
                    "socket.timeout.ms": 300_000,  # the most: a batch may take long on its way
                    **settings.common(),
                    "error_cb": self._complaints,
                    "transactional.id": transactional_id,
                    "transaction.timeout.ms": TRANSACTION_TIMEOUT_SECONDS * 1000,
                    "message.timeout.ms": TRANSACTION_TIMEOUT_SECONDS * 1000,
                }
            )
        with reasons_of("open the producer", self._producer, self._complaints):
            self._producer.init_transactions(PATIENCE_SECONDS)
        self._queue_bytes = queue_bytes
        self._stop = stop or Stop()
        self._sent: deque[tuple[int, int]] = deque()  # records and bytes of each call that may still be queued
        self._sent_records = 0
        self._queued_bytes = 0
        self._unsent = 0  # records, when last looked
        self._moved = time.monotonic()  # when they became fewer

    def begin(self) -> None:
        with errors_of("begin a transaction"):
            self._producer.begin_transaction()

    def send(self, topic: str, partition: int, keys: Sequence[bytes | None], values: Sequence[bytes]) -> None:
        """Queues records in order; waits while the queue is full. Partition -1 lets the key's hash decide."""
        produce = self._producer.produce
        size = sum(map(len, values))
        if self._queued_bytes + size > self._queue_bytes:
            self._wait_for_room(topic, size)
        self._sent.append((len(values), size))
        self._sent_records += len(values)
        self._queued_bytes += size
        try:
            for key, value in zip(keys, values, strict=True):
                try:
                    produce(topic, value, key, partition)
                except BufferError:
                    self._send_when_there_is_room(topic, partition, key, value)
            self._producer.poll(0)
        except KafkaException as error:
            raise meaning(self._cause(error.args[0]), f"produce to {topic}, {size} bytes") from error
        except BufferError as error:
            raise Transient(f"kafka: produce to {topic}: the producer's queue stays full") from error

    def _cause(self, error: KafkaError) -> KafkaError:
        """A producer that is beyond repair, fenced perhaps, names the cause only where transactions begin and end."""
        if error.code() == KafkaError._FATAL:
            try:
                self._producer.begin_transaction()
            except KafkaException as told:
                cause: KafkaError = told.args[0]
                return cause
        return error

    def _over(self, began: float, seconds: float) -> bool:
        """Whether nothing has reached the broker for `seconds`, and for as long as a slow link takes to bring what is
        queued: nothing is heard of a batch, or of a large record, until all of it is there."""
        self._forget_delivered()
        if self._stop.requested:
            return time.monotonic() - began > min(seconds, _STOP_SECONDS)
        away = self._complaints.about(self._producer) is not None
        more = 0.0 if away else self._queued_bytes / _LEAST_BYTES_A_SECOND
        return time.monotonic() - max(began, self._moved) > seconds + more

    def _wait_for_room(self, topic: str, size: int) -> None:
        """Until `size` bytes fit, or nothing is queued. What was sent first leaves the queue first, more or less."""
        began = time.monotonic()
        while True:
            self._forget_delivered()
            if not self._sent or self._queued_bytes + size <= self._queue_bytes:
                return
            if self._over(began, PATIENCE_SECONDS):
                raise Transient(f"kafka: produce to {topic}: the producer's queue stays full")
            self._producer.poll(0.05)

    def _forget_delivered(self) -> None:
        unsent = len(self._producer)
        if unsent < self._unsent:
            self._moved = time.monotonic()
        self._unsent = unsent
        while self._sent and self._sent_records - self._sent[0][0] >= unsent:
            records, gone = self._sent.popleft()
            self._sent_records -= records
            self._queued_bytes -= gone

    def _send_when_there_is_room(self, topic: str, partition: int, key: bytes | None, value: bytes) -> None:
        began = time.monotonic()
        while True:
            self._producer.poll(0.05)
            try:
                self._producer.produce(topic, value, key, partition)
            except BufferError:
                if self._over(began, PATIENCE_SECONDS):
                    raise
            else:
                return

    def commit(self, seconds: float = PATIENCE_SECONDS) -> None:
        """Makes everything since `begin` visible at once. After a Transient the outcome is read from the topics."""
        self._forget_delivered()
        began = time.monotonic()
        while True:
            try:
                self._producer.commit_transaction(min(seconds, _STEP_SECONDS))
            except KafkaException as error:
                if error.args[0].retriable() and not self._over(began, seconds):
                    continue
                raise meaning(error.args[0], "commit a transaction") from error
            return

    def abort(self) -> None:
        """Drops everything since `begin`, as far as the broker can be reached."""
        with errors_of("abort a transaction"):
            self._producer.purge()
            self._producer.abort_transaction(PATIENCE_SECONDS)

    def close(self) -> None:
        """Drops what is queued, without waiting for anybody."""
        self._producer.purge()
