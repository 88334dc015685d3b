"""Rounds that once failed, by what they are about: small, and played with every run of the tests."""

from tests.conformance.rounds.changes import TABLE
from tests.conformance.rounds.columns import Column
from tests.conformance.rounds.sources import Kind
from tests.conformance.rounds.tables import Round


def _column(name: str, definition: str, *values: str) -> Column:
    return Column(name, definition, values, ())


_RENEWED = Round(
    0,
    (
        _column("id", "INT NOT NULL", "1", "2"),
        _column(
            "at", "TIMESTAMP(3) NOT NULL DEFAULT '2001-01-01' ON UPDATE CURRENT_TIMESTAMP(3)", "DEFAULT", "DEFAULT"
        ),
        _column("v", "INT NOT NULL", "1", "2"),
    ),
    ("PRIMARY KEY (id, at)",),
    (f"UPDATE {TABLE} SET v = v + 1, at = at", f"UPDATE {TABLE} SET v = v + 1 LIMIT 1"),
)
_SEVERAL_CHARSETS = Round(
    0,
    (
        _column("a", "VARBINARY(20) NOT NULL", "X'30'", "X'31'", "X'32'"),
        _column("b", "VARCHAR(20) CHARACTER SET latin7 NOT NULL", "'\u00fc'", "'?'", "'\u00c4?'"),
    ),
    ("PRIMARY KEY (b, a)",),
    (f"UPDATE {TABLE} SET b = CONCAT(b, 'x') LIMIT 2", f"DELETE FROM {TABLE} ORDER BY a DESC LIMIT 1"),
)
_OTHER_BYTES = Round(
    0,
    (
        _column("a", "VARCHAR(20) CHARACTER SET armscii8 NOT NULL", "'(a)'", "'b,c'", "'d'"),
        _column("b", "TINYTEXT CHARACTER SET armscii8 NOT NULL", "'\\''", "'-.'", "'x'"),
    ),
    ("PRIMARY KEY (a)",),
    (f"UPDATE {TABLE} SET b = CONCAT(b, ','), a = CONCAT(a, '-') LIMIT 2", f"DELETE FROM {TABLE} ORDER BY a LIMIT 1"),
)

FOUND: dict[str, tuple[Kind, Round]] = {
    "a key that an update of other columns sets to the time": (Kind.FULL, _RENEWED),
    "generated columns whose values a lax session has cut": (
        Kind.FULL,
        Round(
            0,
            (
                _column("a", "SMALLINT UNSIGNED NOT NULL", "1", "65535", "7"),
                _column("b", "SMALLINT UNSIGNED AS (-a) STORED"),
                _column("c", "VARBINARY(2) AS (CONCAT(a, 'xy')) VIRTUAL"),
                _column("d", "TINYINT AS (CONCAT(a, 'xy')) VIRTUAL"),
                _column("e", "ENUM('p','q') NOT NULL", "0", "1", "0"),
            ),
            ("PRIMARY KEY (a)", "UNIQUE KEY (a, b)"),
            (f"UPDATE IGNORE {TABLE} SET a = a DIV 2",),
        ),
    ),
    "the same key, made by a session of 5.6": (Kind.FROM_56, _RENEWED),
    "a key of several columns in another charset, stored by 5.6": (Kind.TO_56, _SEVERAL_CHARSETS),
    "ASCII that 5.6 stores as other bytes": (Kind.TO_56, _OTHER_BYTES),
    "a type that 5.6 has by another name": (
        Kind.TO_56,
        Round(
            0,
            (
                _column("id", "INT NOT NULL", "1"),
                _column("g", "GEOMETRYCOLLECTION NULL", "ST_GeomFromText('GEOMETRYCOLLECTION(POINT(1 2))')"),
            ),
            ("PRIMARY KEY (id)",),
            (f"UPDATE {TABLE} SET g = NULL",),
        ),
    ),
    "the same bytes, read from 5.6": (Kind.FROM_56, _OTHER_BYTES),
    "large documents behind a key that descends": (
        Kind.FULL,
        Round(
            0,
            (
                _column("a", "INT NOT NULL", "1", "2"),
                _column("b", "TINYINT NOT NULL", "127", "-3"),
                _column("v", "JSON NULL", "CAST(CONCAT('[', REPEAT('1,', 30000), '1]') AS JSON)", "'[1]'"),
                _column("w", "JSON AS (JSON_SET(v, '$.a', 1.50)) VIRTUAL"),
            ),
            ("PRIMARY KEY (a, b DESC)",),
            (f"UPDATE {TABLE} SET v = JSON_ARRAY_APPEND(v, '$', 7)", f"DELETE FROM {TABLE} WHERE a = 2"),
        ),
    ),
}
