"""The servers that rounds are played on: what differs between sources, and 5.6 at either end."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum

from deploy.local import Profile, Server, Stack, start_mysql, stop_mysql
from runtime.mysql import connect

_HEARTBEAT = "GRANT CREATE, SELECT, INSERT, UPDATE ON penstock.* TO penstock"
_LONG_KEYS = ["--innodb-file-format=Barracuda", "--innodb-large-prefix=ON"]


class Kind(StrEnum):
    """A pair of servers."""

    FULL = "full"  # 9.7, whose log names columns
    MINIMAL = "minimal"  # 9.7, whose log does not
    PLACES = "places"  # 9.7 without GTIDs, whose log does not name columns either
    FROM_56 = "from-5.6"
    TO_56 = "to-5.6"

    @property
    def vintage(self) -> str:
        """Whose types both servers know."""
        return "5.6" if self in (Kind.FROM_56, Kind.TO_56) else "9.7"


@dataclass(frozen=True, slots=True)
class _Extra:
    """A server beside those of the stack."""

    profile: Profile
    folder: str
    options: tuple[str, ...]


_PLACES = _Extra(
    Profile.SOURCE,
    "rounds-places",
    ("--gtid-mode=OFF", "--enforce-gtid-consistency=OFF", "--binlog-row-metadata=MINIMAL"),
)
_FROM = _Extra(Profile.SOURCE56, "rounds-from-56", tuple(_LONG_KEYS))
# Without the option, 5.6 gives TIMESTAMP columns that have none a default, which `penstock verify` shows.
_TO = _Extra(Profile.DESTINATION56, "rounds-to-56", (*_LONG_KEYS, "--explicit-defaults-for-timestamp=ON"))


@contextmanager
def pair(kind: Kind, stack: Stack) -> Iterator[Stack]:
    """The stack with the servers of a kind; they end with it."""
    match kind:
        case Kind.FULL:
            yield stack
        case Kind.MINIMAL:
            with connect(stack.source.endpoint("admin")) as admin:
                admin.execute("SET GLOBAL binlog_row_metadata = MINIMAL")
                yield stack
                admin.execute("SET GLOBAL binlog_row_metadata = FULL")
        case Kind.PLACES | Kind.FROM_56:
            with _extra(stack, _PLACES if kind is Kind.PLACES else _FROM) as server:
                yield replace(stack, source=server)
        case Kind.TO_56:
            with _extra(stack, _TO) as server:
                yield replace(stack, destination=server)


@contextmanager
def _extra(stack: Stack, extra: _Extra) -> Iterator[Server]:
    directory = stack.directory / extra.folder
    server = start_mysql(extra.profile, directory, extra.options)
    try:
        if extra is _PLACES:
            with connect(server.endpoint("admin")) as admin:
                admin.execute(_HEARTBEAT)
        yield server
    finally:
        stop_mysql(directory)
