"""One round as data: a table, its rows, and what happens to them. Made by hypothesis, the same for the same seed."""

from dataclasses import dataclass, replace

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from schemas.sql import identifier
from tests.conformance.rounds import changes, columns, keys, names
from tests.conformance.rounds.columns import Column, Vintage
from tests.conformance.rounds.typed import Typed

_ROWS = 6
_OPTIONS = ("", "", "", "", "ROW_FORMAT=COMPRESSED", "CHARACTER SET latin1", "COMMENT='\u00e4''s \\\\ comment'")
_PARTITIONED = "PARTITION BY KEY () PARTITIONS 3"


@dataclass(frozen=True, slots=True)
class Round:
    """One table with its rows, and what follows in a session with these settings."""

    number: int
    columns: tuple[Column, ...]
    keys: tuple[str, ...]
    changes: tuple[str, ...]  # with `changes.TABLE` for the table's name
    ending: str = ""  # of the table's name
    options: str = ""
    settings: str = ""

    @property
    def name(self) -> str:
        return f"t{self.number}{self.ending}"

    @property
    def create(self) -> str:
        parts = [f"{identifier(column.name)} {column.definition}" for column in self.columns]
        return f"CREATE TABLE {identifier(self.name)} ({', '.join((*parts, *self.keys))}) {self.options}"

    @property
    def inserts(self) -> list[str]:
        written = [column for column in self.columns if column.values]
        listed = ", ".join(identifier(column.name) for column in written)
        rows = zip(*(column.values for column in written), strict=True)
        return [f"INSERT IGNORE INTO {identifier(self.name)} ({listed}) VALUES ({', '.join(row)})" for row in rows]

    @property
    def follows(self) -> list[str]:
        return [change.replace(changes.TABLE, identifier(self.name)) for change in self.changes]


def make(number: int, vintage: Vintage) -> Round:
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
    @given(tables(vintage))
    def collect(table: Round) -> None:
        found.append(table)

    collect()
    return replace(found[-1], number=number)


@st.composite
def tables(draw: st.DrawFn, vintage: Vintage) -> Round:
    count = draw(st.integers(1, 7)) if draw(st.integers(0, 15)) else draw(st.integers(8, 20))
    keyed = draw(st.integers(0, 4))
    typed = [draw(vintage.keyed if index < keyed else vintage.types) for index in range(count)]
    named = draw(names.columns(count))
    first = draw(keys.keys(typed, named, vintage.orders))
    rows = draw(st.integers(1, _ROWS))
    made = [
        draw(columns.written(named[index], typed[index], rows, vintage, not_null=named[index] in first.identity))
        for index in range(count)
    ]
    more: list[tuple[Column, Typed]] = draw(columns.generated(made, typed)) if vintage.expressions else []
    listed = (*first.definitions, *draw(_more_keys(vintage, typed, named, first, more)))
    order: list[Column] = draw(st.permutations([*made, *(column for column, _ in more)]))
    if all("INVISIBLE" in column.definition for column in order):
        order = [columns.seen(column) for column in order]
    needed = [*first.identity, *(named if more else ())]
    return Round(
        0,
        tuple(order),
        listed,
        draw(changes.changes(made, typed, needed)),
        draw(names.endings()),
        draw(_options(vintage, first, listed)),
        draw(changes.settings()) if vintage.expressions else "",
    )


@st.composite
def _more_keys(
    draw: st.DrawFn,
    vintage: Vintage,
    typed: list[Typed],
    named: list[str],
    first: keys.Keys,
    generated: list[tuple[Column, Typed]],
) -> list[str]:
    """At times keys on what is computed: on an expression, on generated columns."""
    if not vintage.expressions:
        return []
    found = [*draw(keys.on_expressions(typed, named))]
    computed = [column for column, form in generated if form.key_bytes]
    wanted = draw(st.booleans())
    if computed and wanted:
        chosen: list[Column] = draw(st.lists(st.sampled_from(computed), min_size=1, unique=True))
        stored = all(" STORED NOT NULL" in made.definition for made in chosen)
        heads = ["UNIQUE KEY computed", "KEY computed"] + ["PRIMARY KEY"] * (stored and not first.primary)
        found.append(f"{draw(st.sampled_from(heads))} ({', '.join(identifier(column.name) for column in chosen)})")
    return found


def _options(vintage: Vintage, first: keys.Keys, listed: tuple[str, ...]) -> st.SearchStrategy[str]:
    if not vintage.expressions:
        return st.just("ROW_FORMAT=DYNAMIC")
    whole = all("(" not in text.partition("(")[2] for text in listed[:1])
    if first.primary and whole and not any("UNIQUE" in text for text in listed):
        return st.sampled_from((*_OPTIONS, _PARTITIONED))
    return st.sampled_from(_OPTIONS)
