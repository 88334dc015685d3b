"""Texts that people may read without the values of rows: servers quote values in errors, and statements hold them.

What names something stays: tables, columns, keys, places. What a definition says stays too.
"""

import re

_HEAD = 200
_LOOKED_AT = 4 * _HEAD
_DEFINES = re.compile(r"\s*(?:/\*.*?\*/\s*)*(?:CREATE|ALTER|DROP|RENAME|TRUNCATE)\b", re.IGNORECASE | re.DOTALL)
# names in backquotes stay; a literal may be cut off where the text is
_LITERAL = re.compile(
    r"""(`(?:[^`]|``)*`?)                       # a name
    | '(?:[^'\\]|\\.|'')*(?:'|\Z)               # text
    | "(?:[^"\\]|\\.|"")*(?:"|\Z)
    | \b0[xX][0-9A-Fa-f]+\b
    | (?<![\w.$])\d[\w.+-]*                     # a number
    """,
    re.VERBOSE | re.DOTALL,
)
_NOT_SHOWN = "(not shown)"
# A value may hold anything, also what follows upon values: so each pattern takes as much as it can.
_WRONG = r"^((?:Truncated incorrect|Incorrect|Invalid|Illegal) .{0,80}?(?:value|string):? )'.*'"
_ROW = r"(?: at row -?\d+)?"
_PLACE = rf" for (?:column|function) (?:'[^']*'|`[^`]*`(?:\.`[^`]*`)*|\w+){_ROW}"
_QUOTED = tuple(
    (re.compile(pattern, re.DOTALL), rf"\g<1>{_NOT_SHOWN}\g<2>")
    for pattern in (
        r"^(Duplicate entry )'.*'( for key .*)$",
        r"^(Foreign key constraint for table '[^']*', record )'.*'( would lead to a duplicate entry in table .*)$",
        rf"{_WRONG}({_PLACE})$",
        rf"{_WRONG}({_ROW})$",
        r"^(Illegal \S+ )'.*'( value found during parsing)$",
        r"^(Table has no partition for value ).*()$",
        r"^(.* value is out of range in )'.*'()$",
        r"^(Cannot convert string )'.*'( from .*)$",
        r"^(Data truncated for functional index )'.*'(.*)$",
        r"^((?:Longitude|Latitude) )\S+( is out of range.*)$",
        r"^(Invalid JSON text.*?: )\".*\"( at position .*)$",
    )
)
_NEAR = re.compile(r"( near )'.*'( at line \d+)$", re.DOTALL)


def statement_head(statement: str | bytes) -> str:
    """The beginning of a statement in one line; of one that does not define anything, without its literals."""
    start = statement[:_LOOKED_AT]
    text = start.decode("utf-8", "replace") if isinstance(start, bytes) else start
    if not _DEFINES.match(text):
        text = _LITERAL.sub(lambda found: found[1] or "?", text)
    return " ".join(text[:_HEAD].split())


def server_text(text: str, statement: str | bytes) -> str:
    """A server's message about a statement without the values that it quotes."""
    for pattern, shown in _QUOTED:
        text, changed = pattern.subn(shown, text)
        if changed:
            return text
    start = statement[:_LOOKED_AT]
    head = start.decode("utf-8", "replace") if isinstance(start, bytes) else start
    return text if _DEFINES.match(head) else _NEAR.sub(rf"\1{_NOT_SHOWN}\2", text)
