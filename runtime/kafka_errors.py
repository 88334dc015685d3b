"""What an error of the Kafka client means: mapped once, to ours.

A client that cannot get in retries for ever, and its calls say only that time ran out; the reason it tells aside, to
whoever listens (`Complaints`).
"""

import re
import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import Protocol

from confluent_kafka import KafkaError, KafkaException

from runtime.errors import Fatal, Fenced, Transient

PATIENCE_SECONDS = 8.0  # for one answer: a process that is told to stop ends within 10 seconds
_SECURITY = "correct the security settings under kafka.properties"
_FENCED = frozenset((KafkaError._FENCED, KafkaError.INVALID_PRODUCER_EPOCH, KafkaError.PRODUCER_FENCED))
_OPERATOR = {
    KafkaError._AUTHENTICATION: _SECURITY,
    KafkaError.SASL_AUTHENTICATION_FAILED: _SECURITY,
    KafkaError.TOPIC_AUTHORIZATION_FAILED: "grant the task's principal the rights on its topics",
    KafkaError.GROUP_AUTHORIZATION_FAILED: "grant the task's principal the right on its consumer group",
    KafkaError.CLUSTER_AUTHORIZATION_FAILED: "grant the task's principal the right on the cluster",
    KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED: "grant the task's principal the right on its transactional id",
    KafkaError._INVALID_ARG: "correct kafka.properties",
    KafkaError.MSG_SIZE_TOO_LARGE: "raise message.max.bytes in kafka.properties, max.message.bytes of the topic, and"
    " socket.request.max.bytes of the brokers, to more than twice the largest row",
    KafkaError.RECORD_LIST_TOO_LARGE: "raise segment.bytes of the topic above the largest record",
    KafkaError.INVALID_TRANSACTION_TIMEOUT: "set the broker's transaction.max.timeout.ms to 900000",
    KafkaError.TOPIC_EXCEPTION: "give the task a name of its own: Kafka takes dots and underscores for one, so the"
    " topics of tasks named shop and shop_schemas exclude each other",
    KafkaError.POLICY_VIOLATION: "the cluster's policy refuses the topic's settings: see the message",
    KafkaError.INVALID_REPLICATION_FACTOR: "lower kafka.replication_factor, or add brokers",
}
_CONNECTIONS = frozenset((KafkaError._SSL, KafkaError._TRANSPORT))
# What OpenSSL says of a handshake that can never succeed; other errors of TLS may come of a broker that is going down.
# Alerts, https://www.iana.org/assignments/tls-parameters: 40 to 49 are about certificates, 116 is a missing one.
_TLS_HINTS = {
    re.compile("certificate verify failed"): "kafka.properties ssl.ca.location must name the authority that signed the "
    "brokers' certificates, which must be valid now and name the hosts by which brokers are reached",
    re.compile(r"SSL alert number (?:4\d|116)\b"): "the broker refuses this client's certificate: correct "
    "ssl.certificate.location and ssl.key.location in kafka.properties (one that the brokers' authority has signed)",
    re.compile(r"SSL alert number 70\b|unsupported protocol"): "the broker speaks no version of TLS that OpenSSL "
    "allows here: see ssl.enabled.protocols of the broker",
}
_QUIET = frozenset((KafkaError._ALL_BROKERS_DOWN,))  # it follows upon each reason


class Client(Protocol):
    """A producer or an admin client."""

    def poll(self, timeout: float) -> object: ...


class Complaints:
    """Listens to a client as its `error_cb`, and keeps what it said last."""

    def __init__(self) -> None:
        self._last: tuple[float, KafkaError] | None = None

    def __call__(self, error: KafkaError) -> None:
        if error.code() not in _QUIET:
            self._last = time.monotonic(), error

    def about(self, client: Client) -> KafkaError | None:
        """What the client has to say of a call that has just failed; None: nothing."""
        client.poll(0)
        if self._last is None or time.monotonic() - self._last[0] > PATIENCE_SECONDS:
            return None
        return self._last[1]


@contextmanager
def errors_of(what: str) -> Generator[None]:
    """Maps the client's exceptions, once, to ours."""
    try:
        yield
    except KafkaException as error:
        raise meaning(error.args[0], what) from error
    except BufferError as error:
        raise Transient(f"{what}: the producer's queue is full") from error
    except TimeoutError as error:  # of a future, which carries no text
        raise Transient(f"kafka: {what}: no answer in time") from error


def meaning(error: KafkaError, what: str) -> Exception:
    """The kind of a Kafka error, as an exception to raise."""
    text = f"kafka: {what}: {error.str()}"
    if error.code() in _FENCED:
        return Fenced(text, hint="another process runs this task: keep one of them")
    if error.code() in _OPERATOR:
        return Fatal(text, hint=_OPERATOR[error.code()])
    if error.code() in _CONNECTIONS:
        for words, hint in _TLS_HINTS.items():
            if words.search(text):
                return Fatal(text, hint)
    return Transient(text)


@contextmanager
def reasons_of(what: str, client: Client, complaints: Complaints) -> Generator[None]:
    """As `errors_of`; a call that failed for want of a connection tells why there is none."""
    try:
        with errors_of(what):
            yield
    except Transient as error:
        told = complaints.about(client)
        if told is None:
            raise
        raise meaning(told, what) from error
