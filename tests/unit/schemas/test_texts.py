"""Text, bytes, geometry and vectors: from both sources to the same Avro, and to literals."""

import struct
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.errors import Fatal
from schemas.charsets import certainly_holds, decoder, is_utf8, longest, text_of
from schemas.table import Column
from schemas.types import TYPES
from schemas.types.column import Kind, Malformed
from schemas.varint import long, sized, text
from tests.unit.schemas.one_column import carried, column


def _text(data_type: str, length: int = 0, charset: str = "utf8mb4") -> Column:
    return replace(column(data_type), length=length, charset=charset)


def _after(size: int, data: bytes) -> bytes:
    return len(data).to_bytes(size, "little") + data


@pytest.mark.parametrize(
    ("definition", "size"),
    [
        (_text("char", 63), 1),
        (_text("char", 64), 2),
        (_text("varchar", 63), 1),
        (_text("varchar", 64), 2),
        (_text("varchar", 255, "latin1"), 1),
        (_text("varchar", 256, "latin1"), 2),
        (_text("varchar", 85, "utf8mb3"), 1),
        (_text("varchar", 86, "utf8mb3"), 2),
        (_text("tinytext"), 1),
        (_text("text"), 2),
        (_text("mediumtext"), 3),
        (_text("longtext"), 4),
    ],
    ids=lambda value: f"{value.data_type}-{value.length}-{value.charset}" if isinstance(value, Column) else "",
)
def test_text_after_its_length(definition: Column, size: int) -> None:
    found = carried(definition, _after(size, b"it's \\ \0"), b"it's \\ \0")

    assert found.avro == text("it's \\ \0")
    assert found.literal == "'it\\'s \\\\ \0'"


@settings(max_examples=25)
@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_utf8_passes_as_it_is(words: str) -> None:
    data = words.encode()

    assert carried(_text("longtext"), _after(4, data), data).avro == text(words)


@pytest.mark.parametrize(
    ("charset", "data", "words"),
    [
        ("latin1", bytes(range(1, 256)), None),
        ("latin1", b"\x80\x81\x8d\x8f\x90\x9d\xe9", "\u20ac\x81\x8d\x8f\x90\x9d\u00e9"),
        ("ascii", b"plain", "plain"),
        ("ucs2", b"\x00a\x65\x70", "a\u6570"),
        ("utf16", b"\x00a\xd8\x3d\xde\x00", "a\U0001f600"),
        ("utf16le", b"a\x00\x3d\xd8\x00\xde", "a\U0001f600"),
        ("utf32", b"\x00\x01\xf6\x00", "\U0001f600"),
        ("gbk", b"\xd6\xd0\xce\xc4\\", "\u4e2d\u6587\\"),
        ("gb18030", b"\xa8\xbc\x815\xf47", "\u1e3f\ue7c7"),
        ("euckr", b"\xc7\xd1\x81A", "\ud55c\uac02"),
        ("cp1251", b"\xcf\xf0", "\u041f\u0440"),
        ("cp866", b"\xfc\xfd", "\u207f\xb2"),
        ("koi8u", b"\x95", "\u2022"),
        ("swe7", b"@[\\]^`{|}~", "\u00c9\u00c4\u00d6\u00c5\u00dc\u00e9\u00e4\u00f6\u00e5\u00fc"),
        ("greek", b"\xa1\xa2\xe1", "\u02bd\u02bc\u03b1"),
        ("hebrew", b"\xaf\xe0", "\u203e\u05d0"),
        ("dec8", b"\xa8\xd7\xdd", "\xa4\u0152\u0178"),
    ],
)
def test_other_charsets_become_text(charset: str, data: bytes, words: str | None) -> None:
    found = carried(_text("longtext", charset=charset), _after(4, data), data)

    if words is not None:
        assert found.avro == text(words)
    assert (found.exact, decoder(charset)(data)) == (None, text_of(charset, data))
    assert found.avro == text(text_of(charset, data))


