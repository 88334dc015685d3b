"""The text of SHOW CREATE TABLE, from the bytes that the server keeps.

A literal of an expression (a default, a check, a generated column) stands there in the bytes of the charset that
introduces it, one byte after the other escaped (String::print in sql-common/sql_string.cc): _cp1251'...' has a byte for
each letter. Where that is no UTF-8, it is written in hexadecimal, which means the same
(https://dev.mysql.com/doc/refman/8.4/en/charset-introducer.html).
"""

import re

#: a name, or a string, with what introduces it
_QUOTED = re.compile(rb"`(?:[^`]|``)*`|(\b_[a-z0-9]+)?'((?:[^'\\]|''|\\.)*)'", re.DOTALL)
_ESCAPE = re.compile(rb"''|\\(.)", re.DOTALL)
_ESCAPES = {b"0": b"\0", b"n": b"\n", b"r": b"\r", b"Z": b"\x1a"}  # any other byte stands for itself


def shown_text(shown: bytes) -> str:
    try:
        return shown.decode()
    except UnicodeDecodeError:
        return _QUOTED.sub(_readable, shown).decode("utf-8", "replace")


def _readable(quoted: re.Match[bytes]) -> bytes:
    introducer = quoted[1]
    try:
        quoted[0].decode()
    except UnicodeDecodeError:
        if introducer is not None:
            return introducer + b" 0x" + _ESCAPE.sub(_unescaped, quoted[2]).hex().upper().encode()
    return quoted[0]


def _unescaped(escape: re.Match[bytes]) -> bytes:
    return b"'" if escape[1] is None else _ESCAPES.get(escape[1], escape[1])
