"""Keys and constraints of CREATE and ALTER TABLE, and CREATE INDEX: the names and columns that they have."""

from schemas.ddl.column_definitions import ColumnText, skip_reference
from schemas.ddl.cursor import Cursor, Unclear
from schemas.ddl.draft import Key, Part
from schemas.ddl.lexer import TokenKind

_BEGINS = ("CONSTRAINT", "PRIMARY", "UNIQUE", "FOREIGN", "CHECK", "INDEX", "KEY", "FULLTEXT", "SPATIAL", "VECTOR")


def at_key(cursor: Cursor) -> bool:
    """Does a key or a constraint come next, and not a column?"""
    return cursor.at_one_of(*_BEGINS) and (not cursor.at("VECTOR") or cursor.peek(1).symbol in ("INDEX", "KEY"))


def read_key(cursor: Cursor) -> Key | None:
    """None for a constraint that makes no key."""
    symbol = ""
    if cursor.take("CONSTRAINT") and not cursor.at_one_of("PRIMARY", "UNIQUE", "FOREIGN", "CHECK"):
        symbol = cursor.name()
    if cursor.take("CHECK"):
        _parentheses(cursor)
        if not cursor.take("NOT", "ENFORCED"):
            cursor.take("ENFORCED")
        return None
    if cursor.take("FOREIGN", "KEY"):
        return _foreign_key(cursor, symbol)
    if cursor.take("PRIMARY", "KEY"):
        return Key("PRIMARY", _rest(cursor, named=False)[1], unique=True, primary=True)
    unique = cursor.take("UNIQUE")
    if not unique and cursor.take_any("FULLTEXT", "SPATIAL", "VECTOR"):
        cursor.take_any("INDEX", "KEY")
    elif not cursor.take_any("INDEX", "KEY") and not unique:
        raise Unclear
    name, parts = _rest(cursor, named=True)
    return Key(name or (symbol if unique else ""), parts, unique=unique)


def keys_of(column: ColumnText) -> list[Key]:
    """The keys that a column's attributes make."""
    parts = (Part(column.name),)
    keys = [Key("PRIMARY", parts, unique=True, primary=True)] if column.primary else []
    return keys + ([Key("", parts, unique=True)] if column.unique else [])


def read_parts(cursor: Cursor) -> tuple[Part, ...]:
    """The parts of a key in parentheses, and the options behind them."""
    cursor.expect("(")
    parts: list[Part] = []
    while not parts or cursor.take(","):
        if cursor.at("("):
            _parentheses(cursor)
            parts.append(Part(None))
        else:
            parts.append(Part(cursor.name(), _prefix(cursor)))
        cursor.take_any("ASC", "DESC")
    cursor.expect(")")
    _options(cursor)
    return tuple(parts)


def _prefix(cursor: Cursor) -> int | None:
    if not cursor.take("("):
        return None
    token = cursor.next()
    if token.kind is not TokenKind.NUMBER or not token.text.isdigit():
        raise Unclear
    cursor.expect(")")
    return int(token.text)


def _rest(cursor: Cursor, *, named: bool) -> tuple[str, tuple[Part, ...]]:
    """Name, type and parts. A primary key's name means nothing."""
    name = ""
    if not cursor.at("(") and not cursor.at_one_of("USING", "TYPE"):
        name = cursor.name()
    if cursor.take_any("USING", "TYPE"):
        cursor.name()
    return (name if named else ""), read_parts(cursor)


def _options(cursor: Cursor) -> None:
    while True:
        if cursor.take_any("USING", "TYPE") or cursor.take("WITH", "PARSER"):
            cursor.name()
        elif cursor.take_any("KEY_BLOCK_SIZE", "COMMENT", "ENGINE_ATTRIBUTE", "SECONDARY_ENGINE_ATTRIBUTE"):
            cursor.take("=")
            cursor.next()
        elif not cursor.take_any("VISIBLE", "INVISIBLE"):
            return


def _foreign_key(cursor: Cursor, symbol: str) -> Key:
    """The key that it needs, which the server makes unless there is one."""
    name = "" if cursor.at("(") else cursor.name()
    parts = read_parts(cursor)
    cursor.expect("REFERENCES")
    skip_reference(cursor)
    return Key("", parts, of_foreign_key=True, may_be=tuple(filter(None, (symbol, name))))


def _parentheses(cursor: Cursor) -> None:
    cursor.expect("(")
    cursor.leave_parentheses()
