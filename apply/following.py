"""Rows that follow others by foreign keys, where the source's log is silent about them: once, with the fence."""

import time
from collections.abc import Collection, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass

from apply.cascade import ForeignKey, Step, first_steps, found, next_steps, roots, statement
from apply.destination import open_session
from apply.records import Place
from apply.state import MadeTable, State, Stuck
from runtime.errors import Transient
from runtime.mysql import Connection, Endpoint, Refused
from runtime.seams import seam
from runtime.telemetry import log
from schemas.ddl.foreign_keys import FOLLOWING
from schemas.names import TableName
from schemas.records import Cascade, FollowingTable
from schemas.sql import identifier, text_literal

_ANSWER_SECONDS = 0.01
_KEYS = (
    "SELECT k.CONSTRAINT_NAME, k.TABLE_SCHEMA, k.TABLE_NAME, k.COLUMN_NAME, k.REFERENCED_TABLE_SCHEMA,"
    " k.REFERENCED_TABLE_NAME, k.REFERENCED_COLUMN_NAME, r.DELETE_RULE, r.UPDATE_RULE"
    " FROM information_schema.KEY_COLUMN_USAGE k JOIN information_schema.REFERENTIAL_CONSTRAINTS r"
    " ON r.CONSTRAINT_SCHEMA = k.CONSTRAINT_SCHEMA AND r.CONSTRAINT_NAME = k.CONSTRAINT_NAME"
    " AND r.TABLE_NAME = k.TABLE_NAME"
    " WHERE k.TABLE_SCHEMA = {} AND k.TABLE_NAME = {} AND k.REFERENCED_TABLE_NAME IS NOT NULL"
    " ORDER BY k.CONSTRAINT_NAME, k.ORDINAL_POSITION"
)
_STAMPED = (
    "SELECT COLUMN_NAME FROM information_schema.COLUMNS"
    " WHERE TABLE_SCHEMA = {} AND TABLE_NAME = {} AND EXTRA LIKE '%on update%'"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Following:
    """A cascade, the record at `offset` of the schema topic, whose fence stands at `fence`."""

    endpoint: Endpoint
    state_database: str
    target: str
    lock_wait_seconds: int
    place: Place
    fence: int
    offset: int
    cascade: Cascade

    def run(self) -> Generator[None]:
        """Yields while it waits. Closed before its end, it has done nothing."""
        begun = time.monotonic()
        with closing(open_session(self.endpoint, self.lock_wait_seconds)) as session:
            state = State(session, self.state_database, self.target)
            # MySQL does not resolve an alias that rows are deleted from without a default database.
            session.execute(f"USE {identifier(self.cascade.database)}")
            with state.transaction():
                if state.locked_fence(self.place) != self.fence:
                    raise Transient(f"another process has gone on with {self.place}")
                made = state.tables()
                keys = self._keys(session, [table for table in self.cascade.tables if table.topic in made])
                rows = yield from self._follow(session, keys)
                self._note(state, made)
                seam("apply.cascaded")
        seam("apply.cascade_done")
        milliseconds = round(1000 * (time.monotonic() - begun))
        log.info("cascade_applied", epoch=self.cascade.epoch, table=str(self.cascade.name), rows=rows, ms=milliseconds)

    def _keys(self, session: Connection, tables: Sequence[FollowingTable]) -> list[ForeignKey]:
        """The destination's foreign keys between the tables; Stuck when one is missing that is there at the source."""
        lowers = int(session.value("SELECT @@lower_case_table_names")) != 0
        present: list[ForeignKey] = []
        for table in tables:
            mine = list(_foreign_keys(session, table.name, table.parents, lowers))
            for parent, certain in zip(table.parents, table.certain, strict=True):
                if certain and not any(key.parent == parent for key in mine):
                    raise Stuck(
                        self.place,
                        self.offset,
                        f"rows of {parent} were changed, others of {table.name} followed, and the destination's"
                        f" {table.name} has no foreign key that says which",
                        f"give {table.name} the foreign key to {parent} that the source has, then start again",
                        str(table.name),
                    )
            present += mine
        return present

    def _follow(self, session: Connection, keys: Collection[ForeignKey]) -> Generator[None, None, int]:
        """How many rows followed."""
        rows = 0
        stamped: dict[TableName, list[str]] = {}
        for root in roots(self.cascade.name, self.cascade.columns, self.cascade.rows):
            for step in reversed(list(_leading(session, first_steps(root, keys), keys))):
                if step.table not in stamped:
                    stamped[step.table] = _stamped(session, step.table)
                rows += yield from self._run(session, statement(step, stamped[step.table]), step)
        return rows

    def _run(self, session: Connection, sql: str, step: Step) -> Generator[None, None, int]:
        try:
            running = session.start(sql)
            while not running.finished(_ANSWER_SECONDS):
                yield
        except Refused as error:
            raise Stuck(
                self.place,
                self.offset,
                f"the destination refuses what follows changes of {self.cascade.name}: {error}; in full: {sql[:200]}",
                "make the destination take the statement, then start again",
                str(step.table),
            ) from error
        return running.rows

    def _note(self, state: State, made: dict[str, MadeTable]) -> None:
        cascade = self.cascade
        for table in cascade.tables:
            if table.topic in made:
                state.put_table(MadeTable(table.topic, made[table.topic].name, cascade.epoch, table.barriers))
        state.raise_epoch(cascade.epoch)
        state.clear_problem(self.place)
        if not state.advance(self.place, self.fence, self.offset + 1, cascade.epoch, cascade.source_us):
            raise Transient(f"another process has gone on with {self.place}")


def _leading(session: Connection, steps: list[Step], keys: Collection[ForeignKey]) -> Iterator[Step]:
    """The steps that lead to rows, short ways first."""
    while steps:
        leading = [step for step in steps if session.query(found(step))]
        yield from leading
        steps = [further for step in leading for further in next_steps(step, keys)]


def _foreign_keys(
    session: Connection, child: TableName, parents: Sequence[TableName], lowers: bool
) -> Iterator[ForeignKey]:
    """Those of `child` to one of `parents` that change rows; a server that lowers names tells them so."""
    known = {_told(parent, lowers): parent for parent in parents}
    there = _told(child, lowers)
    parts: dict[str, list[tuple[object, ...]]] = {}
    for row in session.query(_KEYS.format(text_literal(there.database), text_literal(there.name))):
        parts.setdefault(str(row[0]), []).append(row)
    for name, rows in parts.items():
        first = rows[0]
        parent = known.get(_told(TableName(str(first[4]), str(first[5])), lowers))
        if parent is None or not {first[7], first[8]} & FOLLOWING:
            continue
        yield ForeignKey(
            name=name,
            child=child,
            columns=tuple(str(row[3]).lower() for row in rows),
            parent=parent,
            referenced=tuple(str(row[6]).lower() for row in rows),
            on_delete=str(first[7]),
            on_update=str(first[8]),
        )


def _told(name: TableName, lowers: bool) -> TableName:
    return TableName(name.database.lower(), name.name.lower()) if lowers else name


def _stamped(session: Connection, table: TableName) -> list[str]:
    rows = session.query(_STAMPED.format(text_literal(table.database), text_literal(table.name)))
    return [str(row[0]) for row in rows]
