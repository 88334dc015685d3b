"""ENUM and SET: the log and our SELECTs give numbers, Avro holds their labels' text.

Where the text does not lead back to the number (ENUM's error value 0, a SET whose empty label is a member, a label that
stands twice in the list), `exact` holds the number. SQL gets the number wherever the destination's column has the same
labels: as text, MySQL compares labels by the column's collation, and takes the first of those that it calls equal.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

from schemas.table import Column
from schemas.types.annotation import named
from schemas.types.column import ColumnPlan, Exact, FromLog, FromText, Json, Malformed, ToLiteral, Type
from schemas.types.integers import number_literal
from schemas.types.text import quoted_text
from schemas.varint import sized_at, text

_LABEL = re.compile(r"'((?:[^'\\]|''|\\.)*)'", re.DOTALL)
_ESCAPE = re.compile(r"''|\\(.)", re.DOTALL)
_ESCAPES = {"n": "\n", "r": "\r", "0": "\0"}  # any other character stands for itself
_PRINTED = str.maketrans({"'": "''", "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\0": "\\0"})
_SET_BYTES = (0, 1, 2, 3, 4, 8, 8, 8, 8)  # of a SET of so many groups of eight labels


def labels_of(column_type: str) -> tuple[str, ...]:
    """The labels of an ENUM's or SET's COLUMN_TYPE, where MySQL doubles quotes and escapes with backslashes."""
    return tuple(_ESCAPE.sub(_unescaped, label) for label in _LABEL.findall(column_type))


def column_type_of(kind: str, labels: Sequence[str]) -> str:
    """The COLUMN_TYPE that MySQL prints."""
    return kind + "(" + ",".join(f"'{label.translate(_PRINTED)}'" for label in labels) + ")"


def _unescaped(found: re.Match[str]) -> str:
    escaped = found[1]
    return "'" if escaped is None else _ESCAPES.get(escaped, escaped)


def _allowed(column: Column) -> dict[str, Json]:
    return {"allowed": ",".join(label.replace(",", "\\,") for label in column.labels)}


def _number(name: str) -> str:
    return f"CAST({name} AS UNSIGNED)"


def _text_default(column: Column, value: str) -> Json:
    return value


def _numbered_key(column: ColumnPlan, exact: str) -> bytes:
    """No label holds U+0000 followed by a number: labels come from a statement's text, which MySQL prints readably."""
    return text("\0" + exact)


# --- ENUM -------------------------------------------------------------------------------------------------------------


def _enum_avro(column: Column) -> dict[str, Json]:
    return named(column, "string", "io.debezium.data.Enum", _allowed(column))


def _enum_size(column: Column) -> int:
    return 1 if len(column.labels) < 256 else 2


class _Labels:
    """The Avro of an ENUM's numbers; the error value 0 reads as the empty text, as in MySQL."""

    def __init__(self, column: ColumnPlan) -> None:
        self.column = column
        self.encoded = [column.present + text(label) for label in ("", *column.labels)]
        self.ambiguous = {0} | {
            number for number, label in enumerate(column.labels, 1) if column.labels.index(label) + 1 < number
        }

    def add(self, number: int, out: list[bytes], exact: list[Exact]) -> None:
        if number >= len(self.encoded):
            raise Malformed(f"column {self.column.name}: ENUM value {number} of {len(self.encoded) - 1}")
        if number in self.ambiguous:
            exact.append((self.column.index, str(number)))
        out.append(self.encoded[number])


def _enum_log(column: ColumnPlan) -> FromLog:
    labels, wide = _Labels(column), column.size == 2

    def read(data: bytes, at: int, out: list[bytes], exact: list[Exact]) -> int:
        number = data[at] | data[at + 1] << 8 if wide else data[at]
        labels.add(number, out, exact)
        return at + 1 + wide

    return read


def _enum_text(column: ColumnPlan) -> FromText:
    labels = _Labels(column)

    def read(value: bytes, out: list[bytes], exact: list[Exact]) -> None:
        labels.add(int(value), out, exact)

    return read


def _enum_literal(column: ColumnPlan) -> ToLiteral:
    if not column.numbered:
        return quoted_text(column)
    numbers = {label.encode(): str(number) for number, label in reversed(list(enumerate(column.labels, 1)))}
    numbers.setdefault(b"", "0")  # which `exact` says again

    def write(data: bytes, at: int, out: list[str]) -> int:
        label, at = sized_at(data, at)
        out.append(numbers[label])
        return at

    return write


ENUM = Type(
    avro=_enum_avro,
    default=_text_default,
    size=_enum_size,
    log=_enum_log,
    text=_enum_text,
    literal=_enum_literal,
    select=_number,
    exact_literal=number_literal,
    exact_key=_numbered_key,
)


# --- SET --------------------------------------------------------------------------------------------------------------


def _set_avro(column: Column) -> dict[str, Json]:
    return named(column, "string", "io.debezium.data.EnumSet", _allowed(column))


def _set_size(column: Column) -> int:
    return _SET_BYTES[(len(column.labels) + 7) // 8]


class _Members:
    """The Avro of a SET's numbers, remembered."""

    def __init__(self, column: ColumnPlan) -> None:
        self.column = column
        self.encode = lru_cache(256)(self._encode)
        self.ambiguous = lru_cache(256)(self._ambiguous)

    def _encode(self, number: int) -> bytes:
        labels = self.column.labels
        if number >> len(labels):
            raise Malformed(f"column {self.column.name}: SET value {number} of {len(labels)} members")
        return self.column.present + text(_joined(labels, number))

    def _ambiguous(self, number: int) -> bool:
        return _set_number(self.column.labels, _joined(self.column.labels, number)) != number

    def add(self, number: int, out: list[bytes], exact: list[Exact]) -> None:
        out.append(self.encode(number))
        if self.ambiguous(number):
            exact.append((self.column.index, str(number)))


def _joined(labels: Sequence[str], number: int) -> str:
    return ",".join(label for bit, label in enumerate(labels) if number >> bit & 1)


def _set_number(labels: Sequence[str], joined: str) -> int:
    """The number that a SET's text leads to; ValueError for a label that is not listed."""
    number = 0
    for label in joined.split(",") if joined else ():
        number |= 1 << labels.index(label)
    return number


def _set_literal(column: ColumnPlan) -> ToLiteral:
    if not column.numbered:
        return quoted_text(column)
    number = lru_cache(256)(lambda joined: str(_set_number(column.labels, joined.decode())))

    def write(data: bytes, at: int, out: list[str]) -> int:
        joined, at = sized_at(data, at)
        out.append(number(joined))
        return at

    return write


def _set_log(column: ColumnPlan) -> FromLog:
    members, size = _Members(column), column.size

    def read(data: bytes, at: int, out: list[bytes], exact: list[Exact]) -> int:
        end = at + size
        members.add(int.from_bytes(data[at:end], "little"), out, exact)
        return end

    return read


def _set_text(column: ColumnPlan) -> FromText:
    members = _Members(column)

    def read(value: bytes, out: list[bytes], exact: list[Exact]) -> None:
        members.add(int(value), out, exact)

    return read


SET = Type(
    avro=_set_avro,
    default=_text_default,
    size=_set_size,
    log=_set_log,
    text=_set_text,
    literal=_set_literal,
    select=_number,
    exact_literal=number_literal,
    exact_key=_numbered_key,
)
