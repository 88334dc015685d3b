from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from control import compare_rows
from control.compare_rows import End, compare
from control.reading import Reading, Rows
from control.row_text import plain_document
from runtime.mysql import Endpoint
from schemas.names import TableName
from schemas.table import Column, Table
from snapshot.keyset import Bound

TABLE = Table(
    name=TableName("shop", "t"),
    columns=(
        Column(name="id", data_type="int", column_type="int", nullable=False),
        Column(name="text", data_type="varbinary", column_type="varbinary(9)", nullable=False, charset="binary"),
    ),
    primary_key=("id",),
)
NOWHERE = Reading(Endpoint("nobody", "", 0, "", ""))


@dataclass(frozen=True, slots=True)
class Held(End):
    """An end whose rows lie in memory."""

    rows: dict[int, bytes] = field(default_factory=dict)

    def read(self, after: Bound | None, until: Bound | None, limit: int, most_bytes: int) -> Rows:
        first = int(after[0]) if after else -1
        last = int(until[0]) if until else 1 << 30
        wanted = [(key, self.rows[key]) for key in sorted(self.rows) if first < key <= last][:limit]
        raw = b""
        for key, text in wanted:
            number = str(key).encode()
            row = bytes((len(number),)) + number + bytes((len(text),)) + text
            raw += len(row).to_bytes(4, "little") + row
            if len(raw) > most_bytes:
                return Rows(raw, complete=False)
        return Rows(raw, complete=True)


ROWS = st.dictionaries(st.integers(0, 40), st.binary(max_size=3), max_size=30)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ROWS, ROWS, st.integers(1, 5), st.integers(1, 60))
def test_exactly_the_rows_that_differ_are_suspects(
    monkeypatch: pytest.MonkeyPatch, here: dict[int, bytes], there: dict[int, bytes], rows: int, most: int
) -> None:
    monkeypatch.setattr(compare_rows, "_FIRST_ROWS", rows)
    monkeypatch.setattr(compare_rows, "_CHUNK_BYTES", 40)
    monkeypatch.setattr(compare_rows, "_MOST_BYTES", 10_000 if most > 30 else most)
    parts = list(compare(*(Held(NOWHERE, TABLE, plain_document, rows=held) for held in (here, there))))
    suspects = {int(key[0] or b"") for part in parts for key in part.suspects}
    differing = {key for key in here.keys() | there.keys() if here.get(key) != there.get(key)}
    assert sum(part.rows for part in parts) == len(here)
    assert differing & here.keys() <= suspects <= here.keys() | there.keys()
    if most > 30:
        assert suspects == differing
