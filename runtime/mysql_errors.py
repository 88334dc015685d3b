"""What an error of a MySQL server or of its driver means: mapped once, to ours."""

import struct
from collections.abc import Generator
from contextlib import contextmanager

import pymysql

from runtime import login
from runtime.discretion import server_text, statement_head
from runtime.errors import Fatal, Transient
from runtime.line import Unreachable

# Lost connections, restarts, locks, too many connections, a node that is read-only for the moment of a failover.
_TRANSIENT = frozenset(
    (
        1040,
        1053,
        1077,
        1079,
        1080,
        1152,
        1158,
        1159,
        1160,
        1161,
        1184,
        1203,  # too many connections of this account
        1226,  # a limit of the account: connections, or statements in an hour
        1317,
        1836,
        1927,
        2014,
        2055,
        3169,
        4031,
        8007,
    )
)
_UNREACHABLE = frozenset((0, 2002, 2003, 2006, 2013))
_LOCK_TIMEOUT = 1205
_DEADLOCK = 1213
_READ_ONLY = 1290  # also used for other options: the text says which


class Refused(Fatal):
    """The server refused a statement; `code` is MySQL's error number."""

    def __init__(self, message: str, hint: str, code: int) -> None:
        super().__init__(message, hint)
        self.code = code


class Elsewhere(Transient):
    """Another server answers at the address: a failover behind it."""


class Locked(Transient):
    """A lock was not granted; the session goes on, without what its transaction has done."""


class LockTimeout(Locked):
    """A lock was not granted in time; the session goes on."""


def server_error(server: object, packet: bytes, statement: str | bytes) -> Exception:
    """What an ERR packet means (https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_basic_err_packet.html)."""
    code = struct.unpack_from("<H", packet, 1)[0]
    text = packet[9:] if packet[3:4] == b"#" else packet[3:]
    return _meaning(server, code, text.decode("utf-8", "replace"), statement)


@contextmanager
def errors_of(server: object, statement: str | bytes) -> Generator[None]:
    """Maps the driver's exceptions, once, to ours."""
    try:
        yield
    except pymysql.err.MySQLError as error:
        encryption = login.encryption_error(str(server), getattr(error, "original_exception", None))
        if encryption is not None:
            raise encryption from error
        code = error.args[0] if error.args and isinstance(error.args[0], int) else 0
        text = str(error.args[1]) if len(error.args) > 1 else str(error)
        raise _meaning(server, code, text, statement) from error
    except RuntimeError as error:  # the driver lacks a part that an authentication plugin needs
        raise Fatal(
            f"{server}: cannot log in: {error}", hint="use TLS, or install the package that the message names"
        ) from error
    except OSError as error:
        raise login.encryption_error(str(server), error) or Unreachable(f"{server}: {error}") from error
    except Unreachable as error:
        if str(server) in str(error):
            raise
        raise Unreachable(f"{server}: {error}") from error


def _meaning(server: object, code: int, text: str, statement: str | bytes) -> Exception:
    text = server_text(text, statement)
    if code == _LOCK_TIMEOUT:
        return LockTimeout(f"{server}: {text} ({code})")
    if code == _DEADLOCK:
        return Locked(f"{server}: {text} ({code})")
    if code in _UNREACHABLE and (code or not text.strip("() ,'\"0")):
        return Unreachable(f"{server}: {text or 'connection lost'} ({code})")
    if code in _TRANSIENT or (code == _READ_ONLY and "read-only" in text):
        return Transient(f"{server}: {text} ({code})")
    if code in login.HINTS:
        return Refused(f"{server}: {text} ({code})", login.HINTS[code], code)
    message = f"{server}: {text} ({code}); statement: {statement_head(statement)}"
    return Refused(message, "see the server's message", code)
