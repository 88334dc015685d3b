"""A shop at the source, and one that has been moved."""

import pytest

from deploy.local import Stack
from tests.conftest import NewTask
from tests.integration.commands.shop import SHOP, execute
from tests.pipeline.task import Task


@pytest.fixture
def shop(databases: Stack, task: NewTask) -> Task:
    execute(databases.source.endpoint("admin"), *SHOP)
    return task(include=["shop.*"])


@pytest.fixture
def moved(shop: Task) -> Task:
    """A shop that has been moved; nothing runs any more."""
    shop.run("migrate", "--until", "caught-up")
    return shop
