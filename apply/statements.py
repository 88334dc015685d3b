"""How changes become statements, by the unique keys that the destination's table really has. Pure.

A table whose record key is its only unique index is written by INSERT ... ON DUPLICATE KEY UPDATE. That statement
matches any unique index, so where there are more of them the touched rows are deleted first and the final ones
inserted: within a batch unique values may have changed hands. Deletes always come first: keys that differ as bytes
may be one key to the server's collation, and then the row that stays is the inserted one.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto

from apply.destination import Field, Shape
from apply.settings import Limits
from runtime.errors import Fatal
from schemas.codec import Decoded
from schemas.ddl.expressions import depends, words, zoned
from schemas.labels import printed
from schemas.plan import Kept
from schemas.sql import identifier, qualified
from schemas.table import SPATIAL_TYPES, TEXT_TYPES, Column, Table
from schemas.types.enumset import labels_of

_FLOATS = frozenset(("float", "double", "real"))
# By number MySQL compares them exactly; as text it would mix the empty label with no label at all.
_TEXTS = TEXT_TYPES - {"enum", "set"}
# Charsets in which a text has the bytes that it has in a statement; "": no text.
_AS_WRITTEN = frozenset(("", "utf8mb4", "utf8mb3", "utf8", "ascii", "binary"))


@dataclass(frozen=True, slots=True)
class Doubt:
    """Generated columns whose values another session might compute otherwise, and the words of their expressions."""

    columns: tuple[str, ...]
    words: frozenset[str]
    zoned: bool
    escaped: bool = False  # literals with backslashes are among them


class Kind(Enum):
    """What identifies a row at the destination."""

    KEYED = auto()  # one unique index, the record's key
    UNIQUES = auto()  # the record's key and more unique indexes
    KEYLESS = auto()  # nothing


@dataclass(frozen=True, slots=True)
class Layout:
    """How records of one schema are written to one table: the parts of its statements around the rows."""

    shape: Shape
    kind: Kind
    written: tuple[str, ...]  # columns, as the record names them
    insert: str
    replace: str
    on_duplicate: str
    delete: str
    between_keys: tuple[str, str]  # what stands between keys, and behind the last one
    matches: tuple[str, ...]  # one condition per written column, `{}` being its value
    enums: frozenset[str]  # the destination's ENUM columns that have the labels of the source
    computed: frozenset[str]  # the destination's generated columns
    apart: tuple[str, ...]  # the key's columns where each must be compared alone, else nothing
    numbered: frozenset[str]  # the record's ENUM and SET columns whose labels the destination numbers in the same way
    kept: Kept = field(default_factory=Kept)  # what else is wanted of a record's rows
    checks: tuple[str, ...] = ()  # conditions that a written row fulfils, `{}` being the values that `kept` compares
    counting: str = ""  # counts the rows that fulfil a condition, which follows
    doubt: Doubt | None = None  # what the values of generated columns may hang on


def layout_of(shape: Shape, table: Table) -> Layout:
    """The layout of `table`, as capture knew it, in the destination's table; Fatal when rows cannot fit."""
    written = _written(shape, table)
    numbered = frozenset(_same_labels(shape, table))
    names = [identifier(shape.fields[name.lower()].name) for name in written]
    target = qualified(shape.name)
    columns = ", ".join(names)
    kind, index = _kind(shape, table.key)
    doubtful = _doubtful(shape, table)
    doubt = _doubt(shape, doubtful)
    apart = table.key if doubtful else _apart(shape, numbered, table.key)
    delete, between_keys = _delete(target, index, apart, table.key)
    return Layout(
        shape=shape,
        kind=kind,
        written=written,
        insert=f"INSERT INTO {target} ({columns}) VALUES ",
        replace=f"REPLACE INTO {target} ({columns}) VALUES ",
        on_duplicate=" ON DUPLICATE KEY UPDATE " + _updates(shape, written, table.key, numbered),
        delete=delete,
        between_keys=between_keys,
        matches=tuple(_match(shape.fields[name.lower()], name in numbered) for name in written),
        enums=frozenset(_same_enums(shape, table)),
        computed=frozenset(field.name for field in shape.fields.values() if field.generated),
        apart=apart,
        numbered=numbered,
        kept=Kept(
            compared=(*(() if table.key else written), *doubtful) if doubtful else (),
            counter=_counter(shape, table),
            zoneless=bool(doubt and doubt.zoned),
        ),
        checks=_checks(shape, table, written, doubtful, numbered),
        counting=f"SELECT COUNT(*) FROM {target}{_forced(index)} WHERE ",
        doubt=doubt,
    )


def check(layout: Layout, changes: Sequence[Decoded]) -> str:
    """A query that counts the rows that are there as the source has them."""
    return layout.counting + " OR ".join(
        f"({' AND '.join(([change.key] if layout.kind is not Kind.KEYLESS else []) + _fulfilled(layout, change))})"
        for change in changes
    )


