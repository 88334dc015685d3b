"""What several modules of this folder use."""

import uuid
from collections.abc import Iterator
from contextlib import ExitStack, closing

import pytest

from deploy.local import Stack
from runtime.mysql import connect
from schemas.sql import identifier
from tests.integration.feed import Feed
from tests.integration.lab import Lab


@pytest.fixture
def lab(stack: Stack, request: pytest.FixtureRequest) -> Iterator[Lab]:
    """The parameter, if there is one: how many partitions topics get that may have several."""
    name = f"ap_{uuid.uuid4().hex[:8]}"
    with ExitStack() as exit_stack:
        feed = exit_stack.enter_context(closing(Feed(stack, name, getattr(request, "param", 1))))
        destination = exit_stack.enter_context(closing(connect(stack.destination.endpoint("admin"))))
        feed.database(name)
        yield Lab(stack, feed, name, name, f"{name}_state", destination)
        for database in (name, f"{name}_state"):
            destination.execute(f"DROP DATABASE IF EXISTS {identifier(database)}")
        feed.source.execute(f"DROP DATABASE IF EXISTS {identifier(name)}")
