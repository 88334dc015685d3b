"""Reads a key range chunk by chunk, in a reader process.

Each chunk: low, SELECT, high (snapshot/window.py says why). A chunk never holds more than twice the wanted bytes plus
one row: a result that grows beyond that is cut off, and what has come of it is the chunk.
"""

from dataclasses import replace

from runtime.mysql import Refused
from runtime.seams import seam
from schemas.codec import chunk_select, encode_chunk, key_literals
from schemas.plan import TablePlan
from schemas.sql import qualified
from schemas.table import Table, UniqueKey
from schemas.types.column import Malformed
from snapshot import keyset, virtual
from snapshot.keyset import Span
from snapshot.messages import Changed, Chunk, Walk
from snapshot.session import Rows, Session, definition_changed
from snapshot.wishes import Pause, Steps, Wish

_FIRST_LIMIT = 1000
_MOST_ROWS = 100_000
_GROWTH = 4
_WAIT_SECONDS = 1
_NO_SUCH_INDEX = 1176


def read(session: Session, walk: Walk, plan: TablePlan) -> Steps:
    """The range's chunks; the last one is final."""
    limit = _FIRST_LIMIT
    while True:
        yield Wish.CREDIT
        while walk.needs and not session.covers(walk.needs, _WAIT_SECONDS):
            yield Pause(0)
        try:
            chunk, limit = _chunk(session, walk, plan, limit)
        except Refused as error:
            if not definition_changed(error):
                raise
            yield Changed(walk.number, session.high(), str(error))
            return
        except Malformed as error:  # columns have other types by now, which the stream has not met yet
            yield Changed(walk.number, session.high(), str(error))
            return
        walk = replace(walk, after=chunk.last)
        final = chunk.final
        yield chunk
        if final:
            return


def _chunk(session: Session, walk: Walk, plan: TablePlan, limit: int) -> tuple[Chunk, int]:
    """The next chunk, of at most `limit` rows, and a limit that suits the one after it."""
    low = session.low()
    seam("snapshot.low_read")
    rows = _rows(session, walk, plan.table, limit)
    seam("snapshot.chunk_read")
    high = session.high()
    encoded = encode_chunk(plan, rows.raw)  # first: after it every row is known to fit the plan
    last = key_literals(plan, rows.last) if rows.count else walk.after
    final = rows.complete and rows.count < limit
    return Chunk(walk.number, low, high, encoded, last, final), _next_limit(limit, rows, walk)


def _rows(session: Session, walk: Walk, table: Table, limit: int) -> Rows:
    span = Span(walk.after, walk.until, walk.descending)
    try:
        select = keyset.chunk(table, chunk_select(table), span, limit)
        return session.rows(select, limit, 2 * walk.chunk_bytes)
    except Refused as error:
        if error.code == _NO_SUCH_INDEX and (renamed := _under_its_index(session, table)) is not None:
            return _rows(session, walk, renamed, limit)
        if not virtual.is_computing(error, table):
            raise
    select = keyset.chunk(table, virtual.readable(session, table), span, limit)
    return session.rows(select, limit, 2 * walk.chunk_bytes)


def _under_its_index(session: Session, table: Table) -> Table | None:
    """The table with another index of the same columns for its key: a log tells a unique key of NOT NULL columns as if
    it were the primary key, and a definition that is not certain knows nothing else."""
    found: dict[str, list[tuple[str, object]]] = {}
    for row in session.query(f"SHOW INDEX FROM {qualified(table.name)}"):
        if not int(row[1]):
            found.setdefault(str(row[2]), []).append((str(row[4]).lower(), row[7]))
    wanted = [(name.lower(), None) for name in table.key]
    name = next((name for name, parts in found.items() if parts == wanted and name != keyset.index_name(table)), None)
    if name is None:
        return None
    return replace(table, primary_key=(), unique_keys=(UniqueKey(name=name, columns=table.key, total=True),))


def _next_limit(limit: int, rows: Rows, walk: Walk) -> int:
    """As many rows as make a chunk if they are like these; grows step by step, shrinks at once."""
    if not rows.count:
        return limit
    fitting = walk.chunk_bytes * rows.count // len(rows.raw)
    return max(1, min(fitting, limit * _GROWTH, _MOST_ROWS))
