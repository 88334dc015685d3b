"""What a schema change means at the destination: the statements to run, and whether they may run twice. Pure."""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from itertools import pairwise

from runtime.errors import Fatal
from schemas.ddl.kinds import Kind
from schemas.ddl.lexer import SqlModes, Token, tokens
from schemas.ddl.rewrite import drop_tables, for_version, without_start_transaction
from schemas.ddl.statement import understand
from schemas.ddl.storage import without_storage
from schemas.names import TableName
from schemas.records import SchemaChange
from schemas.sql import identifier, qualified
from schemas.wording import Wording, wording

_COUNTER = re.compile(r" AUTO_INCREMENT=\d+")
# What NO_ENGINE_SUBSTITUTION forbids is wanted: engines that the destination does not run become InnoDB. TRADITIONAL
# stands for it too, and the others that it stands for are named beside it.
_LEFT_OUT = frozenset(("NO_ENGINE_SUBSTITUTION", "TRADITIONAL"))
_TEXTS = frozenset((Kind.ALTER_TABLE, Kind.RENAME_TABLE, Kind.CREATE_INDEX, Kind.DROP_INDEX))


class Again(Enum):
    """What a second run of statements does that may have run already."""

    HARMLESS = auto()
    HARMFUL = auto()
    SWAPPING = auto()  # harmful, and definitions may be after it what they were: contents show whether it has run


@dataclass(frozen=True, slots=True)
class Plan:
    """Statements in order; `makes` is the table or database that they are to make."""

    statements: tuple[str, ...]
    again: Again
    makes_table: TableName | None = None
    makes_database: str | None = None
    drops_database: str | None = None


def plan(change: SchemaChange, version: int) -> Plan:
    """The statements for a destination of this version (80018 for 8.0.18); Fatal for a kind that is not applied."""
    kind = Kind.__members__.get(change.kind)
    text = _text(change, version)
    if kind is Kind.CREATE_DATABASE and change.database is not None:
        return Plan((text,), Again.HARMLESS, makes_database=change.database)
    if kind is Kind.DROP_DATABASE and change.database is not None:
        return Plan(_drops(change), Again.HARMLESS, drops_database=change.database)
    if kind in (Kind.CREATE_TABLE, Kind.CREATE_TABLE_LIKE) and len(change.tables) == 1:
        return Plan((text,), Again.HARMFUL, makes_table=change.tables[0].name)
    if kind is Kind.DROP_TABLE:
        return Plan(_drops(change), Again.HARMLESS)
    if kind is Kind.TRUNCATE_TABLE:
        return Plan(tuple(f"TRUNCATE TABLE {qualified(table.name)}" for table in change.tables), Again.HARMLESS)
    if kind is Kind.ALTER_DATABASE:
        return Plan((text,), Again.HARMLESS)
    if kind in _TEXTS:
        return Plan((text,), Again.SWAPPING if _swaps(change) else Again.HARMFUL)
    raise Fatal(
        f"schema change {change.epoch} is of a kind that this version does not apply: {change.kind}",
        hint="use the version of penstock that wrote the topics",
    )


def sql_mode(change: SchemaChange) -> str:
    """The statement's own sql_mode, as far as definitions depend on it."""
    modes = change.session.get("sql_mode", "").split(",")
    return ",".join(mode for mode in modes if mode and mode not in _LEFT_OUT)


def head(statement: str) -> str:
    """The beginning of a statement, for messages."""
    line = " ".join(statement[:400].split())
    return line if len(line) <= 200 else line[:200] + "..."


def drop_database(name: str) -> str:
    return f"DROP DATABASE IF EXISTS {identifier(name)}"


def _swaps(change: SchemaChange) -> bool:
    """Tables, partitions or columns of equal definition may change places."""
    if change.kind == Kind.RENAME_TABLE.name:
        return _tables_swap(change)
    listed = list(tokens(change.statement, lexed_modes(change)))
    if any(token.symbol == "EXCHANGE" and after.symbol == "PARTITION" for token, after in pairwise(listed)):
        return True
    names = Counter(token.text.lower() for token in listed if token.is_name)
    return any(old != new and names[old] > 1 for old, new in _renamed_columns(listed))


def _tables_swap(change: SchemaChange) -> bool:
    """Each name that is there before is there afterwards."""
    places: dict[TableName, TableName] = {}
    for old, new in understand(change.statement, change.database, lexed_modes(change)).renames:
        places[new] = places.pop(old, old)
    return set(places) == set(places.values())


def _renamed_columns(listed: Sequence[Token]) -> Iterator[tuple[str, str]]:
    """CHANGE [COLUMN] old new, RENAME COLUMN old TO new."""
    symbols = [token.symbol for token in listed]
    for at, symbol in enumerate(symbols):
        if symbol == "CHANGE":
            first = at + 1 + (symbols[at + 1 : at + 2] == ["COLUMN"])
            places = (first, first + 1)
        elif symbol == "RENAME" and symbols[at + 1 : at + 2] == ["COLUMN"]:
            places = (at + 2, at + 4)
        else:
            continue
        if places[1] < len(listed):
            yield listed[places[0]].text.lower(), listed[places[1]].text.lower()


def digest(definitions: Mapping[TableName, str | None], contents: Sequence[str] = ()) -> str:
    """Stands for definitions (CREATE TABLE, None for no table) and contents. Counters are left out: they change by
    themselves."""
    plain = [
        (name.database, name.name, None if text is None else _COUNTER.sub("", text))
        for name, text in sorted(definitions.items())
    ]
    return hashlib.sha256(json.dumps([*plain, *contents]).encode()).hexdigest()


def wording_of(change: SchemaChange) -> Wording:
    """What the statement says of the settings that its result can depend on."""
    return wording(change.kind, change.statement, lexed_modes(change))


def lexed_modes(change: SchemaChange) -> SqlModes:
    """How the statement's session reads quotes."""
    modes = set(sql_mode(change).split(","))
    return SqlModes(
        ansi_quotes=bool(modes & {"ANSI_QUOTES", "ANSI"}), no_backslash_escapes="NO_BACKSLASH_ESCAPES" in modes
    )


def _text(change: SchemaChange, version: int) -> str:
    lexed = lexed_modes(change)
    return for_version(without_storage(without_start_transaction(change.statement, lexed), lexed), lexed, version)


def _drops(change: SchemaChange) -> tuple[str, ...]:
    """Only tables that this task has made: whatever else the statement names belongs to others."""
    gone = [table.name for table in change.tables if table.definition is None]
    return (drop_tables(gone, if_exists=True),) if gone else ()
