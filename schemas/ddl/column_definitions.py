"""One column of CREATE or ALTER TABLE: its type and attributes, and the keys that it makes on the way."""

import re
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation

from schemas.ddl.charset_names import Collated, take_charset
from schemas.ddl.column_types import TypeText, read_type, settled
from schemas.ddl.cursor import Cursor, Unclear
from schemas.ddl.lexer import TokenKind
from schemas.ddl.session import Session
from schemas.table import Column

_NOW = ("CURRENT_TIMESTAMP", "NOW", "LOCALTIME", "LOCALTIMESTAMP")
_INTEGER = re.compile(r"[+-]?\d+")


@dataclass(slots=True)
class ColumnText:
    """A column as a statement writes it."""

    name: str
    type: TypeText
    null: bool | None = None  # None: not said
    default: str | None = None
    default_said: bool = False
    default_is_expression: bool = False
    on_update: bool = False
    generated: bool = False
    invisible: bool = False
    auto_increment: bool = False
    comment: str = ""
    primary: bool = False
    unique: bool = False

    def nullable(self, session: Session) -> bool:
        if self.primary:
            return False  # said or not
        if self.null is not None:
            return self.null
        timestamp = self.type.name == "timestamp" and not session.explicit_timestamps and not self.generated
        return not (self.auto_increment or timestamp)

    def column(self, session: Session, charset: Collated | None) -> Column:
        """The column in a table with this default charset; keys are not considered yet."""
        bare = Column(
            name=self.name,
            data_type="",
            column_type="",
            nullable=self.nullable(session),
            default_is_expression=self.default_is_expression,
            on_update=self.on_update,
            generated=self.generated,
            invisible=self.invisible,
            auto_increment=self.auto_increment,
            comment=self.comment,
        )
        column = settled(bare, self.type, session, charset)
        return replace(column, default=self.default if self.default_is_expression else printed(column, self.default))


def read_column(cursor: Cursor, session: Session) -> ColumnText:
    """From the column's name to the comma, parenthesis or place after it."""
    return read_unnamed_column(cursor.name(), cursor, session)


def read_unnamed_column(name: str, cursor: Cursor, session: Session) -> ColumnText:
    found = ColumnText(name, read_type(cursor, session))
    if found.type.serial:
        found.null, found.auto_increment, found.unique = False, True, True
    while _attribute(cursor, found):
        pass
    if not (cursor.at_one_of(",", ")", "FIRST", "AFTER", "PARTITION", ";") or cursor.peek().kind is TokenKind.END):
        raise Unclear
    return found


def _attribute(cursor: Cursor, found: ColumnText) -> bool:
    """Goes past one attribute; false at the end of them."""
    if cursor.take("NOT", "NULL"):
        found.null = False
    elif cursor.take("NULL"):
        found.null = True
    elif cursor.take("DEFAULT"):
        _default(cursor, found)
    elif cursor.take("ON", "UPDATE"):
        _now(cursor)
        found.on_update = True
    elif cursor.take("AUTO_INCREMENT"):
        found.null, found.auto_increment = False, True  # NOT NULL, unless NULL stands behind it
    elif cursor.take("SERIAL", "DEFAULT", "VALUE"):
        found.null, found.auto_increment, found.unique = False, True, True
    elif cursor.take("UNIQUE"):
        cursor.take("KEY")
        found.unique = True
    elif cursor.take("PRIMARY", "KEY") or cursor.take("PRIMARY") or cursor.take("KEY"):
        found.primary = True
    elif cursor.take("COMMENT"):
        found.comment = _string(cursor)
    elif cursor.take("INVISIBLE"):
        found.invisible = True
    elif cursor.take("VISIBLE"):
        found.invisible = False
    elif cursor.take("GENERATED", "ALWAYS", "AS") or cursor.take("AS"):
        _parentheses(cursor)
        cursor.take_any("VIRTUAL", "STORED")
        found.generated = True
    elif found.type.of_text and take_charset(cursor, found.type.charset):
        pass
    else:
        return _ignored(cursor)
    return True