def checks_of_each(layout: Layout, change: Decoded) -> Iterator[tuple[str, str]]:
    """For each doubtful column a query that counts the rows that have the source's value in it."""
    names, conditions = layout.kept.compared, _fulfilled(layout, change)
    found = [change.key] if layout.kind is not Kind.KEYLESS else conditions[: len(layout.written)]
    for name, condition in zip(names, conditions, strict=True):
        if layout.doubt and name in layout.doubt.columns:
            yield name, layout.counting + " AND ".join([*found, condition])


def _fulfilled(layout: Layout, change: Decoded) -> list[str]:
    return [condition.format(value) for condition, value in zip(layout.checks, change.compared, strict=True)]


def deletes(layout: Layout, keys: Sequence[str], limits: Limits) -> Iterator[str]:
    yield from _grouped(layout.delete, keys, *layout.between_keys, limits)


def inserts(layout: Layout, rows: Sequence[str], limits: Limits) -> Iterator[str]:
    """Rows whose keys and unique values are free."""
    yield from _grouped(layout.insert, rows, ",", "", limits)


def upserts(layout: Layout, rows: Sequence[str], limits: Limits) -> Iterator[str]:
    """Rows whose key may be there; no other unique index exists."""
    yield from _grouped(layout.insert, rows, ",", layout.on_duplicate, limits)


def replacements(layout: Layout, rows: Sequence[str], limits: Limits) -> Iterator[str]:
    """Rows of an earlier state than the table's: what holds their unique values gives way, its records come again."""
    yield from _grouped(layout.replace, rows, ",", "", limits)


def one_deleted(layout: Layout, before: Sequence[str]) -> str:
    """Deletes one row of a table without a key: one that is equal in every byte of every column."""
    conditions = (match.format(value) for match, value in zip(layout.matches, before, strict=True))
    return f"DELETE FROM {qualified(layout.shape.name)} WHERE {' AND '.join(conditions)} LIMIT 1"


def _written(shape: Shape, table: Table) -> tuple[str, ...]:
    """The record's columns that the destination does not compute itself."""
    missing = [column.name for column in table.columns if column.name.lower() not in shape.fields]
    if missing:
        raise Fatal(
            f"table {shape.name}: the destination has no column {', '.join(missing)}",
            hint="undo what was changed at the destination by hand, or rebuild the target",
        )
    written = tuple(
        column.name for column in table.columns if not (column.generated or shape.fields[column.name.lower()].generated)
    )
    known = {name.lower() for name in written}
    unfilled = [field.name for name, field in shape.fields.items() if field.required and name not in known]
    if unfilled:
        raise Fatal(
            f"table {shape.name}: the source has no value for the destination's column {', '.join(unfilled)}",
            hint="give the column a default at the destination, or remove it",
        )
    return written


def _doubtful(shape: Shape, table: Table) -> tuple[str, ...]:
    """Stored generated columns, as the record names them, that another session might compute otherwise."""
    found = []
    for column in table.columns:
        field = shape.fields[column.name.lower()]
        expression = shape.expressions.get(column.name.lower(), "")
        if column.generated and field.stored and depends(expression, field.type, shape.types):
            found.append(column.name)
    return tuple(found)


def _doubt(shape: Shape, doubtful: Sequence[str]) -> Doubt | None:
    expressions = [shape.expressions[name.lower()] for name in doubtful]
    if not expressions:
        return None
    zones = any(zoned(expression, shape.types) for expression in expressions)
    escaped = any("\\" in expression for expression in expressions)
    return Doubt(tuple(doubtful), frozenset().union(*map(words, expressions)), zones, escaped)


def _checks(
    shape: Shape, table: Table, written: Sequence[str], doubtful: Sequence[str], numbered: frozenset[str]
) -> tuple[str, ...]:
    """Rows without a key are found by all that is written."""
    names = (*(() if table.key else written), *doubtful) if doubtful else ()
    return tuple(_match(shape.fields[name.lower()], name in numbered) for name in names)


def _counter(shape: Shape, table: Table) -> str | None:
    """The AUTO_INCREMENT column, where several changes of a row may become one."""
    if not table.key:
        return None
    return next((column.name for column in table.columns if shape.fields[column.name.lower()].counts), None)


def _forced(index: str) -> str:
    return f" FORCE INDEX ({identifier(index)})" if index else ""


def _kind(shape: Shape, key: tuple[str, ...]) -> tuple[Kind, str]:
    """What identifies rows, and the index to find them by."""
    if not key:
        return Kind.KEYLESS, ""
    wanted = {name.lower() for name in key}
    for unique in shape.uniques:
        if unique.total and {name.lower() for name in unique.columns} == wanted:
            return (Kind.KEYED if len(shape.uniques) == 1 else Kind.UNIQUES), unique.name
    raise Fatal(
        f"table {shape.name}: the destination has no unique key on ({', '.join(key)}), so rows cannot be identified",
        hint="add the key that the source has",
    )


