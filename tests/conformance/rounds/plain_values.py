"""Values in one plain form, from three sides that share no code: Avro as docs/records.md explains it and fastavro reads
it, the text of mysqlbinlog, and the text of a SELECT."""

import datetime
import json
import re
from decimal import Decimal
from typing import Any

from schemas.table import Column

#: What no side can tell in this form.
UNTOLD = object()
INTEGERS = frozenset(("tinyint", "smallint", "mediumint", "int", "bigint", "year"))
TEXTS = frozenset(("char", "varchar", "tinytext", "text", "mediumtext", "longtext"))
CODECS = {
    "utf8mb4": "utf-8", "utf8mb3": "utf-8", "ascii": "ascii", "utf16": "utf-16-be", "utf16le": "utf-16-le",
    "utf32": "utf-32-be", "ucs2": "utf-16-be", "latin2": "iso8859-2", "latin5": "iso8859-9", "koi8r": "koi8-r",
    "cp1250": "cp1250", "cp1251": "cp1251",
}  # fmt: skip
_CYCLE_DAYS, _CYCLE_YEARS = 146097, 400  # of the calendar
_ESCAPE = re.compile(rb"\\(x[0-9a-f]{2}|.)", re.DOTALL)
_ESCAPES = {
    b"n": b"\n",
    b"r": b"\r",
    b"t": b"\t",
    b"0": b"\0",
    b"b": b"\b",
    b"f": b"\f",
    b"v": b"\v",
    b"a": b"\a",
    b"Z": b"\x1a",
}


# --- Avro


def of_avro(column: Column, value: Any, exact: str | None) -> object:
    """A value of a record. None is NULL."""
    kind = column.data_type
    if exact is not None:
        return _of_exact(column, exact)
    if value is None:
        return None
    if kind in INTEGERS:
        return int(value)
    if kind == "bit":
        return int.from_bytes(value, "little") if isinstance(value, bytes) else int(value)
    if kind in TEXTS:
        return _encoded(column, value)
    if kind == "enum":
        return column.labels.index(value) + 1
    if kind == "set":
        return sum(1 << column.labels.index(label) for label in value.split(",")) if value else 0
    match kind:
        case "date":
            return _day(value)
        case "datetime":
            units = 1000 if column.fraction <= 3 else 1_000_000
            return _moment(value * (1_000_000 // units), column.fraction)
        case "time":
            return "-" * (value < 0) + _clock(abs(value), column.fraction)
        case "timestamp":
            moment = datetime.datetime.fromisoformat(value)
            return Decimal((moment - _EPOCH) // datetime.timedelta(microseconds=1)) / 1_000_000
        case "binary":
            return value.rstrip(b"\0")
        case "json":
            return value.encode()
        case "float" | "double":
            return repr(value)
    return value


_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


def _of_exact(column: Column, exact: str) -> object:
    kind = column.data_type
    if kind in INTEGERS or kind in ("enum", "set"):
        return int(exact)
    if kind == "timestamp":
        return Decimal(0)
    if kind in ("date", "datetime", "time"):
        return exact
    return UNTOLD  # bytes that are no text, kinds inside JSON


def _encoded(column: Column, value: str) -> object:
    codec = CODECS.get(column.charset or "")
    return UNTOLD if codec is None else value.encode(codec)


def _day(days: int) -> str:
    """Day 0 is 1970-01-01; Python's calendar has no year 0."""
    day = datetime.date.fromordinal(days + 719163 + (_CYCLE_DAYS if days < 0 else 0))
    return f"{day.year - (_CYCLE_YEARS if days < 0 else 0):04}-{day.month:02}-{day.day:02}"


def _moment(micros: int, digits: int) -> str:
    days, rest = divmod(micros, 86_400_000_000)
    return f"{_day(days)} {_clock(rest, digits)}"


def _clock(micros: int, digits: int) -> str:
    seconds, rest = divmod(micros, 1_000_000)
    fraction = f".{rest:06}"[: digits + 1] if digits else ""
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{fraction}"


# --- mysqlbinlog


def of_mysqlbinlog(column: Column, text: bytes) -> object:
    """What stands between `@n=` and the comment behind it."""
    kind, text = column.data_type, text.rstrip(b" ") if text[:1] != b"'" else text
    if text == b"NULL":
        return None
    if kind in INTEGERS:
        signed, _, unsigned = text.decode().partition(" ")
        number = int(unsigned.strip("()")) if unsigned and column.unsigned else int(signed)
        return 0 if kind == "year" and number == 1900 else number  # it has no year 0
    if kind in ("float", "double", "decimal", "timestamp", "enum"):
        return of_text(column, text)
    if kind == "bit":
        return int(text[2:-1], 2)
    if kind == "set":
        bits = text[2:-1]
        return sum(int(bits[at : at + 8], 2) << at for at in range(0, len(bits), 8))
    if kind == "json" and text[:1] != b"'":
        return UNTOLD  # an empty partial update: the column itself
    inside = text[1:-1]
    if kind == "date":
        return inside.replace(b":", b"-").decode()
    if kind in ("datetime", "time"):
        return inside.decode()
    plain = _ESCAPE.sub(_unescaped, inside)
    return plain.rstrip(b"\0") if kind == "binary" else plain


def _unescaped(found: re.Match[bytes]) -> bytes:
    escape = found[1]
    return bytes((int(escape[1:], 16),)) if len(escape) == 3 else _ESCAPES.get(escape, escape)


# --- SELECT


def selected(column: str, kind: str) -> str:
    """The expression to select a column by, from its quoted name."""
    if kind in ("enum", "set", "bit"):
        return f"CAST({column} AS UNSIGNED)"
    if kind == "timestamp":
        return f"IF({column} = 0, 0, UNIX_TIMESTAMP({column}))"
    return f"{column} * 1e0" if kind in ("float", "double") else column


def of_text(column: Column, text: bytes | None) -> object:
    """A field of a SELECT."""
    kind = column.data_type
    if text is None:
        return None
    if kind in INTEGERS or kind in ("enum", "set", "bit"):
        return int(text)
    if kind == "decimal" or kind == "timestamp":
        return Decimal(text.decode())
    if kind in ("float", "double"):
        return repr(float(text))
    if kind in ("date", "datetime", "time"):
        return text.decode()
    return text.rstrip(b"\0") if kind == "binary" else text


def same(column: Column, ours: object, theirs: object) -> bool:
    """Equal, as far as both can tell. mysqlbinlog prints six digits of a FLOAT, and a lone text of JSON as it is."""
    if ours is UNTOLD or theirs is UNTOLD or ours == theirs:
        return True
    if column.data_type == "float" and isinstance(ours, str) and isinstance(theirs, str):
        return f"{float(ours):g}" == f"{float(theirs):g}"
    if column.data_type == "json" and isinstance(ours, bytes) and isinstance(theirs, bytes) and ours[:1] == b'"':
        return ours == json.dumps(theirs.decode(), ensure_ascii=False).encode() or b"\\u" in ours
    return False
