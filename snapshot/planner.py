"""Divides tables into ranges, once per table: small ones are one range, large ones several of about equal size.

Integers are divided by arithmetic. Other keys are divided where the index says that so many rows lie before, which
costs a scan of the index; the scan has a time limit, and what it has not reached by then stays one range.
"""

from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import count

from runtime.errors import Fatal
from runtime.mysql import Connection, Refused
from schemas.codec import chunk_select, key_literals
from schemas.engines import holds_rows
from schemas.names import TableName
from schemas.plan import plan
from schemas.records import RangeRecord
from schemas.sql import identifier, qualified, text_literal
from schemas.table import Table
from snapshot import keyset
from snapshot.keyset import Bound, Span
from snapshot.ranges import divided, divisions, integer_bounds
from snapshot.session import Session, definition_changed
from snapshot.ties import Free, Ties

_SCAN_MS = 30_000
#: an integer that leads a key and repeats more often than this divides the table badly
_MOST_ROWS_PER_VALUE = 10
_TOOK_TOO_LONG = 3024


def plan_ranges(
    connection: Connection, tables: Sequence[Table], readers: int, ties: Ties | None = None, first_id: int = 1
) -> list[RangeRecord]:
    """Ranges that cover every row of `tables`; their ids count from `first_id`. `connection` only says which server."""
    at_once = (ties or Free()).at_once
    ids = count(first_id)
    if not tables:
        return []
    with closing(Session(connection.endpoint)) as session:
        sizes = _sizes(session, {table.name.database for table in tables})
        return [
            record
            for table in tables
            for record in _ranges(
                session, table, sizes.get(table.name), readers if _by_key(table) and not at_once(table.name) else 0, ids
            )
        ]


def _by_key(table: Table) -> bool:
    """True when the table can be read range by range."""
    return bool(table.key) and table.reads_consistently


def _ranges(session: Session, table: Table, rows: int | None, readers: int, ids: Iterator[int]) -> list[RangeRecord]:
    """`readers`: how many divide the table; 0 for one that is read at once."""
    if rows is None:  # dropped meanwhile: the log will say so
        return divided(table.name, (), [], 0, ids)
    if not holds_rows(table.engine):
        raise Fatal(
            f"source: {table.name} is a table of the engine {table.engine}: its rows are not its own, or not all "
            "changes of them are logged",
            hint="leave it out with objects.exclude",
        )
    descending = _descending(session, table) if readers else ()
    parts = divisions(rows, readers) if readers else 1
    bounds = _bounds(session, table, descending, rows, parts) if parts > 1 else []
    return divided(table.name, descending, bounds, rows, ids)


def _descending(session: Session, table: Table) -> tuple[str, ...]:
    try:
        return keyset.descending_columns(table, session.query(f"SHOW INDEX FROM {qualified(table.name)}"))
    except Refused as error:
        if not definition_changed(error):
            raise
        return ()  # the log will say what became of it


def _sizes(session: Session, databases: set[str]) -> dict[TableName, int]:
    """About how many rows each table has."""
    rows = session.query(
        "SELECT TABLE_SCHEMA, TABLE_NAME, COALESCE(TABLE_ROWS, 0) FROM information_schema.TABLES"
        " WHERE TABLE_TYPE = 'BASE TABLE'"
        f" AND TABLE_SCHEMA IN ({', '.join(text_literal(name) for name in sorted(databases))})"
    )
    return {TableName(row[0], row[1]): int(row[2]) for row in rows}


def _bounds(session: Session, table: Table, descending: tuple[str, ...], rows: int, parts: int) -> list[Bound]:
    first = table.columns[table.key_indexes[0]]
    try:
        if keyset.is_integer(first):
            name = identifier(first.name)
            ((least, most),) = session.query(f"SELECT MIN({name}), MAX({name}) FROM {qualified(table.name)}")
            if least is None:
                return []
            if len(table.key) == 1 or most - least >= rows // _MOST_ROWS_PER_VALUE:
                bounds = integer_bounds(int(least), int(most), parts)
                return bounds[::-1] if first.name in descending else bounds
        return _sampled(session, table, descending, rows // parts, parts)
    except Refused as error:
        if not definition_changed(error):
            raise
        return []  # the log will say what became of it


def _sampled(session: Session, table: Table, descending: tuple[str, ...], rows: int, parts: int) -> list[Bound]:
    """The key of each `rows`-th row, as long as the scan does not take too long."""
    table_plan = plan("", table, 0, 0)
    bounds: list[Bound] = []
    while len(bounds) < parts - 1:
        span = Span(after=bounds[-1] if bounds else None, descending=descending)
        select = keyset.nth(table, chunk_select(table), span, rows, _SCAN_MS // parts)
        try:
            row = session.rows(select, 1, 1)
        except Refused as error:
            if error.code == _TOOK_TOO_LONG:
                break
            raise
        if not row.count:
            break
        bounds.append(key_literals(table_plan, row.last))
    return bounds
