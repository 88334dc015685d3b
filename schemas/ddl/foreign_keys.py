"""Foreign keys as the text of CREATE TABLE and ALTER TABLE names them: whose rows follow whose.

Promises: every foreign key that a server takes from the text is found. What the text takes away is told only as
`drops`, because a name alone does not lead to a key that the server named itself. Pure.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from schemas.ddl.cursor import Cursor, Unclear
from schemas.ddl.lexer import SqlModes, TokenKind, tokens
from schemas.names import TableName

K = TypeVar("K")

_INLINE_SINCE = 90000  # before, a column's own REFERENCES was read and forgotten


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """Rows of `child` follow those of `parent`: CASCADE, SET NULL, or something that changes no row."""

    child: TableName
    parent: TableName
    columns: tuple[str, ...]  # the child's; empty: a column that refers by itself
    referenced: tuple[str, ...]  # the parent's; empty: its primary key
    on_delete: str = ""
    on_update: str = ""

    @property
    def follows(self) -> bool:
        """True when a change of the parent's rows may change the child's."""
        return bool({self.on_delete, self.on_update} & FOLLOWING)

    def leads_on(self, further: "ForeignKey") -> bool:
        """True when rows of the child that follow may be followed by others, by a key that refers to the child."""
        if further.parent != self.child:
            return False
        if self.on_delete == "CASCADE" and further.on_delete in FOLLOWING:
            return True
        assigned = {name.lower() for name in self.columns}
        reached = not assigned or not further.referenced or {name.lower() for name in further.referenced} & assigned
        assigns = self.on_delete == "SET NULL" or self.on_update in FOLLOWING
        return bool(assigns and reached and further.on_update in FOLLOWING)

    def assigned(self, columns: Collection[str], unless: Collection[str]) -> frozenset[str]:
        """The child's columns (in lower case) that follow those of the parent; `unless` the text names them."""
        if not (self.columns and self.referenced):
            return frozenset(unless)
        pairs = zip(self.columns, self.referenced, strict=True)
        return frozenset(own.lower() for own, other in pairs if other.lower() in columns)


@dataclass(frozen=True, slots=True)
class KeysText:
    """What a statement says of foreign keys."""

    made: tuple[ForeignKey, ...] = ()
    drops: bool = False  # it takes away constraints, perhaps foreign keys
    renamed_columns: tuple[tuple[str, str], ...] = ()


FOLLOWING = frozenset(("CASCADE", "SET NULL"))


def between(keys: Collection[ForeignKey]) -> dict[TableName, set[TableName]]:
    """By table, the tables through which a way leads to its rows: itself where one leads from its rows on to its rows.
    Tables to which no way leads through others are left out."""
    of_child = grouped(keys, lambda key: key.child)
    found: dict[TableName, set[TableName]] = {}
    for key in keys:
        if key.follows and any(other.leads_on(key) for other in of_child.get(key.parent, ())):
            found.setdefault(key.child, set()).add(key.parent)
    return found


def circle(between: Mapping[TableName, Collection[TableName]]) -> list[TableName]:
    """Tables through which ways lead in a circle, or on from one; empty when there is none."""
    left = {table: {other for other in through if other != table and other in between}
            for table, through in between.items()}  # fmt: skip
    behind: dict[TableName, list[TableName]] = {}
    for table, through in left.items():
        for other in through:
            behind.setdefault(other, []).append(table)
    free = [table for table, through in left.items() if not through]
    while free:
        table = free.pop()
        del left[table]
        for other in behind.get(table, ()):
            left[other].discard(table)
            if not left[other]:
                free.append(other)
    return sorted(left)


def grouped(keys: Iterable[K], by: Callable[[K], TableName]) -> dict[TableName, list[K]]:
    """Keys by one of their tables."""
    found: dict[TableName, list[K]] = {}
    for key in keys:
        found.setdefault(by(key), []).append(key)
    return found


def moved(
    keys: Collection[ForeignKey], table: TableName, changed: Collection[str], identity: Callable[[TableName], list[str]]
) -> set[TableName]:
    """The tables whose rows get another `identity` (columns of theirs) when those columns of `table` get new values."""
    found: set[TableName] = set()
    passed: set[tuple[ForeignKey, frozenset[str]]] = set()
    waiting = [(table, frozenset(name.lower() for name in changed))]
    while waiting:
        parent, columns = waiting.pop()
        for key in keys:
            if key.parent != parent or key.on_update != "CASCADE" or (key, columns) in passed:
                continue
            passed.add((key, columns))
            own = {name.lower() for name in identity(key.child)}
            assigned = key.assigned(columns, own)
            if assigned & own:
                found.add(key.child)
            waiting.append((key.child, assigned))
    return found


def read_foreign_keys(text: str, table: TableName, modes: SqlModes, server_version: int) -> KeysText:
    """Of a CREATE TABLE or ALTER TABLE of `table`; Unclear when the text is not one."""
    cursor = Cursor(tokens(text, modes, server_version), table.database)
    made: list[ForeignKey] = []
    renamed: list[tuple[str, str]] = []
    columns: tuple[str, ...] | None = None  # of the FOREIGN KEY whose REFERENCES is to come
    drops = False
    while cursor.peek().kind is not TokenKind.END:
        symbol = cursor.next().symbol
        if symbol == "FOREIGN" and cursor.at("KEY"):
            columns = _columns(cursor)
        elif symbol == "REFERENCES":
            key = _reference(cursor, table, columns or ())
            if columns is not None or server_version >= _INLINE_SINCE:
                made.append(key)
            columns = None
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


def _columns(cursor: Cursor) -> tuple[str, ...]:
    """After FOREIGN: KEY, perhaps a name, and the columns."""
    cursor.expect("KEY")
    if not cursor.at("("):
        cursor.name()
    return _parts(cursor)


def _parts(cursor: Cursor) -> tuple[str, ...]:
    cursor.expect("(")
    names: list[str] = []
    while not names or cursor.take(","):
        names.append(cursor.name())
        if cursor.take("("):
            cursor.leave_parentheses()
        cursor.take_any("ASC", "DESC")
    cursor.expect(")")
    return tuple(names)


def _reference(cursor: Cursor, child: TableName, columns: tuple[str, ...]) -> ForeignKey:
    parent = cursor.qualified_name()
    referenced = _parts(cursor) if cursor.at("(") else ()
    if cursor.take("MATCH"):
        cursor.next()
    rules = {"DELETE": "", "UPDATE": ""}
    while cursor.take("ON"):
        event = cursor.next().symbol
        if event not in rules:
            raise Unclear
        rules[event] = _rule(cursor)
    return ForeignKey(child, parent, columns, referenced, rules["DELETE"], rules["UPDATE"])


def _rule(cursor: Cursor) -> str:
    for words in (("SET", "NULL"), ("SET", "DEFAULT"), ("NO", "ACTION"), ("CASCADE",), ("RESTRICT",)):
        if cursor.take(*words):
            return " ".join(words)
    raise Unclear
