"""JSON documents as SQL for a session without a strict mode: of every kind of value, and all that is hard to carry."""

import random

from schemas.sql import text_literal

_TEXTS = (
    "null", "true", "false", "0", "-1", "32767", "32768", "-32768", "-32769", "65535", "65536", "2147483647",
    "2147483648", "-2147483648", "-2147483649", "4294967295", "4294967296", "9223372036854775807",
    "-9223372036854775808", "18446744073709551615", "12345678901234567890123", "1.0", "-0.0", "1e20", "1.5e-7", "1e14",
    "1e15", "1e16", "123456789012345.5", "1234567890123456.7", "9007199254740993.0", "1.7976931348623157e308",
    "5e-324", "2.2250738585072014e-308", "1e-14", "1e-15", "1e-16", "0.1", "3.141592653589793",
    '""', '"a"', '"\u00e9\U0001f600\\"\\\\/\\b\\f\\n\\r\\t\\u0000\\u001f\\u007f"', "[]", "{}", "[[[]]]", '{"a": {}}',
    '{"b": 1, "a": [1.0, null, "\u00e9"], "aa": true, "": {"c": [1, 2, {"d": -1}]}}',
    "[1, 65536, 4294967296, 1.5, \"x\", null, true, false, {}]",
)  # fmt: skip

_BUILT = (
    "CAST(CAST(1.10 AS DECIMAL(5,2)) AS JSON)",
    "CAST(CAST(-0.00000000000000000000012300 AS DECIMAL(40,30)) AS JSON)",
    "CAST(CAST('12345678901234567890.50000' AS DECIMAL(40,5)) AS JSON)",
    "CAST(CAST('-99999999999999999999999999999999999999999999999999999999999999999' AS DECIMAL(65,0)) AS JSON)",
    "JSON_OBJECT('price', 1.10, 'quo\"te.s', JSON_ARRAY(2.50, 'x', JSON_OBJECT('\u00e9', 100.00, 'n', 1.5)))",
    "JSON_ARRAY(CAST('2024-01-02' AS DATE), CAST('0000-00-00' AS DATE), CAST('-12:00:00.5' AS TIME(1)),"
    " TIME'838:59:59', CAST('2024-01-02 03:04:05.5' AS DATETIME(6)), TIMESTAMP'2024-01-01 00:00:00',"
    " TIME'-00:00:00.000001')",
    "JSON_ARRAY(b'101', X'00ff', CAST('' AS BINARY), CAST(REPEAT('ab', 27) AS BINARY),"
    " CAST(REPEAT('abc', 19) AS BINARY), CAST(REPEAT('abc', 38) AS BINARY), CAST(REPEAT('ab', 500) AS BINARY),"
    " CAST(2024 AS YEAR))",
    "JSON_ARRAY(REPEAT('x', 127), REPEAT('y', 128), REPEAT('z', 16384), REPEAT('\u00e9', 40000))",
    "CAST(CONCAT('[', REPEAT('1,', 70000), '1]') AS JSON)",
    "CAST(CONCAT('{', (WITH RECURSIVE n AS (SELECT 1 i UNION ALL SELECT i + 1 FROM n WHERE i < 900)"
    " SELECT GROUP_CONCAT(CONCAT('\"key', i, '\":', i * 100000)) FROM n), '}') AS JSON)",
    "CAST(CONCAT(REPEAT('[', 99), REPEAT(']', 99)) AS JSON)",
    "CAST(CONCAT(REPEAT('{\"a\":', 98), '1.5', REPEAT('}', 98)) AS JSON)",
    "CAST(ST_GeomFromText('POINT(1 2)') AS JSON)",
    "JSON_ARRAY(CAST(1 AS DOUBLE), CAST(0.1 AS FLOAT), 1e0, 123456e-2, 1e100, -1.5e-20)",
)

