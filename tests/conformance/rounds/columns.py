"""Columns of random tables: of any type with or without a default, and generated ones."""

import re
from dataclasses import dataclass, replace

from hypothesis import strategies as st

from schemas.sql import identifier
from tests.conformance.rounds import documents, numbers, texts, times
from tests.conformance.rounds.typed import Typed, turned


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its definition behind its name, and its values row by row; generated columns have none."""

    name: str
    definition: str
    values: tuple[str, ...]
    others: tuple[str, ...]  # what updates set it to


@dataclass(frozen=True, slots=True)
class Vintage:
    """What a server knows: its types, whether its columns may have expressions (and be invisible), orders in keys."""

    types: st.SearchStrategy[Typed]
    expressions: bool
    orders: tuple[str, ...]

    @property
    def keyed(self) -> st.SearchStrategy[Typed]:
        """Types that a key may hold."""
        return self.types.filter(lambda typed: bool(typed.key_bytes or typed.prefix))


def _types(collations: texts.Collations, *later: st.SearchStrategy[Typed]) -> st.SearchStrategy[Typed]:
    words = [texts.texts(collations)] * 3
    return st.one_of(
        numbers.integers(), numbers.integers(), numbers.booleans(), numbers.decimals(), numbers.floats(),
        numbers.doubles(), numbers.bits(), numbers.years(), times.dates(), times.datetimes(), times.times(),
        times.timestamps(), *words, texts.binaries(), texts.binaries(), texts.enums(collations), texts.sets(collations),
        *later,
    )  # fmt: skip


def _of_old_servers() -> st.SearchStrategy[Typed]:
    """Spatial types without a fixed SRID; 5.6 knows one order of axes alone, and makes NULL of collections that are
    empty or hold collections (which a NOT NULL column keeps as no bytes: docs/limits.md)."""
    found = documents.geometries().filter(lambda typed: "SRID" not in typed.sql)
    return found.map(lambda typed: replace(typed, values=typed.values.filter(_known_to_old_servers).map(_without_axes)))


def _known_to_old_servers(expression: str) -> bool:
    return "EMPTY" not in expression and expression.count("GEOMETRYCOLLECTION") < 2


def _without_axes(expression: str) -> str:
    return expression.replace(documents.AXES, ")")


VINTAGES = {
    "9.7": Vintage(
        _types(texts.ALL, documents.jsons(), documents.jsons(), documents.geometries(), documents.vectors()),
        True,
        ("", "", "", " DESC"),
    ),
    "5.6": Vintage(_types(texts.OLD, _of_old_servers()), False, ("",)),
}


@st.composite
def written(draw: st.DrawFn, name: str, typed: Typed, rows: int, vintage: Vintage, *, not_null: bool) -> Column:
    nullable = not not_null and draw(st.booleans())
    values = st.one_of(typed.values, typed.values, st.just("NULL")) if nullable else typed.values
    definition = typed.sql + (" NULL" if nullable else " NOT NULL")
    if typed.default and draw(st.integers(0, 2)) == 0:
        definition += f" DEFAULT {typed.default}"
        values = st.one_of(values, values, st.just("DEFAULT"))
    elif vintage.expressions and draw(st.integers(0, 4)) == 0:
        definition += f" DEFAULT ({draw(typed.values.filter(_printable))})"
        values = st.one_of(values, values, st.just("DEFAULT"))
    if vintage.expressions and draw(st.integers(0, 9)) == 0:
        definition += " INVISIBLE"
    drawn = draw(st.lists(values, min_size=rows, max_size=rows))
    return Column(name, definition, tuple(drawn), tuple(draw(st.lists(values, min_size=2, max_size=2))))


def _printable(expression: str) -> bool:
    """SHOW CREATE TABLE prints a character beyond the basic plane inside an expression as a question mark."""
    found = (bytes.fromhex(found).decode() for found in re.findall(r"_utf8mb4 X'([0-9a-f]*)'", expression))
    return all(character < "\U00010000" for text in found for character in text)


def seen(column: Column) -> Column:
    """The column, visible."""
    return replace(column, definition=column.definition.replace(" INVISIBLE", ""))


@st.composite
def generated(draw: st.DrawFn, columns: list[Column], typed: list[Typed]) -> list[tuple[Column, Typed]]:
    """At times a few generated columns, virtual or stored, made of others that have no expression for a default."""
    sources = [index for index, column in enumerate(columns) if " DEFAULT (" not in column.definition]
    found: list[tuple[Column, Typed]] = []
    for number in range(draw(st.sampled_from((0, 0, 0, 1, 1, 2, 3)))):
        index = draw(st.sampled_from(sources or [-1]))
        if index < 0 or "VECTOR" in typed[index].sql:
            continue
        form = draw(st.sampled_from(_forms(identifier(columns[index].name), typed[index])))
        kind = draw(st.sampled_from(("VIRTUAL", "STORED")))
        certain = "NOT NULL" in columns[index].definition and "JSON" not in form.sql
        null = draw(st.sampled_from(("", "", " NOT NULL"))) if certain else ""
        hidden = draw(st.sampled_from(("", "", "", " INVISIBLE")))
        definition = f"{form.sql} GENERATED ALWAYS AS ({form.default}) {kind}{null}{hidden}"
        found.append((Column(f"gen{number}", definition, (), ()), form))
    return found


def _forms(name: str, typed: Typed) -> list[Typed]:
    """Types of a column that is made of another one; `default` is its expression."""
    nothing: st.SearchStrategy[str] = st.nothing()
    found = [
        Typed("BIGINT", nothing, key_bytes=8, default=f"LENGTH({name})"),
        Typed("BINARY(8)", nothing, key_bytes=8, default=f"LEFT(CONCAT(LENGTH({name}), 'x'), 8)"),
    ]
    if typed.adds:
        found += [Typed(sql, nothing, key_bytes=20, default=f"{name} + 1") for sql in ("DOUBLE", "DECIMAL(30,2)")]
        found.append(Typed("VARCHAR(60)", nothing, key_bytes=240, prefix=2, default=f"{name} + 1"))
        found.append(Typed("JSON", nothing, default=f"JSON_OBJECT('v', {name} * 1.10)"))
    elif "CHAR" in typed.sql and "BINARY" not in typed.sql:
        sql = "VARCHAR(2000) CHARACTER SET utf8mb4"
        found.append(Typed(sql, nothing, prefix=3, default=f"CONCAT(UPPER({name}), {name})"))
    if typed.turns and not typed.sql.startswith(("ENUM", "SET", "TIME", "DATE")):
        turn = turned(typed.turns[0], name)
        found.append(Typed(typed.sql, nothing, key_bytes=typed.key_bytes, prefix=typed.prefix, default=turn))
    return found
