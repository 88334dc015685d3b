"""Partial JSON updates: the whole binary document, made from the older one and the log's differences (pure).

A difference is an operation (REPLACE, INSERT, REMOVE), a path without wildcards, and a value in binary form; lengths
are packed integers. They are applied one after the other, as the server's own replica does (sql-common/json_diff.cc):
https://dev.mysql.com/doc/dev/mysql-server/latest/json__diff_8h.html

Only containers on a path are taken apart; all else is copied as it lies, which is possible because every offset of the
format counts from the start of its own container: https://dev.mysql.com/doc/dev/mysql-server/latest/json__binary_8h.html
"""

import json
import re
import struct
from bisect import bisect_left
from dataclasses import dataclass
from typing import TypeAlias

from schemas.types.column import Malformed

_REPLACE, _INSERT, _REMOVE = 0, 1, 2
_SMALL_OBJECT, _LARGE_OBJECT, _SMALL_ARRAY, _LARGE_ARRAY = 0, 1, 2, 3
_STRING, _OPAQUE = 12, 15
_INLINE_BYTES = {4: 1, 5: 2, 6: 2, 7: 4, 8: 4}  # literal, int16, uint16; in large containers also int32 and uint32
_FIXED_BYTES = {**_INLINE_BYTES, 9: 8, 10: 8, 11: 8}
_DEPTH = 100  # JSON_DOCUMENT_MAX_DEPTH
_LEG = re.compile(
    r'\.(?:(?P<quoted>"(?:[^"\\]|\\.)*")|(?P<plain>[^.\["]+))|\[(?P<last>last(?:-(?P<back>[0-9]{1,10}))?|[0-9]{1,10})\]',
    re.DOTALL,
)

#: A document of its own (a byte for the type, then the value), or a container that was taken apart.
_Value: TypeAlias = "bytes | _Object | _Array"


@dataclass(slots=True)
class _Object:
    keys: list[bytes]  # by length, then by bytes
    values: list[_Value]

    def find(self, key: bytes) -> tuple[int, bool]:
        """Where the key is or would be, and whether it is there."""
        at = bisect_left(self.keys, (len(key), key), key=lambda known: (len(known), known))
        return at, at < len(self.keys) and self.keys[at] == key


@dataclass(slots=True)
class _Array:
    values: list[_Value]


@dataclass(frozen=True, slots=True)
class _Cell:
    """An array cell, counted from the start or from the end."""

    index: int
    from_end: bool

    def place(self, count: int) -> int:
        """Where in an array of `count` cells; `count` or -1 when it is beyond an end."""
        return count - 1 - self.index if self.from_end else min(self.index, count)


