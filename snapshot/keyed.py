"""Reads a key range chunk by chunk, in a reader process.

Each chunk: low, SELECT, high (snapshot/window.py says why). A chunk never holds more than twice the wanted bytes plus
one row: a result that grows beyond that is cut off, and what has come of it is the chunk.
"""

from runtime.mysql import Refused
from runtime.seams import seam
from schemas.codec import chunk_select, encode_chunk, key_literals, last_row
from schemas.plan import TablePlan
from snapshot import keyset
from snapshot.messages import Changed, Chunk, Walk
from snapshot.session import Rows, Session, definition_changed
from snapshot.wishes import Pause, Steps, Wish

_FIRST_LIMIT = 1000
_MOST_ROWS = 100_000
_GROWTH = 4
_WAIT_SECONDS = 1


def read(session: Session, walk: Walk, plan: TablePlan) -> Steps:
    """The range's chunks; the last one is final."""
    expressions = chunk_select(plan.table)
    after = walk.after
    limit = _FIRST_LIMIT
    final = False
    while not final:
        yield Wish.CREDIT
        while walk.needs and not session.covers(walk.needs, _WAIT_SECONDS):
            yield Pause(0)
        low = session.low()
        seam("snapshot.low_read")
        select = keyset.chunk(plan.table, expressions, after, walk.until, limit)
        try:
            rows = session.rows(select, 2 * walk.chunk_bytes)
        except Refused as error:
            if not definition_changed(error):
                raise
            yield Changed(walk.number, session.high(), str(error))
            return
        seam("snapshot.chunk_read")
        high = session.high()
        final = rows.complete and rows.count < limit
        after = key_literals(plan, last_row(rows.raw)) if rows.count else after
        limit = _next_limit(limit, rows, walk.chunk_bytes)
        yield Chunk(walk.number, low, high, encode_chunk(plan, rows.raw), after, final)


def _next_limit(limit: int, rows: Rows, chunk_bytes: int) -> int:
    """As many rows as make a chunk if they are like these; grows step by step, shrinks at once."""
    if not rows.count:
        return limit
    fitting = chunk_bytes * rows.count // len(rows.raw)
    return max(1, min(fitting, limit * _GROWTH, _MOST_ROWS))
