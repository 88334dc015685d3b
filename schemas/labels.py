"""The labels of an ENUM or SET as the server shows them, from the bytes that it keeps.

ALTER TABLE ... CONVERT TO CHARACTER SET keeps the bytes of labels, so they need not be text of the column's charset.
What SHOW CREATE TABLE prints then follows from how the server converts text to its own utf8mb3 (my_convert in
strings/ctype.cc and each charset's mb_wc): a byte that begins no character reads as "?", and so does a character that
has no Unicode; where the bytes end within a character, the text ends before it. Labels in utf8mb3 itself are not
converted: bytes that are no text are printed in hexadecimal, without leading zeros.
"""

import re
from collections.abc import Iterator
from functools import cache

from schemas.charsets import character_of, decoder

#: what stands for a character that cannot be printed
UNPRINTED = "?"
#: the charsets that have characters beyond the basic plane
BEYOND_PRINT = frozenset(("utf8mb4", "utf16", "utf16le", "utf32", "gb18030"))
_LAST_PRINTED = "\uffff"
_BEYOND = re.compile("[\U00010000-\U0010ffff]")
_BYTE = (rb".", rb"(?!)")
#: one character, and an end within one, for charsets of several bytes
_UNITS: dict[str, tuple[bytes, bytes]] = {
    "utf8mb4": (
        rb"[\x00-\x7f]|[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|\xed[\x80-\x9f][\x80-\xbf]"
        rb"|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}"
        rb"|\xf4[\x80-\x8f][\x80-\xbf]{2}",
        rb"[\xc2-\xdf]|[\xe0-\xef].?|[\xf0-\xff].{0,2}",
    ),
    "ucs2": (rb"..", rb"."),
    "utf16": (rb"[\xd8-\xdb].[\xdc-\xdf].|[^\xd8-\xdf].", rb"[\xd8-\xdb].{1,2}|."),
    "utf16le": (rb".[\xd8-\xdb].[\xdc-\xdf]|.[^\xd8-\xdf]", rb".[\xd8-\xdb].?|."),
    "utf32": (rb".{4}", rb".{1,3}"),
    **dict.fromkeys(("gbk", "big5", "euckr", "gb2312"), (rb"[\x00-\x7f]|[\x80-\xff].", rb"[\x80-\xff]")),
    **dict.fromkeys(
        ("sjis", "cp932"),
        (
            rb"[\x00-\x7f\xa1-\xdf]|[\x81-\x9f\xe0-\xfc][\x40-\x7e\x80-\xfc]",
            rb"[\x80-\xa0\xe0-\xff]",
        ),
    ),
    **dict.fromkeys(
        ("ujis", "eucjpms"),
        (
            rb"[\x00-\x7f]|\x8e[\xa1-\xdf]|\x8f[\xa1-\xfe]{2}|[\xa1-\xfe]{2}",
            rb"[\x8e\xa1-\xfe]|\x8f.?",
        ),
    ),
    "gb18030": (
        rb"[\x00-\x7f]|[\x81-\xfe](?:[\x40-\x7e\x80-\xfe]|[\x30-\x39][\x81-\xfe][\x30-\x39])",
        rb"[\x81-\xfe](?:[\x30-\x39].?)?",
    ),
}
_NOT_CONVERTED = frozenset(("utf8mb3", "utf8"))


def label_text(charset: str, label: bytes) -> str:
    """What SHOW CREATE TABLE and information_schema print for a label. Characters beyond the basic plane, which they
    cannot print, are kept where the whole label is text of a charset that has them."""
    whole = decoder(charset)(label)
    if whole is not None:
        return whole
    converted = label if charset in _NOT_CONVERTED else b"".join(_converted(charset, label))
    text = decoder("utf8mb3")(converted)
    return "".join(f"{byte:x}" for byte in converted) if text is None else text


def printed(label: str) -> str:
    """A label, which is text, as the server prints it."""
    return _BEYOND.sub(UNPRINTED, label)


def _converted(charset: str, label: bytes) -> Iterator[bytes]:
    """In utf8mb3; ucs2 has surrogates, which are no text there."""
    for unit in _pattern(charset).finditer(label):
        if unit[2] is None:
            character = unit[1] and _character(charset, unit[1])
            yield character.encode("utf-8", "surrogatepass") if character else UNPRINTED.encode()


def _character(charset: str, code: bytes) -> str | None:
    if charset == "ucs2":
        return code.decode("utf-16-be", "surrogatepass")
    if charset == "gb2312" and len(code) == 2:  # the server looks it up without the highest bits
        code = bytes(byte | 0x80 for byte in code)
    character = character_of(charset, code)
    return None if character is None or character > _LAST_PRINTED else character


@cache
def _pattern(charset: str) -> re.Pattern[bytes]:
    """A character as group 1, an end within one as group 2, or else a single byte that begins none."""
    character, end = _UNITS.get(charset, _BYTE)
    return re.compile(rb"(" + character + rb")|(" + end + rb")\Z|.", re.DOTALL)
