"""One round as data: a table, its rows, and what happens to them. Made by hypothesis, the same for the same seed."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from schemas.sql import identifier
from tests.conformance.rounds import documents, numbers, texts, times
from tests.conformance.rounds.typed import Typed

_TYPES = st.one_of(
    numbers.integers(), numbers.integers(), numbers.booleans(), numbers.decimals(), numbers.floats(), numbers.doubles(),
    numbers.bits(), numbers.years(), times.dates(), times.datetimes(), times.times(), times.timestamps(), texts.texts(),
    texts.texts(), texts.texts(), texts.binaries(), texts.binaries(), texts.enums(), texts.sets(), documents.jsons(),
    documents.geometries(), documents.vectors(),
)  # fmt: skip
_KEYED = _TYPES.filter(lambda typed: bool(typed.key_bytes or typed.prefix))
_NAMES = ("select", "a b", "dot.ted", "back`tick", "before.x", "after.x", "\u00e4\u4e2d", "0", "A-b", "a_b")
_MOST_KEY_BYTES = 3000
_ROWS = 5


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its definition behind its name, and its values row by row; generated columns have none."""

    name: str
    definition: str
    values: tuple[str, ...]
    others: tuple[str, ...]  # what updates set it to


@dataclass(frozen=True, slots=True)
class Round:
    """One table with its rows. `changes` are statements with `{}` for the table's name."""

    number: int
    columns: tuple[Column, ...]
    keys: tuple[str, ...]
    identity: tuple[str, ...]  # columns that keys and generated columns need
    changes: tuple[str, ...]

    @property
    def name(self) -> str:
        return f"t{self.number}"

    @property
    def create(self) -> str:
        parts = [f"{identifier(column.name)} {column.definition}" for column in self.columns]
        return f"CREATE TABLE {self.name} (" + ", ".join((*parts, *self.keys)) + ")"

    @property
    def inserts(self) -> list[str]:
        written = [column for column in self.columns if column.values]
        names = ", ".join(identifier(column.name) for column in written)
        rows = zip(*(column.values for column in written), strict=True)
        return [f"INSERT IGNORE INTO {self.name} ({names}) VALUES ({', '.join(row)})" for row in rows]


