"""Sessions on both servers, and a database of its own for each test."""

import uuid
from collections.abc import Iterator

import pytest

from apply.destination import SQL_MODE
from deploy.local import Stack
from runtime.mysql import Connection, connect

pytest.register_assert_rewrite("tests.conformance.paths")


@pytest.fixture(scope="module")
def source(stack: Stack) -> Iterator[Connection]:
    with connect(stack.source.endpoint("admin")) as connection:
        connection.execute("SET SESSION sql_mode = 'ALLOW_INVALID_DATES', time_zone = '+00:00'")
        connection.execute("SET SESSION group_concat_max_len = 4294967295, cte_max_recursion_depth = 100000")
        yield connection


@pytest.fixture(scope="module")
def destination(stack: Stack) -> Iterator[Connection]:
    with connect(stack.destination.endpoint("polar")) as connection:
        connection.execute(
            f"SET SESSION sql_mode = '{SQL_MODE}', time_zone = '+00:00', group_concat_max_len = 4294967295"
        )
        yield connection


@pytest.fixture
def database(source: Connection, destination: Connection) -> Iterator[str]:
    name = f"codec_{uuid.uuid4().hex[:8]}"
    for connection in (source, destination):
        connection.execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
    yield name
    for connection in (source, destination):
        connection.execute(f"DROP DATABASE {name}")
