"""Does this Kafka do what a task needs? Tries it, and leaves nothing behind."""

import time
from collections.abc import Iterable, Iterator

from control.finding import Finding, failed, listed, ok, warning
from runtime import stopping
from runtime.errors import Fatal, Transient
from runtime.kafka import KafkaSettings, Topics, large_records
from runtime.kafka_producer import Producer
from schemas.topics import alike, commits_topic, schema_topic, schemas_topic

UNREACHED = (
    "correct kafka.bootstrap_servers, or start the cluster (one that takes encrypted connections only is silent "
    "towards others: kafka.properties security.protocol)"
)

_FIRST_PRODUCER_SECONDS = 30.0
_PAUSE_SECONDS = 0.2


def kafka_findings(kafka: KafkaSettings, task: str) -> Iterator[Finding]:
    """Nothing below is tried when the cluster does not answer."""
    try:
        topics = Topics(kafka)
        names = topics.layout()
    except (Fatal, Transient) as error:
        repair = error.hint if isinstance(error, Fatal) else UNREACHED
        yield failed("kafka.connect", str(error), repair)
        return
    yield ok("kafka.connect", f"{kafka.bootstrap_servers} answers, {len(names)} topics")
    yield _creation(topics, task, kafka, names)
    yield record_size(topics, kafka)
    yield _transactions(kafka, task)


def record_size(topics: Topics, kafka: KafkaSettings) -> Finding:
    """What the brokers take in one request, where they tell."""
    name, wanted = "kafka.record_size", kafka.largest_record
    try:
        limit = topics.broker_setting("socket.request.max.bytes")
    except (Fatal, Transient) as error:
        return warning(name, f"the brokers do not tell what they take in one request: {error}", "see their settings")
    if int(limit) < wanted:
        return failed(
            name,
            f"the brokers take requests of {limit} bytes, the task may send records of {wanted}",
            f"set kafka.properties message.max.bytes to {int(limit) * 95 // 100}, or raise socket.request.max.bytes"
            " of the brokers",
        )
    return ok(name, f"records of {wanted} bytes: rows of {wanted // 2} that change")


def _creation(topics: Topics, task: str, kafka: KafkaSettings, present: Iterable[str]) -> Finding:
    """A trial creation that the brokers check against rights, policies and the number of brokers."""
    mine = {alike(topic): topic for topic in (schema_topic(task), schemas_topic(task), commits_topic(task))}
    shut = [topic for topic in present if mine.get(alike(topic), topic) != topic]
    if shut:
        return failed(
            "kafka.topics",
            f"Kafka takes dots and underscores for one, and these topics are there: {listed(shut)}",
            "give the task another name",
        )
    try:
        topics.would_create(f"{commits_topic(task)}-check", kafka.partitions, large_records(kafka))
    except (Fatal, Transient) as error:
        return failed(
            "kafka.topics",
            str(error),
            error.hint if isinstance(error, Fatal) else "see the brokers' logs",
        )
    return ok("kafka.topics", "topics can be created")


def _transactions(kafka: KafkaSettings, task: str) -> Finding:
    """Opens and commits an empty transaction under an id of its own: the task's id would fence a running capture."""
    name = "kafka.transactions"
    try:
        producer = _producer(kafka, f"{task}.check")
        producer.begin()
        producer.commit()
        producer.close()
    except Fatal as error:
        if "uthorization" in str(error):
            return warning(name, f"could not be tried with the id {task}.check: {error}", error.hint)
        return failed(name, str(error), error.hint)
    except Transient as error:
        return failed(
            name, str(error), "see the brokers' logs: transactions need __transaction_state and enough brokers"
        )
    return ok(name, "transactions work")


def _producer(kafka: KafkaSettings, transactional_id: str) -> Producer:
    """The first one of a cluster waits until the brokers have made the topic that holds the state of transactions."""
    until = time.monotonic() + _FIRST_PRODUCER_SECONDS
    while True:
        try:
            return Producer(kafka, transactional_id)
        except Transient:
            stopping.check()
            if time.monotonic() > until:
                raise
            time.sleep(_PAUSE_SECONDS)
