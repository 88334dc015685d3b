"""Tokens of a MySQL statement.

Promises: any text is accepted, in linear time and without recursion; tokens come in order and do not overlap;
what lies between two tokens is white space, comments, hints and the marks of executable comments.
Never judges whether the statement is valid. The rules are those of `lex_one_token` in the server's sql/sql_lex.cc.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import NamedTuple, Self

SERVER_VERSION = 90700
"""The version (MMmmrr) whose executable comments are read when nothing else is said."""


@dataclass(frozen=True, slots=True)
class SqlModes:
    """The parts of sql_mode that change what a token is."""

    ansi_quotes: bool = False
    no_backslash_escapes: bool = False

    @classmethod
    def from_bits(cls, sql_mode: int) -> Self:
        """From the number in a query event's status variable Q_SQL_MODE_CODE."""
        return cls(ansi_quotes=bool(sql_mode & 1 << 2), no_backslash_escapes=bool(sql_mode & 1 << 20))


class TokenKind(Enum):
    WORD = "word"  # a keyword or a name
    NAME = "name"  # certainly a name: quoted, or joined to another by a dot
    STRING = "string"
    NUMBER = "number"  # also X'..', b'..', 0x.., 0b..
    VARIABLE = "variable"  # @name: a user variable, or the host of user@host
    PUNCTUATION = "punctuation"
    UNFINISHED = "unfinished"  # an opened quote or comment that never closes: no server accepts it
    END = "end"


class Token(NamedTuple):
    """A piece of a statement: `sql[start:end]`. In `text`, names and strings are without quotes and escapes."""

    kind: TokenKind
    text: str
    start: int
    end: int

    @property
    def symbol(self) -> str:
        """What grammar looks at: a word in capitals or a punctuation mark; empty for certain names and for values."""
        if self.kind is TokenKind.WORD:
            # upper() maps some letters outside ASCII to ASCII ones; no keyword holds such a letter.
            return self.text.upper() if self.text.isascii() else ""
        return self.text if self.kind is TokenKind.PUNCTUATION else ""

    @property
    def is_name(self) -> bool:
        return self.kind is TokenKind.WORD or self.kind is TokenKind.NAME


# The server's white space and control characters are those of ASCII; everything from U+0080 on is a letter.
_SPACE = r"[ \t\n\v\f\r]"
_LETTER = r"[0-9A-Za-z_$\x80-\U0010ffff]"
_TAG = r"[0-9A-Za-z_\x80-\U0010ffff]"
_SKIPPED = rf"(?:{_SPACE}++|\#[^\n]*+|--(?=[\x00-\x20\x7f]|\Z)[^\n]*+|/\*(?!!).*?\*/)*+"
# Words joined by dots are names, whatever they look like: `shop.select`, `shop.1`, `shop.2e5`.
_NAMES = rf"{_LETTER}++(?:\.{_LETTER}++)++"
_MEMBER = rf"\.(?![0-9]){_LETTER}++"
_NUMBER = (
    rf"0x[0-9A-Fa-f]++(?!{_LETTER})|0b[01]++(?!{_LETTER})|[xX]'[0-9A-Fa-f]*+'|[bB]'[01]*+'"
    rf"|[0-9]++[eE][+-]?[0-9]++|[0-9]++(?!{_LETTER})(?:\.[0-9]*+(?:[eE][+-]?[0-9]++)?)?|\.[0-9]++(?:[eE][+-]?[0-9]++)?"
)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED = {"0": "\0", "b": "\b", "n": "\n", "r": "\r", "t": "\t", "Z": "\x1a", "%": "\\%", "_": "\\_"}
_COMMENT_MARK = re.compile(r"/\*|\*/")
# Five digits, or six when a blank follows them.
_VERSION = re.compile(rf"[0-9]{{6}}(?={_SPACE})|[0-9]{{5}}")
_DOLLAR_QUOTES_SINCE = 90000


