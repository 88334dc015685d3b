"""Geometry: MySQL keeps the SRID in four bytes before the WKB; Avro has both apart.

Coordinates stay in the order in which they are stored, whatever the SRID. Servers before 5.7 hold empty geometries, of
no bytes at all: what a row gets when a NOT NULL column is added to its table. They travel as a WKB of no bytes.
"""

import struct
from collections.abc import Callable

from schemas.sql import bytes_literal
from schemas.table import Column
from schemas.types.annotation import source
from schemas.types.column import ColumnPlan, Exact, FromLog, FromText, Json, Malformed, ToLiteral, Type
from schemas.varint import long, long_at, sized, sized_at

_NAMESPACE = "io.debezium.data.geometry"
_SRID_BYTES = 4
_POINT_BYTES = 21  # byte order, type, x, y
_LENGTH_BYTES = 4
_LITTLE_ENDIAN = 1
_EMPTY = b"\x00\x00"  # a WKB of no bytes, and no SRID


def _size(column: Column) -> int:
    return _LENGTH_BYTES


def _no_default(column: Column, text: str) -> Json:
    raise ValueError(text)


def _srid(data: bytes) -> bytes:
    """A union of null and int; 0 means that there is none."""
    number = int.from_bytes(data[:_SRID_BYTES], "little", signed=True)
    return b"\x02" + long(number) if number else b"\x00"


def _checked(column: ColumnPlan, data: bytes, least: int) -> None:
    if len(data) < _SRID_BYTES + least:
        raise Malformed(f"column {column.name}: a geometry of {len(data)} bytes")


def _geometry(column: ColumnPlan) -> Callable[[bytes], bytes]:
    present = column.present

    def encode(data: bytes) -> bytes:
        if not data:
            return present + _EMPTY
        _checked(column, data, 5)
        return present + sized(data[_SRID_BYTES:]) + _srid(data)

    return encode


def _point(column: ColumnPlan) -> Callable[[bytes], bytes]:
    """x and y are the WKB's own bytes, which MySQL always keeps little-endian, like Avro's doubles."""
    head = column.present

    def encode(data: bytes) -> bytes:
        if not data:
            return head + bytes(16) + b"\x02" + _EMPTY
        _checked(column, data, _POINT_BYTES)
        wkb = data[_SRID_BYTES:]
        if len(wkb) != _POINT_BYTES or wkb[0] != _LITTLE_ENDIAN:
            raise Malformed(f"column {column.name}: not a POINT: {wkb[:5].hex()}, {len(wkb)} bytes")
        return head + wkb[5:] + b"\x02" + sized(wkb) + _srid(data)

    return encode


def _log(column: ColumnPlan, encode: Callable[[bytes], bytes]) -> FromLog:
    def read(data: bytes, at: int, out: list[bytes], exact: list[Exact]) -> int:
        start = at + _LENGTH_BYTES
        end = start + int.from_bytes(data[at:start], "little")
        out.append(encode(data[start:end]))
        return end

    return read


def _text(encode: Callable[[bytes], bytes]) -> FromText:
    def read(text: bytes, out: list[bytes], exact: list[Exact]) -> None:
        out.append(encode(text))

    return read


def _literal(skipped: int) -> ToLiteral:
    """`skipped` bytes of coordinates and union branch precede the WKB."""

    def write(data: bytes, at: int, out: list[str]) -> int:
        wkb, at = sized_at(data, at + skipped)
        branch, at = long_at(data, at)
        srid = 0
        if branch:
            srid, at = long_at(data, at)
        out.append(bytes_literal(struct.pack("<i", srid) + wkb if wkb else b""))
        return at

    return write


def _record(column: Column, name: str, fields: list[Json], doc: str) -> dict[str, Json]:
    return {
        "type": "record",
        "name": name,
        "namespace": _NAMESPACE,
        "fields": [*fields, {"name": "srid", "type": ["null", "int"], "default": None}],
        "connect.doc": doc,
        "connect.version": 1,
        "connect.parameters": source(column),
        "connect.name": f"{_NAMESPACE}.{name}",
    }


def _geometry_avro(column: Column) -> dict[str, Json]:
    return _record(column, "Geometry", [{"name": "wkb", "type": "bytes"}], "Geometry")


def _point_avro(column: Column) -> dict[str, Json]:
    fields: list[Json] = [
        {"name": "x", "type": "double"},
        {"name": "y", "type": "double"},
        {"name": "wkb", "type": ["null", "bytes"], "default": None},
    ]
    return _record(column, "Point", fields, "Geometry (POINT)")


GEOMETRY = Type(
    avro=_geometry_avro,
    default=_no_default,
    size=_size,
    log=lambda column: _log(column, _geometry(column)),
    text=lambda column: _text(_geometry(column)),
    literal=lambda column: _literal(0),
)
POINT = Type(
    avro=_point_avro,
    default=_no_default,
    size=_size,
    log=lambda column: _log(column, _point(column)),
    text=lambda column: _text(_point(column)),
    literal=lambda column: _literal(17),
)
