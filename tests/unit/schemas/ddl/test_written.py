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


@pytest.mark.parametrize(
    ("charset", "literal", "carried"),
    [
        ("latin1", b"_koi8r '\xe9'", "_koi8r  0xe9"),
        ("latin1", b"_binary'\xe9'", "_binary 0xe9"),
        ("latin1", b'_GBK"\xca\xfd\x93\xfe"', "_GBK 0xcafd93fe"),
        ("latin1", b"_latin2'it''s \\'\xe9\\n\\%\\0\\q'", "_latin2 0x697427732027e90a5c250071"),
        ("gbk", b"_latin1'\xe9'", "_latin1 0xe9"),
        ("gbk", b"_latin1'\xe9\\'", "_latin1 0xe95c"),  # to this client a character whose second byte is a backslash
        ("sjis", b"_binary'\x95\x5c'", "_binary 0x955c"),
        ("utf8mb4", b"_latin1'\xe9 \xc3\xa9'", "_latin1 0xe920c3a9"),
        ("ujis", b"_latin1'\xe9\\n'", "_latin1 0xe90a"),
        ("utf8mb4", b"_koi8r '\xc3\xa9'", "_koi8r 'é'"),  # the same bytes there
    ],
)
def test_literals_of_another_charset_keep_their_bytes(charset: str, literal: bytes, carried: str) -> None:
    found = read(b"CREATE TABLE t (a VARCHAR(9) DEFAULT " + literal + b")", charset, _PLAIN)
    assert (found.text, found.doubt) == (f"CREATE TABLE t (a VARCHAR(9) DEFAULT {carried})", None)


def test_backslashes_that_are_none() -> None:
    modes = SqlModes(no_backslash_escapes=True)
    assert read(b"DO _koi8r'\xe9\\n''')", "latin1", modes).text == "DO _koi8r 0xe95c6e27)"


@pytest.mark.parametrize(
    ("charset", "literal"),
    [
        ("latin1", b"_koi8r'\xe9' 'more'"),
        ("gbk", b"_latin1'\xfe\xfe\\x'"),  # to the server perhaps one character with the backslash
        ("sjis", b"_latin1'\\\x95\x5c'"),
    ],
)
def test_literals_whose_bytes_are_not_certain(charset: str, literal: bytes) -> None:
    found = read(b"CREATE TABLE t (a VARCHAR(9) DEFAULT " + literal + b")", charset, _PLAIN)
    assert found.doubt is not None
    assert f"may hold other bytes there than in {charset}" in found.doubt


def test_bytes_lost_elsewhere_still_stop() -> None:
    found = read(b"CREATE TABLE t (a VARCHAR(9) DEFAULT _latin1'\xe9' COMMENT '\xe9')", "utf8mb4", _PLAIN)
    assert found.doubt == "it holds bytes that are no character of utf8mb4"
