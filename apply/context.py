"""The session that a schema change runs in: the source's, as far as the destination lets the account set it."""

from collections.abc import Iterator
from decimal import Decimal

from apply.ddl import sql_mode
from runtime.mysql import Connection, Refused
from runtime.telemetry import log
from schemas.records import SchemaChange
from schemas.sql import identifier, text_literal

_UNKNOWN_DATABASE = 1049
# Missing right, unknown variable, unknown value, unknown collation, unknown time zone.
_NOT_HERE = frozenset((1193, 1227, 1231, 1232, 1238, 1273, 1298, 3680))
_NUMBERS = ("auto_increment_increment", "auto_increment_offset")
_OPTIONAL = (
    *_NUMBERS,
    "collation_connection",
    "collation_server",
    "default_collation_for_utf8mb4",
    "explicit_defaults_for_timestamp",
    "restrict_fk_on_non_standard_key",
    "time_zone",
)

#: What servers without a variable always do.
_ALWAYS = {"default_collation_for_utf8mb4": "utf8mb4_general_ci", "restrict_fk_on_non_standard_key": "OFF"}
#: Where the source's session does not tell: before 8.4 a foreign key might refer to columns that are not unique.
_UNTOLD = {"restrict_fk_on_non_standard_key": "OFF"}


def enter(connection: Connection, change: SchemaChange, *, idle_seconds: int, lock_wait_seconds: int) -> None:
    """Prepares `connection` for the statement. It dies when it is idle: a process that froze must not run it later."""
    connection.execute(
        f"SET SESSION sql_mode = {text_literal(sql_mode(change))}, time_zone = '+00:00', foreign_key_checks = 0,"
        f" default_storage_engine = InnoDB, lock_wait_timeout = {lock_wait_seconds}, wait_timeout = {idle_seconds}"
    )
    if moment := change.session.get("timestamp"):
        connection.execute(f"SET SESSION timestamp = {Decimal(moment)}")
    for name, value in _wanted(connection, change):
        try:
            connection.execute(f"SET SESSION {name} = {int(value) if name in _NUMBERS else text_literal(value)}")
        except Refused as error:
            if error.code not in _NOT_HERE:
                raise
            log.warning("session_setting_refused", epoch=change.epoch, setting=name, value=value, error=str(error))
    if change.database is not None:
        _use(connection, change.database)


def _wanted(connection: Connection, change: SchemaChange) -> Iterator[tuple[str, str]]:
    """Settings that differ from what they are."""
    present = dict(
        connection.query(
            "SHOW SESSION VARIABLES WHERE Variable_name IN (" + ", ".join(map(text_literal, _OPTIONAL)) + ")"
        )
    )
    for name in _OPTIONAL:
        value = change.session.get(name, _UNTOLD.get(name))
        if name not in present and value == _ALWAYS.get(name):
            continue
        plain = str if name in _NUMBERS else _plain
        if value is not None and plain(str(present.get(name))) != plain(value):
            yield name, plain(value)


def _plain(value: str) -> str:
    return {"1": "ON", "0": "OFF"}.get(value, value)


def _use(connection: Connection, database: str) -> None:
    """A default database that is not part of the task is not there: then the statement names its tables in full."""
    try:
        connection.execute(f"USE {identifier(database)}")
    except Refused as error:
        if error.code != _UNKNOWN_DATABASE:
            raise
