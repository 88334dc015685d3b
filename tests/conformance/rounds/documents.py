"""Random JSON, spatial and VECTOR columns."""

import json
import struct
from functools import partial

from hypothesis import strategies as st

from schemas.sql import text_literal
from tests.conformance.documents import LEAVES
from tests.conformance.rounds.typed import CHARACTERS, Typed, utf8, weighted

_BUILT = (
    "CAST(CAST(1.10 AS DECIMAL(5,2)) AS JSON)",
    "CAST(CAST('-99999999999999999999999999999999999999999999999999999999999999999' AS DECIMAL(65,0)) AS JSON)",
    "JSON_OBJECT('price', 1.10, 'quo\"te.s', JSON_ARRAY(2.50, 'x', JSON_OBJECT('\u00e9', 100.00)))",
    "JSON_ARRAY(CAST('2024-01-02' AS DATE), CAST('-12:00:00.5' AS TIME(1)), TIMESTAMP'2024-01-01 00:00:00')",
    "JSON_ARRAY(b'101', X'00ff', CAST(REPEAT('abc', 38) AS BINARY), CAST(2024 AS YEAR))",
    "JSON_ARRAY(REPEAT('x', 127), REPEAT('y', 128), REPEAT('z', 16384))",
    "CAST(CONCAT('[', REPEAT('1,', 30000), '1]') AS JSON)",
    "CAST(CONCAT(REPEAT('[', 99), REPEAT(']', 99)) AS JSON)",
    "CAST(ST_GeomFromText('POINT(1 2)') AS JSON)",
    "JSON_ARRAY(CAST(1 AS DOUBLE), CAST(0.1 AS FLOAT), 1e0, 123456e-2, 1e100)",
    "JSON_SET('{\"a\": 1, \"b\": [1, 2, 3]}', '$.b[1]', 'changed')",
    "JSON_REMOVE('{\"a\": 1, \"b\": [1, 2, 3]}', '$.a')",
)
_NUMBERS = (
    0, -1, 32767, 32768, -32768, -32769, 65535, 65536, 2147483647, 2147483648, -2147483648, -2147483649, 4294967295,
    4294967296, 9223372036854775807, 9223372036854775808, 18446744073709551615, 18446744073709551616,
    -9223372036854775808, -9223372036854775809,
)  # fmt: skip
_NAMES = ("a", "b", "", "long key", "\u00e9", "$.x", "k" * 40, "1", '"', "\\")
_JSON_TURNS = (
    "JSON_SET({}, '$.a', 1.50)", "JSON_SET({}, '$[1]', DATE'2024-02-29')", "JSON_REMOVE({}, '$.b')",
    "JSON_REMOVE({}, '$[0]')", "JSON_ARRAY_APPEND({}, '$', X'00ff')", "JSON_REPLACE({}, '$[0]', 'longer than before')",
    "JSON_REPLACE({}, '$.a', 1, '$.b', NULL)", "JSON_SET({}, '$.z', JSON_ARRAY(TIME'-1:2:3'), '$.z[0]', 2)",
    "JSON_REPLACE(JSON_REMOVE({}, '$[1]'), '$[0]', CAST(7 AS UNSIGNED))",
)  # fmt: skip
_KINDS = (
    "POINT", "LINESTRING", "POLYGON", "MULTIPOINT", "MULTILINESTRING", "MULTIPOLYGON", "GEOMETRYCOLLECTION",
)  # fmt: skip
AXES = ", 'axis-order=long-lat')"


def jsons() -> st.SearchStrategy[Typed]:
    scalars = st.one_of(
        st.sampled_from((None, True, False, "", "a", '"\\/\b\f\n\r\t\0\x1f\x7f', "\u20ac\U0001f600")),
        st.sampled_from(_NUMBERS),
        st.integers(-(1 << 64), 1 << 65),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(CHARACTERS, max_size=6),
    )
    keys = st.text('abA "\\.\u00e9\u4e2d\0', max_size=4)
    documents: st.SearchStrategy[object] = st.recursive(
        scalars,
        lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(keys, inner, max_size=4)),
        max_leaves=8,
    )
    values = st.one_of(st.sampled_from(_BUILT), documents.map(_document), documents.map(_document), _of_kinds())
    return st.just(Typed("JSON", values, turns=_JSON_TURNS))


