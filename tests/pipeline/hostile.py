"""A server whose configuration means something else in every way."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from deploy.local import Server
from runtime.mysql import Connection, connect

_MODES = (
    "ANSI_QUOTES,PIPES_AS_CONCAT,NO_BACKSLASH_ESCAPES,PAD_CHAR_TO_FULL_LENGTH,IGNORE_SPACE,REAL_AS_FLOAT,"
    "NO_UNSIGNED_SUBTRACTION,HIGH_NOT_PRECEDENCE,ONLY_FULL_GROUP_BY,STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE"
)
_MODES56 = f"{_MODES},NO_FIELD_OPTIONS,NO_KEY_OPTIONS,NO_TABLE_OPTIONS,MYSQL40"
#: variable -> a value under which something would go wrong, or look otherwise; those that a server has
HOSTILE = {
    "autocommit": "0",
    "big_tables": "1",
    "character_set_client": "latin1",
    "character_set_connection": "latin1",
    "character_set_results": "latin1",
    "collation_connection": "latin1_german2_ci",
    "completion_type": "RELEASE",
    "default_storage_engine": "MyISAM",
    "default_tmp_storage_engine": "MEMORY",
    "default_week_format": "6",
    "div_precision_increment": "0",
    "explicit_defaults_for_timestamp": "0",
    "foreign_key_checks": "1",
    "group_concat_max_len": "4",
    "information_schema_stats_expiry": "86400",
    "init_connect": "SET NAMES latin1",
    "innodb_lock_wait_timeout": "1",
    "innodb_strict_mode": "0",
    "innodb_table_locks": "0",
    "lc_messages": "de_DE",
    "lc_time_names": "ja_JP",
    "lock_wait_timeout": "1",
    "low_priority_updates": "1",
    "max_execution_time": "1",
    "max_join_size": "1",
    "max_sort_length": "4",
    "net_read_timeout": "1",
    "net_write_timeout": "1",
    "old_alter_table": "1",
    "range_optimizer_max_mem_size": "1",
    "show_create_table_skip_secondary_engine": "1",
    "show_create_table_verbosity": "1",
    "sql_auto_is_null": "1",
    "sql_big_selects": "0",
    "sql_buffer_result": "1",
    "sql_notes": "0",
    "sql_quote_show_create": "0",
    "sql_safe_updates": "1",
    "sql_select_limit": "0",
    "sql_warnings": "1",
    "terminology_use_previous": "BEFORE_8_0_26",
    "time_zone": "-07:00",
    "transaction_isolation": "SERIALIZABLE",
    "transaction_read_only": "1",
    "tx_isolation": "SERIALIZABLE",
    "tx_read_only": "1",
    "unique_checks": "0",
    "updatable_views_with_limit": "0",
    "use_secondary_engine": "FORCED",
    "wait_timeout": "1",
    "windowing_use_high_precision": "0",
}
_READ_ONLY56 = frozenset(("explicit_defaults_for_timestamp",))


@contextmanager
def hostile(server: Server) -> Iterator[None]:
    """The server with such a configuration; its own again afterwards."""
    with connect(server.endpoint("admin")) as admin:
        is_old = admin.server_version.startswith("5.6")
        known = {str(row[0]): str(row[1]) for row in admin.query("SHOW GLOBAL VARIABLES")}
        wanted = {**HOSTILE, "sql_mode": _MODES56 if is_old else _MODES}
        before = {name: known[name] for name in wanted if name in known and not (is_old and name in _READ_ONLY56)}
        _set(admin, {name: wanted[name] for name in before})
        try:
            yield
        finally:
            _set(admin, before)


def _set(admin: Connection, values: Mapping[str, str]) -> None:
    for name, value in values.items():
        admin.execute(f"SET GLOBAL {name} = {value if value.isdigit() or value in ('ON', 'OFF') else repr(value)}")
