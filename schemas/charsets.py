"""Character sets: from a column's bytes to text, and whether the server turns that text into the same bytes again.

Python's codecs do the work; `charsets.txt` holds where a MySQL server differs from them, as the server itself told
(`python -m deploy.charsets`). Text of a set with several byte sequences for one character, and bytes that are no text
at all, are not certain: whoever needs the value must carry its bytes.
"""

import codecs
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

#: The text of bytes, None when it does not lead back to them.
Decode = Callable[[bytes], str | None]

#: No certain text begins with it: keys mark values with it that text does not hold.
MARK = "\U0010ffff"
#: the character for bytes that are none
UNKNOWN = "\ufffd"
_UNDEFINED = "\ufffe"  # what charmap_decode takes for "no such character"
_BASIC_PLANE = re.compile("[\U00010000-\U0010ffff]")

_UTF8 = frozenset(("utf8mb4", "utf8mb3", "utf8"))
_UNICODE = {
    "utf8mb4": "utf-8",
    "utf8mb3": "utf-8",
    "utf8": "utf-8",
    "ucs2": "utf-16-be",
    "utf16": "utf-16-be",
    "utf16le": "utf-16-le",
    "utf32": "utf-32-be",
}
_NARROW = frozenset(("ucs2", "utf8mb3", "utf8"))  # no characters beyond the basic plane

#: bytes of the longest character
_LONGEST = {
    **dict.fromkeys(("utf8mb4", "utf16", "utf16le", "utf32", "gb18030"), 4),
    **dict.fromkeys(("utf8mb3", "utf8", "ujis", "eucjpms"), 3),
    **dict.fromkeys(("ucs2", "gbk", "gb2312", "euckr", "big5", "sjis", "cp932"), 2),
}
#: bytes of the shortest character, where it is not one
_SHORTEST = {"ucs2": 2, "utf16": 2, "utf16le": 2, "utf32": 4}
#: US-ASCII is not what its lower half is, or old servers store some of it as other bytes
_NOT_ASCII = frozenset(("ucs2", "utf16", "utf16le", "utf32", "sjis", "swe7", "armscii8"))


def longest(charset: str) -> int:
    """Bytes of the longest character."""
    return _LONGEST.get(charset, 1)


def shortest(charset: str) -> int:
    """Bytes of the shortest character."""
    return _SHORTEST.get(charset, 1)


def trimmed(charset: str, data: bytes) -> bytes:
    """Without the spaces at the end."""
    unit = shortest(charset)
    space = b" ".ljust(unit, b"\0") if charset == "utf16le" else b" ".rjust(unit, b"\0")
    while data.endswith(space):
        data = data[:-unit]
    return data


def is_utf8(charset: str) -> bool:
    return charset in _UTF8


def keeps_ascii(charset: str) -> bool:
    """True when bytes below 0x80 always are, with certainty, the characters of US-ASCII."""
    return charset not in _NOT_ASCII


def known(charset: str) -> bool:
    return charset in _UNICODE or charset in _tables()


@cache
def decoder(charset: str) -> Decode:
    """The reader of certain text; KeyError for a set that is not `known`."""
    if charset in _UNICODE:
        return _unicode(_UNICODE[charset], charset in _NARROW)
    table = _tables()[charset]
    return _single(table) if longest(charset) == 1 else _several(table, longest(charset))


def certainly_holds(charset: str, text: str) -> bool:
    """True when the set has every character of the text; false also where that is not certain."""
    if not known(charset):
        return text.isascii()
    try:
        data = text.encode(_UNICODE[charset] if charset in _UNICODE else _tables()[charset].codec)
    except UnicodeEncodeError:
        return False
    return decoder(charset)(data) == text


def text_of(charset: str, data: bytes) -> str:
    """The text as the server reads it, with U+FFFD for what is no character."""
    if charset in _UNICODE:
        return data.decode(_UNICODE[charset], "replace")
    return "".join(character for character, _, _ in _walk(_tables()[charset], longest(charset), data))


def character_of(charset: str, code: bytes) -> str | None:
    """The character that these bytes are to the server; None where they are none."""
    if charset not in _UNICODE:
        return _tables()[charset].read(code)
    return _read(_UNICODE[charset], code)


