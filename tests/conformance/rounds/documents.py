"""Random JSON, spatial and VECTOR columns."""

import json
import struct

from hypothesis import strategies as st

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
_GEOMETRIES = {
    "POINT": ("POINT(1 2)", "POINT(-0.0 1e10)", "POINT(0 0)"),
    "LINESTRING": ("LINESTRING(0 0,1 1,2 3)",),
    "POLYGON": ("POLYGON((0 0,10 0,10 10,0 10,0 0),(1 1,2 1,2 2,1 1))",),
    "MULTIPOINT": ("MULTIPOINT(0 0,1 1)",),
    "MULTILINESTRING": ("MULTILINESTRING((0 0,1 1),(2 2,3 3))",),
    "MULTIPOLYGON": ("MULTIPOLYGON(((0 0,1 0,1 1,0 0)),((5 5,6 5,6 6,5 5)))",),
    "GEOMETRYCOLLECTION": ("GEOMETRYCOLLECTION(POINT(1 2),LINESTRING(0 0,1 1))", "GEOMETRYCOLLECTION EMPTY"),
}


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
    values = st.one_of(st.sampled_from(_BUILT), documents.map(_document), documents.map(_document))
    return st.just(Typed("JSON", values))


def _document(value: object) -> str:
    return f"CAST({utf8(json.dumps(value, ensure_ascii=False))} AS JSON)"


@st.composite
def geometries(draw: st.DrawFn) -> Typed:
    kind = draw(st.sampled_from(("GEOMETRY", *_GEOMETRIES)))
    known = _GEOMETRIES.get(kind) or tuple(text for texts in _GEOMETRIES.values() for text in texts)
    srid = draw(st.sampled_from(("", "", " SRID 0", " SRID 4326")))

    def located(text: str) -> str:
        return f"ST_GeomFromText('{text.replace('1e10', '8')}', 4326, 'axis-order=long-lat')"

    plain = [f"ST_GeomFromText('{text}')" for text in known]
    chosen = {" SRID 0": plain, " SRID 4326": [located(text) for text in known]}.get(
        srid, plain + [located(text) for text in known]
    )
    return Typed(kind + srid, st.sampled_from(chosen))


@st.composite
def vectors(draw: st.DrawFn) -> Typed:
    size = draw(weighted((1, 3), st.integers(1, 30)))
    most = st.integers(1, size)
    singles = most.flatmap(
        lambda count: st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1, max_size=count)
    )
    values = singles.map(lambda numbers: f"X'{struct.pack(f'<{len(numbers)}f', *numbers).hex()}'")
    return Typed(f"VECTOR({size})", values)
