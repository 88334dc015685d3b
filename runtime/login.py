"""Getting in at a MySQL server: how the connection is encrypted, how a password may travel, why a login was refused.

Promises that no password goes in clear text over a connection that is not encrypted, whatever the server asks for.
"""

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from runtime.errors import Fatal, Transient

_RIGHTS = "grant the account the rights that `penstock check` lists"
_PLUGIN = "use an account whose authentication plugin the client supports: caching_sha2_password, mysql_native_password"
#: MySQL's error number -> what to do
HINTS = {
    1044: _RIGHTS,
    1045: "correct user and password in the config (a rotated password: set its variable anew and start again); "
    "sha256_password also needs tls.mode: required at a server without RSA keys (MySQL 5.6)",
    1049: "create the database, or correct its name",
    1129: "FLUSH HOSTS at the server (too many interrupted logins from here), then start again",
    1130: "allow this host to connect",
    1142: _RIGHTS,
    1143: _RIGHTS,
    1227: _RIGHTS,
    1251: _PLUGIN,
    1370: _RIGHTS,
    1410: _RIGHTS,
    1524: "the account's authentication plugin is not loaded at the server: load it, or give the account another one",
    1698: _PLUGIN,
    1725: _RIGHTS,
    1820: "the account's password has expired: ALTER USER ... IDENTIFIED BY a new one, and set it in the config",
    1862: "the account's password has expired: ALTER USER ... IDENTIFIED BY a new one, and set it in the config",
    2026: "set up TLS at the server, or choose tls.mode: preferred, or disabled",
    2059: _PLUGIN,
    2061: _PLUGIN,
    3118: "ALTER USER ... ACCOUNT UNLOCK at the server",
    3159: "the server takes encrypted connections only: set tls.mode to required, verify_ca or verify_identity",
    3955: "wrong passwords have locked the account for a time: ALTER USER ... ACCOUNT UNLOCK, and correct the password",
}
# OpenSSL's X509_V_ERR_* (https://docs.openssl.org/3.0/man3/X509_STORE_CTX_get_error/)
_CERTIFICATE_HINTS = {
    9: "its certificate is not valid yet: compare the clocks",
    10: "its certificate has expired: give the server a new one",
    18: "its certificate is signed by itself: name it as tls.ca",
    19: "tls.ca is not the authority that signed the server's certificate",
    20: "tls.ca is not the authority that signed the server's certificate",
    21: "tls.ca is not the authority that signed the server's certificate",
    62: "its certificate is for another name: correct the host, or choose tls.mode: verify_ca",
    64: "its certificate is for another address: name the host as the certificate does, or choose tls.mode: verify_ca",
}
_CUT = (ssl.SSLEOFError, ssl.SSLZeroReturnError, ssl.SSLSyscallError)


@dataclass(frozen=True, slots=True)
class Tls:
    """How to encrypt: `verify_ca` and `verify_identity` need `ca` unless the system's store knows it."""

    mode: Literal["disabled", "preferred", "required", "verify_ca", "verify_identity"] = "preferred"
    ca: str | None = None
    cert: str | None = None
    key: str | None = None


def context(tls: Tls, server: str) -> ssl.SSLContext:
    """What the mode asks for; Fatal for a file that cannot be used."""
    try:
        return _context(tls)
    except (ssl.SSLError, OSError) as error:
        raise Fatal(
            f"{server}: the files of tls (ca, cert, key) cannot be used: {error.strerror or error}",
            hint="they must be readable and in PEM format, and the key must belong to the certificate",
        ) from error


def encryption_error(server: str, error: BaseException | None) -> Exception | None:
    """What a failed handshake means; None for an error that is not about encryption, or a connection that was cut."""
    if isinstance(error, ssl.SSLCertVerificationError):
        hint = _CERTIFICATE_HINTS.get(error.verify_code, "see tls in the config, and the server's certificate")
        return Fatal(f"{server}: the server's certificate is refused: {error.verify_message}", hint)
    if isinstance(error, _CUT):
        return Transient(f"{server}: the connection broke off while it was being encrypted")
    if isinstance(error, ssl.SSLError):
        return Fatal(
            f"{server}: no encrypted connection: {getattr(error, 'reason', None) or error}",
            hint="compare tls in the config with the server's tls_version and certificates (a client certificate is "
            "tls.cert and tls.key); a server that knows nothing newer than TLS 1.1 needs tls.mode: disabled",
        )
    return None


class ClearPassword:
    """Answers a server that asks for the password itself (LDAP, PAM, cloud tokens): only when nobody can listen."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def authenticate(self, _: object) -> Any:
        connection = self._connection
        if not connection._secure:
            raise Fatal(
                f"{connection.host}:{connection.port}: the server asks for the password in clear text",
                hint="set tls.mode to required, verify_ca or verify_identity",
            )
        connection.write_packet(connection.password + b"\0")
        answer = connection._read_packet()
        answer.check_error()
        return answer


class AncientPassword:
    """Refuses what a password from before MySQL 4.1 needs: whoever listens can compute it."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def authenticate(self, _: object) -> Any:
        raise Fatal(
            f"{self._connection.host}:{self._connection.port}: the account has a password from before MySQL 4.1 "
            "(mysql_old_password)",
            hint="at the server: SET old_passwords = 0, then SET PASSWORD for the account anew",
        )


#: what the driver would otherwise send in clear text, and what it does not have
PLUGINS: dict[str, Callable[[Any], Any]] = {
    "mysql_clear_password": ClearPassword,
    "dialog": ClearPassword,
    "mysql_old_password": AncientPassword,
}


def _context(tls: Tls) -> ssl.SSLContext:
    if tls.mode in ("preferred", "required"):  # nothing is verified: reading the system's store would take 20 ms
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    else:
        context = ssl.create_default_context(cafile=tls.ca)
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT  # certificates that MySQL makes by itself lack key usage
        context.check_hostname = tls.mode == "verify_identity"
    if tls.cert:
        context.load_cert_chain(tls.cert, tls.key, password="")  # an encrypted key is refused: nobody is there to ask
    return context