def make(number: int) -> Round:
    """The round with this number."""
    found: list[Round] = []

    @seed(number)
    @settings(
        max_examples=2,  # the first example is the simplest there is, whatever the seed
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(tables())
    def collect(table: Round) -> None:
        found.append(table)

    collect()
    return replace(found[-1], number=number)


@st.composite
def tables(draw: st.DrawFn) -> Round:
    count = draw(st.integers(1, 7))
    keyed = draw(st.integers(0, 3))
    typed = [draw(_KEYED if index < keyed else _TYPES) for index in range(count)]
    names = draw(st.permutations(_names(count)))
    key_columns = [index for index in range(count) if typed[index].key_bytes or typed[index].prefix]
    keys, identity = draw(_keys(key_columns, typed, names))
    required = {index for index in key_columns if names[index] in identity}
    rows = draw(st.integers(1, _ROWS))
    columns = [draw(_column(names[index], typed[index], rows, not_null=index in required)) for index in range(count)]
    generated = list(draw(_generated(columns, typed)))
    order = draw(st.permutations([*columns, *generated]))
    visible = any("INVISIBLE" not in column.definition for column in order)
    if not visible:
        order = [_seen(column) for column in order]
    changes = draw(_changes(columns, [*identity]))
    return Round(0, tuple(order), keys, (*identity, *(names if generated else ())), changes)


def _names(count: int) -> list[str]:
    """Plain names, and at times one that needs quoting."""
    return [f"c{index}" if index else _NAMES[count % len(_NAMES)] for index in range(count)]


@st.composite
def _column(draw: st.DrawFn, name: str, typed: Typed, rows: int, *, not_null: bool) -> Column:
    nullable = not not_null and draw(st.booleans())
    values = st.one_of(typed.values, typed.values, st.just("NULL")) if nullable else typed.values
    definition = typed.sql + (" NULL" if nullable else " NOT NULL")
    if typed.default and draw(st.integers(0, 2)) == 0:
        definition += f" DEFAULT {typed.default}"
        values = st.one_of(values, values, st.just("DEFAULT"))
    elif draw(st.integers(0, 4)) == 0:
        definition += f" DEFAULT ({draw(typed.values.filter(_printable))})"
        values = st.one_of(values, values, st.just("DEFAULT"))
    if draw(st.integers(0, 9)) == 0:
        definition += " INVISIBLE"
    drawn = draw(st.lists(values, min_size=rows, max_size=rows))
    return Column(name, definition, tuple(drawn), tuple(draw(st.lists(values, min_size=2, max_size=2))))


def _printable(expression: str) -> bool:
    """SHOW CREATE TABLE prints a character beyond the basic plane inside an expression as a question mark."""
    texts = (bytes.fromhex(found).decode() for found in re.findall(r"_utf8mb4 X'([0-9a-f]*)'", expression))
    return all(character < "\U00010000" for text in texts for character in text)


def _seen(column: Column) -> Column:
    return Column(column.name, column.definition.replace(" INVISIBLE", ""), column.values, column.others)


@st.composite
def _keys(
    draw: st.DrawFn, candidates: list[int], typed: list[Typed], names: list[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Definitions of keys, and the columns of the first of them, which must not be NULL; at times there is none."""
    kind = draw(st.sampled_from(("none", "primary", "primary", "primary", "unique", "nullable", "both", "both")))
    wholes = [replace(column, prefix=0) for column in typed]  # apply refuses rows that a prefix identifies
    whole = [index for index in candidates if typed[index].key_bytes]
    if kind == "none" or not whole:
        return (), ()
    parts = draw(_parts(whole, wholes, names))
    columns = tuple(name for name, _ in parts)
    listed = ", ".join(text for _, text in parts)
    if kind == "unique":
        return (f"UNIQUE KEY u ({listed})",), columns
    if kind == "nullable":
        return (f"UNIQUE KEY u ({listed})",), ()
    if kind == "primary":
        return (f"PRIMARY KEY ({listed})",), columns
    more = ", ".join(text for _, text in draw(_parts(candidates, typed, names)))
    second = draw(st.sampled_from(("UNIQUE KEY", "KEY")))
    return (f"PRIMARY KEY ({listed})", f"{second} s ({more})"), columns


@st.composite
def _parts(draw: st.DrawFn, candidates: list[int], typed: list[Typed], names: list[str]) -> list[tuple[str, str]]:
    """Columns of a key with the text of each part: whole or a prefix, ascending or not."""
    chosen = draw(st.lists(st.sampled_from(candidates), min_size=1, max_size=3, unique=True))
    parts: list[tuple[str, str]] = []
    size = 0
    for index in chosen:
        column = typed[index]
        whole = column.key_bytes and not (column.prefix and draw(st.integers(0, 3)) == 0)
        size += column.key_bytes if whole else 4 * column.prefix
        if size > _MOST_KEY_BYTES and parts:
            break
        order = draw(st.sampled_from(("", "", "", " DESC")))
        text = identifier(names[index]) + ("" if whole else f"({column.prefix})") + order
        parts.append((names[index], text))
    return parts


@st.composite
def _generated(draw: st.DrawFn, columns: list[Column], typed: list[Typed]) -> Iterator[Column]:
    """At times a generated column, virtual or stored, made of another one."""
    if draw(st.integers(0, 3)):
        return iter(())
    plain = [index for index, column in enumerate(columns) if " DEFAULT (" not in column.definition]
    index = draw(st.sampled_from([index for index in plain if "VECTOR" not in typed[index].sql] or [-1]))
    if index < 0:
        return iter(())
    name = identifier(columns[index].name)
    expression, form = f"LENGTH({name})", "BIGINT"
    if typed[index].adds:
        expression, form = f"{name} + 1", draw(st.sampled_from(("DOUBLE", "DECIMAL(30,2)", "VARCHAR(60)")))
    elif "CHAR" in typed[index].sql and "BINARY" not in typed[index].sql:
        expression, form = f"CONCAT(UPPER({name}), {name})", "VARCHAR(2000) CHARACTER SET utf8mb4"
    kind = draw(st.sampled_from(("VIRTUAL", "STORED")))
    return iter((Column("gen", f"{form} GENERATED ALWAYS AS ({expression}) {kind}", (), ()),))


@st.composite
def _changes(draw: st.DrawFn, columns: list[Column], identity: list[str]) -> tuple[str, ...]:
    """Each column gets another value, keys change, rows are replaced and deleted."""
    plain = [column for column in columns if column.name not in identity]
    keyed = [column for column in columns if column.name in identity]
    found = []
    for which in range(2):
        for group in (plain, keyed):
            if group:
                sets = ", ".join(f"{identifier(column.name)} = {column.others[which]}" for column in group)
                found.append(f"UPDATE IGNORE {{}} SET {sets} LIMIT {draw(st.integers(1, 3))}")
    alone = draw(st.sampled_from(columns))
    found.append(f"UPDATE IGNORE {{}} SET {identifier(alone.name)} = {alone.others[0]}")
    names = ", ".join(identifier(column.name) for column in columns)
    row = ", ".join(column.values[-1] for column in columns)
    found.append(f"REPLACE INTO {{}} ({names}) VALUES ({row})")
    if draw(st.booleans()):
        found.append("DELETE FROM {} LIMIT 1")
    return tuple(draw(st.permutations(found)))
