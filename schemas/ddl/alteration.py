"""ALTER TABLE: what its clauses do to a definition, in the order in which the server carries them out.

The server first drops and changes columns in their places, then adds and moves columns in the order of the clauses,
then drops, renames and adds keys (mysql_prepare_alter_table in sql/sql_table.cc).
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from schemas.ddl.charset_names import Collated, Named, take_charset
from schemas.ddl.column_definitions import (
    ColumnText,
    printed,
    read_column,
    read_literal,
    read_unnamed_column,
)
from schemas.ddl.column_types import converted
from schemas.ddl.cursor import Cursor, Unclear
from schemas.ddl.draft import Draft, Key
from schemas.ddl.implied import implies_defaults
from schemas.ddl.key_definitions import at_key, keys_of, read_key
from schemas.ddl.lexer import TokenKind
from schemas.ddl.session import Session
from schemas.ddl.table_options import TableOptions, leave_partitions, take_option
from schemas.names import TableName
from schemas.table import Column, Table

_FIRST = ""  # no column has this name


@dataclass(slots=True)
class _Placed:
    """A column that is added (`old` None) or changed, and where it goes (None: in its place, or last)."""

    text: ColumnText
    old: str | None
    after: str | None


@dataclass(slots=True)
class Alteration:
    """The clauses of one statement, sorted by what they do."""

    placed: list[_Placed] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    renamed: dict[str, str] = field(default_factory=dict)
    touched: dict[str, Callable[[Column], Column]] = field(default_factory=dict)  # defaults, visibility
    keys: list[Key] = field(default_factory=list)
    dropped_keys: list[str] = field(default_factory=list)
    dropped_constraints: list[str] = field(default_factory=list)
    renamed_keys: list[tuple[str, str]] = field(default_factory=list)
    options: TableOptions = field(default_factory=TableOptions)
    convert: Named | None = None
    convert_to_default: bool = False
    new_name: TableName | None = None


def altered(cursor: Cursor, table: Table, session: Session, database: Collated | None) -> Table:
    """The table after the clauses; the cursor stands after the table's name. Unclear when it is not certain."""
    alteration = Alteration()
    _read(cursor, alteration, session)
    draft = Draft.of(table)
    draft.implies_defaults = implies_defaults(session.server_version)
    convert = _charsets(alteration, draft, session, database)
    if convert is not None:
        if any(change.text.type.of_text or change.text.type.name == "blob" for change in alteration.placed):
            raise Unclear  # which one overrules the other depends on their types
        draft.columns = [converted(column, convert, session) for column in draft.columns]
    _drop_keys(alteration, draft)
    _columns(alteration, draft, session)
    if convert is not None and not session.has_dictionary:
        draft.default = None  # MySQL 5.6 keeps the old one now and then
    _keys(alteration, draft)
    if alteration.options.comment is not None:
        draft.comment = alteration.options.comment
    if alteration.options.engine is not None:
        draft.engine = alteration.options.engine
    if alteration.new_name is not None:
        draft.name = alteration.new_name
    return draft.table()


# -- what the text says


def _read(cursor: Cursor, found: Alteration, session: Session) -> None:
    first = True
    while cursor.peek().kind is not TokenKind.END and not cursor.at(";"):
        if not first and not (cursor.take(",") or cursor.at("PARTITION") or cursor.at("REMOVE")):
            raise Unclear
        if cursor.at("PARTITION", "BY") or cursor.at("REMOVE", "PARTITIONING"):
            leave_partitions(cursor)
            return
        _clause(cursor, found, session)
        first = False
    cursor.expect_end()


def _clause(cursor: Cursor, found: Alteration, session: Session) -> None:
    word = cursor.peek().symbol
    if word in _CLAUSES:
        cursor.next()
        _CLAUSES[word](cursor, found, session)
        return
    if word in _OF_PARTITIONS and (cursor.peek(1).symbol in ("PARTITION", "TABLESPACE") or word == "PARTITION"):
        leave_partitions(cursor)
        return
    if cursor.take_any("FORCE", "SECONDARY_LOAD", "SECONDARY_UNLOAD") or cursor.take("UPGRADE", "PARTITIONING"):
        return
    if cursor.take_any("ENABLE", "DISABLE"):
        cursor.expect("KEYS")
    elif cursor.take_any("WITH", "WITHOUT"):
        cursor.expect("VALIDATION")
    elif cursor.take("ORDER", "BY"):
        _order(cursor)
    elif not take_option(cursor, found.options):
        raise Unclear
    while take_option(cursor, found.options):
        pass


