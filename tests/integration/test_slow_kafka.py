"""A link to Kafka that brings less in a second than a producer has to say: it takes longer, and it is done."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from control.broker import Ports, fetch, properties, tool
from control.daemon import Daemon, free_port
from deploy.local import packages
from runtime.errors import Transient
from runtime.kafka import KafkaSettings, Topics, answers, read_to_end
from runtime.kafka_producer import Producer
from tests.pipeline.proxy import Proxy

_TOPIC = "slow"
_RECORDS = [random.Random(number).randbytes(10_000) for number in range(60)]


@pytest.fixture
def link(tmp_path: Path) -> Iterator[Proxy]:
    """The only way to a Kafka of its own."""
    ports = Ports(free_port(), free_port())
    daemon = Daemon(tmp_path, "kafka")
    with Proxy("127.0.0.1", ports.broker) as proxy:
        settings = properties(ports, tmp_path / "kafka")
        settings["advertised.listeners"] = f"PLAINTEXT://127.0.0.1:{proxy.port}"
        file = tmp_path / "kafka.properties"
        file.write_text("".join(f"{key}={value}\n" for key, value in settings.items()))
        cache = packages.cache()
        tool(cache, "kafka.tools.StorageTool", ["format", "--cluster-id=AAAAAAAAAAAAAAAAAAAAAA", "-c", str(file)])
        daemon.start(
            ["java", "-cp", f"{fetch(cache)}/*", "-Xmx384m", "-XX:TieredStopAtLevel=1", "kafka.Kafka", str(file)]
        )
        try:
            assert answers(KafkaSettings(f"127.0.0.1:{proxy.port}"), 60.0), daemon.tail()
            yield proxy
        finally:
            daemon.kill()


def test_a_commit_takes_as_long_as_its_records_need(link: Proxy) -> None:
    """One batch of 600 kB takes six seconds, of which nothing is heard; patience for silence is one."""
    settings = KafkaSettings(f"127.0.0.1:{link.port}")
    Topics(settings).ensure(_TOPIC, 1, {})
    producer = Producer(settings, "slow")
    link.crawl(100_000)
    producer.begin()
    producer.send(_TOPIC, 0, [None] * len(_RECORDS), _RECORDS)
    producer.commit(seconds=1.0)
    link.crawl(100_000_000)
    Topics(settings).settle([(_TOPIC, 0)])
    assert [message.value() for message in read_to_end(settings, _TOPIC)] == _RECORDS

    producer.begin()
    producer.send(_TOPIC, 0, [None], [b"x" * 10_000])
    link.go_deaf()
    with pytest.raises(Transient):
        producer.commit(seconds=1.0)
    producer.close()
