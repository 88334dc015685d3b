"""What a MySQL server of the stack is, to those who connect to it."""

import secrets
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from string import Template

from runtime.mysql import Endpoint

_HERE = Path(__file__).parent


class Profile(StrEnum):
    """How a server is set up and granted: `<profile>.cnf` and `<profile>.sql` beside this module say it."""

    SOURCE = "source"
    DESTINATION = "destination"
    SOURCE56 = "source56"  # these two are MySQL 5.6, which a test asks for beside the pair of 9.7
    DESTINATION56 = "destination56"

    @property
    def option_file(self) -> Path:
        return _HERE / f"{self}.cnf"

    @property
    def users(self) -> tuple[str, ...]:
        if self in (Profile.SOURCE, Profile.SOURCE56):
            return ("admin", "penstock")
        return ("admin", "polar", "polar_rw") if self is Profile.DESTINATION else ("admin", "polar")

    @property
    def is_56(self) -> bool:
        return self in (Profile.SOURCE56, Profile.DESTINATION56)


#: The servers of every stack.
PAIR = (Profile.SOURCE, Profile.DESTINATION)


@dataclass(frozen=True, slots=True)
class Account:
    """A login; `admin` may do everything, the others what their profile's product would let them."""

    user: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A MySQL server that listens on 127.0.0.1."""

    profile: Profile
    port: int
    accounts: tuple[Account, ...]
    directory: Path  # its data, its log, its option files
    options: tuple[str, ...] = ()  # of mysqld, over those of the profile
    container: str | None = None  # None: a process of this machine
    host: str = "127.0.0.1"

    def account(self, user: str) -> Account:
        return next(account for account in self.accounts if account.user == user)

    def endpoint(self, user: str) -> Endpoint:
        """How to connect as `user`."""
        return Endpoint(str(self.profile), self.host, self.port, user, self.account(user).password)

    @property
    def client_file(self) -> Path:
        """An option file that lets MySQL's client tools in as admin."""
        return self.directory / "client.cnf"

    @property
    def accounts_file(self) -> Path:
        """The SQL that makes the accounts; it may run again at each start."""
        return self.directory / "accounts.sql"

    def write_files(self) -> None:
        """Writes what the server and its client tools read."""
        self.directory.mkdir(parents=True, exist_ok=True)
        self.directory.chmod(0o700)  # passwords lie in it
        sql = self.profile.option_file.with_suffix(".sql").read_text()
        passwords = {account.user: account.password for account in self.accounts}
        login = f"user=admin\npassword={passwords['admin']}\nhost={self.host}\nport={self.port}\n"
        self.accounts_file.write_text(Template(sql).substitute(passwords))
        self.accounts_file.chmod(0o644)  # for a container's other user; the directory above keeps everybody else out
        self.client_file.write_text(f"[client]\n{login}")


def new_accounts(profile: Profile) -> tuple[Account, ...]:
    """The profile's accounts with passwords nobody has seen."""
    return tuple(Account(user, secrets.token_hex(12)) for user in profile.users)
