"""A random column's type and what may be stored in it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

from hypothesis import strategies as st

T = TypeVar("T")
CHARACTERS = st.characters(codec="utf-8")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Keys:
    key_bytes: int = 0  # of a value in an index, at most; 0: no index holds it whole
    prefix: int = 0  # characters or bytes of a prefix that an index may hold; 0: none
    default: str = ""  # a literal default; "": the type takes none
    adds: bool = False  # an expression may add a number to it
    turns: tuple[str, ...] = ()  # expressions that make another value of a column's own; `{}` is the column


@dataclass(frozen=True, slots=True)
class Typed(_Keys):
    """A type as SQL, and expressions to store in it."""

    sql: str
    values: st.SearchStrategy[str]


def weighted(edges: Iterable[T], others: st.SearchStrategy[T]) -> st.SearchStrategy[T]:
    """Half of the time one of the boundaries."""
    return st.one_of(st.sampled_from(list(edges)), others)


def turned(turn: str, name: str) -> str:
    """The expression of a turn for a column with this quoted name."""
    return turn.replace("{}", name, 1)


def utf8(text: str) -> str:
    """A text expression that no quoting can spoil."""
    return f"_utf8mb4 X'{text.encode().hex()}'" if text else "''"
