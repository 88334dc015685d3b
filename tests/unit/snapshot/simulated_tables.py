"""What the simulated tables hold, and the bytes that rows are in chunks and keys."""

from dataclasses import dataclass, replace
from functools import cache

from schemas.codec import ChunkRows
from schemas.names import TableName
from schemas.plan import TablePlan, plan
from schemas.table import Column, Table

KEYED = TableName("d", "keyed")
KEYLESS = TableName("d", "keyless")
KEYS = range(6)


@dataclass(frozen=True, slots=True)
class Shape:
    """A table's definition: `columns` beside its id, and the type of its key (0: it has none)."""

    columns: int
    key: int


@dataclass(frozen=True, slots=True)
class Change:
    """One unit of a transaction: a row set (`value`) or deleted (None), or a new definition, or TRUNCATE; or a row that
    gets the key `onto`, which the log does not say."""

    table: TableName
    row: int = 0
    value: int | None = None
    shape: Shape | None = None
    truncates: bool = False
    onto: int | None = None


Rows = dict[int, tuple[int, int]]  # row -> its value and the number of its columns


@dataclass(slots=True)
class Tables:
    """The state of both tables: the truth, or what a consumer has made of the topics."""

    shapes: dict[TableName, Shape]
    rows: dict[TableName, Rows]

    def apply(self, change: Change) -> None:
        rows = self.rows[change.table]
        if change.truncates:
            rows.clear()
        elif change.shape is not None:
            self.shapes[change.table] = change.shape
            self.rows[change.table] = {row: (value, change.shape.columns) for row, (value, _) in rows.items()}
        elif change.onto is not None:
            if change.row in rows:
                rows[change.onto] = rows.pop(change.row)
        elif change.value is None:
            rows.pop(change.row, None)
        else:
            rows[change.row] = (change.value, self.shapes[change.table].columns)


def beginning() -> Tables:
    first = Shape(1, 1)
    return Tables(
        {KEYED: first, KEYLESS: replace(first, key=0)},
        {KEYED: dict.fromkeys(KEYS, (0, 1)), KEYLESS: dict.fromkeys((0, 1, 2), (0, 1))},
    )


def key_of(row: int) -> bytes:
    return f"key{row}".encode()


def encode(rows: Rows, keyed: bool) -> ChunkRows:
    return ChunkRows(
        [key_of(row) if keyed else None for row in rows],
        [f"{row} {value} {columns}".encode() for row, (value, columns) in rows.items()],
        [b"" for _ in rows],
    )


def decode(rows: ChunkRows) -> Rows:
    decoded = [tuple(map(int, row.split())) for row in rows.rows]
    return {row: (value, columns) for row, value, columns in decoded}


@cache
def plan_of(table: TableName, shape: Shape) -> TablePlan:
    key = Column(
        name="id",
        data_type="decimal",
        column_type=f"decimal({max(shape.key, 1)},0)",
        nullable=False,
        precision=max(shape.key, 1),
    )
    others = tuple(
        Column(name=f"c{number}", data_type="int", column_type="int", nullable=True) for number in range(shape.columns)
    )
    return plan("sim", Table(name=table, columns=(key, *others), primary_key=("id",) if shape.key else ()), 20, 21)


def shape_of(table: Table) -> Shape:
    return Shape(len(table.columns) - 1, table.columns[0].precision if table.key else 0)
