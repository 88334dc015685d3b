"""Accounts with the authentication plugins of old: mysql_native_password, sha256_password, mysql_old_password."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from deploy.local import Profile, Server, Stack, start_mysql, stop_mysql
from runtime.errors import Fatal
from runtime.login import Tls
from runtime.mysql import Connection, Endpoint, Refused, connect
from tests.conftest import NewTask, empty
from tests.pipeline.aged import aged

_PASSWORD = "a-password-of-the-test"
_SOURCE = "SELECT, LOCK TABLES, REPLICATION SLAVE, REPLICATION CLIENT"


@pytest.fixture
def old(stack: Stack) -> Iterator[Server]:
    """MySQL 5.6, whose TLS library is yaSSL."""
    directory = stack.directory / Profile.SOURCE56
    yield start_mysql(Profile.SOURCE56, directory)
    stop_mysql(directory)


def as_user(endpoint: Endpoint, user: str, mode: str = "preferred", password: str = _PASSWORD) -> Endpoint:
    return replace(endpoint, user=user, password=password, tls=Tls(mode))  # type: ignore[arg-type]


def create(connection: Connection, user: str, plugin: str, old_passwords: int) -> None:
    """An account of 5.6, where the kind of hash is a setting of the session."""
    connection.execute(f"CREATE USER {user} IDENTIFIED WITH {plugin}")
    connection.execute(f"SET SESSION old_passwords = {old_passwords}")
    connection.execute(f"SET PASSWORD FOR {user} = PASSWORD('{_PASSWORD}')")


def drop(connection: Connection, *users: str) -> None:
    for user in users:
        if connection.query("SELECT 1 FROM mysql.user WHERE user = %s", (user,)):
            connection.execute(f"DROP USER {user}")


def test_a_migration_from_native_to_sha256(old: Server, stack: Stack, task: NewTask) -> None:
    """From 5.6 to 9.7: the log and the snapshot by mysql_native_password, apply and verify by sha256_password."""
    old_stack = replace(stack, source=old)
    empty(old_stack)
    admin, there = old.endpoint("admin"), stack.destination.endpoint("admin")
    with connect(admin) as here, connect(there) as target:
        drop(here, "native")
        drop(target, "sha256")
        create(here, "native", "mysql_native_password", 0)
        here.execute(f"GRANT {_SOURCE} ON *.* TO native")
        here.execute("GRANT CREATE, SELECT, INSERT, UPDATE ON penstock.* TO native")
        target.execute(f"CREATE USER sha256 IDENTIFIED WITH sha256_password BY '{_PASSWORD}'")
        target.execute("GRANT ALL ON *.* TO sha256")
        here.execute(aged("CREATE DATABASE aged"))
        here.execute("CREATE TABLE aged.t (id INT PRIMARY KEY)")
        here.execute("INSERT INTO aged.t VALUES (1), (2)")
        run = task(
            stack=old_stack,
            include=["aged.*"],
            source=as_user(admin, "native"),
            destination=as_user(there, "sha256", "disabled"),
        )
        run.run("migrate", "--until", "caught-up")
        here.execute("INSERT INTO aged.t VALUES (3)")
        run.run("migrate", "--until", "caught-up")
        run.run("verify")
        run.assert_equal()
        drop(here, "native")
        drop(target, "sha256")


def test_native_passwords_at_a_target_of_56(old: Server) -> None:
    """mysql_native_password needs nothing but itself; a wrong one is told as such."""
    admin = old.endpoint("admin")
    with connect(admin) as connection:
        drop(connection, "native")
        create(connection, "native", "mysql_native_password", 0)
        for mode in ("preferred", "disabled"):
            connect(as_user(admin, "native", mode)).close()
        with pytest.raises(Refused, match="1045"):
            connect(as_user(admin, "native", password="another"))
        with pytest.raises(Refused, match="2026") as raised:
            connect(as_user(admin, "native", "required"))
        assert "set up TLS at the server" in raised.value.hint
        drop(connection, "native")


@pytest.mark.parametrize("mode", ["disabled", "required"])
def test_sha256_passwords(stack: Stack, mode: str) -> None:
    """Encrypted with the server's RSA key, or inside TLS."""
    admin = stack.source.endpoint("admin")
    with connect(admin) as connection:
        drop(connection, "sha256")
        connection.execute(f"CREATE USER sha256 IDENTIFIED WITH sha256_password BY '{_PASSWORD}'")
        for _ in range(2):
            connect(as_user(admin, "sha256", mode)).close()
        with pytest.raises(Refused, match="1045") as raised:
            connect(as_user(admin, "sha256", mode, "another"))
        assert "another" not in str(raised.value)
        drop(connection, "sha256")


def test_what_56_cannot_do(old: Server) -> None:
    """sha256_password without RSA keys, and hashes from before MySQL 4.1: refused with what to do."""
    admin = old.endpoint("admin")
    with connect(admin) as connection:
        drop(connection, "sha256", "ancient")
        create(connection, "sha256", "sha256_password", 2)
        with pytest.raises(Refused, match="1045") as raised:
            connect(as_user(admin, "sha256"))
        assert "sha256_password also needs tls.mode: required" in raised.value.hint
        connection.execute("SET GLOBAL secure_auth = OFF")
        create(connection, "ancient", "mysql_old_password", 1)
        with pytest.raises(Fatal, match="mysql_old_password"):
            connect(as_user(admin, "ancient"))
        connection.execute("SET GLOBAL secure_auth = ON")
        drop(connection, "sha256", "ancient")
