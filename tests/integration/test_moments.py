"""Schema changes whose effect depends on the moment and the session: rows that were there have the source's values."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from deploy.local import Profile, Stack, start_mysql
from runtime.mysql import connect
from tests.conftest import empty
from tests.pipeline.task import Task


@pytest.mark.parametrize("version", ["9.7", "5.6"])
def test_columns_that_are_added_with_values_of_the_session(
    databases: Stack, task: Callable[..., Task], version: str
) -> None:
    pair = databases
    if version == "5.6":
        pair = replace(pair, source=start_mysql(Profile.SOURCE56, pair.directory / Profile.SOURCE56))
        empty(pair)
    with connect(pair.source.endpoint("admin")) as admin:
        admin.execute("CREATE DATABASE shop")
        admin.execute("CREATE TABLE shop.t (id INT PRIMARY KEY)")
        admin.execute("INSERT INTO shop.t VALUES (1), (2)")
        running = task(stack=pair, include=["shop.*"])
        running.start("migrate")
        running.wait()
        admin.execute("SET SESSION timestamp = 1234567890.123456, time_zone = '+05:30'")
        admin.execute(
            "ALTER TABLE shop.t ADD a DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),"
            " ADD b TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP"
        )
        admin.execute("SET SESSION auto_increment_increment = 10, auto_increment_offset = 3")
        admin.execute("ALTER TABLE shop.t ADD n INT NOT NULL AUTO_INCREMENT UNIQUE")
        admin.execute("INSERT INTO shop.t (id) VALUES (3)")
        assert str(admin.value("SELECT a FROM shop.t WHERE id = 1")) == "2009-02-14 05:01:30.123456"
        assert admin.value("SELECT COUNT(DISTINCT n) FROM shop.t WHERE n % 10 = 3") == 3

    running.wait()
    running.assert_equal()
