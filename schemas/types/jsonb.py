"""MySQL's binary JSON as the text the server itself prints, byte for byte.

The format: https://dev.mysql.com/doc/dev/mysql-server/latest/json__binary_8h.html. Every offset and length is held
against the end of the part it lies in, and depth against the server's own limit.
"""

import base64
import json
import re
import struct
from collections.abc import Iterator

from schemas.types.column import Malformed
from schemas.types.decimals import decimal_text, unpack_decimal

_SMALL_OBJECT, _LARGE_OBJECT, _SMALL_ARRAY, _LARGE_ARRAY = 0, 1, 2, 3
_LITERAL, _INT16, _UINT16, _INT32, _UINT32, _INT64, _UINT64, _DOUBLE = 4, 5, 6, 7, 8, 9, 10, 11
_STRING, _OPAQUE = 12, 15
_INLINE = frozenset((_LITERAL, _INT16, _UINT16))
_INLINE_WIDE = _INLINE | {_INT32, _UINT32}
_LITERALS = {0: b"null", 1: b"true", 2: b"false"}
_NUMBERS = {
    _INT16: struct.Struct("<h"),
    _UINT16: struct.Struct("<H"),
    _INT32: struct.Struct("<i"),
    _UINT32: struct.Struct("<I"),
    _INT64: struct.Struct("<q"),
    _UINT64: struct.Struct("<Q"),
}
_DOUBLES = struct.Struct("<d")
_PLAIN = frozenset((_LITERAL, _INT16, _INT32, _DOUBLE, _STRING))
_DEPTH = 100  # JSON_DOCUMENT_MAX_DEPTH
#: Read from text, an integer up to here is INTEGER, a larger one UNSIGNED INTEGER.
LARGEST_INTEGER = (1 << 32) - 1

_DECIMAL_FIELD, _DATE_FIELD, _TIME_FIELD = 246, 10, 11
_TEMPORAL_FIELDS = frozenset((_DATE_FIELD, _TIME_FIELD, 7, 12))
_OPAQUE_KINDS = {_DECIMAL_FIELD: "DECIMAL", _DATE_FIELD: "DATE", _TIME_FIELD: "TIME", 7: "TIMESTAMP", 12: "DATETIME"}
_BASE64_LINE = 76

_ESCAPED = re.compile(rb'[\x00-\x1f"\\]')
_ESCAPES = {
    **{bytes((code,)): f"\\u{code:04x}".encode() for code in range(32)},
    b"\b": b"\\b", b"\t": b"\\t", b"\n": b"\\n", b"\f": b"\\f", b"\r": b"\\r", b'"': b'\\"', b"\\": b"\\\\",
}  # fmt: skip


def json_text(document: bytes) -> tuple[bytes, bool]:
    """The text of a document, in UTF-8, and whether it is more than that: whether `odd_leaves` has any.

    An empty one is what a non-strict session stored for a missing value.
    """
    if not document:
        return b"null", False
    printer = _Printer(document)
    try:
        printer.value(document[0], 1, len(document), 0)
    except (IndexError, struct.error) as error:
        raise Malformed("a JSON value beyond the end of its document") from error
    return b"".join(printer.out), printer.odd


def odd_leaves(document: bytes) -> Iterator[tuple[str, str, str]]:
    """(path, kind, text) of each value that its text would be read back as another kind.

    The document has been printed: its offsets are known to be right.
    """
    return _odd_leaves(document, document[0], 1, "$")


def _odd_leaves(data: bytes, kind: int, at: int, path: str) -> Iterator[tuple[str, str, str]]:
    if kind <= _LARGE_ARRAY:
        for leg, inner, place in _entries(data, kind, at):
            if inner not in _PLAIN:
                yield from _odd_leaves(data, inner, place, path + leg)
    elif kind == _OPAQUE:
        start, stop = _variable(data, at + 1, len(data))
        text = _opaque(data[at], data[start:stop]).decode("ascii")
        yield path, _OPAQUE_KINDS.get(data[at], "OPAQUE"), text.strip('"').replace("\\n", "\n")
    elif kind in _NUMBERS:
        number = _NUMBERS[kind].unpack_from(data, at)[0]
        if _other_sign(kind, number):
            yield path, "INTEGER" if kind & 1 else "UNSIGNED INTEGER", str(number)


