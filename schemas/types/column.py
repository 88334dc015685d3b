"""What a column needs to travel, as flat data: an executor follows it without knowing MySQL's catalogue."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

from runtime.errors import Fatal
from schemas.sql import text_literal
from schemas.table import Column

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]

#: A value that Avro does not hold: the column's position and MySQL's text of the value.
Exact = tuple[int, str]
#: Reads one value of a row image at a place, appends exactly one piece of Avro, returns where the value ends.
FromLog = Callable[[bytes, int, list[bytes], list[Exact]], int]
#: Reads one value of a text result and appends exactly one piece of Avro.
FromText = Callable[[bytes, list[bytes], list[Exact]], None]
#: Reads one value of Avro at a place, appends one SQL literal, returns where the value ends.
ToLiteral = Callable[[bytes, int, list[str]], int]


class Malformed(Fatal):
    """Bytes that break the format they came with."""

    def __init__(self, message: str) -> None:
        super().__init__(
            message,
            hint="the bytes are damaged or do not belong to this table's definition: compare both, then restart",
        )


class Kind(IntEnum):
    """The opcodes: how a value lies in a row image, in a text result, in Avro and in SQL."""

    INTEGER = 1
    BOOLEAN = 2
    DECIMAL = 3
    FLOAT = 4
    DOUBLE = 5
    BIT = 6
    BITS = 7
    YEAR = 8
    DATE = 9
    TIME = 10
    DATETIME = 11
    TIMESTAMP = 12
    TEXT = 13
    BINARY = 14
    PADDED_BINARY = 15
    JSON = 16
    ENUM = 17
    SET = 18
    GEOMETRY = 19
    POINT = 20
    VECTOR = 21
    OLD_TIME = 22
    OLD_DATETIME = 23
    OLD_TIMESTAMP = 24


class Null(IntEnum):
    """How NULL travels: the column's Avro type is T, [null, T] or [T, null]."""

    NEVER = 0
    FIRST = 1
    LAST = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnPlan:
    """One column of a plan. What a field means depends on `kind`; 0 and "" where it means nothing."""

    index: int
    name: str
    kind: Kind
    null: Null
    size: int  # bytes in a row image: of the value, or of the length before it
    unsigned: bool
    length: int  # bits of BIT, bytes of BINARY(n)
    precision: int
    scale: int
    fraction: int
    charset: str
    labels: tuple[str, ...]
    generated: bool
    numbered: bool = False  # ENUM, SET: SQL names values by their numbers
    zoneless: bool = False  # TIMESTAMP: SQL names the moment, whatever the session's time zone
    padded: bool = False  # CHAR: the spaces at its end are no part of the value

    @property
    def present(self) -> bytes:
        """What precedes a value in Avro: the number of its union branch."""
        return (b"", b"\x02", b"\x00")[self.null]

    @property
    def absent(self) -> bytes | None:
        """NULL in Avro, None when the column cannot hold it."""
        return (None, b"\x00", b"\x02")[self.null]

    def missing(self, placeholder: bytes) -> bytes:
        """What stands for a value that Avro does not hold: NULL, or the placeholder in a NOT NULL column."""
        return placeholder if self.absent is None else self.absent


def plain_select(name: str) -> str:
    return name


def exact_text(exact: str, literal: str) -> str:
    return text_literal(exact)


def same_key(column: ColumnPlan, exact: str) -> bytes:
    raise Malformed(f"column {column.name}: `exact` holds a value, although none of its type needs it")


@dataclass(frozen=True, slots=True, kw_only=True)
class Type:
    """All that is known of one kind."""

    avro: Callable[[Column], dict[str, Json]]
    default: Callable[[Column, str], Json]  # MySQL's text of a default, in Avro's JSON; ValueError: it has no such form
    size: Callable[[Column], int]
    log: Callable[[ColumnPlan], FromLog]
    text: Callable[[ColumnPlan], FromText]
    literal: Callable[[ColumnPlan], ToLiteral]
    #: from the quoted name of a column, the expression whose text result is exact
    select: Callable[[str], str] = plain_select
    #: the literal of a value that `exact` tells of, from that and from the literal of what Avro holds
    exact_literal: Callable[[str, str], str] = exact_text
    #: The bytes of such a value in a key: no two values of a key column may share them, or compaction would lose one.
    exact_key: Callable[[ColumnPlan, str], bytes] = same_key
