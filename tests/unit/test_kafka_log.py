"""What librdkafka says goes through our log."""

import confluent_kafka
import pytest
from structlog.testing import capture_logs

from runtime.kafka import KafkaSettings


def test_nothing_is_written_beside_the_log(capfd: pytest.CaptureFixture[str]) -> None:
    settings = KafkaSettings("127.0.0.1:1", {"debug": "broker", "log_level": "7"})
    with capture_logs() as said:
        client = confluent_kafka.Producer(settings.common())
        while not any("127.0.0.1:1" in entry["text"] for entry in said if entry["event"] == "kafka_client"):
            client.poll(0.05)
        del client

    assert "rdkafka" not in capfd.readouterr().err
