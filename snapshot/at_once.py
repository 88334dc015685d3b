"""Reads a table at once, in a reader process: all its rows as they are at one position of the log.

LOCK TABLES waits until every transaction that has written the table has ended, and then lets none write it. So under
the lock a new consistent read holds all that the log has of the table up to its end, and nothing of what follows. The
lock goes as soon as that read has begun; the wait for it is short and repeated, because writers queue behind it.

An engine without transactions has no consistent read: there the lock stays until the last row has come, into a file,
since nothing else is as fast. Such an engine logs a statement before it lets go of the table, so the end of the log is
as exact (decision 034). Under the lock no table changes its engine.

Before MySQL 5.7 the server alone lets LOCK TABLES ... READ pass transactions that have written and are still open;
only InnoDB's own table lock waits for them, which comes with it where autocommit is off (innodb_table_locks).
https://dev.mysql.com/doc/refman/5.6/en/innodb-parameters.html#sysvar_innodb_table_locks
"""

from collections.abc import Callable, Generator, Iterator
from tempfile import TemporaryFile
from typing import IO

from runtime.errors import Fatal
from runtime.mysql import LockTimeout, Refused
from runtime.seams import seam
from schemas.codec import encode_chunk
from schemas.engines import reads_consistently
from schemas.names import TableName
from schemas.plan import TablePlan
from schemas.sql import qualified, text_literal
from schemas.types.column import Malformed
from snapshot import keyset, spool, virtual
from snapshot.messages import Changed, Chunk, HoldEnded, HoldWanted, Located, Report, Walk
from snapshot.session import Rows, Session, definition_changed
from snapshot.wishes import Pause, Steps, Wish

_LOCK_WAIT_SECONDS = 2
#: a session that goes silent under the lock, its machine gone, loses it after this
_SILENCE_SECONDS = 10
_FIRST_PAUSE_SECONDS = 0.5
_MOST_PAUSE_SECONDS = 30.0
_DENIED = frozenset((1044, 1142))


def read(open_session: Callable[[], Session], walk: Walk, plan: TablePlan) -> Steps:
    """The position, and then the table's rows in parts; the last one is final."""
    session = open_session()
    try:
        if not plan.table.columns:
            yield Changed(walk.number, session.high(), "its definition is not known")
            return
        with TemporaryFile(prefix="penstock-") as file:
            located, parts = yield from _locate(open_session, session, walk, plan, file)
            yield located
            for rows in parts:
                yield Wish.CREDIT
                chunk = encode_chunk(plan, rows.raw)
                yield Chunk(walk.number, located.low, located.high, chunk, None, rows.complete)
    except Refused as error:
        if not definition_changed(error):
            raise
        yield Changed(walk.number, session.high(), str(error))
    except Malformed as error:  # columns have other types by now, which the stream has not met yet
        yield Changed(walk.number, session.high(), str(error))
    finally:
        session.abort()


def _locate(
    open_session: Callable[[], Session], session: Session, walk: Walk, plan: TablePlan, file: IO[bytes]
) -> Generator[Report | Wish | Pause, None, tuple[Located, Iterator[Rows]]]:
    """A position, and the rows that are the table's exactly there."""
    select = keyset.whole(plan.table, virtual.computed(session, plan.table))
    pause = _FIRST_PAUSE_SECONDS
    while True:
        yield HoldWanted(walk.number)
        yield Wish.HELD
        locking = open_session()
        try:
            low = session.low()  # before the read begins: without GTIDs it is a commit
            _lock(locking, plan)
            seam("snapshot.table_locked")
            if reads_consistently(_engine(session, plan.table.name)):
                session.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT")
                return Located(walk.number, low, session.high()), session.parts(select, walk.chunk_bytes)
            located = Located(walk.number, low, session.high())
            spool.fill(file, locking.parts(select, walk.chunk_bytes))
            return located, spool.parts(file)
        except LockTimeout:
            yield HoldEnded(walk.number)
        finally:
            locking.close()  # the lock goes with its session
        yield Pause(pause)
        pause = min(2 * pause, _MOST_PAUSE_SECONDS)


def _engine(session: Session, table: TableName) -> str:
    found = session.query(
        "SELECT TABLE_NAME, ENGINE FROM information_schema.TABLES"
        f" WHERE TABLE_SCHEMA = {text_literal(table.database)} AND TABLE_NAME = {text_literal(table.name)}"
    )
    return next((str(engine) for name, engine in found if name == table.name), "")


def _lock(locking: Session, plan: TablePlan) -> None:
    table = plan.table.name
    locking.execute(
        f"SET SESSION autocommit = 0, innodb_table_locks = 1, lock_wait_timeout = {_LOCK_WAIT_SECONDS},"
        f" innodb_lock_wait_timeout = {_LOCK_WAIT_SECONDS}, wait_timeout = {_SILENCE_SECONDS},"
        f" net_write_timeout = {_SILENCE_SECONDS}"
    )
    try:
        locking.execute(f"LOCK TABLES {qualified(table)} READ")
    except Refused as error:
        if error.code not in _DENIED:
            raise
        raise Fatal(
            f"source: {table} has no key or no transactions, or its rows follow each other by a foreign key, and the"
            " account may not lock it to fix its position",
            hint=f"GRANT LOCK TABLES ON the database {table.database} to the account, or exclude the table",
        ) from error
