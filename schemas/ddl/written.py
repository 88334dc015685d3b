"""A statement's bytes as text: what a session in another charset wrote, to be run in one with utf8mb4. Pure."""

from dataclasses import dataclass
from itertools import pairwise

from schemas.charsets import decoder, is_utf8, known, text_of
from schemas.ddl.lexer import SqlModes, TokenKind, tokens


@dataclass(frozen=True, slots=True)
class Written:
    """The text; `doubt` says why, run in a session with utf8mb4, it might mean something else (None: it does not)."""

    text: str
    doubt: str | None


def read(statement: bytes, charset: str, modes: SqlModes) -> Written:
    """`charset` is that of the client; binary is taken for utf8mb4."""
    charset = "utf8mb4" if charset == "binary" else charset
    text = text_of(charset, statement)
    if "\ufffd" in text and "\ufffd" not in (decoder(charset)(statement) or ""):
        return Written(text, f"it holds bytes that are no character of {charset}")
    if not is_utf8(charset):
        for first, second in pairwise(tokens(text, modes)):
            introduced = first.kind is TokenKind.WORD and first.text.startswith("_") and known(first.text[1:].lower())
            if introduced and second.kind is TokenKind.STRING and not second.text.isascii():
                return Written(
                    text, f"a literal {first.text}'...' holds bytes of {charset} as those of another charset"
                )
    return Written(text, None)
