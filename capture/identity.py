"""Whether the topics are those that the task began with: one that was lost and made anew lacks records.

A capture that went on with such topics would leave every new target, and every reader, without them.
"""

from collections.abc import Iterable, Mapping, Sequence

from capture.checkpoint import Checkpoint
from runtime.errors import Fatal
from runtime.kafka import KafkaSettings, Topics
from schemas.topics import commits_topic, schema_topic, schemas_topic

_SHOWN = 5
_HINT = "bring the topics back as they were, from a copy of Kafka's data; or begin a new task, with another name"


def own_topics(kafka: KafkaSettings, task: str) -> dict[str, str]:
    """Kafka's ids of the topics that every task has."""
    return Topics(kafka).ids([schema_topic(task), schemas_topic(task), commits_topic(task)])


def require_topics(kafka: KafkaSettings, task: str, checkpoint: Checkpoint) -> None:
    """Fatal when topics of the task are gone, or are others than it has published to."""
    if checkpoint.position is None:
        if checkpoint.statements or checkpoint.entries:
            raise Fatal(
                f"Kafka has lost topics of the task {task}: {commits_topic(task)} holds no position, the others"
                " hold records",
                hint=_HINT,
            )
        return
    alive = {checkpoint.topics[name] for name in checkpoint.tables}
    wanted = {topic: topic_id for topic, topic_id in checkpoint.topic_ids.items() if topic in alive}
    if checkpoint.task is not None:
        wanted |= checkpoint.task.topics
    lost = sorted(_lost(wanted, Topics(kafka).ids(wanted)))
    if lost:
        raise Fatal(f"Kafka has lost topics of the task {task}: {_listed(lost)}", hint=_HINT)


def require_empty(kafka: KafkaSettings, task: str, topics: Mapping[str, int]) -> None:
    """Fatal when topics (with their numbers of partitions) hold records before their task has begun."""
    places = [(topic, number) for topic, partitions in topics.items() for number in range(partitions)]
    used = sorted({topic for (topic, _), end in Topics(kafka).written(places).items() if end})
    if used:
        raise Fatal(
            f"the task {task} begins, and its topics hold records already: {_listed(used)}",
            hint="another task of that name has written them, or Kafka has lost the rest of its topics: delete them, or"
            " begin with another name",
        )


def _listed(words: Sequence[str]) -> str:
    more = f" and {len(words) - _SHOWN} more" if len(words) > _SHOWN else ""
    return ", ".join(words[:_SHOWN]) + more


def _lost(wanted: Mapping[str, str], there: Mapping[str, str]) -> Iterable[str]:
    for topic, topic_id in wanted.items():
        if topic not in there:
            yield f"{topic} is gone"
        elif topic_id and there[topic] and there[topic] != topic_id:
            yield f"{topic} was deleted and made anew"