def _ignored(cursor: Cursor) -> bool:
    """Attributes that change neither the column nor a key."""
    if cursor.take("CONSTRAINT"):
        if not cursor.at("CHECK"):
            cursor.name()
        if not cursor.at("CHECK"):
            raise Unclear
    if cursor.take("CHECK"):
        _parentheses(cursor)
    elif cursor.take("NOT", "ENFORCED") or cursor.take("ENFORCED") or cursor.take("NOT", "SECONDARY"):
        pass
    elif cursor.take_any("COLUMN_FORMAT", "STORAGE", "SRID"):
        cursor.next()
    elif cursor.take_any("ENGINE_ATTRIBUTE", "SECONDARY_ENGINE_ATTRIBUTE"):
        cursor.take("=")
        _string(cursor)
    elif cursor.take("REFERENCES"):
        skip_reference(cursor)
    else:
        return False
    return True


def skip_reference(cursor: Cursor) -> None:
    """What follows REFERENCES."""
    cursor.qualified_name()
    if cursor.take("("):
        cursor.leave_parentheses()
    while True:
        if cursor.take("MATCH"):
            cursor.name()
        elif cursor.take("ON", "DELETE") or cursor.take("ON", "UPDATE"):
            if not (cursor.take("SET", "NULL") or cursor.take("SET", "DEFAULT") or cursor.take("NO", "ACTION")):
                cursor.name()
        else:
            return


def _default(cursor: Cursor, found: ColumnText) -> None:
    found.default_said, found.default, found.default_is_expression = True, None, False
    if cursor.take("NULL"):
        return
    if cursor.at("("):
        _parentheses(cursor)
        found.default_is_expression = True
    elif cursor.at_one_of(*_NOW):
        digits = _now(cursor)
        found.default, found.default_is_expression = "CURRENT_TIMESTAMP" + digits, True
    else:
        found.default = read_literal(cursor)


def read_literal(cursor: Cursor) -> str | None:
    """The text of a literal; None for one whose text is not surely what the server keeps."""
    sign = cursor.take_any("-", "+") or ""
    token = cursor.next()
    if token.kind is TokenKind.STRING:
        text = token.text
        while cursor.peek().kind is TokenKind.STRING:
            text += cursor.next().text
        return text
    if token.kind is TokenKind.NUMBER:
        return sign.replace("+", "") + token.text if token.text[0] in "0123456789." and "x" not in token.text else None
    if token.symbol in ("TRUE", "FALSE"):
        return "1" if token.symbol == "TRUE" else "0"
    if token.kind is TokenKind.WORD and cursor.peek().kind in (TokenKind.STRING, TokenKind.NUMBER):
        cursor.next()  # DATE '...', _latin1 '...', _binary 0x...
        return None
    raise Unclear


def _now(cursor: Cursor) -> str:
    if cursor.take_any(*_NOW) is None:
        raise Unclear
    digits = ""
    if cursor.take("("):
        if not cursor.at(")"):
            digits = f"({cursor.next().text})"
        cursor.expect(")")
    return "" if digits == "(0)" else digits


def printed(column: Column, default: str | None) -> str | None:
    """A literal default as information_schema shows it; None where that is not sure, as for no default."""
    if default is None or column.auto_increment or column.column_type.endswith("zerofill"):
        return None
    kind = column.data_type
    if kind in ("varchar", "char") or (kind in ("enum", "set") and default in column.labels and column.charset):
        return default
    if kind.endswith("int") and _INTEGER.fullmatch(default):
        return str(int(default))
    if kind == "decimal":
        try:
            return f"{Decimal(default):.{column.scale}f}"
        except InvalidOperation:
            return None
    return None


def _parentheses(cursor: Cursor) -> None:
    cursor.expect("(")
    cursor.leave_parentheses()


def _string(cursor: Cursor) -> str:
    token = cursor.next()
    if token.kind is not TokenKind.STRING:
        raise Unclear
    return token.text