_OF_PARTITIONS = ("COALESCE", "REORGANIZE", "EXCHANGE", "ANALYZE", "CHECK", "OPTIMIZE", "REBUILD", "REPAIR", "TRUNCATE",
                  "DISCARD", "IMPORT", "PARTITION")  # fmt: skip


def _add(cursor: Cursor, found: Alteration, session: Session) -> None:
    if cursor.at("PARTITION"):
        leave_partitions(cursor)
        return
    if at_key(cursor):
        key = read_key(cursor)
        found.keys += [key] if key is not None else []
        return
    cursor.take("COLUMN")
    if not cursor.take("("):
        text = read_column(cursor, session)
        _place(cursor, found, text, None)
        return
    while True:
        if at_key(cursor):
            key = read_key(cursor)
            found.keys += [key] if key is not None else []
        else:
            text = read_column(cursor, session)
            found.placed.append(_Placed(text, None, None))
            found.keys += keys_of(text)
        if not cursor.take(","):
            break
    cursor.expect(")")


def _change(cursor: Cursor, found: Alteration, session: Session) -> None:
    cursor.take("COLUMN")
    old = cursor.name()
    _place(cursor, found, read_column(cursor, session), old)


def _modify(cursor: Cursor, found: Alteration, session: Session) -> None:
    cursor.take("COLUMN")
    name = cursor.name()
    _place(cursor, found, read_unnamed_column(name, cursor, session), name)


def _place(cursor: Cursor, found: Alteration, text: ColumnText, old: str | None) -> None:
    after = None
    if cursor.take("FIRST"):
        after = _FIRST
    elif cursor.take("AFTER"):
        after = cursor.name()
    found.placed.append(_Placed(text, old, after))
    found.keys += keys_of(text)


def _drop(cursor: Cursor, found: Alteration, session: Session) -> None:
    if cursor.at("PARTITION"):
        leave_partitions(cursor)
    elif cursor.take("PRIMARY", "KEY"):
        found.dropped_keys.append("PRIMARY")
    elif cursor.take_any("INDEX", "KEY"):
        found.dropped_keys.append(cursor.name())
    elif cursor.take("FOREIGN", "KEY") or cursor.take("CHECK"):
        cursor.name()
    elif cursor.take("CONSTRAINT"):
        found.dropped_constraints.append(cursor.name())
    else:
        cursor.take("COLUMN")
        found.dropped.append(cursor.name())
        cursor.take_any("RESTRICT", "CASCADE")


def _alter(cursor: Cursor, found: Alteration, session: Session) -> None:
    if cursor.take_any("INDEX", "CHECK", "CONSTRAINT"):
        cursor.name()
        cursor.take("NOT")
        if not cursor.take_any("VISIBLE", "INVISIBLE", "ENFORCED"):
            raise Unclear
        return
    cursor.take("COLUMN")
    name = cursor.name()
    change: Callable[[Column], Column]
    if cursor.take("DROP", "DEFAULT"):
        change = _without_default
    elif cursor.take("SET", "INVISIBLE"):
        change = _invisible
    elif cursor.take("SET", "VISIBLE"):
        change = _visible
    else:
        cursor.expect("SET", "DEFAULT")
        if cursor.take("("):
            cursor.leave_parentheses()
            change = _default_expression
        else:
            change = _default(None if cursor.take("NULL") else read_literal(cursor))
    before = found.touched.get(name)
    found.touched[name] = change if before is None else _both(before, change)


def _rename(cursor: Cursor, found: Alteration, session: Session) -> None:
    if cursor.take("COLUMN"):
        old = cursor.name()
        cursor.expect("TO")
        found.renamed[old] = cursor.name()
    elif cursor.take_any("INDEX", "KEY"):
        key = cursor.name()
        cursor.expect("TO")
        found.renamed_keys.append((key, cursor.name()))
    else:
        cursor.take_any("TO", "AS", "=")
        found.new_name = cursor.qualified_name()


def _convert(cursor: Cursor, found: Alteration, session: Session) -> None:
    cursor.expect("TO")
    found.convert = Named()
    if cursor.take("CHARSET", "DEFAULT") or cursor.take("CHARACTER", "SET", "DEFAULT"):
        found.convert_to_default = True
    elif not take_charset(cursor, found.convert):
        raise Unclear
    if cursor.at("COLLATE"):
        take_charset(cursor, found.convert)


