"""What one MySQL server says of itself and of the account that asks: read once, judged elsewhere."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from control.grants import Grants
from runtime.dialect import dialect_of
from runtime.mysql import Connection, Refused

# XAER_RMERR without XA_RECOVER_ADMIN, access denied
_NOT_ALLOWED = frozenset((1401, 1044, 1045, 1142, 1227))
_REPLICA_FILTERS = slice(12, 18)  # the columns Replicate_Do_DB to Replicate_Wild_Ignore_Table, in every version
_LONG = frozenset(("gtid_executed", "gtid_purged"))
_CLOCK = "SELECT CAST(UNIX_TIMESTAMP(NOW(6)) * 1000000 AS SIGNED)"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerFacts:
    """A server as the account sees it."""

    variables: Mapping[str, str]
    grants: Grants
    account: str  # 'user'@'host', as GRANT takes it
    databases: frozenset[str]
    collations: frozenset[str]
    clock_us: int
    engines: frozenset[str] = frozenset(("INNODB",))  # those in which tables may be made, in capitals

    @property
    def version(self) -> tuple[int, ...]:
        return version_of(self.variables["version"])

    @property
    def lowers_names(self) -> bool:
        return self.variables["lower_case_table_names"] != "0"

    def on(self, variable: str) -> bool:
        return self.variables.get(variable, "OFF").upper() in ("ON", "1", "TRUE")

    def number(self, variable: str) -> int:
        return int(self.variables.get(variable, "0"))


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFacts:
    """What only an account with REPLICATION CLIENT sees of a source."""

    filters: str  # binlog-do-db and binlog-ignore-db
    replica: bool  # it replicates from another server
    replica_filters: str  # what it leaves out of that
    oldest: str | None  # log file; None: there is none
    prepared: int | None  # XA transactions that wait for their commit; None: the account may not see them


def version_of(text: str) -> tuple[int, ...]:
    """`8.0.18-log` is (8, 0, 18)."""
    match = re.match(r"(\d+)\.(\d+)(?:\.(\d+))?", text)
    return tuple(int(part or 0) for part in match.groups()) if match else (0, 0, 0)


def read_server(connection: Connection) -> ServerFacts:
    """Asks for everything."""
    variables = {str(name): str(value) for name, value in connection.query("SHOW GLOBAL VARIABLES")}
    for name in _LONG & variables.keys():  # SHOW cuts values at 1024 characters
        variables[name] = str(connection.value(f"SELECT @@GLOBAL.{name}"))
    grants = [str(row[0]) for row in connection.query("SHOW GRANTS")]
    user, _, host = str(connection.value("SELECT CURRENT_USER()")).rpartition("@")
    return ServerFacts(
        variables=variables,
        grants=Grants.parse(grants, literal_names=variables.get("partial_revokes") == "ON"),
        account=f"'{user}'@'{host}'",
        databases=frozenset(str(row[0]) for row in connection.query("SHOW DATABASES")),
        collations=frozenset(
            str(row[0]) for row in connection.query("SELECT COLLATION_NAME FROM information_schema.COLLATIONS")
        ),
        clock_us=int(connection.value(_CLOCK)),
        engines=_engines(connection, variables.get("disabled_storage_engines", "")),
    )


def _engines(connection: Connection, disabled: str) -> frozenset[str]:
    rows = connection.query("SHOW ENGINES")
    supported = {str(row[0]).upper() for row in rows if row[1] in ("YES", "DEFAULT")}
    return frozenset(supported - {name.strip().upper() for name in disabled.split(",")})


def read_log(connection: Connection, version: tuple[int, ...]) -> LogFacts:
    status = connection.query(dialect_of(connection).log_status)
    files = connection.query("SHOW BINARY LOGS") if status else []
    replicas = connection.query("SHOW REPLICA STATUS" if version >= (8, 0, 22) else "SHOW SLAVE STATUS")
    return LogFacts(
        filters=" ".join(str(part) for part in status[0][2:4] if part) if status else "",
        replica=bool(replicas),
        replica_filters=" ".join(str(part) for row in replicas for part in row[_REPLICA_FILTERS] if part),
        oldest=str(files[0][0]) if files else None,
        prepared=_prepared(connection),
    )


def _prepared(connection: Connection) -> int | None:
    try:
        return len(connection.query("XA RECOVER"))
    except Refused as error:
        if error.code in _NOT_ALLOWED:
            return None
        raise