def _entries(data: bytes, kind: int, base: int) -> Iterator[tuple[str, int, int]]:
    """For each value of an object or array: its leg of a path, its kind and its place."""
    wide, is_object = kind in (_LARGE_OBJECT, _LARGE_ARRAY), kind <= _LARGE_OBJECT
    width, inline = (4, _INLINE_WIDE) if wide else (2, _INLINE)
    number = (_NUMBERS[_UINT32] if wide else _NUMBERS[_UINT16]).unpack_from
    keys, count = base + 2 * width, number(data, base)[0]
    values = keys + count * (width + 2) if is_object else keys
    for index in range(count):
        entry, leg = values + index * (width + 1), f"[{index}]"
        if is_object:
            at = keys + index * (width + 2)
            start, size = base + number(data, at)[0], _NUMBERS[_UINT16].unpack_from(data, at + width)[0]
            leg = member_leg(data[start : start + size].decode())
        yield leg, data[entry], entry + 1 if data[entry] in inline else base + number(data, entry + 1)[0]


def member_leg(key: str) -> str:
    """The leg of a path that leads to an object's member; it may stand in a comment of SQL."""
    return f".{json.dumps(key, ensure_ascii=False)}".replace("*/", "\\u002a/")


def _other_sign(kind: int, number: int) -> bool:
    """Whether an integer has the other signedness than its text would be read back with."""
    return (number > LARGEST_INTEGER) is (kind & 1 == 1)


def quoted(text: bytes) -> bytes:
    if _ESCAPED.search(text):
        text = _ESCAPED.sub(lambda found: _ESCAPES[found[0]], text)
    return b'"' + text + b'"'


def double_text(value: float) -> str:
    """As the server prints a JSON double: the shortest digits; an exponent only far from 1; a point in any case."""
    size = abs(value)
    text = repr(value)
    if 1e-4 <= size < 1e15 or size == 0:
        return text
    sign, text = ("-", text[1:]) if value < 0 else ("", text)
    mantissa, _, exponent = text.partition("e")
    whole, _, fraction = mantissa.partition(".")
    fraction = fraction.rstrip("0") if exponent or fraction == "0" else fraction
    digits = (whole + fraction).lstrip("0")
    point = len(whole) + int(exponent or "0")  # where the point stands, counted from the first digit
    if whole == "0":
        point -= len(fraction) - len(digits)
    digits = digits.rstrip("0")
    if point < -14 or (point > 15 and len(digits) <= point):
        rest = "." + digits[1:] if len(digits) > 1 else ""
        return f"{sign}{digits[0]}{rest}e{point - 1}"
    if point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    return f"{sign}{digits[:point]}.{digits[point:]}"


