"""Charsets and collations as a real server knows them."""

import random
from collections.abc import Iterable, Iterator, Sequence

import pytest

from deploy.charsets import tell
from deploy.local import Stack
from runtime.errors import Fatal
from runtime.mysql import Connection, connect
from schemas.charsets import decoder, keeps_ascii, known, longest, shortest, text_of
from schemas.collations import collation
from schemas.labels import label_text
from schemas.sql import text_literal
from schemas.types.enumset import labels_of
from tests.conformance.charset_values import CHARSETS, broken, part, whole

_BATCH = 400
_STORED = {"ucs2": "utf-16-be", "utf8mb4": "utf-8", "latin1": "latin-1", "utf32": "utf-32-be"}
_SHOWN = "SELECT COLUMN_TYPE FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = 'labels' AND TABLE_NAME = 't'"
_UNLIKE_ANYTHING = b"\x8f\x00"  # which servers take for U+0000 in ujis, with some bytes behind it


@pytest.fixture(scope="module")
def source(stack: Stack) -> Iterator[Connection]:
    with connect(stack.source.endpoint("admin")) as connection:
        yield connection


def _batches(values: Iterable[bytes]) -> Iterator[Sequence[bytes]]:
    listed = list(values)
    return (listed[start : start + _BATCH] for start in range(0, len(listed), _BATCH))


def _assert_as_told(source: Connection, charset: str, codes: Iterable[bytes]) -> None:
    """What the server reads we read, and only what it leads back to the same bytes is certain."""
    decode, certain = decoder(charset), 0
    for told in tell(source, charset, codes):
        found = decode(told.code)
        if found is None or len(found) == 1:  # else several characters: the next test's
            assert found == (told.character if told.certain else None), told
        if told.character is not None:
            assert text_of(charset, told.code) == told.character, told
        certain += told.certain
    assert certain >= 118


@pytest.mark.parametrize("charset", CHARSETS)
def test_every_sequence_of_a_part_is_read_as_the_server_reads_it(charset: str, source: Connection) -> None:
    _assert_as_told(source, charset, part(charset))


@pytest.mark.long
@pytest.mark.parametrize("charset", CHARSETS)
def test_every_sequence_is_read_as_the_server_reads_it(charset: str, source: Connection) -> None:
    _assert_as_told(source, charset, whole(charset))


@pytest.mark.parametrize("charset", CHARSETS)
def test_certain_text_leads_back_in_any_company(charset: str, source: Connection) -> None:
    """A server converts runs of US-ASCII by another way than the rest."""
    decode = decoder(charset)
    letter = "a".encode("utf-32-be")[-shortest(charset) :] if charset != "utf16le" else b"a\0"
    sure = [code for code in part(charset) if decode(code) is not None][:3000]
    listed = [b"".join(batch) for batch in (sure[at : at + 50] for at in range(0, len(sure), 50))]
    listed += [other + code + letter for code, other in zip(sure, reversed(sure), strict=True)]
    certain = 0
    for batch in _batches([*listed, *broken(charset)]):
        texts = [decode(value) for value in batch]
        backs = [
            f"HEX(CONVERT(_utf8mb4 X'{text.encode().hex()}' USING {charset}))" for text in texts if text is not None
        ]
        expected = [value.hex().upper() for value, text in zip(batch, texts, strict=True) if text is not None]
        assert list(source.query(f"SELECT 0, {', '.join(backs)}" if backs else "SELECT 0")[0])[1:] == expected
        certain += len(backs)
    assert certain > 100


@pytest.mark.parametrize("charset", CHARSETS)
def test_labels_kept_in_the_bytes_of_another_charset_are_as_the_server_shows_them(
    charset: str, source: Connection
) -> None:
    """ALTER TABLE ... CONVERT TO CHARACTER SET keeps the bytes of labels."""
    chance = random.Random(charset)
    source.execute("CREATE DATABASE IF NOT EXISTS labels")
    compared = 0
    for stored_as, codec in _STORED.items():
        for label in {_label(chance, codec) for _ in range(4)}:
            code = label.encode(codec)
            if charset == stored_as or _UNLIKE_ANYTHING in code:
                continue
            source.execute("DROP TABLE IF EXISTS labels.t")
            source.execute(f"CREATE TABLE labels.t (e ENUM({text_literal(label)})) CHARACTER SET {stored_as}")
            source.execute(f"ALTER TABLE labels.t CONVERT TO CHARACTER SET {charset}")
            ours = "".join(character if character < "\U00010000" else "?" for character in label_text(charset, code))
            [(shown,)] = source.query(_SHOWN)
            assert labels_of(str(shown)) == (ours,), (stored_as, code.hex())
            compared += 1
    assert compared >= 8


def _label(chance: random.Random, codec: str) -> str:
    ranges = [(0x21, 0x7F), (0xA1, 0x100)]
    if codec != "latin-1":
        ranges += [(0x100, 0x3000), (0x4E00, 0x9FA0), (0xE000, 0xFFF0)]
    if codec in ("utf-8", "utf-32-be"):
        ranges.append((0x10000, 0x110000))
    letters = (chr(chance.randrange(*chance.choice(ranges))) for _ in range(chance.randrange(1, 7)))
    return "".join(letter for letter in letters if letter != ",") or "x"


def test_ascii_is_kept_where_we_say_so(source: Connection) -> None:
    ascii_bytes = bytes(range(128))
    for charset in CHARSETS:
        (back,) = source.query(f"SELECT HEX(CONVERT(_utf8mb4 X'{ascii_bytes.hex()}' USING {charset}))")[0]
        decoded = decoder(charset)(ascii_bytes)
        assert (bytes.fromhex(back) == ascii_bytes and decoded == ascii_bytes.decode()) == keeps_ascii(charset), charset


def test_every_charset_of_the_server_is_known(source: Connection) -> None:
    rows = source.query("SELECT CHARACTER_SET_NAME, MAXLEN FROM information_schema.CHARACTER_SETS")

    assert {name for name, _ in rows if not known(name)} == {"binary"}
    assert {name for name, _ in rows} == {*CHARSETS, "binary"}
    assert {name: longest(name) for name, _ in rows} == dict(rows)


def test_every_collation_of_the_server_is_known_by_its_id(source: Connection) -> None:
    rows = source.query("SELECT ID, CHARACTER_SET_NAME, COLLATION_NAME FROM information_schema.COLLATIONS")

    for number, charset, name in rows:
        assert collation(int(number)) == (charset, name)
    with pytest.raises(Fatal, match="collation 9999"):
        collation(9999)