def patched(document: bytes, differences: bytes) -> bytes:
    """The document after the differences."""
    if not differences:
        return document  # of any kind, also one that has no members
    try:
        root = _expanded(document)
        at = 0
        while at < len(differences):
            operation = differences[at]
            path, at = _sized(differences, at + 1)
            value = b""
            if operation != _REMOVE:
                value, at = _sized(differences, at)
            _apply(root, operation, _legs(path), value)
        return _document(root)
    except (IndexError, struct.error, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise Malformed("a partial JSON update that cannot be read") from error


def _apply(root: _Object | _Array, operation: int, legs: list[bytes | _Cell], value: bytes) -> None:
    *way, last = legs
    parent = root
    for leg in way:
        at = _existing(parent, leg)
        child = parent.values[at]
        if isinstance(child, bytes):
            child = parent.values[at] = _expanded(child)
        parent = child
    if operation == _REPLACE:
        parent.values[_existing(parent, last)] = _checked(value)
    elif operation == _REMOVE:
        at = _existing(parent, last)
        del parent.values[at]
        if isinstance(parent, _Object):
            del parent.keys[at]
    elif operation == _INSERT:
        _insert(parent, last, _checked(value))
    else:
        raise Malformed(f"a partial JSON update of kind {operation}")


def _insert(parent: _Object | _Array, leg: bytes | _Cell, value: bytes) -> None:
    if isinstance(parent, _Object) and isinstance(leg, bytes):
        at, there = parent.find(leg)
        if there:
            raise _unfit()
        parent.keys.insert(at, leg)
    elif isinstance(parent, _Array) and isinstance(leg, _Cell):
        at = max(0, leg.place(len(parent.values)))
    else:
        raise _unfit()
    parent.values.insert(at, value)


def _existing(parent: _Object | _Array, leg: bytes | _Cell) -> int:
    if isinstance(parent, _Object) and isinstance(leg, bytes):
        at, there = parent.find(leg)
        if there:
            return at
    elif isinstance(parent, _Array) and isinstance(leg, _Cell):
        at = leg.place(len(parent.values))
        if 0 <= at < len(parent.values):
            return at
    raise _unfit()


def _unfit() -> Malformed:
    return Malformed("a partial JSON update does not fit the row's older document")


def _legs(path: bytes) -> list[bytes | _Cell]:
    """The steps of a path as the server writes it: members as bytes, cells."""
    text = path.decode()
    legs: list[bytes | _Cell] = []
    at = 1
    while at < len(text):
        found = _LEG.match(text, at)
        if found is None or len(legs) > _DEPTH:
            raise IndexError("path")
        if found["last"] is not None:
            from_end = found["last"].startswith("last")
            legs.append(_Cell(int((found["back"] or 0) if from_end else found["last"]), from_end))
        elif found["quoted"] is not None:
            legs.append(str(json.loads(found["quoted"], strict=False)).encode())
        else:
            legs.append(found["plain"].encode())
        at = found.end()
    if not legs or not text.startswith("$"):
        raise IndexError("path")
    return legs


def _sized(data: bytes, at: int) -> tuple[bytes, int]:
    """Bytes after their packed length."""
    size = data[at]
    at += 1
    if size > 0xFA:
        width = {0xFC: 2, 0xFD: 3, 0xFE: 8}.get(size)
        if width is None or at + width > len(data):
            raise IndexError("length")
        size = int.from_bytes(data[at : at + width], "little")
        at += width
    if at + size > len(data):
        raise IndexError("length")
    return data[at : at + size], at + size


# ---- taking apart


def _checked(document: bytes) -> bytes:
    """A value that is whole: exactly as long as its type and its own lengths say."""
    if 1 + _size(document[0], document, 1, len(document)) > len(document):
        raise IndexError("value")
    return document


def _expanded(document: bytes) -> _Object | _Array:
    """The members of an object or array; they hold no more bytes than it, which bounds the work."""
    kind = document[0]
    if kind > _LARGE_ARRAY:
        raise _unfit()
    data = document[1:]
    wide, is_object = kind in (_LARGE_OBJECT, _LARGE_ARRAY), kind <= _LARGE_OBJECT
    number = struct.Struct("<I" if wide else "<H").unpack_from
    width = 4 if wide else 2
    count, stop = number(data)[0], number(data, width)[0]
    first = 2 * width
    entries = first + count * (width + 2) if is_object else first
    left = stop - entries - count * (width + 1)
    if stop > len(data) or left < 0:
        raise IndexError("container")
    keys: list[bytes] = []
    for at in range(first, entries, width + 2) if is_object else ():
        start, size = number(data, at)[0], data[at + width] | data[at + width + 1] << 8
        left -= size
        if start + size > stop or left < 0:
            raise IndexError("key")
        keys.append(data[start : start + size])
    values: list[_Value] = []
    for at in range(entries, entries + count * (width + 1), width + 1):
        inline = _INLINE_BYTES.get(data[at], 8)
        if inline <= width:
            values.append(data[at : at + 1 + inline])
            continue
        start = number(data, at + 1)[0]
        size = _size(data[at], data, start, stop)
        left -= size
        if start + size > stop or left < 0:
            raise IndexError("value")
        values.append(data[at : at + 1] + data[start : start + size])
    return _Object(keys, values) if is_object else _Array(values)


def _size(kind: int, data: bytes, at: int, stop: int) -> int:
    """How many bytes the value of a kind takes at a place."""
    if kind in _FIXED_BYTES:
        return _FIXED_BYTES[kind]
    if kind <= _LARGE_ARRAY:
        wide = kind in (_LARGE_OBJECT, _LARGE_ARRAY)
        return int(struct.unpack_from("<I" if wide else "<H", data, at + (4 if wide else 2))[0])
    if kind not in (_STRING, _OPAQUE):
        raise Malformed(f"JSON value of type {kind}")
    start, at = at, at + (kind == _OPAQUE)
    size = shift = 0
    while at < stop and shift <= 28:
        byte = data[at]
        at += 1
        size |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return at - start + size
    raise IndexError("length")


# ---- putting together


def _document(value: _Value) -> bytes:
    """A document with its type in front; what was taken apart becomes a large object or array, which any size fits."""
    if isinstance(value, bytes):
        return value
    keys = value.keys if isinstance(value, _Object) else []
    values = [_document(member) for member in value.values]
    at = 8 + 6 * len(keys) + 5 * len(values)
    entries: list[bytes] = []
    heap: list[bytes] = []
    for key in keys:
        entries.append(struct.pack("<IH", at, len(key)))
        heap.append(key)
        at += len(key)
    for member in values:
        if _INLINE_BYTES.get(member[0], 8) <= 4:
            entries.append(member[:1] + member[1:].ljust(4, b"\x00"))
        else:
            entries.append(member[:1] + struct.pack("<I", at))
            heap.append(member[1:])
            at += len(member) - 1
    kind = _LARGE_OBJECT if isinstance(value, _Object) else _LARGE_ARRAY
    return b"".join((bytes((kind,)), struct.pack("<II", len(values), at), *entries, *heap))
