"""Random numeric columns and their values; every value is an SQL expression for a session without a strict mode."""

from typing import Literal

from hypothesis import strategies as st

from tests.conformance.rounds.typed import Typed, weighted

_FLOATS = (
    "0", "-0e0", "0.1", "-0.1", "1.5", "16777217", "-16777216", "1e-45", "1.17549435e-38", "3.4028234663852886e38",
    "-3.4028234663852886e38", "0.30000001192092896", "1e10", "1e15", "123456.7",
)  # fmt: skip
_DOUBLES = (
    "0", "-0e0", "0.1", "1.7976931348623157e308", "-1.7976931348623157e308", "5e-324", "2.2250738585072014e-308",
    "9007199254740993", "1e15", "1e16", "1e-5", "0.3333333333333333", "123456789.123456789",
)  # fmt: skip


@st.composite
def integers(draw: st.DrawFn) -> Typed:
    name, bits = draw(
        st.sampled_from((("TINYINT", 8), ("SMALLINT", 16), ("MEDIUMINT", 24), ("INT", 32), ("BIGINT", 64)))
    )
    unsigned = draw(st.booleans())
    low, high = (0, (1 << bits) - 1) if unsigned else (-(1 << bits - 1), (1 << bits - 1) - 1)
    width = draw(st.sampled_from(("", "", "", "(1)", "(5)", "(20)")))
    form = f"{name}{width}" + " UNSIGNED" * unsigned + " ZEROFILL" * (unsigned and draw(st.integers(0, 5)) == 0)
    edges = (low, high, 0, 1, -1, 127, 128, 255, 256, high + 1, low - 1, high // 2 + 1)
    values = weighted(map(str, edges), st.integers(low, high).map(str))
    return Typed(form, values, key_bytes=8, default="42", adds=True, turns=("-{}", "{} + 1", "{} DIV 2"))


def booleans() -> st.SearchStrategy[Typed]:
    values = st.sampled_from(("0", "1", "2", "-1", "127", "-128", "TRUE", "FALSE"))
    return st.just(Typed("BOOLEAN", values, key_bytes=1, default="1", adds=True, turns=("NOT {}",)))


@st.composite
def decimals(draw: st.DrawFn) -> Typed:
    precision = draw(weighted((1, 9, 10, 18, 19, 64, 65), st.integers(1, 65)))
    scale = draw(st.integers(0, min(30, precision)))
    unsigned = draw(st.integers(0, 4)) == 0
    form = f"DECIMAL({precision},{scale})" + " UNSIGNED" * unsigned + " ZEROFILL" * (draw(st.integers(0, 9)) == 0)

    def text(digits: int) -> str:
        shown = str(abs(digits)).rjust(scale + 1, "0")
        whole, fraction = shown[: len(shown) - scale], shown[len(shown) - scale :]
        return "'" + "-" * (digits < 0) + whole + ("." + fraction if fraction else "") + "'"

    most = 10**precision - 1
    edges = [text(digits) for digits in (0, 1, -1, most, -most, 10 ** (precision - 1), 128, -128, -129)]
    values = weighted([*edges, "'-0'", "1e70", "-1e70"], st.integers(-most, most).map(text))
    return Typed(form, values, key_bytes=30, default=text(1), turns=("-{}", "{} / 3"))


def _real(width: Literal[32, 64]) -> st.SearchStrategy[str]:
    return st.floats(width=width, allow_nan=False, allow_infinity=False).map(repr)


@st.composite
def floats(draw: st.DrawFn) -> Typed:
    digits = draw(st.sampled_from(("", "", "", "(24)", "(7,3)", "(5,0)", " UNSIGNED", " ZEROFILL")))
    values = weighted(_FLOATS, _real(32))
    return Typed("FLOAT" + digits, values, key_bytes=4, default="1.5", turns=("-{}", "{} / 3"))


@st.composite
def doubles(draw: st.DrawFn) -> Typed:
    digits = draw(st.sampled_from(("", "", "", "(20,4)", "(53,0)", "(10,9)", " UNSIGNED", " PRECISION ZEROFILL")))
    values = weighted(_DOUBLES, _real(64))
    return Typed("DOUBLE" + digits, values, key_bytes=8, default="0.1", turns=("-{}", "{} / 3"))


@st.composite
def bits(draw: st.DrawFn) -> Typed:
    size = draw(weighted((1, 8, 9, 64), st.integers(1, 64)))
    most = (1 << size) - 1
    values = weighted(map(str, (0, 1, most, 1 << size - 1)), st.integers(0, most).map(str))
    return Typed(f"BIT({size})", values, key_bytes=8, default="b'1'", turns=("~{}",))


def years() -> st.SearchStrategy[Typed]:
    values = weighted(("0", "'0'", "'00'", "1901", "2155", "69", "70", "1900"), st.integers(1901, 2155).map(str))
    return st.just(Typed("YEAR", values, key_bytes=1, default="'2000'"))
