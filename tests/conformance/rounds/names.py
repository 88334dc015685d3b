"""Names that are hard to carry: for columns and tables."""

from hypothesis import strategies as st

#: no two of them are one for the server; several are one for Avro
_COLUMNS = (
    "select", "a b", "a_b", "a.b", "a-b", "back`tick", "before.x", "after.x", "before", "after", "\u00e4\u4e2d", "0",
    "quo\"te's", "{}", "{0}", "%s", "%(x)s", "back\\slash", "\u043a\u043b\u044e\u0447", "$", "a\tb", "`", "``", "NULL",
    "op", "ts_ms", "source", "exact", "\u65e5\u672c\u8a9e", " first", "a;b", "--", "/*", "#", "@v", "?", "true", "key",
    "penstock", "\u05d0\u05d1",
)  # fmt: skip
_TABLES = (
    " x", ".y", "`z", "-", "\u00e9\u00df", "\u4e2d\u6587", "{}", "%d", "$", "'q\"", "Mixed", "\\", "@", "/*", "\u0416",
    "``",
)  # fmt: skip
_LETTERS = st.characters(min_codepoint=1, max_codepoint=0xFFFF, codec="utf-8")


@st.composite
def columns(draw: st.DrawFn, count: int) -> list[str]:
    """Plain names, some that need quoting, some in any script; a number at their ends tells the last ones apart."""
    odd = draw(st.permutations(_COLUMNS))
    found = []
    for index in range(count):
        kind = draw(st.integers(0, 9))
        if kind < 6:
            found.append(f"c{index}")
        elif kind < 9:
            found.append(odd[index % len(odd)])
        else:
            found.append(f"{draw(st.text(_LETTERS, min_size=1, max_size=20))}{index}")
    return found if len(set(found)) == count else [f"c{index}" for index in range(count)]


def endings() -> st.SearchStrategy[str]:
    """What stands behind the number of a table."""
    return st.one_of(st.just(""), st.just(""), st.sampled_from(_TABLES))
