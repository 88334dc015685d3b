"""Random text, binary, ENUM and SET columns, in every charset that can be carried and several collations of each."""

from collections.abc import Mapping

from hypothesis import strategies as st

from schemas.charsets import decoder, longest
from tests.conformance.rounds.typed import CHARACTERS, Typed, utf8, weighted

_COLLATIONS = {
    "utf8mb4": (
        "0900_ai_ci", "0900_as_cs", "general_ci", "bin", "unicode_ci", "ja_0900_as_cs", "de_pb_0900_ai_ci", "0900_bin",
        "0900_as_ci", "ja_0900_as_cs_ks", "zh_0900_as_cs", "tr_0900_ai_ci", "es_trad_0900_as_cs", "hu_0900_ai_ci",
        "lt_0900_ai_ci", "da_0900_as_cs", "vi_0900_ai_ci", "ru_0900_as_cs", "unicode_520_ci", "german2_ci",
        "turkish_ci", "danish_ci", "spanish2_ci", "croatian_ci", "sinhala_ci", "czech_ci", "vietnamese_ci",
    ),
    "utf8mb3": ("general_ci", "bin", "unicode_ci", "general_mysql500_ci", "swedish_ci", "persian_ci", "icelandic_ci"),
    "latin1": ("swedish_ci", "bin", "general_cs", "german2_ci", "german1_ci", "spanish_ci", "danish_ci"),
    "ucs2": ("general_ci", "bin"), "utf16": ("general_ci", "bin", "unicode_ci"), "utf16le": ("general_ci", "bin"),
    "utf32": ("general_ci", "bin"), "ascii": ("general_ci", "bin"), "gbk": ("chinese_ci", "bin"),
    "gb2312": ("chinese_ci", "bin"), "gb18030": ("chinese_ci", "bin", "unicode_520_ci"), "euckr": ("korean_ci", "bin"),
    "big5": ("chinese_ci", "bin"), "sjis": ("japanese_ci", "bin"), "cp932": ("japanese_ci", "bin"),
    "ujis": ("japanese_ci", "bin"), "eucjpms": ("japanese_ci", "bin"), "cp1250": ("general_ci", "czech_cs"),
    "cp1251": ("general_ci", "bin"), "cp1256": ("general_ci",), "cp1257": ("general_ci",), "cp850": ("general_ci",),
    "cp852": ("general_ci",), "cp866": ("general_ci",), "dec8": ("swedish_ci",), "greek": ("general_ci",),
    "hebrew": ("general_ci",), "hp8": ("english_ci",), "koi8r": ("general_ci",), "koi8u": ("general_ci",),
    "latin2": ("general_ci", "czech_cs"), "latin5": ("turkish_ci",), "latin7": ("general_ci", "estonian_cs"),
    "macce": ("general_ci",), "macroman": ("general_ci",), "swe7": ("swedish_ci",), "tis620": ("thai_ci",),
    "armscii8": ("general_ci",), "geostd8": ("general_ci",), "keybcs2": ("general_ci",),
}  # fmt: skip
#: texts that some collation takes for equal: by case, accents, width, trailing spaces, one letter for two
_SIBLINGS = (
    "a", "A", "\u00e1", "\u00c1", "\u00e4", "ae", "\u00e6", "s", "\u00df", "ss", "SS", "\u00e9", "e", "E", "i", "I",
    "\u0131", "\u0130", "u", "\u00fc", "ue", "o", "\u00f8", "\u304b", "\u30ab", "\u304c", "\uff76", "\uff21", "\u4e2d",
)  # fmt: skip
_ENDS = ("", "", " ", "  ", "\t", "\0", "\u3000", "\xa0")
_TEXT_TURNS = (
    "UPPER({})", "LOWER({})", "CONCAT({}, ' ')", "TRIM({})", "REVERSE({})", "CONCAT('a', {})", "REPLACE({}, 'a', 'A')",
)  # fmt: skip
_BYTES_TURNS = ("CONCAT({}, X'00')", "CONCAT(X'20', {})", "REVERSE({})")
#: where the bytes of a charset begin and go on: sequences of two are drawn from these
_BYTES = ((0x81, 0xFE), (0x40, 0xFE))
_SEVERAL = frozenset(("gbk", "gb2312", "gb18030", "euckr", "big5", "sjis", "cp932", "ujis", "eucjpms"))
Collations = Mapping[str, tuple[str, ...]]
ALL: Collations = {charset: names for charset, names in _COLLATIONS.items() if decoder(charset) is not None}
#: what MySQL 5.6 has of them
OLD: Collations = {
    charset: tuple(name for name in names if "0900" not in name)
    for charset, names in ALL.items()
    if charset != "gb18030"
}
_EDGES = (
    "", " ", "a", "A", "\u00e4", "a ", "trail   ", "'", "\\", "\\'", "\0", "a\0b", "\x1a", "\n\r\t", "\x7f", "%_", "`",
    "\u20ac", "\u00df", "ss", "\u6570\u636e", "\U0001f600", "\u0130i\u0131", "e\u0301", "\u00e9", "0", "NULL", "?",
)  # fmt: skip
_ALPHABET = (
    "aAzZ09 '\"\\`,;%_\n\t\0\x1a"
    "\u00e4\u00c4\u00df\u00e9\u20ac\u0416\u03b1\u05d0\u0e01\u4e2d\u6587\u3042\uff76\ud55c\U0001f600"
)
_LABELS = (
    "a", "A", "B", "b,c", "it''s", "back\\\\slash", "", "\u00e4", "\u00c4", "x y", "\u4e2d", "new\\nline", "0", "1",
    "2", "NULL", "`", "\u0436", "%s", "{}", '"',
)  # fmt: skip


