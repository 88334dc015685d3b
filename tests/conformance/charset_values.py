"""Byte sequences of every charset: all that may be one character, and what is broken on purpose."""

from collections.abc import Iterator
from itertools import islice, product
from random import Random

from deploy.charsets import CODECS, codes
from schemas.charsets import longest

UNICODE = {
    "utf8mb4": "utf-8",
    "utf8mb3": "utf-8",
    "ucs2": "utf-16-be",
    "utf16": "utf-16-be",
    "utf16le": "utf-16-le",
    "utf32": "utf-32-be",
}
CHARSETS = (*CODECS, *UNICODE)
_SLICES = 24

_POINTS = (0, 0x20, 0x41, 0x5C, 0x7F, 0x80, 0xFF, 0x100, 0x7FF, 0x800, 0x20AC, 0xD7FF, 0xE000, 0xFEFF, 0xFFFD, 0xFFFE,
           0xFFFF, 0x10000, 0x1F600, 0x10FFFE, 0x10FFFF)  # fmt: skip
_BROKEN = (b"\xc0\x80", b"\xc3", b"\xc3\x28", b"\xed\xa0\x80", b"\xe2\x82", b"\xf0\x9f\x98", b"\xf4\x90\x80\x80",
           b"\xf8\x88\x80\x80\x80", b"\xd8\x00", b"\xdc\x00", b"\xd8\x3d\x00\x41", b"\xde\x00\xd8\x3d", b"\x00\xd8",
           b"\x41", b"\x00\x41\x42", b"\x00\x00\xd8\x00", b"\x00\x11\x00\x00", b"\xff\xff\xff\xff", b"\x00\x00\x00",
           b"\x81", b"\x81\x30\x81", b"\x8f\xa2", b"\x8f", b"\xff", b"\x80")  # fmt: skip


def whole(charset: str) -> Iterator[bytes]:
    """Everything that may be one character; of gb18030's four bytes and of Unicode a part, spread over all."""
    if charset in UNICODE:
        points = (*range(0xD800), *range(0xE000, 0x10000), *range(0x10000, 0x110000, 0x101))
        yield from (chr(point).encode(UNICODE[charset]) for point in points)
    elif charset == "gb18030":
        yield from islice(codes(charset), 256 + 128 * 256)
        lows = product(range(0x81, 0xFF, 3), range(0x30, 0x3A))
        yield from (bytes((*high, *low)) for high in product(range(0x81, 0xFF), range(0x30, 0x3A, 4)) for low in lows)
    else:
        yield from codes(charset)


def part(charset: str) -> list[bytes]:
    """Every single byte, and every so many-th of the others, chosen anew for each charset but always the same."""
    listed = list(whole(charset))
    if longest(charset) == 1:
        return listed
    return [code for code in listed if len(code) == 1] + listed[len(charset) :: _SLICES]


def broken(charset: str) -> list[bytes]:
    """Bytes that are no text, or not certainly, alone and between others."""
    chance = Random(charset)
    encoded = [chr(point).encode(UNICODE.get(charset, "utf-8"), "surrogatepass") for point in _POINTS]
    noise = [chance.randbytes(chance.randrange(1, 24)) for _ in range(60)]
    pieces = [*encoded, *_BROKEN, *noise]
    return [b"", *pieces, *(one + other for one, other in zip(pieces, chance.sample(pieces, len(pieces)), strict=True))]
