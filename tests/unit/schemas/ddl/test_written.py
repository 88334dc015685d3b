"""Statements of the log in the charset of the session that wrote them."""

import pytest

from schemas.ddl.lexer import SqlModes
from schemas.ddl.statement import understand
from schemas.ddl.written import read

_PLAIN = SqlModes()


@pytest.mark.parametrize(
    ("charset", "codec", "name"),
    [
        ("utf8mb4", "utf-8", "表😀"),
        ("latin1", "cp1252", "Größe€"),
        ("gbk", "gbk", "數據"),
        ("big5", "big5", "功許蓋"),  # their second bytes are backslashes
        ("sjis", "shift_jis", "表ソ能"),
        ("cp932", "cp932", "表ソ能①"),
        ("ujis", "euc_jp", "表ソ能"),
        ("binary", "utf-8", "表"),
    ],
)
def test_names_and_defaults_in_the_sessions_charset(charset: str, codec: str, name: str) -> None:
    words = f"CREATE TABLE `{name}` (a VARCHAR(9) DEFAULT '{name}\\'' COMMENT '\\\\')"

    found = read(words.encode(codec), charset, _PLAIN)

    assert (found.text, found.doubt) == (words, None)
    assert [table.name for table in understand(found.text, "shop", _PLAIN).tables] == [name]


def test_bytes_that_are_no_text() -> None:
    found = read(b"CREATE TABLE t (a INT COMMENT '\xff')", "utf8mb4", _PLAIN)
    assert found.text == "CREATE TABLE t (a INT COMMENT '\ufffd')"
    assert found.doubt == "it holds bytes that are no character of utf8mb4"
    assert read(found.text.encode(), "utf8mb4", _PLAIN).doubt is None


@pytest.mark.parametrize("written", ["_latin1 'abc'", "_latin1 X'E9'", "_latin1 0xE9", "_utf8mb4'a' COMMENT 'é'"])
def test_literals_of_another_charset_that_keep_their_meaning(written: str) -> None:
    words = f"CREATE TABLE t (a VARCHAR(9) DEFAULT {written})"
    assert read(words.encode("cp1252"), "latin1", _PLAIN).doubt is None


def test_literals_of_another_charset_that_would_not() -> None:
    words = "CREATE TABLE t (a VARCHAR(9) DEFAULT _koi8r 'é')"
    assert read(words.encode(), "utf8mb4", _PLAIN).doubt is None  # the same bytes there
    found = read(words.encode("cp1252"), "latin1", _PLAIN)
    assert found.doubt == "a literal _koi8r'...' holds bytes of latin1 as those of another charset"
