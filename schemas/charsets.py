"""Character sets: from a column's bytes to text, by MySQL's own tables.

Every table here was compared with what a MySQL server converts; sets in which two different byte sequences mean the
same character (big5, sjis, cp932, ujis, eucjpms, armscii8) are left out, because their text would not lead back; so are
geostd8 and keybcs2, for which there is no codec to begin with.
"""

import codecs
from collections.abc import Callable
from functools import cache

Decode = Callable[[bytes], str]

_UTF8 = frozenset(("utf8mb4", "utf8mb3", "utf8"))
_UNDEFINED = "\ufffe"  # what charmap_decode takes for "no such character"

#: bytes of the longest character
_LONGEST = {
    **dict.fromkeys(("utf8mb4", "utf16", "utf16le", "utf32", "gb18030"), 4),
    **dict.fromkeys(("utf8mb3", "utf8", "ujis", "eucjpms"), 3),
    **dict.fromkeys(("ucs2", "gbk", "gb2312", "euckr", "big5", "sjis", "cp932"), 2),
}

_CODECS = {
    "ucs2": "utf-16-be",
    "utf16": "utf-16-be",
    "utf16le": "utf-16-le",
    "utf32": "utf-32-be",
    "gbk": "gbk",
    "gb2312": "gb2312",
    "euckr": "cp949",
    "ascii": "ascii",
}

#: single-byte sets: a codec, and where MySQL differs from it
_SINGLE: dict[str, tuple[str, dict[int, str]]] = {
    "cp1250": ("cp1250", {}),
    "cp1251": ("cp1251", {}),
    "cp1256": ("cp1256", dict.fromkeys((0x8A, 0x8F, 0x98, 0x9A, 0x9F, 0xAA, 0xC0, 0xFF), _UNDEFINED)),
    "cp1257": ("cp1257", {}),
    "cp850": ("cp850", {}),
    "cp852": ("cp852", {}),
    "cp866": ("cp866", {0xFC: "\u207f", 0xFD: "\xb2"}),
    "dec8": (
        "latin-1",
        {
            **dict.fromkeys(
                (0xA4, 0xA6, 0xAC, 0xAD, 0xAE, 0xAF, 0xB4, 0xB8, 0xBE, 0xD0, 0xDE, 0xF0, 0xFE, 0xFF), _UNDEFINED
            ),
            0xA8: "\xa4",
            0xD7: "\u0152",
            0xDD: "\u0178",
            0xF7: "\u0153",
            0xFD: "\xff",
        },
    ),
    "greek": (
        "iso8859-7",
        {0xA1: "\u02bd", 0xA2: "\u02bc", **dict.fromkeys((0xA4, 0xA5, 0xAA), _UNDEFINED)},
    ),
    "hebrew": ("iso8859-8", {0xAF: "\u203e"}),
    "hp8": ("hp-roman8", {}),
    "koi8r": ("koi8-r", {}),
    "koi8u": ("koi8-u", {0x95: "\u2022"}),
    "latin1": ("cp1252", {byte: chr(byte) for byte in (0x81, 0x8D, 0x8F, 0x90, 0x9D)}),
    "latin2": ("iso8859-2", {}),
    "latin5": ("iso8859-9", {}),
    "latin7": ("iso8859-13", {}),
    "macce": ("mac_latin2", {}),
    "macroman": ("mac_roman", {}),
    "swe7": (
        "ascii",
        {
            **dict(zip(b"@[\\]^`{|}~", "ÉÄÖÅÜéäöåü", strict=True)),
            0x7F: _UNDEFINED,
        },
    ),
    "tis620": ("tis-620", {0xFF: "\ufffd"}),
}

_GB18030_SWAPPED = {0x1E3F: 0xE7C7, 0xE7C7: 0x1E3F}


def longest(charset: str) -> int:
    """Bytes of the longest character."""
    return _LONGEST.get(charset, 1)


def is_utf8(charset: str) -> bool:
    return charset in _UTF8


@cache
def decoder(charset: str) -> Decode | None:
    """From bytes to text, None for a set without a certain table. It raises UnicodeDecodeError."""
    if charset in _UTF8:
        return _with_codec("utf-8")
    if charset == "gb18030":
        return _gb18030
    if charset in _CODECS:
        return _with_codec(_CODECS[charset])
    if charset in _SINGLE:
        return _with_table(*_SINGLE[charset])
    return None


def _with_codec(name: str) -> Decode:
    decode = codecs.getdecoder(name)

    def read(data: bytes) -> str:
        return decode(data, "strict")[0]

    return read


def _with_table(codec: str, differences: dict[int, str]) -> Decode:
    table = "".join(differences.get(byte) or _character(byte, codec) for byte in range(256))

    def read(data: bytes) -> str:
        return codecs.charmap_decode(data, "strict", table)[0]

    return read


def _character(byte: int, codec: str) -> str:
    try:
        return bytes((byte,)).decode(codec)
    except UnicodeDecodeError:
        return _UNDEFINED


def _gb18030(data: bytes) -> str:
    """The two standards of gb18030 exchange one pair of characters; MySQL follows the later one."""
    return data.decode("gb18030").translate(_GB18030_SWAPPED)