def tokens(sql: str, modes: SqlModes, server_version: int = SERVER_VERSION) -> Iterator[Token]:
    """The tokens that a server of this version sees, without an END token."""
    scan = _pattern(modes, server_version >= _DOLLAR_QUOTES_SINCE).match
    position = 0
    executing = False  # inside an executable comment that this server executes
    while True:
        match = scan(sql, position)
        assert match is not None  # the last alternative matches any character, `finished` the end
        group = match.lastgroup or ""
        start, position = match.span(group)
        if group == "word":
            yield Token(TokenKind.WORD, match[group], start, position)
        elif group == "punctuation":
            yield Token(TokenKind.PUNCTUATION, match[group], start, position)
        elif group == "number":
            yield Token(TokenKind.NUMBER, match[group], start, position)
        elif group in ("string", "quoted"):
            kind = TokenKind.STRING if group == "string" else TokenKind.NAME
            escapes = group == "string" and not modes.no_backslash_escapes
            yield Token(kind, _unquoted(match[group], escapes), start, position)
        elif group in ("names", "member"):
            yield from _joined(match[group], start)
        elif group == "variable":
            yield Token(TokenKind.VARIABLE, sql[start + 1 : position], start, position)
        elif group == "executable":
            body = _body(sql, position, server_version)
            executing = executing or body is not None
            position = _after_comment(sql, position) if body is None else body
        elif group == "close" and executing:
            executing = False
        elif group == "close":
            position = start + 1
            yield Token(TokenKind.PUNCTUATION, "*", start, position)
        elif group == "dollar":
            end = sql.find(match[group], position)
            if end < 0:
                yield Token(TokenKind.UNFINISHED, sql[start:], start, len(sql))
                return
            position = end + len(match[group])
            yield Token(TokenKind.STRING, sql[match.end(group) : end], start, position)
        elif group == "unfinished":
            yield Token(TokenKind.UNFINISHED, match[group], start, position)
        else:
            return


@cache
def _pattern(modes: SqlModes, dollar_quotes: bool) -> re.Pattern[str]:
    escape = "" if modes.no_backslash_escapes else r"|\\."
    plain = "" if modes.no_backslash_escapes else r"\\"
    single = rf"[nN]?'(?:[^'{plain}]++|''{escape})*+'"
    double = rf'"(?:[^"{plain}]++|""{escape})*+"'
    quoted = r"`(?:[^`]++|``)*+`"
    double_name = r'"(?:[^"]++|"")*+"'
    string = single if modes.ansi_quotes else f"{single}|{double}"
    name = f"{quoted}|{double_name}" if modes.ansi_quotes else quoted
    alternatives = {
        "member": _MEMBER,
        "number": _NUMBER,
        "string": string,
        "dollar": rf"\${_TAG}*+\$" if dollar_quotes else r"(?!)",
        "names": _NAMES,
        "word": rf"{_LETTER}++",
        "quoted": name,
        "variable": r"@[0-9A-Za-z._$]++",
        "executable": r"/\*!",
        "close": r"\*/",
        "unfinished": r"""(?:[nN]?'|"|`|/\*).*+""",
        "finished": r"\Z",
        "punctuation": ".",
    }
    return re.compile(_SKIPPED + "(?:" + "|".join(f"(?P<{n}>{p})" for n, p in alternatives.items()) + ")", re.DOTALL)


def _joined(source: str, start: int) -> Iterator[Token]:
    for index, name in enumerate(source.split(".")):
        if index:
            yield Token(TokenKind.PUNCTUATION, ".", start - 1, start)
        if name:
            yield Token(TokenKind.NAME, name, start, start + len(name))
        start += len(name) + 1


def _unquoted(source: str, escapes: bool) -> str:
    quote = source[-1]
    text = source[source.index(quote) + 1 : -1]
    if not escapes or "\\" not in text:
        return text.replace(quote * 2, quote)
    # A quote after a backslash stands for itself, so pairs are looked for only between escapes.
    parts = _ESCAPE.split(text)
    parts[::2] = [part.replace(quote * 2, quote) for part in parts[::2]]
    parts[1::2] = [_ESCAPED.get(letter, letter) for letter in parts[1::2]]
    return "".join(parts)


def _body(sql: str, position: int, server_version: int) -> int | None:
    """Where the body of an executable comment begins; None when the comment is for a newer server."""
    version = _VERSION.match(sql, position)
    if version is None:
        return position
    return version.end() if int(version[0]) <= server_version else None


def _after_comment(sql: str, position: int) -> int:
    """The end of an executable comment that is not executed: unlike others it may hold one level of comments."""
    nested = False
    for mark in _COMMENT_MARK.finditer(sql, position):
        if mark[0] == "/*":
            nested = True
        elif nested:
            nested = False
        else:
            return mark.end()
    return len(sql)
