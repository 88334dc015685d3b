"""Do a task's targets belong to it alone, and is each still fed from the topics that it knows?"""

from collections.abc import Iterable, Iterator, Mapping

from apply.identity import OtherTopics
from apply.state import Applied
from control.delivery import Delivery
from control.finding import Finding, failed, listed, ok
from control.reached import Destination
from schemas.names import TableName


def feed_finding(destination: Destination, applied: Applied, delivery: Delivery) -> Finding:
    """Whether Kafka holds the topics that the target was fed from."""
    name = f"target.{destination.name}.topics"
    try:
        destination.require_same(applied, delivery.sight(), delivery)
    except OtherTopics as error:
        return failed(name, str(error), error.hint)
    return ok(name, "Kafka holds what it was fed from" if applied.fences else "nothing of the task is applied there")


def owner_finding(target: str, taken: Mapping[TableName, str]) -> Finding:
    """`taken`: tables that would be written, and are another target's already."""
    name = f"target.{target}.owners"
    if taken:
        words = [f"{table} ({owner})" for table, owner in sorted(taken.items())]
        return failed(
            name,
            f"tables that another target writes there already: {listed(words)}",
            "use another server, or leave them out with objects.exclude; drop them there if the other target is over",
        )
    return ok(name, "no other target writes its tables")


def sharing_findings(servers: Iterable[tuple[str, str]]) -> Iterator[Finding]:
    """`servers`: targets of the task, and the server_uuid of each: two at one server would write the same tables."""
    found: dict[str, list[str]] = {}
    for target, server in servers:
        found.setdefault(server, []).append(target)
    for targets in found.values():
        if len(targets) > 1:
            yield failed(
                f"target.{targets[1]}.same_server",
                f"the targets {' and '.join(targets)} are one server, where they would write the same tables",
                "remove all but one of them, or give each a server of its own",
            )
