"""A Kafka that takes encrypted connections only, from clients with a certificate: the whole path, and refusals."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from runtime.errors import Exit, Fatal
from runtime.kafka import KafkaSettings, Topics, read_to_end
from runtime.kafka_producer import Producer
from runtime.mysql import connect
from tests.conftest import NewTask
from tests.pipeline.certificates import Authority
from tests.pipeline.closed_kafka import ClosedKafka


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"), "authority")


@pytest.fixture(scope="module")
def kafka(tmp_path_factory: pytest.TempPathFactory, authority: Authority) -> Iterator[ClosedKafka]:
    with ClosedKafka(tmp_path_factory.mktemp("kafka"), authority) as kafka:
        yield kafka


def test_a_whole_migration(task: NewTask, kafka: ClosedKafka, authority: Authority) -> None:
    """Capture, apply, wait and verify, from the snapshot to the last change; then with a wrong authority."""
    run = task(include=["closed.*"])
    known = kafka.client(authority.sign("migration"))
    run.rewrite({"kafka": {"bootstrap_servers": kafka.address, "properties": known}})
    with connect(run.stack_source) as admin:
        admin.execute("CREATE DATABASE closed")
        admin.execute("CREATE TABLE closed.t (id INT PRIMARY KEY, v TEXT)")
        admin.execute("INSERT INTO closed.t VALUES (1, 'snapshot'), (2, 'gone soon')")
        migrate = run.start("migrate")
        migrate.wait_for("capturing")
        run.wait()
        admin.execute("INSERT INTO closed.t VALUES (3, 'log')")
        admin.execute("DELETE FROM closed.t WHERE id = 2")
        admin.execute("ALTER TABLE closed.t ADD COLUMN w INT DEFAULT 7")
        admin.execute("UPDATE closed.t SET v = REPEAT('x', 60000)")
    run.wait()
    run.assert_equal()
    run.run("verify")
    assert migrate.terminate() == Exit.DONE, migrate.tail()

    stranger = Authority(run.folder, "stranger")
    run.rewrite({"kafka": {"properties": kafka.client(authority.sign("other"), ca=stranger.ca)}})
    for refused in [run.start(verb) for verb in ("check", "capture", "apply")]:
        assert refused.exit_code() == Exit.OPERATOR
        told = refused.stderr + refused.stdout
        assert "certificate verify failed" in told and "ssl.ca.location must name the authority" in told


ASK: dict[str, Callable[[KafkaSettings], object]] = {
    "admin client": lambda kafka: Topics(kafka).names(),
    "producer": lambda kafka: Producer(kafka, "refused"),
    "reader": lambda kafka: list(read_to_end(kafka, "refused")),
}


def test_who_is_refused_hears_why(kafka: ClosedKafka, authority: Authority) -> None:
    """Each client by itself would only tell that time ran out, so they are asked at the same time."""
    known = kafka.client(Authority(authority.ca.parent, "stranger").sign("b"))
    with ThreadPoolExecutor() as pool:
        asked = [pool.submit(ask, KafkaSettings(kafka.address, known)) for ask in ASK.values()]
    for each in asked:
        with pytest.raises(Fatal, match="alert") as raised:
            each.result()
        assert "ssl.certificate.location" in raised.value.hint