def _updates(shape: Shape, written: Sequence[str], key: Sequence[str], numbered: frozenset[str]) -> str:
    """Everything but the key; of the key, what equal keys may have in other bytes and what would be set to the time of
    the update; the key too where there is nothing else."""
    keys = {name.lower() for name in key}
    others = [
        name for name in written if name.lower() not in keys or shape.text(name) or shape.fields[name.lower()].renewed
    ]
    return ", ".join(_update(shape.fields[name.lower()], name in numbered) for name in others or key)


def _update(field: Field, numbered: bool) -> str:
    """From one ENUM or SET to another MySQL copies the text, and would take the first label that is equal to it."""
    name = identifier(field.name)
    return f"{name} = CAST(VALUES({name}) AS UNSIGNED)" if numbered else f"{name} = VALUES({name})"


def _apart(shape: Shape, numbered: frozenset[str], key: tuple[str, ...]) -> tuple[str, ...]:
    """The key, if MySQL compares a column of it otherwise inside a row than alone.

    ENUM and SET have their numbers only alone. And in a list of rows MySQL 5.6 compares a text with a column of another
    charset by bytes: it does not find what is not ASCII.
    """
    foreign = [name for name in key if shape.fields[name.lower()].charset not in _AS_WRITTEN]
    return key if numbered.intersection(key) or (len(key) > 1 and foreign) else ()


def _delete(target: str, index: str, apart: tuple[str, ...], key: Sequence[str]) -> tuple[str, tuple[str, str]]:
    """A DELETE up to its keys, and what stands between them and behind the last one.

    The index is forced: with statistics from before a bulk load the server might read the whole table. Only the form of
    DELETE for several tables takes an index hint.
    """
    head = f"DELETE {target} FROM {target} FORCE INDEX ({identifier(index)}) WHERE "
    if apart:
        return head, (" OR ", "")
    return f"{head}({', '.join(map(identifier, key))}) IN (", (",", ")")


def _same_enums(shape: Shape, table: Table) -> Iterator[str]:
    for column in table.columns:
        field = shape.fields[column.name.lower()]
        if column.data_type == "enum" == field.type and labels_of(field.column_type) == _printed(column):
            yield field.name


def _printed(column: Column) -> tuple[str, ...]:
    return tuple(map(printed, column.labels))


def _same_labels(shape: Shape, table: Table) -> Iterator[str]:
    """The destination may have more labels behind those of the source."""
    for column in table.columns:
        field = shape.fields[column.name.lower()]
        if column.data_type in ("enum", "set") and field.type == column.data_type:
            labels = labels_of(field.column_type)
            if labels[: len(column.labels)] == column.labels:
                yield column.name


def _match(field: Field, numbered: bool) -> str:
    """A condition that holds exactly when a column's bytes are those of a literal."""
    name = identifier(field.name).replace("{", "{{").replace("}", "}}")
    if numbered:  # with a number of over 53 bits, MySQL would compare a SET as DOUBLE
        return f"CAST({name} AS UNSIGNED) <=> {{}}"
    if field.type == "json":  # compared as JSON, 1 would be 1.0
        return f"CAST(CAST({name} AS CHAR) AS BINARY) <=> CAST(CAST(CAST({{}} AS JSON) AS CHAR) AS BINARY)"
    if field.type == "vector" or field.type in SPATIAL_TYPES:
        return f"HEX({name}) <=> HEX({{}})"
    return same_bytes(name, field, "{}") or f"{name} <=> {{}}"


def same_bytes(column: str, field: Field, literal: str) -> str:
    """A condition for a type whose equal values may have other bytes; "" for the others."""
    if field.type in _TEXTS:
        return f"CAST({column} AS BINARY) <=> CAST(CONVERT({literal} USING {field.charset}) AS BINARY)"
    if field.type in _FLOATS:  # tells -0 from 0, and never rounds
        return f"CONCAT({column} * 1e0) <=> CONCAT({literal} * 1e0)"
    return ""


def _grouped(head: str, rows: Sequence[str], between: str, tail: str, limits: Limits) -> Iterator[str]:
    for start, end in groups([len(row) for row in rows], limits):
        yield head + between.join(rows[start:end]) + tail


def groups(sizes: Sequence[int], limits: Limits) -> Iterator[tuple[int, int]]:
    """As many rows as the limits allow, from one to before another; a row that is larger alone is alone."""
    start = size = 0
    for index, one in enumerate(sizes):
        size += one
        if index > start and (size > limits.characters or index - start == limits.rows):
            yield start, index
            start, size = index, one
    if sizes:
        yield start, len(sizes)
