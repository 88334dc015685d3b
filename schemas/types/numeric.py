"""Numbers: the integers, DECIMAL, FLOAT and DOUBLE.

Row images: https://dev.mysql.com/doc/dev/mysql-server/latest/field__types_8h.html; DECIMAL is packed as the comment of
decimal2bin in strings/decimal.cc says.
"""

import struct
from functools import lru_cache

from schemas.table import Column
from schemas.types.annotation import named, primitive
from schemas.types.column import ColumnPlan, Exact, FromLog, FromText, Json, Malformed, ToLiteral, Type
from schemas.varint import long, long_at, sized, sized_at

_BYTES = {"tinyint": 1, "smallint": 2, "mediumint": 3, "int": 4, "bigint": 8}
_FORMAT = {1: "b", 2: "h", 4: "i", 8: "q"}
_HIGHEST = (1 << 63) - 1
_DIGITS = 9  # a group of DECIMAL digits
_GROUP_BYTES = (0, 1, 1, 2, 2, 3, 3, 4, 4, 4)  # of a group of so many digits


# --- integers ---------------------------------------------------------------------------------------------------------


def _integer_avro(column: Column) -> dict[str, Json]:
    size = _BYTES[column.data_type]
    avro = primitive(column, "long" if size == 8 or (size == 4 and column.unsigned) else "int")
    if size == 1 or (size == 2 and not column.unsigned):
        avro["connect.type"] = "int16"
    return avro


def _integer_default(column: Column, text: str) -> Json:
    return wrapped(int(text))


def _integer_size(column: Column) -> int:
    return _BYTES[column.data_type]


def wrapped(value: int) -> int:
    """A number of 64 bits as the signed number with the same bits."""
    return value if value <= _HIGHEST else value - (1 << 64)


def _integer_log(column: ColumnPlan) -> FromLog:
    present, size = column.present, column.size
    if size == 3:
        return _medium_log(column)
    letter = _FORMAT[size].upper() if column.unsigned else _FORMAT[size]
    unpack = struct.Struct("<" + letter).unpack_from
    if size == 8 and column.unsigned:
        return _wrapping_log(column)

    def read(data: bytes, at: int, out: list[bytes], exact: list[Exact]) -> int:
        out.append(present + long(unpack(data, at)[0]))
        return at + size

    return read


def _medium_log(column: ColumnPlan) -> FromLog:
    present, first_negative = column.present, (1 << 24) if column.unsigned else (1 << 23)

    def read(data: bytes, at: int, out: list[bytes], exact: list[Exact]) -> int:
        value = data[at] | data[at + 1] << 8 | data[at + 2] << 16
        if value >= first_negative:
            value -= 1 << 24
        out.append(present + long(value))
        return at + 3

    return read


def _wrapping_log(column: ColumnPlan) -> FromLog:
    present, index, unpack = column.present, column.index, struct.Struct("<Q").unpack_from

    def read(data: bytes, at: int, out: list[bytes], exact: list[Exact]) -> int:
        value: int = unpack(data, at)[0]
        if value > _HIGHEST:
            exact.append((index, str(value)))
            value -= 1 << 64
        out.append(present + long(value))
        return at + 8

    return read


def _integer_text(column: ColumnPlan) -> FromText:
    present, index = column.present, column.index

    def read(text: bytes, out: list[bytes], exact: list[Exact]) -> None:
        value = int(text)
        if value > _HIGHEST:
            exact.append((index, str(value)))
            value -= 1 << 64
        out.append(present + long(value))

    return read


def _integer_literal(column: ColumnPlan) -> ToLiteral:
    def write(data: bytes, at: int, out: list[str]) -> int:
        value, at = long_at(data, at)
        out.append(str(value))
        return at

    return write


def number_literal(exact: str) -> str:
    return str(int(exact))


def _wrapped_key(column: ColumnPlan, exact: str) -> bytes:
    return long(wrapped(int(exact)))