def _of_kinds() -> st.SearchStrategy[str]:
    """Documents that are more than their text."""
    built: st.SearchStrategy[str] = st.recursive(
        st.sampled_from(LEAVES),
        lambda inner: st.one_of(
            st.lists(inner, max_size=4).map(lambda parts: f"JSON_ARRAY({', '.join(parts)})"),
            st.dictionaries(st.sampled_from(_NAMES), inner, max_size=4).map(_object),
        ),
        max_leaves=8,
    )
    return built.map(lambda expression: f"JSON_EXTRACT(JSON_ARRAY({expression}), '$[0]')")


def _object(parts: dict[str, str]) -> str:
    return f"JSON_OBJECT({', '.join(f'{text_literal(name)}, {part}' for name, part in parts.items())})"


def _document(value: object) -> str:
    return f"CAST({utf8(json.dumps(value, ensure_ascii=False))} AS JSON)"


@st.composite
def geometries(draw: st.DrawFn) -> Typed:
    """Of a fixed SRID or of any; 4326 has bounds."""
    kind = draw(st.sampled_from(("GEOMETRY", *_KINDS)))
    srid = draw(st.sampled_from((None, None, 0, 3857, 4326)))
    plain, located = _shapes(kind, _numbers()), _shapes(kind, _degrees())
    values = {
        0: plain.map(lambda shape: f"ST_GeomFromText('{shape}')"),
        3857: plain.map(lambda shape: f"ST_GeomFromText('{shape}', 3857{AXES}"),
        4326: located.map(lambda shape: f"ST_GeomFromText('{shape}', 4326{AXES}"),
    }
    if srid is None:
        return Typed(kind, st.one_of(*values.values()))
    return Typed(f"{kind} SRID {srid}", values[srid])


def _numbers() -> st.SearchStrategy[str]:
    return weighted(
        ("0", "-0.0", "1", "1e10", "-1e300", "0.1"), st.floats(allow_nan=False, allow_infinity=False).map(repr)
    )


def _degrees() -> st.SearchStrategy[str]:
    return weighted(("0", "-0.0", "90", "-90", "1e-300"), st.floats(-90, 90).map(repr))


def _shapes(kind: str, numbers: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Shapes as text. That a polygon's ring ends where it begins is all that the server asks for."""
    point = st.tuples(numbers, numbers).map(" ".join)

    def listed(parts: st.SearchStrategy[str], least: int, most: int) -> st.SearchStrategy[str]:
        return st.lists(parts, min_size=least, max_size=most).map(lambda found: f"({','.join(found)})")

    line = listed(point, 2, 5)
    polygon = listed(st.lists(point, min_size=3, max_size=5).map(lambda ring: f"({','.join([*ring, ring[0]])})"), 1, 2)
    shapes = {
        "POINT": point.map(lambda found: f"({found})"), "LINESTRING": line, "POLYGON": polygon,
        "MULTIPOINT": listed(point, 1, 4), "MULTILINESTRING": listed(line, 1, 3), "MULTIPOLYGON": listed(polygon, 1, 2),
    }  # fmt: skip
    simple = {name: shape.map(partial(str.__add__, name)) for name, shape in shapes.items()}
    if kind in simple:
        return simple[kind]
    some = listed(st.one_of(*simple.values()), 1, 3).map("GEOMETRYCOLLECTION{}".format)
    collection = st.one_of(
        st.just("GEOMETRYCOLLECTION EMPTY"), some, listed(some, 1, 2).map("GEOMETRYCOLLECTION{}".format)
    )
    return collection if kind == "GEOMETRYCOLLECTION" else st.one_of(*simple.values(), collection)


@st.composite
def vectors(draw: st.DrawFn) -> Typed:
    size = draw(weighted((1, 3), st.integers(1, 30)))
    most = st.integers(1, size)
    singles = most.flatmap(
        lambda count: st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1, max_size=count)
    )
    values = singles.map(lambda numbers: f"X'{struct.pack(f'<{len(numbers)}f', *numbers).hex()}'")
    return Typed(f"VECTOR({size})", values)
