"""Rows that follow others by foreign keys, where the source's log is silent about them: once, with the fence."""

import time
from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from apply.cascade import ForeignKey, Root, Step, contradictory, first_steps, found, next_steps, roots, statement
from apply.destination import IDLE_SECONDS, open_session, read_shape
from apply.ledger import Entry, Ledger
from apply.state import MadeTable, State, Stuck
from runtime.mysql import Connection, Endpoint, Refused
from runtime.seams import seam
from runtime.stopping import Stopped
from runtime.telemetry import log
from schemas.ddl.foreign_keys import FOLLOWING
from schemas.names import TableName, folded
from schemas.records import Cascade, FollowingTable
from schemas.sql import ON_PRIMARY, identifier, text_literal

_ANSWER_SECONDS = 0.01
_KEYS = (
    f"{ON_PRIMARY}SELECT k.CONSTRAINT_NAME, k.COLUMN_NAME, k.REFERENCED_TABLE_SCHEMA, k.REFERENCED_TABLE_NAME,"
    " k.REFERENCED_COLUMN_NAME, r.DELETE_RULE, r.UPDATE_RULE"
    " FROM information_schema.KEY_COLUMN_USAGE k JOIN information_schema.REFERENTIAL_CONSTRAINTS r"
    " ON r.CONSTRAINT_SCHEMA = k.CONSTRAINT_SCHEMA AND r.CONSTRAINT_NAME = k.CONSTRAINT_NAME"
    " AND r.TABLE_NAME = k.TABLE_NAME"
    " WHERE k.TABLE_SCHEMA = {} AND k.TABLE_NAME = {} AND k.REFERENCED_TABLE_NAME IS NOT NULL"
    " ORDER BY k.CONSTRAINT_NAME, k.ORDINAL_POSITION"
)
_STAMPED = (
    f"{ON_PRIMARY}SELECT COLUMN_NAME FROM information_schema.COLUMNS"
    " WHERE TABLE_SCHEMA = {} AND TABLE_NAME = {} AND EXTRA LIKE '%on update%'"
)


@dataclass(frozen=True, slots=True)
class Due:
    """A cascade, and its record in the schema topic."""

    ledger: Ledger
    entry: Entry
    cascade: Cascade

    def claim(self, state: State) -> None:
        """Keeps every other process from the cascade until the transaction ends."""
        self.ledger.claim(state, self.entry)

    def note(self, state: State, made: Mapping[str, MadeTable]) -> None:
        """The cascade is done, with the transaction that says so."""
        cascade = self.cascade
        for table in cascade.tables:
            if table.topic in made:
                state.put_table(MadeTable(table.topic, made[table.topic].name, cascade.epoch, table.barriers))
        self.ledger.note(state, self.entry)

    def stuck(self, table: TableName, error: str, hint: str) -> Stuck:
        text = f"rows of {self.cascade.name} were changed and others of {table} followed: {error}"
        return Stuck(self.ledger.place, self.entry.offset, text, hint, str(table))


