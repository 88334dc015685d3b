"""Is this source fit? Judges what the server says; pure."""

from collections.abc import Iterator

from control.finding import Finding, failed, listed, ok, warning
from control.server import LogFacts, ServerFacts
from schemas.names import TableName, folded
from schemas.position import GtidSet, LogPosition
from schemas.selection import Selection

_RECONNECT = "then reconnect the application's sessions, which keep the old value"
_LOG_SETTINGS = (("log_bin", "ON"), ("binlog_format", "ROW"), ("binlog_row_image", "FULL"))
_OLDEST = (5, 6)
_DAY_SECONDS = 86_400
_CLOCK_SKEW_US = 5_000_000


def source_findings(
    server: ServerFacts, log: LogFacts | None, position: GtidSet | None, now_us: int
) -> Iterator[Finding]:
    """`log` is None when the account may not see it; `position` is what a task that has begun has captured."""
    yield _version(server)
    yield from _log_settings(server)
    yield _metadata(server)
    yield _case(server)
    yield _server_id(server)
    yield _log_privileges(server)
    yield _retention(server)
    yield _kept(log, position) if position is not None and position.place else _purged(server, position)
    yield _clock(server, now_us)
    if log is not None:
        yield _filters(log)
        yield from _replica(server, log)
        yield _prepared(log)


def _version(server: ServerFacts) -> Finding:
    text = server.variables["version"]
    if server.version < _OLDEST:
        return failed("source.version", f"MySQL {text} is not available as a source yet", "use MySQL 5.6 or later")
    return ok("source.version", f"MySQL {text}")


def _log_settings(server: ServerFacts) -> Iterator[Finding]:
    for name, wanted in _LOG_SETTINGS:
        if name not in server.variables:
            yield ok(f"source.{name}", f"this server has no {name}")
            continue
        value = server.variables[name]
        value = {"1": "ON", "0": "OFF"}.get(value, value).upper()
        if value == wanted:
            yield ok(f"source.{name}", f"{name} is {wanted}")
        else:
            repair = f"{setting(server, name, repr(wanted))}, {_RECONNECT}"
            if name == "log_bin":
                repair = "start the source with --log-bin (needs a restart)"
            yield failed(f"source.{name}", f"{name} is {value}, must be {wanted}", repair)


def setting(server: ServerFacts, name: str, value: str) -> str:
    """The statement that sets a variable for good."""
    if server.version >= (8, 0):
        return f"SET PERSIST {name} = {value}"
    return f"SET GLOBAL {name} = {value} (and in its option file, for the next start)"


def _metadata(server: ServerFacts) -> Finding:
    value = server.variables.get("binlog_row_metadata", "MINIMAL").upper()  # MySQL before 8.0 logs less still
    if value == "FULL":
        return ok("source.binlog_row_metadata", "binlog_row_metadata is FULL: the log names the columns of its rows")
    return ok(
        "source.binlog_row_metadata",
        "the log does not name the columns of its rows: penstock follows each definition through the statements that "
        "change it (binlog_row_metadata = FULL, from MySQL 8.0.1 on, lets the log tell)",
    )


def _case(server: ServerFacts) -> Finding:
    if server.variables["lower_case_table_names"] == "2":
        return failed(
            "source.lower_case_table_names",
            "lower_case_table_names is 2 (macOS): the log spells names otherwise than the server",
            "migrate from a server with lower_case_table_names 0 or 1",
        )
    return ok("source.lower_case_table_names", f"it is {server.variables['lower_case_table_names']}")


def _server_id(server: ServerFacts) -> Finding:
    if server.number("server_id") == 0:
        return failed(
            "source.server_id",
            "server_id is 0: the source accepts no reader of its log",
            setting(server, "server_id", "1"),
        )
    return ok("source.server_id", f"server_id is {server.number('server_id')}")


def _retention(server: ServerFacts) -> Finding:
    seconds = server.number("binlog_expire_logs_seconds") or server.number("expire_logs_days") * _DAY_SECONDS
    if 0 < seconds < _DAY_SECONDS and server.variables.get("binlog_expire_logs_auto_purge", "ON") == "ON":
        return warning(
            "source.log_retention",
            f"log files are removed after {seconds} seconds: a longer standstill of the task could not be made up for",
            setting(server, "binlog_expire_logs_seconds", "604800")
            if "binlog_expire_logs_seconds" in server.variables
            else setting(server, "expire_logs_days", "7"),
        )
    days = f"{seconds / _DAY_SECONDS:g} days" if seconds else "until they are removed by hand"
    return ok("source.log_retention", f"log files are kept {days}")


def _purged(server: ServerFacts, position: GtidSet | None) -> Finding:
    if position is None:
        return ok("source.position", "the task has not begun")
    lost = position.minus(GtidSet.parse(server.variables.get("gtid_executed", "")))
    if lost:
        return failed(
            "source.position",
            f"the source lacks {lost.count()} transactions that the task has published: {lost}",
            "it is another server, an older backup, or a replica that lags: name the server that has them, or migrate "
            "anew with a new task name",
        )
    missing = GtidSet.parse(server.variables.get("gtid_purged", "")).minus(position)
    if missing:
        return failed(
            "source.position",
            f"the source has removed {missing.count()} transactions of its log that the task still needs: {missing}",
            "migrate anew with a new task name, and keep the log longer",
        )
    return ok("source.position", "the log still holds everything the task needs")


def _kept(log: LogFacts | None, position: GtidSet) -> Finding:
    """For a task that follows the log by file and offset."""
    place = position.place
    if log is None or place is None:
        return warning(
            "source.position",
            "the account may not see whether the log still holds what the task needs",
            "GRANT REPLICATION CLIENT ON *.* TO the account",
        )
    if log.oldest is None or LogPosition.of(log.oldest, 0).number > place.number:
        return failed(
            "source.position",
            f"the source has removed {place.file} from its log, from which the task still needs what follows {place}",
            "migrate anew with a new task name, and keep the log longer",
        )
    return ok("source.position", "the log still holds everything the task needs")