INTEGER = Type(
    avro=_integer_avro,
    default=_integer_default,
    size=_integer_size,
    log=_integer_log,
    text=_integer_text,
    literal=_integer_literal,
    exact_literal=number_literal,
    exact_key=_wrapped_key,
)


# --- tinyint(1): true or false, and any other number in `exact` -------------------------------------------------------


def _boolean_avro(column: Column) -> dict[str, Json]:
    return primitive(column, "boolean")


def _boolean_default(column: Column, text: str) -> Json:
    return int(text) != 0


def _one(column: Column) -> int:
    return 1


def _boolean(column: ColumnPlan, value: int, out: list[bytes], exact: list[Exact]) -> None:
    if value not in (0, 1):
        exact.append((column.index, str(value)))
    out.append(column.present + (b"\x01" if value else b"\x00"))


def _boolean_log(column: ColumnPlan) -> FromLog:
    def read(data: bytes, at: int, out: list[bytes], exact: list[Exact]) -> int:
        byte = data[at]
        _boolean(column, byte - 256 if byte > 127 else byte, out, exact)
        return at + 1

    return read


def _boolean_text(column: ColumnPlan) -> FromText:
    def read(text: bytes, out: list[bytes], exact: list[Exact]) -> None:
        _boolean(column, int(text), out, exact)

    return read


def boolean_literal(column: ColumnPlan) -> ToLiteral:
    def write(data: bytes, at: int, out: list[str]) -> int:
        out.append("1" if data[at] else "0")
        return at + 1

    return write


BOOLEAN = Type(
    avro=_boolean_avro,
    default=_boolean_default,
    size=_one,
    log=_boolean_log,
    text=_boolean_text,
    literal=boolean_literal,
    exact_literal=number_literal,
)


# --- DECIMAL: the digits as one whole number, big-endian two's complement of minimal length ---------------------------


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


# --- FLOAT and DOUBLE: the same bytes in the log and in Avro ----------------------------------------------------------


def _float_avro(column: Column) -> dict[str, Json]:
    return primitive(column, column.data_type)


def _float_default(column: Column, text: str) -> Json:
    value = float(text)
    return struct.unpack("<f", struct.pack("<f", value))[0] if column.data_type == "float" else value


def _float_size(column: Column) -> int:
    return 4 if column.data_type == "float" else 8


def _float_log(column: ColumnPlan) -> FromLog:
    present, size = column.present, column.size

    def read(data: bytes, at: int, out: list[bytes], exact: list[Exact]) -> int:
        end = at + size
        out.append(present + data[at:end])
        return end

    return read


def _float_from_text(column: ColumnPlan) -> FromText:
    present, pack = column.present, struct.Struct("<f" if column.size == 4 else "<d").pack

    def read(text: bytes, out: list[bytes], exact: list[Exact]) -> None:
        out.append(present + pack(float(text)))

    return read


def double_literal(value: float) -> str:
    """The shortest literal of type DOUBLE that MySQL reads back to the same bits."""
    text = repr(value)
    return text if "e" in text else text + "e0"


def _float_literal(column: ColumnPlan) -> ToLiteral:
    # A FLOAT is written as the DOUBLE of the same value: exact when stored, and equal when compared with the column.
    size, unpack = column.size, struct.Struct("<f" if column.size == 4 else "<d").unpack_from

    def write(data: bytes, at: int, out: list[str]) -> int:
        out.append(double_literal(unpack(data, at)[0]))
        return at + size

    return write


def _as_double(name: str) -> str:
    """As text, FLOAT has six digits and DOUBLE(M,D) D decimals; the product is a plain DOUBLE, printed exactly."""
    return f"{name} * 1e0"


FLOAT = DOUBLE = Type(
    avro=_float_avro,
    default=_float_default,
    size=_float_size,
    log=_float_log,
    text=_float_from_text,
    literal=_float_literal,
    select=_as_double,
)
