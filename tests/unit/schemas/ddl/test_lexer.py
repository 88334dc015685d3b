import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.ddl.lexer import SqlModes, Token, TokenKind, tokens

PLAIN = SqlModes()
ANSI = SqlModes(ansi_quotes=True)
RAW = SqlModes(no_backslash_escapes=True)
LETTERS = {
    TokenKind.WORD: "w",
    TokenKind.NAME: "n",
    TokenKind.STRING: "s",
    TokenKind.NUMBER: "#",
    TokenKind.VARIABLE: "@",
    TokenKind.PUNCTUATION: "p",
    TokenKind.UNFINISHED: "?",
}


def seen(sql: str, modes: SqlModes = PLAIN, server_version: int = 90700) -> list[str]:
    """Each token as its kind's letter and its text."""
    return [f"{LETTERS[token.kind]}:{token.text}" for token in tokens(sql, modes, server_version)]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT `a``b`,1", ["w:SELECT", "n:a`b", "p:,", "#:1"]),
        ("'it''s' 'it\\'s' \"x\"", ["s:it's", "s:it's", "s:x"]),
        (r"'\n\t\0\Z\\\%\_\q' '\''''", ["s:\n\t\0\x1a\\\\%\\_q", "s:''"]),
        ("_utf8mb4'x' N'y' n'z'", ["w:_utf8mb4", "s:x", "s:y", "s:z"]),
        ("X'4a' x'' b'01' 0x1F 0b1", ["#:X'4a'", "#:x''", "#:b'01'", "#:0x1F", "#:0b1"]),
        ("X'4' 0X1 0xg 0b2", ["#:X'4'", "w:0X1", "w:0xg", "w:0b2"]),
        ("1 1.5 .5 1e5 1.5e-3 1.", ["#:1", "#:1.5", "#:.5", "#:1e5", "#:1.5e-3", "#:1."]),
        ("1t 2e 3e+ $x _a à中 größe$1", ["w:1t", "w:2e", "w:3e", "p:+", "w:$x", "w:_a", "w:à中", "w:größe$1"]),
        ("db.tbl", ["n:db", "p:.", "n:tbl"]),
        ("db.1 db.2e5.0x1", ["n:db", "p:.", "n:1", "n:db", "p:.", "n:2e5", "p:.", "n:0x1"]),
        ("db . tbl", ["w:db", "p:.", "w:tbl"]),
        (".tbl `db`.select", ["p:.", "n:tbl", "n:db", "p:.", "n:select"]),
        ("t.* a,b;", ["w:t", "p:.", "p:*", "w:a", "p:,", "w:b", "p:;"]),
        (
            "root@localhost root@'%' @a.b @@global.x",
            ["w:root", "@:localhost", "w:root", "p:@", "s:%", "@:a.b", "p:@", "@:global.x"],
        ),
        ("a -- b\nc --\nd #e\nf --", ["w:a", "w:c", "w:d", "w:f"]),
        ("a--b", ["w:a", "p:-", "p:-", "w:b"]),
        ("a /* b * ' */ c /**/ d /*+ hint */ e", ["w:a", "w:c", "w:d", "w:e"]),
        ("a */ b", ["w:a", "p:*", "p:/", "w:b"]),
        ("a\v\f\r\n\tb", ["w:a", "w:b"]),
        ("", []),
        ("'a", ["?:'a"]),
        ("a `b", ["w:a", "?:`b"]),
        ("a /* b", ["w:a", "?:/* b"]),
        (r"'a\'", [r"?:'a\'"]),
    ],
)
def test_plain(sql: str, expected: list[str]) -> None:
    assert seen(sql) == expected


def test_double_quotes_hold_names_with_ansi_quotes() -> None:
    assert seen('"a""b\\" \'c"\'', ANSI) == ['n:a"b\\', 's:c"']


def test_backslashes_stand_for_themselves_with_no_backslash_escapes() -> None:
    assert seen("'a\\' \"b\\\" 'c''d'", RAW) == ["s:a\\", "s:b\\", "s:c'd"]


@pytest.mark.parametrize(
    ("sql", "server_version", "expected"),
    [
        ("/*! a */ b", 50600, ["w:a", "w:b"]),
        ("/*!50100 a */ b", 50600, ["w:a", "w:b"]),
        ("/*!50100a*/b", 50600, ["w:a", "w:b"]),
        ("/*!80016 a */ b", 50600, ["w:b"]),
        ("/*!080016 a */ b", 80016, ["w:a", "w:b"]),
        ("/*!080016 a */ b", 80015, ["w:b"]),
        ("/*!0801001 a */ b", 80015, ["#:01", "w:a", "w:b"]),  # no blank after six digits: five count
        ("/*!101000 a */ b", 90700, ["w:b"]),
        ("/*!99990 800220201 GLOBAL */ b", 90700, ["w:b"]),
        ("/*!99990 800220201 GLOBAL */ b", 261000, ["#:800220201", "w:GLOBAL", "w:b"]),
        ("/*!99999 a /* b */ c */ d", 90700, ["w:d"]),
        ("/*!50100 a /* b */ c */ d", 90700, ["w:a", "w:c", "w:d"]),
        ("/*!50100 '*/' */ d", 90700, ["s:*/", "w:d"]),
        ("/*!99999 a", 90700, []),
    ],
)
def test_executable_comments(sql: str, server_version: int, expected: list[str]) -> None:
    assert seen(sql, PLAIN, server_version) == expected


@pytest.mark.parametrize(
    ("sql", "server_version", "expected"),
    [
        ("AS $$ it's $x $$;", 90000, ["w:AS", "s: it's $x ", "p:;"]),
        ("AS $js$ $$ 'a $js$;", 90000, ["w:AS", "s: $$ 'a ", "p:;"]),
        ("AS $$ a", 90000, ["w:AS", "?:$$ a"]),
        ("$a$ $a$", 80400, ["w:$a$", "w:$a$"]),
        ("$a b$ c", 90000, ["w:$a", "w:b$", "w:c"]),
    ],
)
def test_dollar_quotes(sql: str, server_version: int, expected: list[str]) -> None:
    assert seen(sql, PLAIN, server_version) == expected


def test_modes_from_the_bits_of_the_log() -> None:
    assert SqlModes.from_bits(0x50000020) == PLAIN
    assert SqlModes.from_bits(4) == ANSI
    assert SqlModes.from_bits(1 << 20 | 2) == RAW


def test_only_words_and_marks_are_symbols() -> None:
    symbols = [token.symbol for token in tokens("drop `drop` 'drop' a.drop ſelect ( 1", PLAIN)]
    assert symbols == ["DROP", "", "", "", ".", "", "", "(", ""]


@pytest.mark.parametrize("unit", ["'", "/*", "/*!", "$a$", "`", "(", "-", "/*!99999 /* */", "'\\", "1.", "\n#", "a."])
def test_a_large_statement_of_one_awkward_piece(unit: str) -> None:
    sql = unit * (50_000 // len(unit))
    assert sum(1 for _ in tokens(sql, PLAIN)) <= len(sql)


MODES = st.builds(SqlModes, st.booleans(), st.booleans())
PIECES = st.sampled_from(
    [
        "'",
        '"',
        "`",
        "\\",
        "--",
        "-",
        "#",
        "/*",
        "/*!",
        "/*!50100",
        "/*!99999",
        "*/",
        "*",
        "/",
        "@",
        ".",
        "$",
        " ",
        "\n",
        "\0",
    ]
) | st.sampled_from(["0", "0x", "1e", "+", "N'", "x'", "a", "select", "_", ";", "(", ")", "é", "\U0001f600", "\ud800"])
TEXTS = st.one_of(st.text(), st.lists(PIECES).map("".join))


@settings(deadline=None)
@given(TEXTS, MODES, st.sampled_from([50600, 80018, 90700]))
def test_spans_are_in_order_and_hold_the_tokens(sql: str, modes: SqlModes, server_version: int) -> None:
    position = 0
    for token in tokens(sql, modes, server_version):
        assert position <= token.start < token.end <= len(sql)
        if token.kind in (TokenKind.WORD, TokenKind.PUNCTUATION, TokenKind.NUMBER, TokenKind.UNFINISHED):
            assert sql[token.start : token.end] == token.text
        position = token.end


@settings(deadline=None)
@given(TEXTS, MODES)
def test_nothing_but_comments_lies_between_tokens(sql: str, modes: SqlModes) -> None:
    """With a comment in place of whatever lies between, the tokens are the same."""
    found = list(tokens(sql, modes))
    assert meaning(list(tokens(spread(sql, found), modes))) == meaning(found)


def spread(sql: str, found: list[Token]) -> str:
    parts = []
    position = 0
    for token in found:
        parts += ["/**/" if position < token.start else "", sql[token.start : token.end]]
        position = token.end
    return "".join([*parts, "/**/" if position < len(sql) else ""])


def meaning(found: list[Token]) -> list[tuple[TokenKind, str]]:
    return [(token.kind, token.text) for token in found]
