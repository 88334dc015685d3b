"""A database of its own for each test, at the worker's source."""

import uuid
from collections.abc import Iterator

import pytest

from deploy.local import Stack
from runtime.mysql import Connection, Endpoint, connect
from schemas.sql import identifier
from snapshot import ranges


@pytest.fixture
def source(stack: Stack) -> Endpoint:
    return stack.source.endpoint("admin")


@pytest.fixture
def connection(source: Endpoint) -> Iterator[Connection]:
    with connect(source) as connection:
        connection.execute("SET SESSION sql_mode = 'ALLOW_INVALID_DATES'")
        yield connection


@pytest.fixture
def database(connection: Connection) -> Iterator[str]:
    name = f"snap_{uuid.uuid4().hex[:8]}"
    connection.execute(f"CREATE DATABASE {identifier(name)}")
    connection.execute(f"USE {identifier(name)}")
    yield name
    connection.execute(f"DROP DATABASE {identifier(name)}")


@pytest.fixture
def small_ranges(monkeypatch: pytest.MonkeyPatch) -> None:
    """Divides small tables as if they were large."""
    monkeypatch.setattr(ranges, "_LEAST_ROWS", 20)