#: documents that are more than their text
_KINDS = (
    """JSON_OBJECT('d', DATE'2024-01-02', 's', '2024-01-02', 't', CAST('-1:2:3.5' AS TIME(6)), 'ts', '01:02:03.500000',
        'm', 9.99, 'n', 9.99e0, 'u', CAST(5 AS UNSIGNED), 'i', 5, 'b', CAST(5000000000 AS SIGNED),
        'B', CAST(5000000000 AS UNSIGNED), 'neg', -5000000000, 'w', CAST(4294967295 AS UNSIGNED),
        'W', CAST(4294967296 AS SIGNED), 'dec', CAST(5 AS DECIMAL(3,0)), 'neg dec', CAST(-5 AS DECIMAL(3,0)))""",
    """JSON_OBJECT('', 1.10, 'a', JSON_OBJECT('b', JSON_OBJECT('c', 1, 'd', JSON_ARRAY(JSON_OBJECT('e', 2.50))),
        'f', 3.0), 'g', JSON_ARRAY(JSON_OBJECT('h', 4.0), JSON_ARRAY(5.0, NULL, JSON_OBJECT('i',
        JSON_ARRAY(6.0, 'x')))), 'j', NULL)""",
    r"""JSON_OBJECT('*/', X'00', 'a.b[0]', TIME'1:2:3', '$**', 1.0, 'back\\slash', 1.0, 'new\nline', 1.0, '\'', 1.0,
        '\"', 1.0, '\0', 1.0, 'é😀', 1.0)""",
    """(SELECT JSON_ARRAYAGG(JSON_ARRAY(tb, bl, mb, lb, bi, vb, bt, ts)) FROM JSON_TABLE(CAST(X'00ff41' AS JSON), '$'
        COLUMNS(tb TINYBLOB PATH '$', bl BLOB PATH '$', mb MEDIUMBLOB PATH '$', lb LONGBLOB PATH '$',
        bi BINARY(3) PATH '$', vb VARBINARY(3) PATH '$', bt BIT(9) PATH '$.x' DEFAULT '257' ON EMPTY,
        ts TIMESTAMP(3) PATH '$.x' DEFAULT '"2024-01-01 00:00:00.5"' ON EMPTY)) AS made)""",
    "CAST(DATE'2024-01-02' AS JSON)",
    "CAST(TIME'1:2:3' AS JSON)",
    "CAST(TIMESTAMP'2024-01-02 03:04:05' AS JSON)",
    "CAST(X'00ff' AS JSON)",
    "CAST(CAST('' AS BINARY) AS JSON)",
    "CAST(CAST(7 AS UNSIGNED) AS JSON)",
    "CAST(CAST(7 AS DECIMAL(3,0)) AS JSON)",
    "JSON_ARRAY(CAST('2024-00-15' AS DATE), CAST('2024-02-31' AS DATE), CAST('0000-00-00 00:00:00' AS DATETIME))",
    "JSON_REPLACE(CAST(CONCAT(REPEAT('[', 98), '1', REPEAT(']', 98)) AS JSON), CONCAT('$', REPEAT('[0]', 98)), 1.10)",
    """(WITH RECURSIVE n AS (SELECT 1 i UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
        SELECT JSON_ARRAYAGG(JSON_OBJECT('price', i + 0.50, 'on', DATE'2024-01-01' + INTERVAL i DAY)) FROM n)""",
    # large offsets around the odd values: containers over 64 KB
    """JSON_OBJECT('long', REPEAT('x', 70000), 'd', DATE'2024-01-02', 'n', 3000000000,
        'in', JSON_ARRAY(REPEAT('y', 70000), 1.10, CAST(70000 AS UNSIGNED), X'00'))""",
)

LEAVES = (
    "NULL", "CAST('null' AS JSON)", "TRUE", "'text'", "'2024-01-02'", "5", "-5", "5000000000", "CAST(5 AS UNSIGNED)",
    "CAST(5000000000 AS UNSIGNED)", "18446744073709551615", "1.5e0", "1.0", "1.50", "CAST(5 AS DECIMAL(5,0))",
    "DATE'2024-01-02'", "TIME'-12:34:56.5'", "TIMESTAMP'2024-01-02 03:04:05'", "X'00ff'",
)  # fmt: skip


def random_document(chance: random.Random, depth: int = 0) -> str:
    """An expression of a nested document with values of every kind."""
    kind = chance.randrange(4) if depth < 6 else 0
    if kind < 2:
        return chance.choice(LEAVES)
    inner = [random_document(chance, depth + 1) for _ in range(chance.randrange(5))]
    if kind == 2:
        return f"JSON_ARRAY({', '.join(inner)})"
    names = chance.sample(("a", "b", "", "long key", "\u00e9", "$.x", "k" * 40, "1"), len(inner))
    return (
        f"JSON_OBJECT({', '.join(f'{text_literal(name)}, {value}' for name, value in zip(names, inner, strict=True))})"
    )


def _random_documents(count: int) -> list[str]:
    chance = random.Random(11)
    return [f"JSON_EXTRACT(JSON_ARRAY({random_document(chance)}), '$[0]')" for _ in range(count)]


ALL = (*map(text_literal, _TEXTS), *_BUILT, *_KINDS, *_random_documents(100))