class Follower:
    """Runs cascades one after the other: a session of its own, and what it has learned of the destination's tables.

    Closed whenever a schema change has run, or somebody else may have run one.
    """

    def __init__(self, endpoint: Endpoint, state_database: str, target: str, lock_wait_seconds: int) -> None:
        self._endpoint = endpoint
        self._state_database = state_database
        self._target = target
        self._lock_wait_seconds = lock_wait_seconds
        self._session: Connection | None = None
        self._used = 0.0
        self._keys: dict[TableName, list[ForeignKey]] = {}
        self._stamped: dict[TableName, list[str]] = {}

    def run(self, due: Due) -> Generator[None]:
        """Yields while it waits. Closed before its end, it has done nothing."""
        begun, cascade = time.monotonic(), due.cascade
        session = self._opened()
        try:
            state = State(session, self._state_database, self._target)
            with state.transaction():
                due.claim(state)
                made = state.tables()
                keys = self._present(session, due, [table for table in cascade.tables if table.topic in made])
                rows = yield from self._follow(session, due, keys)
                due.note(state, made)
                seam("apply.cascaded")
            seam("apply.cascade_done")
        except BaseException:
            self.close()
            raise
        self._used = time.monotonic()
        milliseconds = round(1000 * (self._used - begun))
        log.info("cascade_applied", epoch=cascade.epoch, table=str(cascade.name), rows=rows, ms=milliseconds)

    def close(self) -> None:
        """Forgets everything."""
        self._keys.clear()
        self._stamped.clear()
        if self._session is not None:
            self._session.close()
            self._session = None

    def _opened(self) -> Connection:
        """A session that is not about to be ended for its silence."""
        if self._session is None or time.monotonic() - self._used > IDLE_SECONDS / 3:
            self.close()
            self._session = open_session(self._endpoint, self._lock_wait_seconds)
            # MySQL does not resolve an alias that rows are deleted from without a default database.
            self._session.execute(f"USE {identifier(self._state_database)}")
        return self._session

    def _present(self, session: Connection, due: Due, tables: Sequence[FollowingTable]) -> list[ForeignKey]:
        """The destination's foreign keys between the tables; Stuck when one is missing that is there at the source."""
        present: list[ForeignKey] = []
        for table in tables:
            mine = [
                replace(key, parent=parent)
                for key in self._keys_of(session, table.name)
                if (parent := _spelled(key.parent, table.parents)) is not None
            ]
            for parent, certain in zip(table.parents, table.certain, strict=True):
                if certain and not any(key.parent == parent for key in mine):
                    raise due.stuck(
                        table.name,
                        f"the destination's {table.name} has no foreign key to {parent} that says which",
                        f"give {table.name} the foreign key that the source has, then start again",
                    )
            present += mine
        return present

    def _keys_of(self, session: Connection, table: TableName) -> list[ForeignKey]:
        if table not in self._keys:
            self._keys[table] = list(foreign_keys(session, table))
        return self._keys[table]

    def _follow(self, session: Connection, due: Due, keys: Collection[ForeignKey]) -> Generator[None, None, int]:
        """How many rows followed."""
        rows = 0
        cascade = due.cascade
        for root in roots(cascade.name, cascade.columns, cascade.rows):
            steps = leading(session, root, keys)
            self._refuse_contradiction(due, steps, keys)
            for step in reversed(steps):
                if step.table not in self._stamped:
                    self._stamped[step.table] = stamped(session, step.table)
                try:
                    rows += yield from _changed(session, statement(step, self._stamped[step.table]))
                except Refused as error:
                    hint = "make the destination take the statement, then start again"
                    raise due.stuck(step.table, f"the destination refuses it: {error}", hint) from error
        return rows

    def _refuse_contradiction(self, due: Due, steps: list[Step], keys: Collection[ForeignKey]) -> None:
        if table := contradictory(steps, keys):
            raise due.stuck(
                table,
                f"they do so in several ways, and what becomes of a row of {table} hangs on the order in which the "
                "source took them",
                f"drop ON DELETE and ON UPDATE of one of the foreign keys of {table}; then migrate anew with a new "
                "task name",
            )


def _changed(session: Connection, sql: str) -> Generator[None, None, int]:
    running = session.start(sql)
    try:
        while not running.finished(_ANSWER_SECONDS):
            yield
    except (GeneratorExit, Stopped):
        session.kill()  # its locks go with it
        raise
    return running.answer.changed


def leading(session: Connection, root: Root, keys: Collection[ForeignKey]) -> list[Step]:
    """The steps that lead to rows, short ways first."""
    every: list[Step] = []
    steps = first_steps(root, keys)
    while steps:
        some = [step for step in steps if session.query(ON_PRIMARY + found(step))]
        every += some
        steps = [further for step in some for further in next_steps(step, keys)]
    return every


def foreign_keys(session: Connection, child: TableName) -> Iterator[ForeignKey]:
    """Those of `child` that change rows, with names as the server tells them; one of several that say the same."""
    parts: dict[str, list[tuple[object, ...]]] = {}
    for row in session.query(_KEYS.format(text_literal(child.database), text_literal(child.name))):
        parts.setdefault(str(row[0]), []).append(row)
    fields = read_shape(session, child).fields if parts else {}
    seen: set[tuple[tuple[object, ...], ...]] = set()
    for name, rows in parts.items():
        if (said := tuple(row[1:] for row in rows)) in seen:
            continue
        seen.add(said)
        _, _, parent_database, parent_table, _, on_delete, on_update = rows[0]
        if {on_delete, on_update} & FOLLOWING:
            yield ForeignKey(
                name=name,
                child=child,
                columns=tuple(str(row[1]).lower() for row in rows),
                fields=tuple(fields[str(row[1]).lower()] for row in rows),
                parent=TableName(str(parent_database), str(parent_table)),
                referenced=tuple(str(row[4]).lower() for row in rows),
                on_delete=str(on_delete),
                on_update=str(on_update),
            )


def _spelled(told: TableName, parents: Sequence[TableName]) -> TableName | None:
    """The parent as the source spells it; the destination may tell names in lower case."""
    if told in parents:
        return told
    return next((each for each in parents if TableName(folded(each.database), folded(each.name)) == told), None)


def stamped(session: Connection, table: TableName) -> list[str]:
    rows = session.query(_STAMPED.format(text_literal(table.database), text_literal(table.name)))
    return [str(row[0]) for row in rows]
