"""What a logged statement is, as far as penstock needs to know it."""

from dataclasses import dataclass
from enum import StrEnum, auto

from schemas.names import TableName


class Kind(StrEnum):
    """What a statement does. The values are lasting: they travel in schema changes."""

    BEGIN = auto()
    COMMIT = auto()
    ROLLBACK = auto()
    SAVEPOINT = auto()
    ROLLBACK_TO_SAVEPOINT = auto()
    RELEASE_SAVEPOINT = auto()
    XA = auto()
    CREATE_DATABASE = auto()
    ALTER_DATABASE = auto()
    DROP_DATABASE = auto()
    CREATE_TABLE = auto()
    CREATE_TABLE_LIKE = auto()
    CREATE_TABLE_SELECT = auto()
    ALTER_TABLE = auto()
    DROP_TABLE = auto()
    RENAME_TABLE = auto()
    TRUNCATE_TABLE = auto()
    CREATE_INDEX = auto()
    DROP_INDEX = auto()
    TEMPORARY_TABLE = auto()
    VIEW = auto()
    TRIGGER = auto()
    ROUTINE = auto()
    EVENT = auto()
    ACCOUNT = auto()
    MAINTENANCE = auto()  # analyze, optimize, repair, check, flush: contents and definitions stay
    DML = auto()
    SET = auto()
    OTHER_HARMLESS = auto()  # touches neither tables nor the objects named above
    UNKNOWN = auto()  # it may do anything


class XaVerb(StrEnum):
    START = auto()
    END = auto()
    PREPARE = auto()
    COMMIT = auto()
    ROLLBACK = auto()
    RECOVER = auto()


@dataclass(frozen=True, slots=True)
class Xid:
    """The name of an XA transaction."""

    gtrid: bytes
    bqual: bytes = b""
    format_id: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A statement's kind and the objects it names, qualified with the default database.

    Names are spelled as in the text; a name that no database qualifies has an empty one.
    """

    kind: Kind
    tables: tuple[TableName, ...] = ()
    """The tables it creates, alters, drops, renames (both names), truncates or writes; each once, in order.

    Of a DML statement: all tables that may be written, aliases resolved, common table expressions included. One of them
    may be a view. What triggers, stored functions and foreign keys write in turn is not in the text.
    """
    renames: tuple[tuple[TableName, TableName], ...] = ()
    """From and to, in the order in which they happen: a name may come several times."""
    references: tuple[TableName, ...] = ()
    """Tables it looks at or belongs to: the model of CREATE TABLE ... LIKE, a trigger's, those of maintenance."""
    objects: tuple[TableName, ...] = ()
    """The views, triggers, routines, events or temporary tables it defines or drops."""
    database: str | None = None
    """Of a database statement."""
    if_exists: bool = False
    if_not_exists: bool = False
    starts_transaction: bool = False
    """CREATE TABLE ... START TRANSACTION: rows follow in its transaction (8.0.21 logs CREATE ... SELECT so)."""
    unbounded: bool = False
    """It may write tables that it does not name: CALL, a SELECT logged for its functions, an unknown statement."""
    savepoint: str | None = None
    xa: XaVerb | None = None
    xid: Xid | None = None
    """Of every XA statement but RECOVER."""
