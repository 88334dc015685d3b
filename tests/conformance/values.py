"""Column types, and for each the values that are easily corrupted, as SQL for a session without a strict mode."""

from dataclasses import dataclass

from tests.conformance import documents

_LABELS_300 = ",".join(f"'l{number}'" for number in range(300))
_MEMBERS_64 = ",".join(f"'m{number}'" for number in range(64))


@dataclass(frozen=True, slots=True)
class Case:
    """One column type and the expressions to store in it."""

    type: str
    expressions: tuple[str, ...]


def _integers(type_: str, bits: int) -> tuple[Case, Case]:
    half, whole = 1 << bits - 1, 1 << bits
    signed = ("0", "1", "-1", "63", "-64", "64", "-65", "8191", "-8192", str(half - 1), str(-half))
    unsigned = ("0", "1", "127", str(half - 1), str(half), str(whole - 1))
    return (
        Case(type_, tuple(text for text in signed if -half <= int(text) < half)),
        Case(f"{type_} UNSIGNED", unsigned),
    )


def _temporal(type_: str, base: tuple[str, ...], fractions: tuple[str, ...]) -> list[Case]:
    """Every number of fraction digits."""
    cases = [Case(type_, tuple(f"'{text}'" for text in base))]
    for digits in range(1, 7):
        texts = [text + fraction[: digits + 1] for text in base for fraction in fractions]
        cases.append(Case(f"{type_}({digits})", tuple(f"'{text}'" for text in texts)))
    return cases


_DATES = (
    "1970-01-01", "1969-12-31", "2000-02-29", "1900-02-28", "1582-10-10", "1000-01-01", "0001-01-01", "0000-01-01",
    "0000-12-31", "9999-12-31", "0000-00-00", "2024-00-00", "2024-02-00", "2024-00-15", "2024-02-31", "0000-02-29",
    "2023-02-29",
)  # fmt: skip
_DATETIMES = tuple(
    f"{day} {clock}" for day, clock in zip(_DATES, ("00:00:00", "23:59:59", "12:34:56") * 6, strict=False)
)
_TIMES = (
    "00:00:00", "-00:00:00", "12:34:56", "-12:34:56", "23:59:59", "26:00:00", "-00:00:01", "838:59:58", "-838:59:58",
    "838:59:59", "-838:59:59",
)  # fmt: skip
_TIMESTAMPS = (
    "1970-01-01 00:00:01", "2038-01-19 03:14:07", "2001-09-09 01:46:40", "2024-02-29 23:59:59", "0000-00-00 00:00:00",
)  # fmt: skip

_TEXTS = (
    "''", "'a'", "'trail   '", "'   '", "'a\\0b'", "'quote''s \\\\ back \\n line \\Z'", "'\u00e9\u00df'",
)  # fmt: skip

_GEOMETRIES = (
    "POINT(1 2)",
    "POINT(-0.0 1e300)",
    "LINESTRING(0 0,1 1,2 3)",
    "POLYGON((0 0,10 0,10 10,0 10,0 0),(1 1,2 1,2 2,1 1))",
    "MULTIPOINT(0 0,1 1)",
    "MULTILINESTRING((0 0,1 1),(2 2,3 3))",
    "MULTIPOLYGON(((0 0,1 0,1 1,0 0)),((5 5,6 5,6 6,5 5)))",
    "GEOMETRYCOLLECTION(POINT(1 2),LINESTRING(0 0,1 1))",
    "GEOMETRYCOLLECTION EMPTY",
)


def _spatial(type_: str, texts: tuple[str, ...]) -> Case:
    plain = tuple(f"ST_GeomFromText('{text}')" for text in texts)
    located = tuple(f"ST_GeomFromText('{text}', 4326, 'axis-order=long-lat')" for text in texts if "e300" not in text)
    return Case(type_, plain + located)


def _set_of(size: int) -> Case:
    members = ",".join(f"'m{number}'" for number in range(size))
    return Case(f"SET({members})", ("0", str((1 << size) - 1), str(1 << size - 1)))


_LATIN1_BYTES = "X'" + "".join(f"{byte:02x}" for byte in range(1, 256)) + "'"

