"""Keys of random tables: of one or several columns, whole or by prefixes, one beside the other, on expressions."""

from collections.abc import Sequence
from dataclasses import dataclass

from hypothesis import strategies as st

from schemas.sql import identifier
from tests.conformance.rounds.typed import Typed

_MOST_BYTES = 3000
_WITHOUT_EXPRESSIONS = ("JSON", "VECTOR", "GEOMETRY", "POINT", "LINESTRING", "POLYGON", "MULTI", "TEXT", "BLOB")


@dataclass(frozen=True, slots=True)
class Keys:
    """Definitions of keys, and the columns of the first of them, which must not be NULL; at times there is none."""

    definitions: tuple[str, ...]
    identity: tuple[str, ...]

    @property
    def primary(self) -> bool:
        return any(definition.startswith("PRIMARY KEY") for definition in self.definitions)


@st.composite
def keys(draw: st.DrawFn, typed: Sequence[Typed], names: Sequence[str], orders: Sequence[str]) -> Keys:
    """`orders`: what may stand behind a part of a key."""
    candidates = [index for index, column in enumerate(typed) if column.key_bytes or column.prefix]
    kind = draw(st.sampled_from(("none", "PRIMARY KEY", "PRIMARY KEY", "PRIMARY KEY", "UNIQUE KEY u", "nullable")))
    if not candidates:
        return Keys((), ())
    found: list[str] = []
    identity: tuple[str, ...] = ()
    if kind != "none":
        parts = draw(_parts(candidates, typed, names, orders))
        found.append(f"{kind.replace('nullable', 'UNIQUE KEY u')} ({', '.join(text for _, text in parts)})")
        identity = () if kind == "nullable" else tuple(name for name, _ in parts)
    for number in range(draw(st.sampled_from((0, 0, 1, 1, 2)))):
        parts = draw(_parts(candidates, typed, names, orders))
        head = draw(st.sampled_from(("UNIQUE KEY", "UNIQUE KEY", "KEY")))
        found.append(f"{head} s{number} ({', '.join(text for _, text in parts)})")
    return Keys(tuple(found), identity)


@st.composite
def _parts(
    draw: st.DrawFn, candidates: Sequence[int], typed: Sequence[Typed], names: Sequence[str], orders: Sequence[str]
) -> list[tuple[str, str]]:
    """Columns of a key with the text of each part: whole or a prefix, ascending or not."""
    chosen = draw(st.lists(st.sampled_from(candidates), min_size=1, max_size=4, unique=True))
    parts: list[tuple[str, str]] = []
    size = 0
    for index in chosen:
        column = typed[index]
        whole = column.key_bytes and not (column.prefix and draw(st.integers(0, 3)) == 0)
        size += column.key_bytes if whole else 4 * column.prefix
        if size > _MOST_BYTES and parts:
            break
        order = draw(st.sampled_from(orders))
        text = identifier(names[index]) + ("" if whole else f"({column.prefix})") + order
        parts.append((names[index], text))
    return parts


@st.composite
def on_expressions(draw: st.DrawFn, typed: Sequence[Typed], names: Sequence[str]) -> tuple[str, ...]:
    """At times a key on what is computed from a column."""
    told = [index for index, column in enumerate(typed) if not any(word in column.sql for word in _WITHOUT_EXPRESSIONS)]
    if not told or draw(st.integers(0, 9)):
        return ()
    name = identifier(names[draw(st.sampled_from(told))])
    head = draw(st.sampled_from(("UNIQUE KEY", "KEY")))
    return (f"{head} x (({draw(st.sampled_from((f'LENGTH({name})', f'{name} IS NULL', f'CRC32({name})')))}))",)
