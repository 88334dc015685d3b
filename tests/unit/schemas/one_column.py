"""One value of one column through the log, through a text result, and on to SQL."""

from dataclasses import dataclass, replace

from schemas.names import TableName
from schemas.plan import column_plans
from schemas.table import Column, Table
from schemas.types import TYPES
from schemas.types.column import ColumnPlan, Exact


@dataclass(frozen=True, slots=True)
class Carried:
    """What became of a value: its Avro, MySQL's text where Avro does not hold it, its SQL literal."""

    plan: ColumnPlan
    avro: bytes
    exact: str | None
    literal: str

    @property
    def key(self) -> bytes:
        return self.avro if self.exact is None else TYPES[self.plan.kind].exact_key(self.plan, self.exact)


def column(data_type: str, column_type: str = "", *, nullable: bool = False, unsigned: bool = False) -> Column:
    return Column(
        name="c", data_type=data_type, column_type=column_type or data_type, nullable=nullable, unsigned=unsigned
    )


def carried(definition: Column, log: bytes, text: bytes) -> Carried:
    """Asserts that both ways give the same. The column is NOT NULL first, then nullable."""
    strict = _carried(_plan(replace(definition, nullable=False)), log, text)
    loose = _carried(_plan(replace(definition, nullable=True)), log, text)
    assert loose.exact == strict.exact
    assert loose.literal == strict.literal
    if loose.avro != b"\x00":
        assert loose.avro == b"\x02" + strict.avro
    else:
        assert strict.exact is not None
    return strict


def _plan(definition: Column) -> ColumnPlan:
    return column_plans(Table(name=TableName("d", "t"), columns=(definition,)))[0]


def _carried(plan: ColumnPlan, log: bytes, text: bytes) -> Carried:
    known = TYPES[plan.kind]
    from_log: list[bytes] = []
    from_text: list[bytes] = []
    log_exact: list[Exact] = []
    text_exact: list[Exact] = []
    assert known.log(plan)(b"\xaa" + log + b"\xbb", 1, from_log, log_exact) == 1 + len(log)
    known.text(plan)(text, from_text, text_exact)
    assert from_log == from_text
    assert log_exact == text_exact
    assert len(from_log) == 1
    exact = log_exact[0][1] if log_exact else None
    literals = ["NULL"]
    if from_log[0] != plan.absent:
        literals = []
        assert known.literal(plan)(from_log[0], len(plan.present), literals) == len(from_log[0])
    literal = literals[0] if exact is None else known.exact_literal(exact, literals[0])
    return Carried(plan, from_log[0], exact, literal)