CASES: tuple[Case, ...] = (
    *_integers("TINYINT", 8),
    *_integers("SMALLINT", 16),
    *_integers("MEDIUMINT", 24),
    *_integers("INT", 32),
    *_integers("BIGINT", 64),
    Case("INT(5) UNSIGNED ZEROFILL", ("0", "42", "4294967295")),
    Case("BOOLEAN", ("0", "1", "5", "-1", "-128", "127")),
    Case("DECIMAL(10,2)", ("0", "1.50", "-1.50", "0.01", "-0.01", "99999999.99", "-99999999.99")),
    Case("DECIMAL(65,30)", ("0", "1e-30", "-1e-30", "'" + "9" * 35 + "." + "9" * 30 + "'", "'-" + "9" * 35 + ".5'")),
    Case("DECIMAL(65,0)", ("0", "'" + "9" * 65 + "'", "'-1" + "0" * 64 + "'", "127", "128", "-128", "-129")),
    Case("DECIMAL(30,30)", ("0", "0.5", "-0.999999999999999999999999999999")),
    Case("DECIMAL(9,9)", ("0.123456789", "-0.000000001")),
    Case("DECIMAL(1,0)", ("9", "-9")),
    *(
        Case(f"DECIMAL({precision},{scale})", (f"'{'9' * (precision - scale)}.{'9' * scale}'", f"-1e-{scale}", "0"))
        for precision, scale in ((1, 1), (2, 1), (9, 4), (19, 0), (27, 9), (28, 10), (37, 19), (56, 28), (64, 29))
    ),
    Case("DECIMAL(18,9) UNSIGNED ZEROFILL", ("1.5", "999999999.999999999")),
    Case("FLOAT", ("0", "-0.0", "0.1", "16777217", "3.4028234663852886e38", "-3.4028234663852886e38", "1.4e-45",
                   "1e-38")),
    Case("FLOAT(5,0)", ("1.5", "-2.5", "99999")),
    Case("FLOAT(53)", ("0.1", "1.7976931348623157e308")),
    Case("FLOAT UNSIGNED", ("0", "0.1", "1.1754943508222875e-38", "1.4e-45")),
    Case("DOUBLE PRECISION ZEROFILL", ("1.5", "0")),
    Case("FLOAT(7,3)", ("1.2345", "-9999.999", "0.1")),
    Case("DOUBLE", ("0", "-0.0", "0.1", "1.7976931348623157e308", "5e-324", "-2.2250738585072014e-308",
                    "123456789.123456789", "9007199254740993", "1e15", "1e16", "1e-5", "0.3333333333333333")),
    Case("DOUBLE(20,4)", ("1.23456", "1e15", "-0.00004", "9999999999999999.9999")),
    Case("BIT(1)", ("b'0'", "b'1'")),
    *(Case(f"BIT({bits})", ("0", "1", str((1 << bits) - 1), str(1 << bits - 1))) for bits in (2, 7, 9, 16, 33, 57, 63)),
    Case("BIT(12) DEFAULT b'101'", ("DEFAULT(v)", "4095")),
    Case("BIT(5)", ("0", "31", "16")),
    Case("BIT(8)", ("0", "255", "128")),
    Case("BIT(20)", ("1048575", "b'10000000000000000001'")),
    Case("BIT(64)", ("0", "18446744073709551615", "9223372036854775808", "X'0123456789ABCDEF'")),
    Case("YEAR", ("0", "1901", "2000", "2024", "2155")),
    Case("DATE", tuple(f"'{text}'" for text in _DATES)),
    *_temporal("DATETIME", _DATETIMES, (".000000", ".999999", ".000001", ".123456")),
    *_temporal("TIME", _TIMES, (".000000", ".999999", ".000001", ".123456", ".500000")),
    *_temporal("TIMESTAMP", _TIMESTAMPS, (".000000", ".499999", ".000001", ".123456")),
    Case("CHAR(40) CHARACTER SET utf8mb4", (*_TEXTS, "'\U0001f600\u6570\u636e'")),
    Case("CHAR(255) CHARACTER SET utf8mb4", (*_TEXTS, "REPEAT('\U0001f600', 255)")),
    Case("VARCHAR(40) CHARACTER SET utf8mb4", (*_TEXTS, "'\U0001f600\u6570\u636e'")),
    Case("VARCHAR(63) CHARACTER SET utf8mb4", ("REPEAT('\U0001f600', 63)",)),
    Case("VARCHAR(64) CHARACTER SET utf8mb4", ("REPEAT('\U0001f600', 64)", "'x'")),
    Case("VARCHAR(3000) CHARACTER SET utf8mb3", ("REPEAT('\u6570', 3000)", "''", "'x'")),
    Case("TINYTEXT", _TEXTS),
    Case("TEXT", (*_TEXTS, "REPEAT('\u00fc', 32000)")),
    Case("MEDIUMTEXT", (*_TEXTS, "REPEAT('\u00fc', 70000)")),
    Case("LONGTEXT", (*_TEXTS, "REPEAT('\u00fc', 70000)", "REPEAT('x', 9000000)")),
    Case("VARCHAR(300) CHARACTER SET latin1", ("''", "'\u20ac\u00e9'", f"CONVERT({_LATIN1_BYTES} USING latin1)")),
    Case("CHAR(40) CHARACTER SET latin1", _TEXTS),
    Case("TEXT CHARACTER SET latin1", _TEXTS),
    Case("VARCHAR(40) CHARACTER SET ascii", ("''", "'plain ~'")),
    Case("CHAR(20) CHARACTER SET ucs2", ("''", "'a\u00e9\u6570  '")),
    Case("VARCHAR(200) CHARACTER SET utf16", ("''", "'a\u00e9\u6570\U0001f600  '")),
    Case("TEXT CHARACTER SET utf16le", ("''", "'a\u00e9\u6570\U0001f600  '")),
    Case("CHAR(20) CHARACTER SET utf32", ("''", "'a\u00e9\u6570\U0001f600  '")),
    Case("VARCHAR(100) CHARACTER SET gbk", ("''", "'\u4e2d\u6587a\\\\'")),
    Case("CHAR(200) CHARACTER SET gb18030", ("''", "'\u4e2d\u6587\U0001f600\u1e3f\ue7c7'")),
    Case("TEXT CHARACTER SET euckr", ("''", "'\ud55c\uad6d\uc5b4'")),
    Case("VARCHAR(100) CHARACTER SET gb2312", ("''", "'\u4e2d\u6587'")),
    Case("VARCHAR(100) CHARACTER SET cp1251", ("''", "'\u041f\u0440\u0438\u0432\u0435\u0442'")),
    Case("VARCHAR(100) CHARACTER SET swe7", ("''", "'\u00c5\u00e4\u00f6'")),
    Case("BINARY(5)", ("X'4100000000'", "X'4120202020'", "X'0000004100'", "X'4141414120'")),
    Case("VARBINARY(5)", ("X'41000000'", "X'41202020'", "X'0000'", "X'2020'")),
    Case("BINARY(1)", ("X'00'", "X'ff'", "''")),
    Case("BINARY(8)", ("X'00'", "X'0102'", "''", "X'0000000000000001'", "X'2020'")),
    Case("BINARY(255)", ("X'00'", "REPEAT(X'ff', 255)")),
    Case("VARBINARY(20)", ("''", "X'00'", "X'00FF1000'", "'trail  '")),
    Case("VARBINARY(300)", ("''", "REPEAT(X'80', 300)")),
    Case("TINYBLOB", ("''", "X'00fffe'")),
    Case("BLOB", ("''", "X'00fffe'", "REPEAT(X'00', 60000)")),
    Case("MEDIUMBLOB", ("''", "REPEAT(X'c3', 70000)")),
    Case("LONGBLOB", ("''", "REPEAT(X'27', 300000)")),
    Case("JSON", documents.ALL),
    Case("ENUM('a','b,c','','it''s','back\\\\slash','line\\n')", ("1", "2", "3", "4", "5", "6", "0")),
    Case(f"ENUM({_LABELS_300})", ("1", "255", "256", "300", "0")),
    Case("ENUM('\u00e9','\u20ac') CHARACTER SET latin1", ("1", "2", "0")),
    Case("SET('x','y','z')", ("0", "1", "5", "7")),
    Case("SET('','a','it''s')", ("0", "1", "2", "3", "7")),
    Case("SET('\u00e9') CHARACTER SET latin1", ("0", "1")),
    *(_set_of(size) for size in (8, 9, 17, 25, 33)),
    Case(f"SET({_MEMBERS_64})", ("0", "18446744073709551615", "9223372036854775808", "6148914691236517205")),
    _spatial("GEOMETRY", _GEOMETRIES),
    _spatial("POINT", _GEOMETRIES[:2]),
    _spatial("LINESTRING", _GEOMETRIES[2:3]),
    _spatial("POLYGON", _GEOMETRIES[3:4]),
    _spatial("MULTIPOINT", _GEOMETRIES[4:5]),
    _spatial("MULTILINESTRING", _GEOMETRIES[5:6]),
    _spatial("MULTIPOLYGON", _GEOMETRIES[6:7]),
    _spatial("GEOMETRYCOLLECTION", _GEOMETRIES[7:]),
    Case("GEOMETRY SRID 3857", ("ST_GeomFromText('POINT(1 2)', 3857)", "ST_GeomFromText('LINESTRING(0 0,1 1)', 3857)")),
    Case("GEOMETRY SRID 0", ("ST_GeomFromText('GEOMETRYCOLLECTION EMPTY')", "ST_GeomFromText('POINT(1 2)')")),
    Case("POINT SRID 4326", ("ST_GeomFromText('POINT(1 2)', 4326)",)),
    Case("VECTOR(1)", ("STRING_TO_VECTOR('[-0]')", "X'00000080'", "X'01000000'")),
    Case("VECTOR(16383)", ("STRING_TO_VECTOR(CONCAT('[', REPEAT('1.5,', 16382), '2]'))", "X'0000803f'")),
    Case("VECTOR(3)", ("X'0000803f0000004000004040'", "STRING_TO_VECTOR('[0.1,-0,3e38]')", "STRING_TO_VECTOR('[1]')")),
    Case("VECTOR(2048)", ("STRING_TO_VECTOR(CONCAT('[', REPEAT('1.5,', 2047), '2]'))",)),
)  # fmt: skip