def _clock(server: ServerFacts, now_us: int) -> Finding:
    skew = (server.clock_us - now_us) / 1e6
    if abs(skew) * 1e6 > _CLOCK_SKEW_US:
        return warning(
            "source.clock",
            f"the source's clock differs from this machine's by {skew:.1f} seconds: lag is shown wrong by that",
            "synchronise both clocks (NTP)",
        )
    return ok("source.clock", "the clocks agree")


def _filters(log: LogFacts) -> Finding:
    if log.filters:
        return failed(
            "source.log_filters",
            f"the source does not log every database (binlog-do-db, binlog-ignore-db: {log.filters})",
            "start the source without binlog-do-db and binlog-ignore-db",
        )
    return ok("source.log_filters", "every database is logged")


def _replica(server: ServerFacts, log: LogFacts) -> Iterator[Finding]:
    if not log.replica:
        yield ok("source.commit_order", "it is no replica")
        return
    workers = server.number("replica_parallel_workers") or server.number("slave_parallel_workers")
    word = "REPLICA" if "replica_preserve_commit_order" in server.variables else "SLAVE"
    ordered = server.on("replica_preserve_commit_order") or server.on("slave_preserve_commit_order")
    if not (server.on("log_replica_updates") or server.on("log_slave_updates")):
        yield failed(
            "source.log_updates",
            "the source is a replica that does not log what it replicates: those rows would never come",
            "start it with log_replica_updates = ON (log_slave_updates before 8.0.26), or use its own source",
        )
    if workers > 1 and not ordered:
        yield warning(
            "source.commit_order",
            "the source is a replica that commits in another order than its own source: in between, targets may show "
            "states that the replica had and its source never had",
            f"STOP {word} SQL_THREAD; {setting(server, f'{word.lower()}_preserve_commit_order', 'ON')}; "
            f"START {word} SQL_THREAD",
        )
    else:
        yield ok("source.commit_order", "it is a replica that keeps the order")
    if log.replica_filters:
        yield warning(
            "source.replica_filters",
            f"the source is a replica that leaves changes out ({log.replica_filters}): they are not moved, and it "
            "cannot take another host's place",
            "name a host that replicates everything, or make sure that what it lacks is not wanted",
        )


def _prepared(log: LogFacts) -> Finding:
    if log.prepared:
        return warning(
            "source.xa",
            f"{log.prepared} XA transactions are prepared: when they are committed, their rows are read from the log",
            "keep the log since their XA PREPARE, and XA ROLLBACK what nobody will decide (XA RECOVER lists them)",
        )
    return ok("source.xa", "no XA transaction is known to be prepared")


def _log_privileges(server: ServerFacts) -> Finding:
    missing = [name for name in ("REPLICATION SLAVE", "REPLICATION CLIENT") if not server.grants.everywhere(name)]
    if not missing:
        return ok("source.log_privileges", "the account may read the log")
    names = ", ".join(missing)
    return failed("source.log_privileges", f"missing: {names}", f"GRANT {names} ON *.* TO {server.account}")


def source_privileges(
    server: ServerFacts, selection: Selection, tables: list[TableName], at_once: list[TableName]
) -> Iterator[Finding]:
    """What the account may do, against what the task needs of the tables it sees."""
    yield _patterns(server, selection)
    yield _readable(server, selection, tables)
    refused = [str(table) for table in at_once if not server.grants.on_table("LOCK TABLES", table.database, table.name)]
    if refused:
        yield failed(
            "source.lock_tables",
            f"LOCK TABLES is missing, which is needed for a moment to copy these tables at once: {listed(refused)}",
            f"GRANT LOCK TABLES ON *.* TO {server.account}, or exclude the tables",
        )


def _patterns(server: ServerFacts, selection: Selection) -> Finding:
    spelled = [text for text in (*selection.include, *selection.exclude) if text != folded(text)]
    if server.lowers_names and spelled:
        return failed(
            "objects.case",
            f"the source keeps names in lower case, so these patterns match nothing: {listed(spelled)}",
            "write objects.include and objects.exclude in lower case",
        )
    return ok("objects.case", "patterns are compared as the source spells names")


def _readable(server: ServerFacts, selection: Selection, tables: list[TableName]) -> Finding:
    refused = [str(table) for table in tables if not server.grants.on_table("SELECT", table.database, table.name)]
    named = [database for database in _databases(selection) if not set(database) & {"*", "?"}]
    refused += [f"{database}.*" for database in named if not _sees(server, database)]
    if refused:
        return failed(
            "source.select",
            f"SELECT is missing on {listed(refused)}",
            f"GRANT SELECT ON *.* TO {server.account}, or on each selected database",
        )
    patterns = [database for database in _databases(selection) if database not in named]
    if patterns and not server.grants.everywhere("SELECT"):
        return warning(
            "source.select",
            f"the account does not see every database: what it does not see of {listed(patterns)} is not moved",
            f"GRANT SELECT ON *.* TO {server.account}, or make sure that it sees what it should",
        )
    return ok("source.select", "the account may read every selected table")


def _databases(selection: Selection) -> list[str]:
    return list(dict.fromkeys(pattern.partition(".")[0] for pattern in selection.include))


def _sees(server: ServerFacts, database: str) -> bool:
    return server.grants.on_database("SELECT", database) or any(
        grant.database == database and grant.table is not None and grant.gives("SELECT")
        for grant in server.grants.given
    )
