"""Labels whose bytes are no text of their column's charset: each answer is a server's own (MySQL 9.7)."""

import pytest

from schemas.labels import label_text

_SIZE = "Größe"


@pytest.mark.parametrize(
    ("stored_as", "charset", "label", "shown"),
    [
        ("latin1", "utf8mb4", _SIZE, "Gr"),
        ("latin1", "utf8mb4", "ùAÇ¼~ùÌ", "?AǼ~"),
        ("latin1", "utf8mb3", _SIZE, "4772f6df65"),
        ("latin1", "ascii", _SIZE, "Gr??e"),
        ("latin1", "gbk", "ä", ""),
        ("latin1", "sjis", _SIZE, "Gr?e"),
        ("latin1", "big5", _SIZE, "Gr廲e"),
        ("latin1", "utf32", _SIZE, "?"),
        ("latin1", "gb2312", "öe^C£", "鲥^C"),
        ("utf-8", "utf16", _SIZE, "䝲쎶쎟"),
        ("utf-8", "ucs2", "\u07b5\uf9e5\uf630", "edbab5eebea7ea97afe9a2b0"),
        ("utf-8", "utf8mb3", "🙂", "f09f9982"),
        ("utf-16-be", "utf8mb4", _SIZE, "\0G\0r\0?\0?\0e"),
        ("utf-16-be", "utf16le", _SIZE, "\u4700\u7200\uf600?ß"),
        ("utf-16-be", "gb18030", "\u81ff", "??"),
        ("utf-16-be", "gb18030", "\u8130", ""),
        ("utf-16-be", "ujis", "\u41e6\u4243", "A?BC"),
        ("utf-16-be", "ujis", "\u8fa1\ua141", "?A"),
        ("utf-16-be", "euckr", "\uf090\u8041", "??"),
    ],
)
def test_bytes_of_another_charset(stored_as: str, charset: str, label: str, shown: str) -> None:
    assert label_text(charset, label.encode(stored_as)) == shown


@pytest.mark.parametrize("charset", ["utf8mb4", "utf16", "utf32", "gb18030"])
def test_text_stays_as_it_is_beyond_the_basic_plane_too(charset: str) -> None:
    stored_as = {"utf8mb4": "utf-8", "utf16": "utf-16-be", "utf32": "utf-32-be"}.get(charset, charset)

    assert label_text(charset, "a🙂\ufffd水".encode(stored_as)) == "a🙂\ufffd水"