@pytest.mark.parametrize(
    ("charset", "data", "words"),
    [
        ("ascii", b"a\x80", "a\ufffd"),
        ("cp1257", b"\xa1", "\ufffd"),
        ("utf8mb4", b"a\xc3", "a\ufffd"),
        ("utf8mb4", b"\xed\xa0\x80", "\ufffd\ufffd\ufffd"),
        ("utf8mb4", "\U0010ffff0x".encode(), "\U0010ffff0x"),
        ("utf8mb3", "\U0001f600".encode(), "\U0001f600"),
        ("utf16", b"\xd8\x00", "\ufffd"),
        ("ucs2", b"\xd8\x3d\xde\x00", "\U0001f600"),
        ("utf32", b"\0\x11\0\0", "\ufffd"),
        ("sjis", b"\\", "\\"),
        ("sjis", b"a\x81", "a\ufffd"),
        ("cp932", b"\x87\x90\x81\xe0", "\u2252\u2252"),
        ("ujis", b"\xa1\xc0\x8f\xa2\xb7", "\\~"),
        ("eucjpms", b"\xad\xf0", "\u2252"),
        ("big5", b"\xa1\x5a", "\ufffd"),
        ("armscii8", b"\xff", "'"),
        ("armscii8", b"a,b", "a,b"),
        ("geostd8", b"\xff", "\ufffd"),
        ("gbk", b"\x81", "\ufffd"),
        ("gb18030", b"\x81\x30\x81", "\ufffd0\ufffd"),
    ],
)
def test_bytes_that_text_does_not_lead_back_to_travel_too(charset: str, data: bytes, words: str) -> None:
    found = carried(_text("longtext", charset=charset), _after(4, data), data)

    assert found.avro == text(words)
    assert found.exact == f"_{charset} 0x{data.hex()}"
    assert found.key == text("\U0010ffff" + found.exact)


@pytest.mark.parametrize(
    ("charset", "data", "words"),
    [
        ("sjis", b"\x81_\xb1", "\\\uff71"),
        ("cp932", b"\x81\xe0", "\u2252"),
        ("ujis", b"\xf5\xa1a\x8f\xf5\xa1", "\ue000a\ue3ac"),
        ("eucjpms", b"\xad\xa1a", "\u2460a"),
        ("big5", b"\xa1\x45", "\u2022"),
        ("armscii8", b"x\xa3", "x\u0589"),
        ("geostd8", b"\xc0", "\u10d0"),
        ("keybcs2", b"\x80", "\u010c"),
        ("tis620", b"\xff", "\ufffd"),
    ],
)
def test_where_a_server_differs_from_the_codecs(charset: str, data: bytes, words: str) -> None:
    found = carried(_text("longtext", charset=charset), _after(4, data), data)

    assert (found.avro, found.exact) == (text(words), None)


def test_exact_bytes_become_a_literal_in_their_charset() -> None:
    literal = TYPES[Kind.TEXT].exact_literal

    assert literal("_sjis 0x815f", "'\u2252'") == "_sjis X'815f'"
    with pytest.raises(Fatal, match="3 bytes is no utf16 text"):
        literal("_utf16 0x006100", "''")
    for broken in ("0x00", "_sjis 0x0", "_sjis X'' OR 1", "_sjis 0xzz"):
        with pytest.raises(Malformed):
            literal(broken, "''")


@pytest.mark.parametrize(("charset", "data", "space"), [("utf16", b"\xd8\0", b"\0 "), ("utf16le", b"\0\xd8", b" \0")])
def test_a_char_that_the_log_holds_filled_up(charset: str, data: bytes, space: bytes) -> None:
    padded, inside = data + 9 * space, space + data

    assert carried(_text("char", 10, charset), _after(1, padded), data).exact == f"_{charset} 0x{data.hex()}"
    assert carried(_text("char", 10, charset), _after(1, inside), inside).exact == f"_{charset} 0x{inside.hex()}"
    assert carried(_text("varchar", 10, charset), _after(1, padded), padded).exact == f"_{charset} 0x{padded.hex()}"


def test_an_unknown_charset_is_refused() -> None:
    with pytest.raises(Fatal, match="column c: charset klingon"):
        carried(_text("text", charset="klingon"), b"\0\0", b"")


def test_what_is_known_of_a_charset() -> None:
    assert [longest(name) for name in ("utf8mb4", "utf8", "ucs2", "latin1")] == [4, 3, 2, 1]
    assert is_utf8("utf8")
    assert not is_utf8("ascii")