def _charsets(collations: Collations) -> st.SearchStrategy[tuple[str, str]]:
    """A charset and one of its collations; utf8mb4 half of the time."""
    charset = st.one_of(st.just("utf8mb4"), st.sampled_from(list(collations)))
    return charset.flatmap(lambda name: st.tuples(st.just(name), st.sampled_from(collations[name])))


def _words(most: int, charset: str) -> st.SearchStrategy[str]:
    """Expressions of at most so many characters."""
    some = min(most, 12)
    found = [
        st.sampled_from([text[:some] for text in _EDGES]).map(utf8),
        st.text(_ALPHABET, max_size=some).map(utf8),
        st.text(CHARACTERS, max_size=some).map(utf8),
        st.sampled_from("ab \u00e4").map(lambda character: f"REPEAT({utf8(character)}, {most})"),
    ]
    if charset in _SEVERAL and most:  # several of its sequences may mean one character
        found.append(_sequences().map(lambda sequence: f"CONVERT(X'{sequence.hex()}' USING {charset})"))
    return st.one_of(found)


def _sequences() -> st.SearchStrategy[bytes]:
    first, second = (st.integers(*ends) for ends in _BYTES)
    return st.tuples(first, second).map(bytes)


def _siblings(most: int) -> st.SearchStrategy[str]:
    """Few texts, so that rows meet others that the collation takes for them."""
    parts = st.tuples(st.sampled_from(("", "a")), st.sampled_from(_SIBLINGS), st.sampled_from(_ENDS))
    return parts.map(lambda part: utf8("".join(part)[:most]))


@st.composite
def texts(draw: st.DrawFn, collations: Collations) -> Typed:
    charset, collation = draw(_charsets(collations))
    suffix = f" CHARACTER SET {charset} COLLATE {charset}_{collation}"
    kind = draw(st.sampled_from(("CHAR", "VARCHAR", "VARCHAR", "TINYTEXT", "TEXT", "MEDIUMTEXT", "LONGTEXT")))
    alike = draw(st.integers(0, 2)) == 0
    if kind.endswith("TEXT"):
        values = _siblings(3) if alike else _words(60, charset)
        return Typed(kind + suffix, values, prefix=draw(st.integers(1, 3 if alike else 40)), turns=_TEXT_TURNS)
    largest = 255 if kind == "CHAR" else 700
    length = draw(weighted((0, 1, 63, 64, 255), st.integers(1, largest)))
    size = length * longest(charset)
    return Typed(
        f"{kind}({length}){suffix}",
        _siblings(length) if alike else _words(length, charset),
        key_bytes=size if 0 < size <= 800 else 0,
        prefix=draw(st.integers(1, min(length, 3 if alike else 40))) if length else 0,
        default="'x'" if length else "''",
        turns=_TEXT_TURNS,
    )


@st.composite
def binaries(draw: st.DrawFn) -> Typed:
    kind = draw(st.sampled_from(("BINARY", "VARBINARY", "TINYBLOB", "BLOB", "MEDIUMBLOB", "LONGBLOB")))
    edges = ("''", "X'00'", "X'0000'", "X'20'", "X'ff'", "X'2720'", "X'5c27'", "X'00ff00'")
    if kind.endswith("BLOB"):
        values = weighted((*edges, "REPEAT(X'80', 255)"), st.binary(max_size=20).map(_hex))
        return Typed(kind, values, prefix=draw(st.integers(1, 40)), turns=_BYTES_TURNS)
    length = draw(weighted((0, 1, 255), st.integers(1, 255)))
    values = weighted(
        (*edges, f"REPEAT(X'00', {length})", f"REPEAT(X'ff', {length})"), st.binary(max_size=20).map(_hex)
    )
    prefix = draw(st.integers(1, min(length, 40))) if length else 0
    default = "'x'" if length else "''"
    return Typed(f"{kind}({length})", values, key_bytes=length, prefix=prefix, default=default, turns=_BYTES_TURNS)


def _hex(value: bytes) -> str:
    return f"X'{value.hex()}'"


@st.composite
def enums(draw: st.DrawFn, collations: Collations) -> Typed:
    charset, collation = draw(_charsets(collations))
    many = draw(st.integers(0, 9)) == 0
    labels = [f"l{number}" for number in range(draw(st.sampled_from((255, 256, 300))))] if many else draw(_labels(9))
    values = weighted(map(str, (0, 1, len(labels), len(labels) + 1)), st.integers(0, len(labels)).map(str))
    return Typed(_labelled("ENUM", labels, charset, collation), values, key_bytes=2, default=_default(labels[0]))


@st.composite
def sets(draw: st.DrawFn, collations: Collations) -> Typed:
    charset, collation = draw(_charsets(collations))
    many = draw(st.integers(0, 4)) == 0
    labels = [f"m{number}" for number in range(draw(st.integers(8, 64)))] if many else draw(_labels(8))
    labels = [label for label in labels if "," not in label] or ["p"]
    most = (1 << len(labels)) - 1
    values = weighted(map(str, (0, 1, most, 1 << len(labels) - 1)), st.integers(0, most).map(str))
    return Typed(_labelled("SET", labels, charset, collation), values, key_bytes=8, default=_default(labels[-1]))


def _default(label: str) -> str:
    """A label that any charset knows may be a default."""
    return f"'{label}'" if label.isascii() else ""


def _labels(most: int) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(_LABELS), min_size=1, max_size=most, unique=True)


def _labelled(kind: str, labels: list[str], charset: str, collation: str) -> str:
    """The labels that the charset does not know are left to the server, which then refuses or replaces them."""
    listed = ",".join(f"'{label}'" for label in labels)
    return f"{kind}({listed}) CHARACTER SET {charset} COLLATE {charset}_{collation}"
