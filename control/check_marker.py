"""May a snapshot of a source without GTIDs write the rows that its marks need? Judges what the server says; pure."""

from collections.abc import Iterator

from control.finding import Finding, failed, ok, warning
from control.server import ServerFacts
from schemas.position import GtidSet, Naming
from schemas.selection import HEARTBEAT_DATABASE, HEARTBEAT_TABLE

_NEEDED = ("SELECT", "INSERT", "UPDATE")
_TABLE = f"{HEARTBEAT_DATABASE}.{HEARTBEAT_TABLE}"


def naming_findings(server: ServerFacts, position: GtidSet | None, made: bool) -> Iterator[Finding]:
    """`position`: what a task that has begun has captured; `made`: the heartbeat table is there."""
    mode = server.variables.get("gtid_mode", "OFF").upper()
    began = position.naming if position else None
    if began is Naming.GTID and mode != "ON":
        yield failed(
            "source.gtid_mode",
            f"gtid_mode is {mode}, and the task has begun with GTIDs",
            "set gtid_mode back to ON, step by step, or migrate anew with a new task name",
        )
        return
    if began is Naming.GTID or (began is None and mode == "ON"):
        yield ok("source.gtid_mode", "gtid_mode is ON")
        return
    yield warning(
        "source.gtid_mode",
        f"gtid_mode is {mode}: the log is followed by file and offset, which survives no failover of the source, and a"
        f" row of {_TABLE} is written there for each chunk of the snapshot",
        "set enforce_gtid_consistency = ON, then gtid_mode step by step to ON (no restart needed), or leave it",
    )
    yield _order(server)
    yield from _writable(server, made)


def _order(server: ServerFacts) -> Finding:
    if not server.on("binlog_order_commits"):
        return failed(
            "source.binlog_order_commits",
            "binlog_order_commits is OFF: without GTIDs nothing shows what a read sees",
            "SET GLOBAL binlog_order_commits = ON, or set gtid_mode = ON",
        )
    return ok("source.binlog_order_commits", "commits follow the log's order")


def _writable(server: ServerFacts, made: bool) -> Iterator[Finding]:
    if server.on("super_read_only") or (server.on("read_only") and not server.grants.everywhere("SUPER")):
        yield failed(
            "source.heartbeat",
            f"the source is read-only: {_TABLE} cannot be written, and without GTIDs there is no snapshot without it",
            "set gtid_mode = ON, or migrate from the primary",
        )
        return
    lacking = [each for each in _NEEDED if not server.grants.on_table(each, HEARTBEAT_DATABASE, HEARTBEAT_TABLE)]
    if not made and not server.grants.on_database("CREATE", HEARTBEAT_DATABASE):
        lacking.append("CREATE")
    if lacking:
        yield failed(
            "source.heartbeat",
            f"without GTIDs the snapshot writes {_TABLE}; the account lacks {', '.join(lacking)} there",
            f"GRANT CREATE, SELECT, INSERT, UPDATE ON {HEARTBEAT_DATABASE}.* TO {server.account}; or make it by hand: "
            f"{make_by_hand()}; and GRANT SELECT, INSERT, UPDATE ON {_TABLE} TO {server.account}",
        )
        return
    yield ok("source.heartbeat", f"the account may write {_TABLE}")


def make_by_hand() -> str:
    """What an administrator runs for an account that may not create."""
    return (
        f"CREATE DATABASE {HEARTBEAT_DATABASE}; CREATE TABLE {_TABLE} (reader INT UNSIGNED NOT NULL PRIMARY KEY, "
        "beats BIGINT UNSIGNED NOT NULL) ENGINE=InnoDB"
    )
