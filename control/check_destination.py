"""Is this destination fit? Judges what the server says; pure."""

from collections.abc import Collection, Iterable, Iterator

from control.catalog import OLDEST, TableFacts
from control.finding import Finding, failed, listed, ok, warning
from control.server import ServerFacts
from schemas.names import TableName, folded

# What the account needs on each database it writes to, and on the state database.
_DATA = ("SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "DROP", "ALTER", "INDEX", "REFERENCES")
_STATE = ("SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "DROP")
_ROWS = frozenset(("SELECT", "INSERT", "UPDATE", "DELETE"))
_DEFINITIONS = frozenset(("CREATE", "DROP", "ALTER", "INDEX"))
_READ_ONLY = ("super_read_only", "innodb_read_only", "read_only")
_LEAST_PACKET = 16 << 20
# What the value of an expression may hang on.
_HANGS_ON = ("div_precision_increment", "default_week_format", "lc_time_names", "block_encryption_mode")


def destination_findings(
    name: str, server: ServerFacts, source: ServerFacts | None, databases: Iterable[str], state_database: str
) -> Iterator[Finding]:
    """`source` is None when it cannot be reached: then nothing is compared with it."""
    place = f"target.{name}"
    yield _version(place, server, source)
    yield _writable(place, server)
    yield from _privileges(place, server, list(databases), state_database)
    if source is not None:
        yield _another_server(place, server, source)
        yield _packet(place, server, source)
        yield _names(place, server, source)


def zone_finding(target: str, zone: str, *, agrees: bool) -> Finding:
    """`zone` is that of the source's sessions, whose offset changes with the seasons or has changed."""
    name = f"target.{target}.time_zone"
    if agrees:
        return ok(name, f"it has a zone that agrees with the source's {zone}")
    return warning(
        name,
        f"no zone of it agrees with the source's {zone}: a schema change that converts times on both sides of a"
        " change of the clock will stop",
        "load the time zones there (mysql_tzinfo_to_sql), of the same edition as the source's",
    )


def _version(place: str, server: ServerFacts, source: ServerFacts | None) -> Finding:
    text, name = server.variables["version"], f"{place}.version"
    if server.version < OLDEST:
        return failed(name, f"MySQL {text} is not available as a destination", "use MySQL 5.6 or later")
    if source is not None and server.version < source.version:
        return warning(
            name,
            f"MySQL {text} is older than the source ({source.variables['version']}): "
            "a statement that it does not know stops the task",
            "avoid newer syntax at the source until the switch",
        )
    return ok(name, f"MySQL {text}")


def _writable(place: str, server: ServerFacts) -> Finding:
    for variable in _READ_ONLY:
        if server.on(variable):
            return failed(
                f"{place}.read_only",
                f"{variable} is ON: nothing can be written",
                "use the address of the node that takes writes, or switch it off",
            )
    return ok(f"{place}.read_only", "it takes writes")


def _another_server(place: str, server: ServerFacts, source: ServerFacts) -> Finding:
    name = f"{place}.another_server"
    if server.variables.get("server_uuid") == source.variables.get("server_uuid"):
        return failed(name, "it is the source itself", "correct the target's host and port")
    return ok(name, "it is not the source")


def _packet(place: str, server: ServerFacts, source: ServerFacts) -> Finding:
    name, size, wanted = (
        f"{place}.max_allowed_packet",
        server.number("max_allowed_packet"),
        source.number("max_allowed_packet"),
    )
    if size < min(wanted, _LEAST_PACKET):
        return failed(
            name,
            f"max_allowed_packet is {size} bytes: statements of 16 MB are refused",
            f"set max_allowed_packet to {wanted} (on PolarDB in the console)",
        )
    if size < wanted:
        return warning(
            name,
            f"max_allowed_packet is {size} bytes, {wanted} at the source: a larger row would stop the task",
            f"set max_allowed_packet to {wanted} (on PolarDB in the console)",
        )
    return ok(name, f"max_allowed_packet is {size} bytes")


def _names(place: str, server: ServerFacts, source: ServerFacts) -> Finding:
    name = f"{place}.lower_case_table_names"
    here, there = server.variables["lower_case_table_names"], source.variables["lower_case_table_names"]
    if here != there:
        return warning(
            name,
            f"lower_case_table_names is {here}, {there} at the source: "
            + ("databases and tables get lower-case names" if here == "1" else "names are compared otherwise"),
            "make sure that the application finds its tables; it can only be set when a server is created",
        )
    return ok(name, f"lower_case_table_names is {here} at both ends")


def _privileges(place: str, server: ServerFacts, databases: list[str], state_database: str) -> Iterator[Finding]:
    missing: dict[str, list[str]] = {}
    for database in databases:
        lacking = [privilege for privilege in _DATA if not _has(server, privilege, database)]
        if lacking:
            missing.setdefault(", ".join(lacking), []).append(database)
    for privileges, where in missing.items():
        yield failed(
            f"{place}.privileges",
            f"{server.account} lacks {privileges} on {listed(where)} ({_kind(server, where[0])})",
            f"use the cluster's privileged account, or grant {privileges} on each database",
        )
    if not missing:
        yield ok(f"{place}.privileges", "the account may make and write what is selected")
    yield _state(place, server, state_database)


def _state(place: str, server: ServerFacts, database: str) -> Finding:
    name = f"{place}.state_database"
    lacking = [privilege for privilege in _STATE if not _has(server, privilege, database)]
    exists = _spelled(server, database) in server.databases
    if lacking:
        return failed(
            name,
            f"{server.account} lacks {', '.join(lacking)} on the state database {database}",
            f"create the database {database} and grant the account everything on it, or name another: state_database",
        )
    return ok(name, f"the state database {database} " + ("is there" if exists else "can be made"))


def _has(server: ServerFacts, privilege: str, database: str) -> bool:
    return server.grants.on_database(privilege, _spelled(server, database))


def _spelled(server: ServerFacts, database: str) -> str:
    return folded(database) if server.lowers_names else database


def _kind(server: ServerFacts, database: str) -> str:
    """The kind of account as PolarDB's console names them (polardb account permissions)."""
    has = {privilege for privilege in _DATA if _has(server, privilege, database)}
    if server.grants.everywhere("CREATE USER"):
        return "a privileged account, limited on this database"
    if has >= _ROWS and not has & _DEFINITIONS:
        return "it looks like a DML-only account: it cannot run DDL"
    if has >= _DEFINITIONS and "INSERT" not in has:
        return "it looks like a DDL-only account: it cannot write rows"
    if "SELECT" in has and "INSERT" not in has:
        return "it looks like a read-only account"
    return "a standard account without rights on this database" if not has else "a standard account"


def table_findings(
    name: str,
    server: ServerFacts,
    source: ServerFacts,
    tables: dict[TableName, TableFacts],
) -> Iterator[Finding]:
    """The source's selected tables against this destination."""
    place = f"target.{name}"
    yield _collations(place, server, tables.values())
    yield _expressions(place, server, source, tables.values())
    yield _keyless(place, server, [str(table.name) for table in tables.values() if table.keyless])
    yield _engines(place, server, tables.values())
    if server.lowers_names:
        yield _collisions(place, tables)


def _engines(place: str, server: ServerFacts, tables: Iterable[TableFacts]) -> Finding:
    """A table whose engine the destination does not run becomes one of InnoDB."""
    become = [table for table in tables if table.engine.upper() not in server.engines]
    unfit = [str(table.name) for table in become if table.counts_in_groups]
    if unfit:
        return failed(
            f"{place}.engines",
            f"tables that count their rows within groups (AUTO_INCREMENT is not the first column of any key), which "
            f"only MyISAM does, and the destination does not run it: {listed(unfit)}",
            "at the source: add a key that begins with the AUTO_INCREMENT column, or leave them out with "
            "objects.exclude",
        )
    if become:
        return warning(
            f"{place}.engines",
            f"tables that become InnoDB tables here: {listed([f'{table.name} ({table.engine})' for table in become])}",
            "nothing must be done",
        )
    return ok(f"{place}.engines", "the destination runs the engine of every table")


def spelled_there(server: ServerFacts, table: TableName) -> TableName:
    """A table's name as the destination spells it."""
    return TableName(folded(table.database), folded(table.name)) if server.lowers_names else table


def _collations(place: str, server: ServerFacts, tables: Iterable[TableFacts]) -> Finding:
    used: dict[str, TableName] = {}
    for table in tables:
        for collation in (table.collation, *(column.collation for column in table.columns)):
            if collation is not None:
                used.setdefault(collation, table.name)
    absent = [
        f"{collation} ({table})"
        for collation, table in sorted(used.items())
        if not {collation, *_other_names(collation)} & server.collations
    ]
    if absent:
        return failed(
            f"{place}.collations",
            f"the destination does not know {listed(absent)}",
            "change the collation at the source to one that both know, or use a newer destination",
        )
    return ok(f"{place}.collations", "it knows every collation in use")


def _expressions(place: str, server: ServerFacts, source: ServerFacts, tables: Iterable[TableFacts]) -> Finding:
    """What virtual columns, checks and defaults mean to sessions that take the server's settings."""
    name = f"{place}.expressions"
    unlike = [
        f"{variable} is {server.variables.get(variable)}, {source.variables[variable]} at the source"
        for variable in _HANGS_ON
        if variable in source.variables and server.variables.get(variable) != source.variables[variable]
    ]
    computed = [f"{table.name}.{column.name}" for table in tables for column in table.columns if column.expression]
    if unlike and computed:
        return warning(
            name,
            f"{'; '.join(unlike)}: applications may get other values of generated columns there: {listed(computed)}",
            "give both servers the same settings before the switch (rows of stored columns arrive as they are)",
        )
    return ok(name, "expressions mean the same to sessions of both servers")


def _other_names(collation: str) -> Iterator[str]:
    """What servers before and after 8.0.30 call a collation of utf8mb3."""
    for one, other in (("utf8mb3_", "utf8_"), ("utf8_", "utf8mb3_")):
        if collation.startswith(one):
            yield other + collation.removeprefix(one)


def _keyless(place: str, server: ServerFacts, keyless: list[str]) -> Finding:
    name = f"{place}.keyless"
    if keyless and server.on("sql_require_primary_key"):
        return failed(
            name,
            f"sql_require_primary_key is ON there, and these tables have no key: {listed(keyless)}",
            "switch it off, or give the tables a primary key",
        )
    if keyless and (server.on("sql_generate_invisible_primary_key") or server.on("implicit_primary_key")):
        return warning(
            name,
            f"the destination adds a hidden primary key to tables without one: {listed(keyless)}",
            "give the tables a primary key, so that both ends are alike",
        )
    return ok(name, "tables keep the keys they have")


def _collisions(place: str, tables: Collection[TableName]) -> Finding:
    spelled: dict[tuple[str, str], list[str]] = {}
    for table in tables:
        spelled.setdefault((folded(table.database), folded(table.name)), []).append(str(table))
    for database in sorted({table.database for table in tables}):
        spelled.setdefault((folded(database), ""), []).append(database)
    same = [" and ".join(names) for names in spelled.values() if len(names) > 1]
    if same:
        return failed(
            f"{place}.name_case",
            f"names that differ by case only would become one there: {listed(same)}",
            "rename or exclude one of each, or use a destination with lower_case_table_names = 0",
        )
    return ok(f"{place}.name_case", "no two names differ by case only")
