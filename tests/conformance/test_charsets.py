"""Charsets and collations as a real server knows them."""

from collections.abc import Iterable, Iterator

import pytest

from deploy.local import Stack
from runtime.errors import Fatal
from runtime.mysql import Connection, connect
from schemas.charsets import decoder, longest
from schemas.collations import collation

_SINGLE_BYTE = (
    "ascii", "cp1250", "cp1251", "cp1256", "cp1257", "cp850", "cp852", "cp866", "dec8", "greek", "hebrew", "hp8",
    "koi8r", "koi8u", "latin1", "latin2", "latin5", "latin7", "macce", "macroman", "swe7", "tis620",
)  # fmt: skip
_TWO_BYTES = ("gbk", "gb2312", "euckr")
_LEFT_OUT = frozenset(("armscii8", "big5", "binary", "cp932", "eucjpms", "geostd8", "keybcs2", "sjis", "ujis"))
_BATCH = 500


@pytest.fixture(scope="module")
def source(stack: Stack) -> Iterator[Connection]:
    with connect(stack.source.endpoint("admin")) as connection:
        yield connection


def _told(source: Connection, charset: str, codes: Iterable[bytes]) -> Iterator[tuple[bytes, str | None]]:
    """The server's text of each byte sequence; None where it does not lead back to the bytes."""
    listed = list(codes)
    for start in range(0, len(listed), _BATCH):
        part = listed[start : start + _BATCH]
        texts = [f"CONVERT(CONVERT(X'{code.hex()}' USING {charset}) USING utf8mb4)" for code in part]
        columns = ", ".join(f"HEX({text}), HEX(CONVERT({text} USING {charset}))" for text in texts)
        row = source.query(f"SELECT {columns}")[0]
        for code, text, back in zip(part, row[::2], row[1::2], strict=True):
            told = text is not None and back is not None and bytes.fromhex(back) == code
            yield code, bytes.fromhex(text).decode() if told else None


def _ours(charset: str, code: bytes) -> str | None:
    decode = decoder(charset)
    assert decode is not None
    try:
        return decode(code)
    except UnicodeDecodeError:
        return None


@pytest.mark.parametrize("charset", _SINGLE_BYTE)
def test_single_bytes(charset: str, source: Connection) -> None:
    for code, text in _told(source, charset, (bytes((byte,)) for byte in range(256))):
        assert _ours(charset, code) == text, code.hex()


@pytest.mark.parametrize("charset", _TWO_BYTES)
def test_pairs_of_bytes(charset: str, source: Connection) -> None:
    """What the server does not know it does not store, so only what it knows must be equal."""
    pairs = (bytes((first, second)) for first in range(0x81, 0xFF) for second in range(0x41, 0xFF))
    known = 0
    for code, text in _told(source, charset, pairs):
        if text is not None:
            known += 1
            assert _ours(charset, code) == text, code.hex()
    assert known > 7000


def test_gb18030_over_the_basic_plane_and_beyond(source: Connection) -> None:
    points = [*range(0x80, 0xD800), *range(0xE000, 0x10000), *range(0x10000, 0x110000, 0x101)]
    for start in range(0, len(points), _BATCH):
        part = [chr(point) for point in points[start : start + _BATCH]]
        texts = (f"CONVERT(X'{character.encode().hex()}' USING utf8mb4)" for character in part)
        codes = source.query("SELECT " + ", ".join(f"HEX(CONVERT({text} USING gb18030))" for text in texts))[0]
        assert [_ours("gb18030", bytes.fromhex(code)) for code in codes] == part


def test_every_charset_of_the_server_is_carried_or_refused_on_purpose(source: Connection) -> None:
    rows = source.query("SELECT CHARACTER_SET_NAME, MAXLEN FROM information_schema.CHARACTER_SETS")

    assert {name for name, _ in rows if decoder(name) is None} == _LEFT_OUT
    assert {name: longest(name) for name, _ in rows} == dict(rows)


def test_every_collation_of_the_server_is_known_by_its_id(source: Connection) -> None:
    rows = source.query("SELECT ID, CHARACTER_SET_NAME, COLLATION_NAME FROM information_schema.COLLATIONS")

    for number, charset, name in rows:
        assert collation(int(number)) == (charset, name)
    with pytest.raises(Fatal, match="collation 9999"):
        collation(9999)
