"""Values of rows stay out of what people read; names stay in."""

import pytest

from control.cli import bug_text
from runtime.discretion import server_text, statement_head

INSERT = "INSERT INTO `d`.`t` VALUES (1)"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Duplicate entry 'secret' for key 't.u'", "Duplicate entry (not shown) for key 't.u'"),
        ("Duplicate entry 'a' for key 'secret-b' for key 'PRIMARY'", "Duplicate entry (not shown) for key 'PRIMARY'"),
        (
            "Incorrect integer value: 'secret' for column 'v' at row 1",
            "Incorrect integer value: (not shown) for column 'v' at row 1",
        ),
        (
            "Incorrect string value: '\\xF0\\x9F' for column `d`.`t`.`a b` at row 12",
            "Incorrect string value: (not shown) for column `d`.`t`.`a b` at row 12",
        ),
        (
            "Incorrect string value: 'it' for column 'secret' for column 'v' at row 1",
            "Incorrect string value: (not shown) for column 'v' at row 1",
        ),
        ("Truncated incorrect DOUBLE value: 'secret\nline'", "Truncated incorrect DOUBLE value: (not shown)"),
        (
            "Incorrect DECIMAL value: '0' for column '' at row -1",
            "Incorrect DECIMAL value: (not shown) for column '' at row -1",
        ),
        (
            "Incorrect datetime value: 'secret' for function str_to_date",
            "Incorrect datetime value: (not shown) for function str_to_date",
        ),
        ("Incorrect TIMESTAMP value: 'secret'", "Incorrect TIMESTAMP value: (not shown)"),
        ("Invalid utf8mb4 character string: 'C3A9'", "Invalid utf8mb4 character string: (not shown)"),
        ("Illegal double '1e999' value found during parsing", "Illegal double (not shown) value found during parsing"),
        ("Table has no partition for value 4711", "Table has no partition for value (not shown)"),
        (
            "BIGINT UNSIGNED value is out of range in '(4711 - 1)'",
            "BIGINT UNSIGNED value is out of range in (not shown)",
        ),
        (
            "Cannot convert string 'secret' from utf8mb4 to latin1",
            "Cannot convert string (not shown) from utf8mb4 to latin1",
        ),
        (
            "Latitude 123.4 is out of range in function st_geomfromwkb. It must be within [-90, 90].",
            "Latitude (not shown) is out of range in function st_geomfromwkb. It must be within [-90, 90].",
        ),
        (
            "Foreign key constraint for table 'p', record 'secret' would lead to a duplicate entry in table 'c'",
            "Foreign key constraint for table 'p', record (not shown) would lead to a duplicate entry in table 'c'",
        ),
        (
            "You have an error in your SQL syntax; check the manual near ''secret')' at line 1",
            "You have an error in your SQL syntax; check the manual near (not shown) at line 1",
        ),
        ("Data too long for column 'v' at row 1", "Data too long for column 'v' at row 1"),
        ("Column 'v' cannot be null", "Column 'v' cannot be null"),
        ("Unknown column 'v' in 'field list'", "Unknown column 'v' in 'field list'"),
        ("Table 'd.t' doesn't exist", "Table 'd.t' doesn't exist"),
    ],
)
def test_what_a_server_says(text: str, shown: str) -> None:
    assert server_text(text, INSERT) == shown


def test_a_syntax_error_of_a_definition_stays() -> None:
    text = "You have an error in your SQL syntax near 'VECTOR(3))' at line 1"
    assert server_text(text, "/* penstock */ CREATE TABLE t (v VECTOR(3))") == text


@pytest.mark.parametrize(
    ("statement", "shown"),
    [
        (
            "INSERT INTO `a'1`.`t` (`id`) VALUES (17, 'it''s \\' secret', _utf8mb4'x'),\n (X'00FF', 0xAB, -1.5e-3)",
            "INSERT INTO `a'1`.`t` (`id`) VALUES (?, ?, _utf8mb4?), (X?, ?, -?)",
        ),
        ("DELETE FROM t1 WHERE (id) IN ((4711)) LIMIT 1", "DELETE FROM t1 WHERE (id) IN ((?)) LIMIT ?"),
        (f"UPDATE t SET v = '{'s' * 900}' WHERE id = 1", "UPDATE t SET v = ?"),
        (b'REPLACE INTO t VALUES ("secret")', "REPLACE INTO t VALUES (?)"),
        ("CREATE TABLE t (v VARCHAR(9) DEFAULT 'x')", "CREATE TABLE t (v VARCHAR(9) DEFAULT 'x')"),
        (
            "/* penstock a epoch 1 */ ALTER TABLE t ADD v INT DEFAULT 7",
            "/* penstock a epoch 1 */ ALTER TABLE t ADD v INT DEFAULT 7",
        ),
    ],
)
def test_what_a_statement_holds(statement: str | bytes, shown: str) -> None:
    assert statement_head(statement) == shown


def test_a_bug_tells_its_place_and_no_value() -> None:
    try:
        try:
            int("secret")
        except ValueError as error:
            raise AssertionError("an answer is a number") from error
    except AssertionError as error:
        told = bug_text(error)
    assert "AssertionError: an answer is a number" in told and "after ValueError" in told
    assert 'int("secret")' in told and "invalid literal" not in told  # the code's own line, not the error's words
