"""Whether the topics in Kafka are those whose records a target has applied: offsets of others mean nothing.

What a target is, its state database says: that travels with the rows, through failovers, backups and copies
(docs/decisions/031-what-fences-belong-to.md).
"""

from collections.abc import Iterable, Mapping

from apply.state import Fence, State
from runtime.errors import Fatal

_SHOWN = 5


class OtherTopics(Fatal):
    """Kafka's topics are not those that the target's fences count."""


def differing(fences: Iterable[Fence], ids: Mapping[str, str], ends: Mapping[tuple[str, int], int]) -> dict[str, str]:
    """Topics that are not those of the fences, each with what is wrong in words.

    `ids` are of the topics that are there; `ends`, where everything that was written to them ends. A place without an
    end is not measured.
    """
    found: dict[str, str] = {}
    for fence in fences:
        if fence.topic not in ids:
            if fence.next_offset:
                found.setdefault(fence.topic, f"{fence.topic} is gone")
        elif fence.topic_id and ids[fence.topic] and fence.topic_id != ids[fence.topic]:
            found.setdefault(fence.topic, f"{fence.topic} was deleted and made anew")
        elif ends.get(fence.place, fence.next_offset) < fence.next_offset:
            found.setdefault(
                fence.topic, f"{fence.place} ends at offset {ends[fence.place]}, before what is applied of it"
            )
    return found


def needed(state: State, topics: Mapping[str, str], schema_topic: str) -> dict[str, str]:
    """Those among topics that matter: of a table that was dropped nothing does, and a new one may take its name."""
    alive = {schema_topic, *state.tables()} if topics else set()
    return {topic: words for topic, words in topics.items() if topic in alive}


def refuse(state: State, topics: Mapping[str, str], schema_topic: str) -> None:
    """Raises what differs, if anything does."""
    if not topics:
        return
    words = sorted(topics.values())
    more = f" and {len(words) - _SHOWN} more" if len(words) > _SHOWN else ""
    afresh = "or begin a new task, with another name, for an empty destination"
    if schema_topic in topics:
        hint = (
            f"to build the target anew from the topics that are there now, run this at the destination and start again:"
            f" {state.rebuild_statement} (its tables are dropped and made again); {afresh}"
        )
    else:  # the task has lost records, so its topics rebuild nothing
        hint = f"bring these topics back as they were, from a copy of Kafka's data; {afresh}"
    raise OtherTopics(
        f"the target {state.target} was fed from other topics than Kafka has now: {', '.join(words[:_SHOWN])}{more}",
        hint=hint,
    )
