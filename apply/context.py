"""The session that a schema change runs in: the source's, in all that its result depends on, or none at all."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from apply.ddl import sql_mode
from apply.destination import version
from runtime.errors import Fatal
from runtime.mysql import Connection, Refused
from schemas.records import SchemaChange
from schemas.sql import identifier, text_literal
from schemas.variables import COLLATION_CONNECTION, PLAIN, SQL_MODE, TIME_ZONE, TIMESTAMP, Variable, Way
from schemas.wording import Wording

_UNKNOWN_DATABASE = 1049
_READ_ONLY_VARIABLE = 1238
# Missing right, unknown variable, unknown value, unknown collation, unknown time zone.
_NOT_HERE = frozenset((1193, 1227, 1231, 1232, _READ_ONLY_VARIABLE, 1273, 1298, 3680))
_UTF8MB3_COLLATIONS_SINCE = 80030


class Unlike(Fatal):
    """The statement would mean something else at the destination."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long the connection may wait."""

    idle_seconds: int
    lock_wait_seconds: int


def enter(connection: Connection, change: SchemaChange, wording: Wording, time_zone: str, limits: Limits) -> None:
    """Prepares `connection` for the statement. It dies when it is idle: a process that froze must not run it later.

    From here on the connection is for the statement alone: the text of literals may be that of another character set.
    """
    before = version(connection) < _UTF8MB3_COLLATIONS_SINCE
    session = {name: _older(value) if before else value for name, value in change.session.items()}
    connection.execute(
        f"SET SESSION lock_wait_timeout = {limits.lock_wait_seconds}, wait_timeout = {limits.idle_seconds}"
    )
    connection.execute("SET SESSION TRANSACTION READ WRITE")
    _set(connection, change, SQL_MODE.name, _modes(change, wording))
    _set(connection, change, TIME_ZONE.name, time_zone)
    if moment := session.get(TIMESTAMP.name):
        connection.execute(f"SET SESSION timestamp = {Decimal(moment)}")
    present = _present(connection)
    for variable in PLAIN:
        _settle(connection, change, wording, variable, session, present)
    if change.database is not None:
        _use(connection, change.database)
    _settle(connection, change, wording, COLLATION_CONNECTION, session, present)


def _settle(
    connection: Connection,
    change: SchemaChange,
    wording: Wording,
    variable: Variable,
    session: Mapping[str, str],
    present: Mapping[str, str],
) -> None:
    """Gives the variable its value, where the destination has another; one that matters must take it."""
    told = None if variable.way is Way.PINNED else session.get(variable.name)
    value = variable.value if told is None else told
    if value is None or _same(present.get(variable.name, variable.always), value):
        return
    try:
        _set(connection, change, variable.name, value)
    except Unlike as error:
        implied = told is None and isinstance(error.__cause__, Refused) and error.__cause__.code == _READ_ONLY_VARIABLE
        if variable.matters(wording) and not implied:
            raise
        if variable is COLLATION_CONNECTION:
            _keep_charset(connection, change, value)


def _modes(change: SchemaChange, wording: Wording) -> str:
    """Without modes that not every version has and that mean nothing to this statement."""
    told = sql_mode(change).split(",")
    meant = {"TIME_TRUNCATE_FRACTIONAL": wording.cuts_fractions, "MAXDB": wording.means_datetime_by_timestamp}
    return ",".join(mode for mode in told if mode not in meant or meant[mode]())


def _keep_charset(connection: Connection, change: SchemaChange, collation: str) -> None:
    """Of a collation that the destination does not know, the character set decides what a default can hold."""
    _set(connection, change, "character_set_connection", collation.partition("_")[0])


def _set(connection: Connection, change: SchemaChange, name: str, value: str) -> None:
    try:
        connection.execute(f"SET SESSION {name} = {value if value.isdigit() else text_literal(value)}")
    except Refused as error:
        if error.code not in _NOT_HERE:
            raise
        raise Unlike(
            f"schema change {change.epoch} ran with {name} = {value} at the source, which the destination does not"
            f" take: {error}",
            hint="let the destination or its account take the setting, or run there by hand what gives the same"
            " definition and values; then start again",
        ) from error


def _present(connection: Connection) -> dict[str, str]:
    names = ", ".join(text_literal(variable.name) for variable in (*PLAIN, COLLATION_CONNECTION))
    return dict(connection.query(f"SHOW SESSION VARIABLES WHERE Variable_name IN ({names})"))


def _same(present: str | None, value: str) -> bool:
    return present is not None and _plain(present) == _plain(value)


def _plain(value: str) -> str:
    return {"1": "on", "0": "off"}.get(value, value.lower())


def _older(value: str) -> str:
    """Collations of utf8mb3 as servers before 8.0.30 call them."""
    return value.replace("utf8mb3_", "utf8_")


def _use(connection: Connection, database: str) -> None:
    """A default database that is not part of the task is not there: then the statement names its tables in full."""
    try:
        connection.execute(f"USE {identifier(database)}")
    except Refused as error:
        if error.code != _UNKNOWN_DATABASE:
            raise
