"""SHOW CREATE TABLE in a server's own bytes (MySQL 9.7)."""

import pytest

from schemas.ddl.shown_text import shown_text


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (b"DEFAULT (_utf8mb4'\xf0\x9f\x98\x80')", "DEFAULT (_utf8mb4'😀')"),
        (b"(_gbk'\xcb\xae') CHECK (_cp1251'\xdf\\'\\\\\\n\\0')", "(_gbk'ˮ') CHECK (_cp1251 0xDF275C0A00)"),
        (b"DEFAULT (_sjis'\x83\\\\'), x", "DEFAULT (_sjis 0x835C), x"),
        (b"(_utf16'\\0\\'\xd8=\xde\\0\\n\\r\\Z\\0')", "(_utf16 0x0027D83DDE000A0D1A00)"),
        (b"COMMENT 'it''s _latin1' DEFAULT (_latin1'\xf6')", "COMMENT 'it''s _latin1' DEFAULT (_latin1 0xF6)"),
        (b"DEFAULT (_latin1'a''\xf6')", "DEFAULT (_latin1 0x6127F6)"),
    ],
)
def test_literals_that_are_no_utf8_are_hexadecimal(shown: bytes, expected: str) -> None:
    assert shown_text(shown) == expected
