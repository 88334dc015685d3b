"""What happens to the rows of a random table: every statement that changes rows, with `TABLE` for the table's name."""

from collections.abc import Sequence

from hypothesis import strategies as st

from schemas.sql import identifier
from tests.conformance.rounds.columns import Column
from tests.conformance.rounds.typed import Typed, turned

TABLE = "\N{SECTION SIGN}table"
#: settings of the session that changes the rows
_SETTINGS = (
    "", "", "binlog_transaction_compression = ON", "binlog_row_value_options = 'PARTIAL_JSON'",
    "binlog_transaction_compression = ON, binlog_row_value_options = 'PARTIAL_JSON'",
    "binlog_rows_query_log_events = ON",
)  # fmt: skip


def settings() -> st.SearchStrategy[str]:
    return st.sampled_from(_SETTINGS)


@st.composite
def changes(
    draw: st.DrawFn, columns: Sequence[Column], typed: Sequence[Typed], identity: Sequence[str]
) -> tuple[str, ...]:
    """Each column gets another value, keys change, rows are replaced and deleted."""
    plain = [column for column in columns if column.name not in identity]
    keyed = [column for column in columns if column.name in identity]
    found = []
    for which in range(2):
        for group in (plain, keyed):
            if group:
                sets = ", ".join(f"{identifier(column.name)} = {column.others[which]}" for column in group)
                found.append(f"UPDATE IGNORE {TABLE} SET {sets} LIMIT {draw(st.integers(1, 3))}")
    alone = draw(st.sampled_from(columns))
    found.append(f"UPDATE IGNORE {TABLE} SET {identifier(alone.name)} = {alone.others[0]}")
    names = ", ".join(identifier(column.name) for column in columns)
    row = ", ".join(column.values[-1] for column in columns)
    other = draw(st.sampled_from(columns))
    found.append(f"REPLACE INTO {TABLE} ({names}) VALUES ({row})")
    found.append(
        f"INSERT INTO {TABLE} ({names}) VALUES ({', '.join(column.values[0] for column in columns)})"
        f" ON DUPLICATE KEY UPDATE {identifier(other.name)} = {other.others[1]}"
    )
    for column, type_ in zip(columns, typed, strict=True):
        turn = turned(draw(st.sampled_from(("", "", *type_.turns))), identifier(column.name))
        if turn:
            found.append(f"UPDATE IGNORE {TABLE} SET {identifier(column.name)} = {turn}")
    ordered = f"ORDER BY {identifier(alone.name)} DESC LIMIT 1"
    more = (
        f"DELETE FROM {TABLE} LIMIT 1",
        f"DELETE FROM {TABLE} {ordered}",
        f"INSERT IGNORE INTO {TABLE} ({names}) SELECT {names} FROM {TABLE}",
        "COMMIT",
    )
    found += draw(st.lists(st.sampled_from(more), max_size=2))
    return tuple(draw(st.permutations(found)))