def _order(cursor: Cursor) -> None:
    while True:
        cursor.name()
        cursor.take_any("ASC", "DESC")
        if not (cursor.at(",") and cursor.peek(2).symbol in (",", "", "ASC", "DESC")):
            return
        cursor.next()


_CLAUSES: dict[str, Callable[[Cursor, Alteration, Session], None]] = {
    "ADD": _add,
    "CHANGE": _change,
    "MODIFY": _modify,
    "DROP": _drop,
    "ALTER": _alter,
    "RENAME": _rename,
    "CONVERT": _convert,
}


def _without_default(column: Column) -> Column:
    return replace(column, default=None, default_is_expression=False)


def _default_expression(column: Column) -> Column:
    return replace(column, default=None, default_is_expression=True)


def _default(value: str | None) -> Callable[[Column], Column]:
    return lambda column: replace(column, default=printed(column, value), default_is_expression=False)


def _invisible(column: Column) -> Column:
    return replace(column, invisible=True)


def _visible(column: Column) -> Column:
    return replace(column, invisible=False)


def _both(first: Callable[[Column], Column], second: Callable[[Column], Column]) -> Callable[[Column], Column]:
    return lambda column: second(first(column))


# -- what it does


def _charsets(found: Alteration, draft: Draft, session: Session, database: Collated | None) -> Collated | None:
    """Sets the table's default, and tells to what columns are converted."""
    if found.convert is not None:
        if found.options.charset.said:
            raise Unclear
        default = database if found.convert_to_default else None
        draft.default = found.convert.resolved(session.charsets, default)
        return draft.default
    if found.options.charset.said:
        draft.default = found.options.charset.resolved(session.charsets, None)
    return None


def _columns(found: Alteration, draft: Draft, session: Session) -> None:
    dropped = [draft.columns[draft.find(name)].name for name in found.dropped]
    changes = {draft.columns[draft.find(change.old)].name: change for change in found.placed if change.old is not None}
    renames = {draft.columns[draft.find(old)].name: new for old, new in found.renamed.items()}
    touched = {draft.columns[draft.find(name)].name: change for name, change in found.touched.items()}
    if len(changes) + len(dropped) + len(renames) > len({*changes, *dropped, *renames}):
        raise Unclear
    built = {id(change): change.text.column(session, draft.default) for change in found.placed}
    for old, change in changes.items():
        draft.retyped(draft.columns[draft.find(old)], built[id(change)])
    columns = []
    for column in draft.columns:
        name = column.name
        if name in dropped:
            continue
        if name in changes:
            columns.append(built[id(changes[name])])
            continue
        if name in touched:
            column = touched[name](column)
        columns.append(replace(column, name=renames.get(name, name)))
    new_names = renames | {old: change.text.name for old, change in changes.items()}
    heirs = _heirs(draft, dropped, new_names, [built[id(change)] for change in found.placed if change.old is None])
    draft.forget_columns([name for name in dropped if name not in heirs])
    draft.rename_columns(lambda name: (new_names | heirs).get(name, name))
    draft.columns = columns
    for change in found.placed:
        if change.old is None or change.after is not None:
            column = built[id(change)]
            draft.columns = [each for each in draft.columns if each is not column]
            _insert(draft, column, change.after)
    if len({column.name.lower() for column in draft.columns}) != len(draft.columns):
        raise Unclear


def _heirs(draft: Draft, dropped: list[str], renames: dict[str, str], new: list[Column]) -> dict[str, str]:
    """The server looks for the parts of its keys by name: a new column may take a dropped one's place there."""
    added = {column.name.lower(): column for column in new}
    if any(draft.keyed(old) and old.lower() in added for old in renames):
        raise Unclear  # whichever stands first of the renamed and the new one
    return draft.heirs(dropped, added)


def _insert(draft: Draft, column: Column, after: str | None) -> None:
    if after is None:
        draft.columns.append(column)
    else:
        draft.columns.insert(0 if after == _FIRST else draft.find(after) + 1, column)


def _drop_keys(found: Alteration, draft: Draft) -> None:
    """Before their columns go or change, which then concerns them no more."""
    for name in found.dropped_keys:
        draft.drop_key(name)
    for name in found.dropped_constraints:
        draft.drop_constraint(name)


def _keys(found: Alteration, draft: Draft) -> None:
    draft.rename_keys(found.renamed_keys)
    draft.add_keys(found.keys)
