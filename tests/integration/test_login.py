"""Getting in: TLS modes with a private authority, authentication plugins, and logins that are refused with a reason."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from deploy.local import Profile, Server, kill_mysql, start_mysql
from runtime.errors import Exit, Fatal, Transient
from runtime.login import Tls
from runtime.mysql import Connection, Endpoint, Refused, connect
from tests.conftest import NewTask
from tests.pipeline.certificates import Authority

_SMALL = ("--innodb-buffer-pool-size=64M", "--innodb-redo-log-capacity=16M")
_PASSWORD = "a-password-of-the-test"


@dataclass(frozen=True, slots=True)
class Site:
    """A server with certificates of a private authority."""

    folder: Path
    server: Server
    authority: Authority

    @property
    def admin(self) -> Endpoint:
        return self.server.endpoint("admin")

    def tls(self, mode: str, **files: Path) -> Tls:
        return Tls(mode, **{name: str(path) for name, path in files.items()})  # type: ignore[arg-type]

    def as_user(self, user: str, tls: Tls, password: str = _PASSWORD) -> Endpoint:
        return replace(self.admin, user=user, password=password, tls=tls)

    def use(self, connection: Connection, name: str, **options: object) -> None:
        """Gives the running server another certificate."""
        files = self.authority.sign(name, **options)  # type: ignore[arg-type]
        connection.execute(f"SET GLOBAL ssl_cert = '{files.cert}', GLOBAL ssl_key = '{files.key}'")
        connection.execute("ALTER INSTANCE RELOAD TLS")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("login")
    authority = Authority(folder, "authority")
    files = authority.sign("server")
    options = (*_SMALL, f"--ssl-ca={authority.ca}", f"--ssl-cert={files.cert}", f"--ssl-key={files.key}")
    server = start_mysql(Profile.SOURCE, folder / "mysql", options)
    yield Site(folder, server, authority)
    kill_mysql(server.directory)


def encrypted(endpoint: Endpoint) -> bool:
    with connect(endpoint) as connection:
        return bool(connection.query("SHOW SESSION STATUS LIKE 'Ssl_cipher'")[0][1])


@pytest.mark.parametrize("mode", ["preferred", "required", "verify_ca", "verify_identity"])
def test_each_mode_encrypts(site: Site, mode: str) -> None:
    tls = site.tls(mode, ca=site.authority.ca) if mode.startswith("verify") else site.tls(mode)
    assert encrypted(replace(site.admin, tls=tls))


def test_disabled_does_not(site: Site) -> None:
    assert not encrypted(replace(site.admin, tls=Tls("disabled")))


def test_another_authority_is_refused(site: Site) -> None:
    stranger = Authority(site.folder, "stranger")
    with pytest.raises(Fatal, match="the server's certificate is refused") as raised:
        connect(replace(site.admin, tls=site.tls("verify_ca", ca=stranger.ca)))
    assert "tls.ca is not the authority" in raised.value.hint


def test_wrong_names_and_expired_certificates_are_refused(site: Site) -> None:
    strict = replace(site.admin, tls=site.tls("verify_identity", ca=site.authority.ca))
    lax = replace(site.admin, tls=site.tls("verify_ca", ca=site.authority.ca))
    with connect(site.admin) as connection:
        try:
            site.use(connection, "elsewhere", addresses=("192.0.2.1",))
            with pytest.raises(Fatal, match="IP address mismatch") as raised:
                connect(strict)
            assert "tls.mode: verify_ca" in raised.value.hint
            assert encrypted(lax)
            ends = time.monotonic() + 3  # the server itself takes none that has expired already
            site.use(connection, "old", ends=timedelta(seconds=3))
            while time.monotonic() < ends + 1:
                time.sleep(0.1)
            for endpoint in (strict, lax):
                with pytest.raises(Fatal, match="certificate has expired"):
                    connect(endpoint)
        finally:
            site.use(connection, "server")


def test_files_that_are_no_certificates_are_refused(site: Site) -> None:
    nonsense = site.folder / "nonsense.pem"
    nonsense.write_text("nothing")
    client = site.authority.sign("client")
    for tls in (
        site.tls("verify_ca", ca=nonsense),
        site.tls("required", cert=nonsense, key=nonsense),
        site.tls("required", cert=client.cert, key=site.authority.sign("other").key),
    ):
        with pytest.raises(Fatal, match="cannot be used") as raised:
            connect(replace(site.admin, tls=tls))
        assert "PEM" in raised.value.hint


def test_a_client_certificate(site: Site) -> None:
    client = site.authority.sign("client")
    with connect(site.admin) as connection:
        connection.execute(f"CREATE USER known IDENTIFIED BY '{_PASSWORD}' REQUIRE X509")
    assert encrypted(site.as_user("known", site.tls("required", cert=client.cert, key=client.key)))
    with pytest.raises(Refused, match="1045"):
        connect(site.as_user("known", Tls("required")))


def test_a_server_that_takes_encrypted_connections_only(site: Site) -> None:
    with connect(site.admin) as connection:
        connection.execute("SET GLOBAL require_secure_transport = ON")
        try:
            with pytest.raises(Refused, match="3159") as raised:
                connect(replace(site.admin, tls=Tls("disabled")))
            assert "tls.mode" in raised.value.hint
            assert encrypted(site.admin)
        finally:
            connection.execute("SET GLOBAL require_secure_transport = OFF")


@pytest.mark.parametrize("mode", ["disabled", "required"])
def test_caching_sha2_password(site: Site, mode: str) -> None:
    """The first login needs the password itself: by RSA without TLS; the second one is the fast way."""
    user, tls = f"sha2_{mode}", site.tls(mode)
    with connect(site.admin) as connection:
        connection.execute(f"CREATE USER {user} IDENTIFIED WITH caching_sha2_password BY '{_PASSWORD}'")
    with pytest.raises(Refused, match="1045") as raised:
        connect(site.as_user(user, tls, "another-password"))
    assert "another-password" not in str(raised.value)
    for _ in range(2):
        connect(site.as_user(user, tls)).close()


@pytest.mark.parametrize(
    ("options", "code", "hint"),
    [("ACCOUNT LOCK", "3118", "ACCOUNT UNLOCK"), ("PASSWORD EXPIRE", "1862", "has expired")],
    ids=["locked", "expired"],
)
def test_accounts_that_may_not_log_in(site: Site, options: str, code: str, hint: str) -> None:
    user = f"may_not_{code}"
    with connect(site.admin) as connection:
        connection.execute(f"CREATE USER {user} IDENTIFIED BY '{_PASSWORD}' {options}")
    with pytest.raises(Refused, match=code) as raised:
        connect(site.as_user(user, Tls()))
    assert hint in raised.value.hint


def test_too_many_connections_of_one_account_pass(site: Site) -> None:
    with connect(site.admin) as connection:
        connection.execute(f"CREATE USER single IDENTIFIED BY '{_PASSWORD}' WITH MAX_USER_CONNECTIONS 1")
    with connect(site.as_user("single", Tls())), pytest.raises(Transient, match="max_user_connections"):
        connect(site.as_user("single", Tls()))


def test_a_whole_migration_over_tls_and_a_password_that_changes(task: NewTask, site: Site) -> None:
    """Both servers take encrypted connections only: the log, the snapshot, apply and verify come over TLS."""
    source = site.as_user("mover", site.tls("verify_identity", ca=site.authority.ca))
    run = task(include=["closed.*"], source=source)
    trusted = run.stack.destination.directory / "data" / "ca.pem"
    run.rewrite({"source": {"tls": {"ca": str(site.authority.ca)}}, "targets": {"polar": {"tls": _verified(trusted)}}})
    with connect(site.admin) as here, connect(run.stack.destination.endpoint("admin")) as there:
        here.execute(f"CREATE USER mover IDENTIFIED BY '{_PASSWORD}' REQUIRE SSL")
        here.execute("GRANT SELECT, LOCK TABLES, REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO mover")
        here.execute("CREATE DATABASE closed")
        here.execute("CREATE TABLE closed.t (id INT PRIMARY KEY)")
        here.execute("CREATE TABLE closed.keyless (id INT)")
        here.execute("INSERT INTO closed.t VALUES (1), (2)")
        for server in (here, there):
            server.execute("SET GLOBAL require_secure_transport = ON")
        try:
            run.run("migrate", "--until", "caught-up")
            run.run("verify")
            capture = run.start("capture")
            capture.wait_for("capturing")
            here.execute("ALTER USER mover IDENTIFIED BY 'a-new-password'")
            for (number,) in here.query("SELECT ID FROM performance_schema.processlist WHERE USER = 'mover'"):
                here.execute(f"KILL {number}")
            assert capture.exit_code() == Exit.OPERATOR
            assert "Access denied" in capture.stderr and "rotated password" in capture.stderr
        finally:
            there.execute("SET GLOBAL require_secure_transport = OFF")
            here.execute("SET GLOBAL require_secure_transport = OFF")


def _verified(ca: Path) -> dict[str, str]:
    return {"mode": "verify_ca", "ca": str(ca)}