def characters(charset: str, data: bytes) -> Iterator[tuple[str, bytes]]:
    """Each character with its bytes, in a set that clients may use; U+FFFD for each byte that belongs to none."""
    if charset in _UNICODE:
        for character in data.decode(_UNICODE[charset], "surrogateescape"):
            code = character.encode(_UNICODE[charset], "surrogateescape")
            yield UNKNOWN if "\udc80" <= character <= "\udcff" else character, code
        return
    for character, code, _ in _walk(_tables()[charset], longest(charset), data):
        yield character, code


@dataclass(frozen=True, slots=True)
class _Table:
    """Python's codec, the bytes that the server reads otherwise, and those whose text leads to other bytes."""

    codec: str
    others: dict[bytes, str | None]
    doubtful: frozenset[bytes]

    def read(self, code: bytes) -> str | None:
        """The character that these bytes are."""
        if code in self.others:
            return self.others[code]
        return _read(self.codec, code)


def _read(codec: str, code: bytes) -> str | None:
    try:
        text = code.decode(codec)
    except UnicodeDecodeError:
        return None
    return text if len(text) == 1 else None


@cache
def _tables() -> dict[str, _Table]:
    lines = (files("schemas") / "charsets.txt").read_text("ascii").splitlines()
    return {words[0]: _table(words[1], words[2:]) for words in map(str.split, lines)}


def _table(codec: str, differences: list[str]) -> _Table:
    others: dict[bytes, str | None] = {}
    doubtful: set[bytes] = set()
    for difference in differences:
        codes, character = difference.split(":")
        first, _, last = codes.partition("-")
        point = character.rstrip("!")
        for number in range(int(last or first, 16) - int(first, 16) + 1):
            code = (int(first, 16) + number).to_bytes(len(first) // 2, "big")
            others[code] = chr(int(point, 16) + number) if point else None
            if character != point or not point:
                doubtful.add(code)
    return _Table(codec, others, frozenset(doubtful))


def _unicode(codec: str, narrow: bool) -> Decode:
    decode = codecs.getdecoder(codec)

    def read(data: bytes) -> str | None:
        try:
            text = decode(data, "strict")[0]
        except UnicodeDecodeError:
            return None
        return None if text.startswith(MARK) else text

    def read_narrow(data: bytes) -> str | None:
        text = read(data)
        return None if text is None or _BASIC_PLANE.search(text) else text

    return read_narrow if narrow else read


def _single(table: _Table) -> Decode:
    codes = [bytes((byte,)) for byte in range(256)]
    characters = "".join(_UNDEFINED if code in table.doubtful else table.read(code) or _UNDEFINED for code in codes)

    def read(data: bytes) -> str | None:
        try:
            return codecs.charmap_decode(data, "strict", characters)[0]
        except UnicodeDecodeError:
            return None

    return read


def _several(table: _Table, most: int) -> Decode:
    """The codec, and character by character where it may be wrong."""
    decode = codecs.getdecoder(table.codec)
    suspects = [character for character in (_read(table.codec, code) for code in table.others) if character]
    suspect = re.compile("[" + re.escape("".join(suspects)) + "]" if suspects else "(?!)")

    def read(data: bytes) -> str | None:
        try:
            text = decode(data, "strict")[0]
            certain = not suspect.search(text)
        except UnicodeDecodeError:
            certain = False
        if not certain:
            walked = list(_walk(table, most, data))
            if not all(sure for _, _, sure in walked):
                return None
            text = "".join(character for character, _, _ in walked)
        return None if text.startswith(MARK) else text

    return read


def _walk(table: _Table, most: int, data: bytes) -> Iterator[tuple[str, bytes, bool]]:
    """Each character, its bytes, and whether it is certain."""
    at = 0
    while at < len(data):
        for size in range(1, most + 1):
            code = data[at : at + size]
            character = table.read(code)
            if character is not None:
                yield character, code, code not in table.doubtful
                at += size
                break
        else:
            yield UNKNOWN, data[at : at + 1], False
            at += 1
