"""What our sessions run in: everything that a server's configuration could give another meaning, set in one place.

Each variable below may have any value at a server. An ordinary account may set all of them; the few that it may not
(max_error_count, innodb_strict_mode, sql_require_primary_key, low_priority_updates, ...) change no value that is read
or written, and are left as they are.
"""

from collections.abc import Mapping

from runtime.mysql import Connection, Endpoint, connect

_LARGEST = "18446744073709551615"
_YEAR_SECONDS = 31536000
_SWITCHES = "optimizer_switch"  # a list; only what is named in it changes

#: variables of every server from 5.6 on -> as SQL
_ALWAYS = {
    "sql_mode": "''",
    "autocommit": "1",
    "completion_type": "'NO_CHAIN'",
    "time_zone": "'+00:00'",
    "lc_time_names": "'en_US'",
    "lc_messages": "'en_US'",  # errors and warnings are told apart by their words now and then
    "character_set_client": "utf8mb4",
    "character_set_results": "utf8mb4",
    "collation_connection": "utf8mb4_general_ci",
    "sql_select_limit": _LARGEST,
    "max_join_size": _LARGEST,
    "sql_big_selects": "1",
    "sql_safe_updates": "0",
    "sql_auto_is_null": "0",
    "sql_buffer_result": "0",
    "sql_notes": "1",
    "sql_warnings": "0",
    "sql_quote_show_create": "1",
    "updatable_views_with_limit": "'YES'",
    "foreign_key_checks": "1",
    "unique_checks": "1",
    "div_precision_increment": "4",
    "default_week_format": "0",
    "group_concat_max_len": "4294967295",
    "max_sort_length": "1024",
    "default_storage_engine": "InnoDB",
    "default_tmp_storage_engine": "InnoDB",
    "old_alter_table": "0",
    "innodb_table_locks": "1",
    "innodb_lock_wait_timeout": "50",
    "lock_wait_timeout": "60",
    "wait_timeout": str(_YEAR_SECONDS),
    "net_read_timeout": str(_YEAR_SECONDS),
    "net_write_timeout": str(_YEAR_SECONDS),
}
#: variables that a server may not have; one of two names for the same thing comes first
_WHERE_KNOWN = {
    "tx_isolation": "'REPEATABLE-READ'",
    "transaction_isolation": "'REPEATABLE-READ'",
    "tx_read_only": "0",
    "transaction_read_only": "0",
    "max_execution_time": "0",
    "information_schema_stats_expiry": "0",
    "range_optimizer_max_mem_size": "0",
    "show_create_table_verbosity": "0",
    "show_create_table_skip_secondary_engine": "0",
    "show_old_temporals": "0",
    "show_gipk_in_create_table_and_information_schema": "1",
    "terminology_use_previous": "'NONE'",
    "use_secondary_engine": "'OFF'",
    "block_encryption_mode": "'aes-128-ecb'",
    "windowing_use_high_precision": "1",
    "big_tables": "0",
    _SWITCHES: "'use_invisible_indexes=on'",  # a unique key may be invisible, and still it identifies rows
}
READ_COMMITTED = dict.fromkeys(("tx_isolation", "transaction_isolation"), "'READ-COMMITTED'")
_known_by: dict[tuple[str, int, str], frozenset[str]] = {}
_SAME = {"transaction_isolation": "tx_isolation", "transaction_read_only": "tx_read_only"}


_HANGS_ON = ("time_zone", "lc_time_names", "div_precision_increment", "default_week_format", "block_encryption_mode")
#: what the value of an expression may hang on beside sql_mode, as SQL
EXPRESSIONS = {name: {**_ALWAYS, **_WHERE_KNOWN}[name] for name in _HANGS_ON}


def open_session(
    endpoint: Endpoint, settings: Mapping[str, str] | None = None, *, timeout: float | None = None
) -> Connection:
    """A session of ours; `settings` (variable -> SQL) replace what it has otherwise.

    An answer is waited for `timeout` seconds; None: for as long as the server lives.
    """
    wanted = {**_ALWAYS, **_WHERE_KNOWN, **(settings or {})}
    connection = connect(endpoint, timeout=timeout, init=_assignment({name: wanted[name] for name in _ALWAYS}))
    try:
        known = _known(connection)
        if known:
            connection.execute(_assignment({name: wanted[name] for name in wanted if name in known}))
    except BaseException:
        connection.abort()
        raise
    return connection


def shown(connection: Connection, statement: str) -> list[tuple[bytes, ...]]:
    """The rows of a SHOW CREATE statement, in the bytes that the server keeps. It takes them for utf8mb3, which they
    need not be: converted, whatever else they are would become question marks."""
    connection.execute("SET SESSION character_set_results = binary")
    try:
        return connection.query(statement)
    finally:
        connection.execute("SET SESSION character_set_results = utf8mb4")


def _known(connection: Connection) -> frozenset[str]:
    """The names that a server has; asked once of each."""
    endpoint = connection.endpoint
    server = (endpoint.host, endpoint.port, connection.server_version)
    if server not in _known_by:
        _known_by[server] = frozenset(_asked(connection))
    return _known_by[server]


def _asked(connection: Connection) -> set[str]:
    names = ", ".join(f"'{name}'" for name in _WHERE_KNOWN)
    told = connection.query(f"SHOW SESSION VARIABLES WHERE Variable_name IN ({names})")
    without = {name for name, value in told if name == _SWITCHES and "use_invisible_indexes" not in value}
    found = {str(name) for name, _ in told} - without
    return found - {old for new, old in _SAME.items() if new in found}


def _assignment(settings: Mapping[str, str]) -> str:
    return "SET SESSION " + ", ".join(f"{name} = {value}" for name, value in settings.items())