class _Printer:
    """Prints the values of one document. No byte of it belongs to two values, which bounds the work."""

    __slots__ = ("data", "left", "odd", "out")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.left = len(data)
        self.odd = False
        self.out: list[bytes] = []

    def value(self, kind: int, at: int, end: int, depth: int) -> None:
        """Prints the value of a kind at a place; it must end before `end`."""
        data = self.data
        if kind == _STRING:
            self.text(*_variable(data, at, end))
        elif kind <= _LARGE_ARRAY:
            self.container(kind, at, end, depth)
        elif kind == _LITERAL:
            if data[at] not in _LITERALS:
                raise Malformed(f"JSON literal {data[at]}")
            self.out.append(_LITERALS[data[at]])
        elif kind in _NUMBERS:
            number = _NUMBERS[kind].unpack_from(data, at)[0]
            if kind not in _PLAIN and _other_sign(kind, number):
                self.odd = True
            self.out.append(str(number).encode())
        elif kind == _DOUBLE:
            self.out.append(double_text(_DOUBLES.unpack_from(data, at)[0]).encode())
        elif kind == _OPAQUE:
            start, stop = _variable(data, at + 1, end)
            self.odd = True
            self.take(stop - start)
            self.out.append(_opaque(data[at], data[start:stop]))
        else:
            raise Malformed(f"JSON value of type {kind}")

    def take(self, size: int) -> None:
        self.left -= size
        if self.left < 0:
            raise Malformed("a JSON document whose values overlap")

    def text(self, start: int, stop: int) -> None:
        self.take(stop - start)
        self.out.append(quoted(self.data[start:stop]))

    def container(self, kind: int, base: int, end: int, depth: int) -> None:
        """An object or array: count, bytes in all, (key entries,) value entries, then (keys and) values."""
        if depth >= _DEPTH:
            raise Malformed(f"a JSON document over {_DEPTH} levels deep")
        data, out = self.data, self.out
        wide, is_object = kind in (_LARGE_OBJECT, _LARGE_ARRAY), kind <= _LARGE_OBJECT
        width = 4 if wide else 2
        number, read = (_NUMBERS[_UINT32] if wide else _NUMBERS[_UINT16]).unpack_from, self.value
        count, stop = number(data, base)[0], base + number(data, base + width)[0]
        keys = base + 2 * width
        values = keys + count * (width + 2) if is_object else keys
        after = values + count * (width + 1)
        if stop > end or after > stop:
            raise Malformed("a JSON object or array beyond the end of its document")
        self.take(after - base)
        inline = _INLINE_WIDE if wide else _INLINE
        separator = b"{" if is_object else b"["
        for at in range(values, after, width + 1):
            out.append(separator)
            separator = b", "
            if is_object:
                start = base + number(data, keys)[0]
                size = data[keys + width] | data[keys + width + 1] << 8
                if start + size > stop:
                    raise Malformed("a JSON key beyond the end of its object")
                self.text(start, start + size)
                out.append(b": ")
                keys += width + 2
            place = at + 1 if data[at] in inline else base + number(data, at + 1)[0]
            if place >= stop:
                raise Malformed("a JSON value beyond the end of its object or array")
            read(data[at], place, stop, depth + 1)
        if count:
            out.append(b"}" if is_object else b"]")
        else:
            out.append(b"{}" if is_object else b"[]")


def _variable(data: bytes, at: int, end: int) -> tuple[int, int]:
    """Start and end of bytes that follow their length (seven bits per byte, at most five bytes)."""
    size = shift = 0
    while True:
        byte = data[at]
        at += 1
        size |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            break
        if shift > 28:
            raise Malformed("a JSON length of over five bytes")
    if at + size > end:
        raise Malformed("a JSON text beyond the end of its object or array")
    return at, at + size


def _opaque(field: int, data: bytes) -> bytes:
    """A value of a MySQL type that JSON has not."""
    if field == _DECIMAL_FIELD:
        precision, scale = data[0], data[1]
        return decimal_text(unpack_decimal(data[2:], precision, scale), scale).encode()
    if field in _TEMPORAL_FIELDS:
        if len(data) != 8:
            raise Malformed(f"a JSON temporal value of {len(data)} bytes")
        return f'"{_temporal(field, int.from_bytes(data, "little", signed=True))}"'.encode()
    text = base64.b64encode(data)
    lines = [text[at : at + _BASE64_LINE] for at in range(0, len(text), _BASE64_LINE)]
    return b'"base64:type%d:%s"' % (field, b"\\n".join(lines))


def _temporal(field: int, packed: int) -> str:
    """https://dev.mysql.com/doc/dev/mysql-server/latest/my__time_8h.html, the packed forms; always six digits."""
    sign = "-" if packed < 0 else ""
    packed = abs(packed)
    micros, whole = packed & 0xFFFFFF, packed >> 24
    clock = f"{whole >> 6 & 63:02}:{whole & 63:02}.{micros:06}"
    if field == _TIME_FIELD:
        return f"{sign}{whole >> 12 & 1023:02}:{clock}"
    year, month = divmod(whole >> 22, 13)
    day = f"{year:04}-{month:02}-{whole >> 17 & 31:02}"
    return day if field == _DATE_FIELD else f"{day} {whole >> 12 & 31:02}:{clock}"
