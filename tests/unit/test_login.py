"""What must not happen at a login, with a server that is not there."""

import ssl
from dataclasses import dataclass, field

import pytest

from runtime.errors import Fatal, Transient
from runtime.login import ClearPassword, Tls, context, encryption_error


@dataclass
class Answer:
    def check_error(self) -> None: ...


@dataclass
class Connection:
    _secure: bool
    host: str = "a"
    port: int = 3306
    password: bytes = b"secret"
    sent: list[bytes] = field(default_factory=list)

    def write_packet(self, data: bytes) -> None:
        self.sent.append(data)

    def _read_packet(self) -> Answer:
        return Answer()


def test_a_password_goes_in_clear_text_only_over_tls() -> None:
    bare, secure = Connection(_secure=False), Connection(_secure=True)
    with pytest.raises(Fatal, match="asks for the password in clear text") as raised:
        ClearPassword(bare).authenticate(None)
    assert bare.sent == []
    assert "secret" not in str(raised.value) + raised.value.hint
    ClearPassword(secure).authenticate(None)
    assert secure.sent == [b"secret\0"]


def test_a_connection_that_breaks_off_is_tried_again() -> None:
    assert isinstance(encryption_error("source", ssl.SSLEOFError()), Transient)
    assert isinstance(encryption_error("source", ssl.SSLError(1, "wrong version number")), Fatal)
    assert encryption_error("source", TimeoutError()) is None
    assert encryption_error("source", None) is None


def test_modes() -> None:
    assert context(Tls("required"), "s").verify_mode is ssl.CERT_NONE
    assert not context(Tls("verify_ca"), "s").check_hostname
    assert context(Tls("verify_identity"), "s").check_hostname
