"""A statement's bytes as text: what a session in another charset wrote, to be run in one with utf8mb4. Pure.

The bytes of a literal with an introducer (`_latin1'...'`) are those of the charset that it names, whatever that of the
client: where they would become others, the literal is written in hexadecimal.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice, repeat, tee

from schemas.charsets import UNKNOWN, characters, decoder, is_utf8, keeps_ascii, known
from schemas.ddl.lexer import SqlModes, Token, TokenKind, tokens
from schemas.ddl.rewrite import replaced

#: a character and its bytes
Piece = tuple[str, bytes]

_WITH_BACKSLASHES = frozenset(("big5", "cp932", "gb18030", "gbk", "sjis"))  # as a character's second byte
_ESCAPED = {"0": b"\0", "b": b"\b", "n": b"\n", "r": b"\r", "t": b"\t", "Z": b"\x1a", "%": b"\\%", "_": b"\\_"}


@dataclass(frozen=True, slots=True)
class Written:
    """The text; `doubt` says why, run in a session with utf8mb4, it might mean something else (None: it does not)."""

    text: str
    doubt: str | None


def read(statement: bytes, charset: str, modes: SqlModes) -> Written:
    """`charset` is that of the client; binary is taken for utf8mb4."""
    charset = "utf8mb4" if charset == "binary" else charset
    if statement.isascii() and keeps_ascii(charset):
        return Written(statement.decode(), None)
    if (plain := _plain(statement, charset, modes)) is not None:
        return Written(plain, None)
    pieces = list(characters(charset, statement))
    text = "".join(character for character, _ in pieces)
    replacements: list[tuple[Token, str]] = []
    lost = {index for index, piece in enumerate(pieces) if _is_unknown(piece, charset)}
    for introducer, literal, follower in _introduced(text, modes):
        inside = range(literal.start, literal.end)
        if is_utf8(charset) and lost.isdisjoint(inside):
            continue  # the same bytes there
        data = _unquoted(pieces[literal.start : literal.end], charset, modes)
        if data is None or (follower and follower.kind is TokenKind.STRING):
            return Written(text, f"a literal {introducer.text}'...' may hold other bytes there than in {charset}")
        replacements.append((literal, f" 0x{data.hex()}"))
        lost.difference_update(inside)
    doubt = f"it holds bytes that are no character of {charset}" if lost else None
    return Written(replaced(text, replacements), doubt)


def _plain(statement: bytes, charset: str, modes: SqlModes) -> str | None:
    """The text, where each character of it means the same in a session with utf8mb4: nearly always."""
    text = decoder(charset)(statement)
    if text is None or UNKNOWN in text:
        return None
    return text if is_utf8(charset) or not any(_introduced(text, modes)) else None


def _is_unknown(piece: Piece, charset: str) -> bool:
    character, code = piece
    return character == UNKNOWN and decoder(charset)(code) != UNKNOWN


def _introduced(text: str, modes: SqlModes) -> Iterator[tuple[Token, Token, Token | None]]:
    """Each introducer with a literal that is not of ASCII alone, and the token behind it."""
    first, second, third = tee(tokens(text, modes), 3)
    followers = chain(islice(third, 2, None), repeat(None))
    for introducer, literal, follower in zip(first, islice(second, 1, None), followers, strict=False):
        if introducer.kind is TokenKind.WORD and introducer.text.startswith("_"):
            name = introducer.text[1:].lower()
            if literal.kind is TokenKind.STRING and not literal.text.isascii() and (name == "binary" or known(name)):
                yield introducer, literal, follower


def _unquoted(quoted: Sequence[Piece], charset: str, modes: SqlModes) -> bytes | None:
    """The bytes that a quoted literal means, as get_text of the server's sql/sql_lex.cc reads them. None where they are
    not certain: the server takes a backslash by its byte, which may be half of what is a character here."""
    quote = quoted[0][0]
    data = bytearray()
    rest = iter(quoted[1:-1])
    before = ""
    for character, code in rest:
        if character == "\\" and not modes.no_backslash_escapes:
            escaped, code = next(rest)
            if charset in _WITH_BACKSLASHES and (before == UNKNOWN or len(code) > 1):
                return None
            data += _ESCAPED.get(escaped, code)
        else:
            data += code
            if character == quote:  # written twice
                next(rest)
        before = character
    return bytes(data)
