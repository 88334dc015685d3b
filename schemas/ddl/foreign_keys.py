"""Foreign keys as the text of CREATE TABLE and ALTER TABLE names them: whose rows follow whose.

Promises: every foreign key that a server takes from the text is found. What the text takes away is told only as
`drops`, because a name alone does not lead to a key that the server named itself. Pure.
"""

from dataclasses import dataclass

from schemas.ddl.cursor import Cursor, Unclear
from schemas.ddl.lexer import SqlModes, TokenKind, tokens
from schemas.names import TableName

_INLINE_SINCE = 90000  # before, a column's own REFERENCES was read and forgotten


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """Rows of `child` follow those of `parent`: CASCADE, SET NULL, or something that changes no row."""

    child: TableName
    parent: TableName
    referenced: tuple[str, ...]  # the parent's columns; empty: its primary key
    on_delete: str = ""
    on_update: str = ""

    @property
    def follows(self) -> bool:
        """True when a change of the parent's rows may change the child's."""
        return bool({self.on_delete, self.on_update} & FOLLOWING)


@dataclass(frozen=True, slots=True)
class KeysText:
    """What a statement says of foreign keys."""

    made: tuple[ForeignKey, ...] = ()
    drops: bool = False  # it takes away constraints, perhaps foreign keys
    renamed_columns: tuple[tuple[str, str], ...] = ()


FOLLOWING = frozenset(("CASCADE", "SET NULL"))


def read_foreign_keys(text: str, table: TableName, modes: SqlModes, server_version: int) -> KeysText:
    """Of a CREATE TABLE or ALTER TABLE of `table`; Unclear when the text is not one."""
    cursor = Cursor(tokens(text, modes, server_version), table.database)
    made: list[ForeignKey] = []
    renamed: list[tuple[str, str]] = []
    drops = declared = False
    while cursor.peek().kind is not TokenKind.END:
        symbol = cursor.next().symbol
        if symbol == "FOREIGN" and cursor.at("KEY"):
            declared = True
        elif symbol == "REFERENCES":
            key = _reference(cursor, table)
            if declared or server_version >= _INLINE_SINCE:
                made.append(key)
            declared = False
        elif symbol == "DROP" and cursor.at_one_of("FOREIGN", "CONSTRAINT"):
            cursor.next()
            cursor.take("KEY")
            drops = True
        elif symbol == "CHANGE" or (symbol == "RENAME" and cursor.at("COLUMN")):
            cursor.take("COLUMN")
            old = cursor.name()
            cursor.take("TO")
            renamed.append((old, cursor.name()))
    return KeysText(tuple(made), drops, tuple(renamed))


def _reference(cursor: Cursor, child: TableName) -> ForeignKey:
    parent = cursor.qualified_name()
    referenced: list[str] = []
    if cursor.take("("):
        while not referenced or cursor.take(","):
            referenced.append(cursor.name())
            if cursor.take("("):
                cursor.leave_parentheses()
            cursor.take_any("ASC", "DESC")
        cursor.expect(")")
    if cursor.take("MATCH"):
        cursor.next()
    rules = {"DELETE": "", "UPDATE": ""}
    while cursor.take("ON"):
        event = cursor.next().symbol
        if event not in rules:
            raise Unclear
        rules[event] = _rule(cursor)
    return ForeignKey(child, parent, tuple(referenced), rules["DELETE"], rules["UPDATE"])


def _rule(cursor: Cursor) -> str:
    for words in (("SET", "NULL"), ("SET", "DEFAULT"), ("NO", "ACTION"), ("CASCADE",), ("RESTRICT",)):
        if cursor.take(*words):
            return " ".join(words)
    raise Unclear