@pytest.mark.parametrize(
    ("definition", "size"),
    [
        (_text("varbinary", 255, "binary"), 1),
        (_text("varbinary", 256, "binary"), 2),
        (_text("tinyblob"), 1),
        (_text("blob"), 2),
        (_text("mediumblob"), 3),
        (_text("longblob"), 4),
    ],
    ids=lambda value: f"{value.data_type}-{value.length}" if isinstance(value, Column) else "",
)
def test_bytes_after_their_length(definition: Column, size: int) -> None:
    found = carried(definition, _after(size, b"\x00\xff'\\\x00"), b"\x00\xff'\\\x00")

    assert (found.avro, found.literal) == (sized(b"\x00\xff'\\\x00"), "X'00ff275c00'")


@pytest.mark.parametrize("stored", [b"", b"\x01", b"\x00\x01", b"\x01\x02\x03\x04"])
def test_a_binary_gets_its_zeros_back(stored: bytes) -> None:
    whole = stored.ljust(4, b"\0")

    found = carried(_text("binary", 4, "binary"), _after(1, stored), whole)

    assert (found.avro, found.literal) == (sized(whole), f"X'{whole.hex()}'")


_POINT = b"\x01\x01\0\0\0" + struct.pack("<dd", 1.0, -2.5)


@pytest.mark.parametrize(("srid", "branch"), [(0, b"\x00"), (4326, b"\x02" + long(4326))])
def test_a_point_has_its_coordinates_as_they_are_stored(srid: int, branch: bytes) -> None:
    data = struct.pack("<I", srid) + _POINT

    found = carried(column("point"), _after(4, data), data)

    assert found.avro == struct.pack("<dd", 1.0, -2.5) + b"\x02" + sized(_POINT) + branch
    assert found.literal == f"X'{data.hex()}'"


@pytest.mark.parametrize("srid", [0, 4326, (1 << 32) - 1])
def test_a_geometry_is_wkb_and_srid(srid: int) -> None:
    data = struct.pack("<I", srid) + b"\x01\x07\0\0\0\0\0\0\0"

    found = carried(column("geomcollection"), _after(4, data), data)

    assert found.avro.startswith(sized(data[4:]))
    assert found.literal == f"X'{data.hex()}'"


@pytest.mark.parametrize(("kind", "before"), [("point", bytes(16) + b"\x02"), ("geometry", b"")])
def test_an_empty_geometry_is_a_wkb_of_no_bytes(kind: str, before: bytes) -> None:
    found = carried(column(kind), _after(4, b""), b"")

    assert found.avro == before + sized(b"") + b"\x00"
    assert found.literal == "X''"


@pytest.mark.parametrize("data", [b"\0\0\0\0", b"\0\0\0\0" + _POINT + b"\0", b"\0\0\0\0\0" + _POINT[1:]])
def test_what_is_no_point_is_refused(data: bytes) -> None:
    with pytest.raises(Malformed, match="column c"):
        carried(column("point"), _after(4, data), data)


@settings(max_examples=25)
@given(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), max_size=70))
def test_a_vector_is_an_array_of_floats(values: list[float]) -> None:
    data = struct.pack(f"<{len(values)}f", *values)

    found = carried(replace(column("vector"), length=70), _after(4, data), data)

    assert found.avro == (long(len(values)) + data if values else b"") + b"\0"
    assert found.literal == f"X'{data.hex()}'"


def test_a_vector_of_broken_size_is_refused() -> None:
    with pytest.raises(Malformed, match="a vector of 5 bytes"):
        carried(replace(column("vector"), length=2), _after(4, b"12345"), b"12345")


@pytest.mark.parametrize(
    ("charset", "text", "held"),
    [
        ("ascii", "Größe", False),
        ("binary", "a", True),
        ("binary", "ä", False),
        ("latin1", "Größe", True),
        ("koi8r", "Größe", False),
        ("koi8r", "Ж", True),
        ("gbk", "中", True),
        ("gbk", "Ω", True),
        ("gbk", "ä", False),
        ("utf8mb3", "\U0001f600", False),
        ("ucs2", "\U0001f600", False),
        ("utf16", "\U0001f600", True),
        ("gb18030", "\U0001f600", True),
    ],
)
def test_a_charset_holds_text_that_it_leads_back_to(charset: str, text: str, held: bool) -> None:
    assert certainly_holds(charset, text) == held
