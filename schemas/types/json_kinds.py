"""What a JSON document is beyond its text.

A document may hold values that JSON's text has no form for: DECIMAL, DATE, TIME, DATETIME, TIMESTAMP, binary strings,
and integers of the other signedness than a reader of text would give them. Those travel in `exact`, as one JSON object
from path to kind and text, {"$.\\"price\\"": "DECIMAL 1.10"}; the log and a SELECT give the same object.
https://dev.mysql.com/doc/refman/8.4/en/json-attribute-functions.html (JSON_TYPE)
"""

import base64
import json
import re
from collections.abc import Iterable, Iterator

from schemas.sql import text_literal
from schemas.types.column import Malformed
from schemas.types.jsonb import LARGEST_INTEGER, double_text, member_leg

#: a value: its path, its kind and its text
Leaf = tuple[str, str, str]

# Numbers the values in the order of JSON_TABLE, which visits each object (array) before what it holds, and lists all
# of its members (cells) at once. Reading text makes an INTEGER of what fits 32 bits or is negative, UNSIGNED beyond.
_ODD = (
    "CASE JSON_TYPE({0}) WHEN 'STRING' THEN 0 WHEN 'OBJECT' THEN 0 WHEN 'ARRAY' THEN 0 WHEN 'DOUBLE' THEN 0"
    f" WHEN 'BOOLEAN' THEN 0 WHEN 'NULL' THEN 0 WHEN 'INTEGER' THEN {{0}} > {LARGEST_INTEGER}"
    f" WHEN 'UNSIGNED INTEGER' THEN {{0}} <= {LARGEST_INTEGER} ELSE 1 END"
)
_LIST = (
    "COALESCE((SELECT CONCAT('{1}', GROUP_CONCAT(json_values.n, JSON_TYPE(json_values.v)), ';') FROM JSON_TABLE({0},"
    " '{2}' COLUMNS(n FOR ORDINALITY, v JSON PATH '$')) AS json_values WHERE " + _ODD.format("json_values.v") + "), '')"
)
_ROOT, _MEMBERS, _CELLS = "r", "m", "c"
_TEXT = b"="
_MARK = re.compile("([0-9]+)([A-Z ]+)")
_OPAQUE = frozenset(("BLOB", "BIT", "GEOMETRY", "OPAQUE"))

_SMALLEST, _LARGEST = -(1 << 63), (1 << 64) - 1
#: A DECIMAL that no reader of text could have made ends in a zero, or has more digits than a DOUBLE.
_ENDS_IN_ZERO = re.compile(rb"\.[0-9]+0(?![0-9])")
_LONG = re.compile(rb"[0-9][0-9.]{16}")

_CASTS = {
    "DATE": "CAST('{0}' AS DATE)",
    "TIME": "CAST('{0}' AS TIME(6))",
    "DATETIME": "CAST('{0}' AS DATETIME(6))",
    "TIMESTAMP": "CAST('{0}' AS DATETIME(6))",
    "INTEGER": "CAST({0} AS SIGNED)",
    "UNSIGNED INTEGER": "CAST({0} AS UNSIGNED)",
}
_BLOBS = {249: "TINYBLOB", 250: "MEDIUMBLOB", 251: "LONGBLOB", 252: "BLOB"}
_VARBINARY, _BIT, _BINARY = 15, 16, 254
_BASE64 = re.compile("base64:type([0-9]+):([A-Za-z0-9+/=\n]*)", re.ASCII)
_FIRST_TIMESTAMP, _LAST_TIMESTAMP = "1970-01-01 00:00:01", "2038-01-19 03:14:07.999999"


def select(name: str) -> str:
    """An expression for a column: a list of the values that are more than text, nearly always empty; "="; its text.

    Servers before 8.0.4 have no JSON_TABLE and pass over what stands in these comments: from them comes the text alone.
    """
    lists = _LIST.format(name, _MEMBERS, "$**.*") + ", " + _LIST.format(name, _CELLS, "$**[*]")
    root = f"IF({_ODD.format(name)}, CONCAT('{_ROOT}0', JSON_TYPE({name}), ';'), '')"
    return f"/*!80004 COALESCE(CONCAT({root}, {lists}, '=', */ {name} /*!80004 ), {name}) */"


def read(selected: bytes) -> tuple[bytes, str]:
    """From what `select` gives, the document's text and its `exact`, empty when there is none."""
    first = selected[:1]
    if first == _TEXT:
        return selected[1:], ""
    if first not in (b"r", b"m", b"c"):
        found = _ENDS_IN_ZERO.search(selected) or _LONG.search(selected)
        return selected, exact(_decimals(_parsed(selected), "$")) if found else ""
    kinds: dict[str, dict[int, str]] = {_ROOT: {}, _MEMBERS: {}, _CELLS: {}}
    at = 0
    while (letter := chr(selected[at])) in kinds:
        end = selected.index(b";", at)
        kinds[letter] = {int(number): kind for number, kind in _MARK.findall(selected[at:end].decode("ascii"))}
        at = end + 1
    text = selected[at + 1 :]
    return text, exact(_marked(_parsed(text), kinds))


