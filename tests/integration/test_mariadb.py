"""A MariaDB at either end is refused at its greeting: by every command, before it hears a password."""

import pytest

from runtime.errors import Exit
from tests.conftest import NewTask
from tests.pipeline.greeter import Greeter


@pytest.mark.parametrize("version", ["5.5.5-10.11.6-MariaDB-log", "11.4.2-MariaDB"])
def test_a_source(task: NewTask, version: str) -> None:
    with Greeter(version) as server:
        run = task()
        run.rewrite({"source": {"port": server.port}})
        for verb in ("check", "migrate", "capture"):
            refused = run.run(verb, expected=Exit.OPERATOR)
            told = refused.stderr + refused.stdout
            assert f"MariaDB {version} is not available as a source or target" in told
            assert "use MySQL, Percona Server or PolarDB for MySQL" in told
        assert server.greeted >= 3 and server.heard == b""


def test_a_target(task: NewTask) -> None:
    with Greeter("5.5.5-10.6.18-MariaDB") as server:
        run = task()
        run.rewrite({"targets": {"polar": {"port": server.port}}})
        for verb in ("check", "migrate", "apply", "verify"):
            refused = run.run(verb, expected=Exit.OPERATOR)
            assert "MariaDB 5.5.5-10.6.18-MariaDB is not available" in refused.stderr + refused.stdout
        assert server.greeted >= 4 and server.heard == b""
