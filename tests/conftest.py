"""One stack of real servers for each worker of a session, clean databases for each test, tasks that end with it."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient

from deploy.local import Stack, down, up
from runtime.dialect import dialect_of
from runtime.mysql import Endpoint, connect
from schemas.sql import identifier
from tests.pipeline.compare import databases as databases_of
from tests.pipeline.leftovers import ended_with_session
from tests.pipeline.task import Task
from tests.shared import SHARED, left_out

NewTask = Callable[..., Task]
collect_ignore = list(map(str, left_out()))


def pytest_report_header() -> list[str]:
    """Says what a clone without the shared data does not run."""
    return [f"left out, because {SHARED.name}/ is not beside the project: {path.name}" for path in left_out()]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--stack",
        default=os.environ.get("PENSTOCK_TEST_STACK"),
        metavar="NAME",
        help="use the stack NAME and leave it running (also PENSTOCK_TEST_STACK); default: one called test, removed at "
        "the end unless PENSTOCK_KEEP_STACK is set; each worker of -n adds its number to the name",
    )


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """At the very end, where it is found in a long log: a line for each failure."""
    for kind in ("failed", "error"):
        for report in terminalreporter.getreports(kind):
            crash = getattr(report.longrepr, "reprcrash", None)
            reason = (crash.message if crash is not None else report.longreprtext).strip().partition("\n")[0]
            terminalreporter.write_line(f"{kind}: {report.nodeid} ({report.when}): {reason[:300]}")


@pytest.fixture(scope="session")
def stack(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The worker's servers."""
    chosen = request.config.getoption("--stack")
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    name = "-".join(part for part in (chosen or "test", worker) if part)
    with ended_with_session(tmp_path_factory.getbasetemp()):
        yield up(name)
    if not (chosen or os.environ.get("PENSTOCK_KEEP_STACK")):
        down(name)


@pytest.fixture
def databases(stack: Stack) -> Stack:
    """The worker's servers, without any database but their own."""
    empty(stack)
    return stack


@pytest.fixture
def task(databases: Stack, tmp_path: Path) -> Iterator[NewTask]:
    """Makes tasks on clean servers; what they started ends with the test."""
    with ExitStack() as tasks:
        yield lambda **options: tasks.enter_context(Task(options.pop("stack", databases), tmp_path, **options))


def empty(stack: Stack) -> None:
    """Drops every database, penstock's own at the destination, and every topic; begins a new log file."""
    with ThreadPoolExecutor() as pool:
        steps = [pool.submit(_drop, server.endpoint("admin")) for server in (stack.source, stack.destination)]
        steps.append(pool.submit(_delete_topics, stack.kafka))
    for step in steps:
        step.result()
    with connect(stack.source.endpoint("admin")) as connection:
        connection.execute("FLUSH BINARY LOGS")


def _drop(server: Endpoint) -> None:
    with connect(server) as connection:
        left = connection.query("XA RECOVER CONVERT XID") if dialect_of(connection).version >= (5, 7, 5) else []
        for number, size, _, xid in left:
            both = str(xid)[2:]
            connection.execute(f"XA ROLLBACK X'{both[: 2 * int(size)]}', X'{both[2 * int(size) :]}', {int(number)}")
        for name in [*databases_of(connection), "penstock"]:
            connection.execute(f"DROP DATABASE IF EXISTS {identifier(name)}")


def _delete_topics(kafka: str) -> None:
    """A broker that is killed and started again looks through all it holds."""
    admin = AdminClient({"bootstrap.servers": kafka, "log_level": 0})
    topics = [name for name in admin.list_topics(timeout=30).topics if not name.startswith("__")]
    if topics:
        for deleted in admin.delete_topics(topics).values():
            deleted.result(30)