def exact(leaves: Iterable[Leaf]) -> str:
    """The object of a document's leaves; empty when it has none."""
    found = {path: f"{kind} {text}" for path, kind, text in leaves}
    return json.dumps(found, ensure_ascii=False, sort_keys=True) if found else ""


def rebuilt(exact_text: str, document: str) -> str:
    """`document`, an expression, with the kinds of `exact`."""
    parts: list[str] = []
    for path, leaf in json.loads(exact_text).items():
        plain, made = _expressions(*_split(leaf))
        place = text_literal(path)
        parts.append(f",{place},{plain}")
        if made:  # in a comment that servers before 8.0.4 pass over: they have no JSON_TABLE
            parts.append(f"/*!80004 ,{place},(SELECT CAST(v AS JSON) FROM JSON_TABLE({made} ERROR ON ERROR)) AS t)*/")
    return f"JSON_REPLACE({document}{''.join(parts)})"


def _split(leaf: str) -> tuple[str, str]:
    kind, _, text = leaf.partition(" ")
    if kind == "UNSIGNED":
        return "UNSIGNED INTEGER", text.removeprefix("INTEGER ")
    return kind, text


def _expressions(kind: str, text: str) -> tuple[str, str]:
    """An expression of a value, and what JSON_TABLE makes the same kind from where the expression does not."""
    if kind == "DECIMAL":
        return (text if "." in text else f"CAST({text} AS DECIMAL({len(text.lstrip('-'))}))"), ""
    if kind in _CASTS:
        plain = _CASTS[kind].format(text)
        timestamp = kind == "TIMESTAMP" and _FIRST_TIMESTAMP <= text <= _LAST_TIMESTAMP
        return plain, f"CAST('\"{text}\"' AS JSON),'$' COLUMNS(v TIMESTAMP(6) PATH '$'" if timestamp else ""
    found = _BASE64.fullmatch(text)
    if kind != "OPAQUE" or found is None:
        raise Malformed(f"a JSON value of kind {kind}")
    code, data = int(found[1]), base64.b64decode(found[2])
    plain, binary = text_literal(text), f"X'{data.hex()}'"
    if code == _VARBINARY:
        return binary, ""
    if code == _BIT and data:
        return plain, f"CAST({int.from_bytes(data, 'big')} AS JSON),'$' COLUMNS(v BIT({8 * len(data)}) PATH '$'"
    type_ = f"BINARY({len(data)})" if code == _BINARY else _BLOBS.get(code)
    return plain, f"CAST({binary} AS JSON),'$' COLUMNS(v {type_} PATH '$'" if type_ else ""


class _Number(str):
    """A number as it is printed."""

    __slots__ = ()


def _parsed(text: bytes) -> object:
    return json.loads(text.decode(), parse_int=_Number, parse_float=_Number)


def _marked(value: object, kinds: dict[str, dict[int, str]]) -> Iterator[Leaf]:
    """The leaves that a SELECT has listed, by their numbers among members and among cells."""
    if kinds[_ROOT]:
        yield _leaf("$", kinds[_ROOT][0], value)
    numbers = {_MEMBERS: 0, _CELLS: 0}
    waiting = [(value, "$")]
    while waiting:
        holder, path = waiting.pop()
        inner: list[tuple[object, str]] = []
        if isinstance(holder, dict):
            items, letter = [(held, path + member_leg(key)) for key, held in holder.items()], _MEMBERS
        elif isinstance(holder, list):
            items, letter = [(held, f"{path}[{number}]") for number, held in enumerate(holder)], _CELLS
        else:
            continue
        wanted = kinds[letter]
        for held, place in items:
            numbers[letter] += 1
            if numbers[letter] in wanted:
                yield _leaf(place, wanted[numbers[letter]], held)
            elif isinstance(held, dict | list):
                inner.append((held, place))
        waiting.extend(reversed(inner))


def _leaf(path: str, kind: str, value: object) -> Leaf:
    if not isinstance(value, str):
        raise Malformed(f"a JSON value of kind {kind} at {path} that is {type(value).__name__}")
    return path, "OPAQUE" if kind in _OPAQUE else kind, value


def _decimals(value: object, path: str) -> Iterator[Leaf]:
    """The numbers whose text only a DECIMAL has."""
    if isinstance(value, _Number):
        if "." in value or "e" in value:
            decimal = double_text(float(value)) != value
        else:
            decimal = not _SMALLEST <= int(value) <= _LARGEST
        if decimal:
            yield path, "DECIMAL", value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _decimals(inner, path + member_leg(key))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _decimals(inner, f"{path}[{number}]")
