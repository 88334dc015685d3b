"""FLOAT and DOUBLE: the same bytes in the log and in Avro."""

import struct

from schemas.table import Column
from schemas.types.annotation import primitive
from schemas.types.column import ColumnPlan, Exact, FromLog, FromText, Json, ToLiteral, Type


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
