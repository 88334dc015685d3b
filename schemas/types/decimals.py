"""DECIMAL: the digits as one whole number, in big-endian two's complement of minimal length.

The row image is packed as the comment of decimal2bin in strings/decimal.cc says.
"""

from functools import lru_cache

from schemas.table import Column
from schemas.types.annotation import named
from schemas.types.column import ColumnPlan, Exact, FromLog, FromText, Json, Malformed, ToLiteral, Type
from schemas.varint import sized, sized_at

_DIGITS = 9  # a group of digits
_GROUP_BYTES = (0, 1, 1, 2, 2, 3, 3, 4, 4, 4)  # of a group of so many digits


def _decimal_avro(column: Column) -> dict[str, Json]:
    parameters: dict[str, Json] = {"scale": str(column.scale), "connect.decimal.precision": str(column.precision)}
    avro = named(column, "bytes", "org.apache.kafka.connect.data.Decimal", parameters)
    return {
        "type": avro.pop("type"),
        "scale": column.scale,
        "precision": column.precision,
        **avro,
        "logicalType": "decimal",
    }


def _decimal_default(column: Column, text: str) -> Json:
    digits, _, rest = text.partition(".")
    if len(rest) > column.scale:
        raise ValueError(text)
    return twos_complement(int(digits + rest.ljust(column.scale, "0"))).decode("latin-1")


def _groups(digits: int, leading: bool) -> list[tuple[int, int]]:
    """(bytes, digits) of each group; the short one comes first before the point, last behind it."""
    whole, short = divmod(digits, _DIGITS)
    full = [(4, _DIGITS)] * whole
    part = [(_GROUP_BYTES[short], short)] if short else []
    return part + full if leading else full + part


def decimal_groups(precision: int, scale: int) -> list[tuple[int, int]]:
    return _groups(precision - scale, leading=True) + _groups(scale, leading=False)


def _decimal_size(column: Column) -> int:
    return sum(size for size, _ in decimal_groups(column.precision, column.scale))


def twos_complement(value: int) -> bytes:
    """As Java's BigInteger.toByteArray."""
    return value.to_bytes(((~value if value < 0 else value).bit_length() >> 3) + 1, "big", signed=True)


@lru_cache(1024)
def _steps(precision: int, scale: int) -> tuple[int, tuple[tuple[int, int, int], ...]]:
    """The bytes of a packed DECIMAL, and for each group its shift, mask and power of ten."""
    if not 0 < precision >= scale:
        raise Malformed(f"a DECIMAL({precision},{scale})")
    groups = decimal_groups(precision, scale)
    size = left = sum(size for size, _ in groups)
    steps = []
    for group, digits in groups:
        left -= group
        steps.append((8 * left, (1 << 8 * group) - 1, 10**digits))
    return size, tuple(steps)


def unpack_decimal(packed: bytes, precision: int, scale: int) -> int:
    """The digits of a packed DECIMAL as one whole number.

    Positive numbers have the highest bit set; negative ones are those with all bits inverted.
    """
    size, steps = _steps(precision, scale)
    if len(packed) != size:
        raise Malformed(f"a DECIMAL({precision},{scale}) of {len(packed)} bytes, not {size}")
    bits = int.from_bytes(packed, "big") ^ 1 << 8 * size - 1
    negative = bits >> 8 * size - 1
    if negative:
        bits ^= (1 << 8 * size) - 1
    value = 0
    for shift, mask, power in steps:
        value = value * power + (bits >> shift & mask)
    return -value if negative else value


def decimal_text(value: int, scale: int) -> str:
    digits = str(abs(value)).rjust(scale + 1, "0")
    sign = "-" if value < 0 else ""
    return f"{sign}{digits[:-scale]}.{digits[-scale:]}" if scale else sign + digits


def _decimal_log(column: ColumnPlan) -> FromLog:
    present, size, precision, scale = column.present, column.size, column.precision, column.scale

    def read(data: bytes, at: int, out: list[bytes], exact: list[Exact]) -> int:
        end = at + size
        out.append(present + sized(twos_complement(unpack_decimal(data[at:end], precision, scale))))
        return end

    return read


def _decimal_from_text(column: ColumnPlan) -> FromText:
    present = column.present

    def read(text: bytes, out: list[bytes], exact: list[Exact]) -> None:
        out.append(present + sized(twos_complement(int(text.replace(b".", b"")))))

    return read


def _decimal_literal(column: ColumnPlan) -> ToLiteral:
    scale = column.scale

    def write(data: bytes, at: int, out: list[str]) -> int:
        value, at = sized_at(data, at)
        out.append(decimal_text(int.from_bytes(value, "big", signed=True), scale))
        return at

    return write


DECIMAL = Type(
    avro=_decimal_avro,
    default=_decimal_default,
    size=_decimal_size,
    log=_decimal_log,
    text=_decimal_from_text,
    literal=_decimal_literal,
)
