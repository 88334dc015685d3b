"""One stack of real servers for a whole session, clean databases for each test, tasks that end with it."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from deploy.local import Stack, down, up
from runtime.mysql import Endpoint, connect
from schemas.sql import identifier
from tests.pipeline.compare import databases as databases_of
from tests.pipeline.task import Task

NewTask = Callable[..., Task]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--stack",
        default=os.environ.get("PENSTOCK_TEST_STACK"),
        metavar="NAME",
        help="use the stack NAME and leave it running (also PENSTOCK_TEST_STACK); default: one called test, removed at "
        "the end unless PENSTOCK_KEEP_STACK is set",
    )


@pytest.fixture(scope="session")
def stack(request: pytest.FixtureRequest) -> Iterator[Stack]:
    """The session's servers."""
    chosen = request.config.getoption("--stack")
    yield up(chosen or "test")
    if not (chosen or os.environ.get("PENSTOCK_KEEP_STACK")):
        down("test")


@pytest.fixture
def databases(stack: Stack) -> Stack:
    """The session's servers, without any database but their own."""
    empty(stack)
    return stack


@pytest.fixture
def task(databases: Stack, tmp_path: Path) -> Iterator[NewTask]:
    """Makes tasks on clean servers; what they started ends with the test."""
    with ExitStack() as tasks:
        yield lambda **options: tasks.enter_context(Task(options.pop("stack", databases), tmp_path, **options))


def empty(stack: Stack) -> None:
    """Drops every database, and penstock's own at the destination."""
    with ThreadPoolExecutor() as pool:
        drops = [pool.submit(_drop, server.endpoint("admin")) for server in (stack.source, stack.destination)]
    for drop in drops:
        drop.result()


def _drop(server: Endpoint) -> None:
    with connect(server) as connection:
        for name in [*databases_of(connection), "penstock"]:
            connection.execute(f"DROP DATABASE IF EXISTS {identifier(name)}")
