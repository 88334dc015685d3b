"""Which errors of the Kafka client an operator must mend."""

import pytest
from confluent_kafka import KafkaError

from runtime.errors import Fatal, Fenced, Transient
from runtime.kafka_errors import Complaints, meaning

_BROKER = "ssl://127.0.0.1:9093/bootstrap: "


@pytest.mark.parametrize(
    ("code", "text", "hint"),
    [
        (KafkaError._SSL, "SSL handshake failed: SSL routines::certificate verify failed", "ssl.ca.location"),
        (
            KafkaError._TRANSPORT,
            "Receive failed: bad certificate: SSL alert number 42",
            "ssl.key.location",
        ),
        (
            KafkaError._TRANSPORT,
            "Receive failed: required: SSL alert number 116 (after",
            "ssl.key.location",
        ),
        (
            KafkaError._SSL,
            "SSL handshake failed: SSL alert number 70 (after",
            "ssl.enabled.protocols",
        ),
        (KafkaError._AUTHENTICATION, "SASL authentication error", "security settings"),
        (KafkaError.MSG_SIZE_TOO_LARGE, "too large", "message.max.bytes"),
    ],
)
def test_what_an_operator_must_mend(code: int, text: str, hint: str) -> None:
    found = meaning(KafkaError(code, _BROKER + text), "list topics")
    assert isinstance(found, Fatal)
    assert hint in found.hint
    assert str(found) == f"kafka: list topics: {_BROKER}{text}"


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (KafkaError._SSL, "SSL handshake failed: Disconnected: SSL connection closed by peer"),
        (KafkaError._SSL, "SSL routines::unexpected eof while reading"),
        (KafkaError._TRANSPORT, "Receive failed: internal error: SSL alert number 80 (after 4ms)"),
        (KafkaError._TRANSPORT, "Connect to ipv4#127.0.0.1:9093 failed: Connection refused"),
        (KafkaError._ALL_BROKERS_DOWN, "1/1 brokers are down"),
    ],
)
def test_what_may_pass_by_itself(code: int, text: str) -> None:
    assert isinstance(meaning(KafkaError(code, _BROKER + text), "list topics"), Transient)


def test_a_newer_producer() -> None:
    assert isinstance(meaning(KafkaError(KafkaError._FENCED, "fenced"), "commit"), Fenced)


class Client:
    """Tells its owner some errors when it is polled."""

    def __init__(self, complaints: Complaints, *codes: int) -> None:
        self._complaints = complaints
        self._codes = codes

    def poll(self, timeout: float) -> None:
        for code in self._codes:
            self._complaints(KafkaError(code, "told"))


def test_the_reason_is_what_was_told_last_but_for_its_consequence() -> None:
    complaints = Complaints()
    assert complaints.about(Client(complaints, KafkaError._ALL_BROKERS_DOWN)) is None
    told = complaints.about(Client(complaints, KafkaError._RESOLVE, KafkaError._SSL, KafkaError._ALL_BROKERS_DOWN))
    assert told is not None
    assert told.code() == KafkaError._SSL
