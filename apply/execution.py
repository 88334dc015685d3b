"""One schema change at the destination: exactly once, although MySQL does not run it in a transaction with its note.

Before it runs, an intent with a digest of what stands there is committed. After a crash the digest tells whether it has
run: definitions are still the same, or they are not; and where equal things change places, which leaves definitions as
they were, contents. While it runs, a second connection holds the note that it is applied, not committed yet, so nobody
else can begin the same change; when this process freezes, the connection that would run it dies before the one with the
note. A statement that outlives its process is waited for.
"""

import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial

from apply.context import Limits, Unlike, enter
from apply.ddl import Again, Plan, digest, drop_database, head, lexed_modes, plan, wording_of
from apply.defaults import missing_defaults
from apply.destination import IDLE_SECONDS, definition, has_rows, open_session, read_shape, version
from apply.engines import copied_if_needed, forgotten_foreign_keys
from apply.evidence import contents, is_as_told
from apply.ledger import Entry, Ledger
from apply.owners import Claims, Owners, spelled
from apply.standing import Standing, stands
from apply.state import Intent, MadeTable, Refusal, State, Stuck
from apply.statements import layout_of
from apply.zone import Row, zone_for
from runtime import environment
from runtime.discretion import server_text
from runtime.errors import Fatal, Transient
from runtime.mysql import Connection, Endpoint, Refused
from runtime.seams import seam
from runtime.telemetry import log
from schemas.ddl.foreign_indexes import strayed
from schemas.ddl.kinds import Kind
from schemas.ddl.row_effects import row_effects
from schemas.names import TableName, folded
from schemas.records import SHOWN, SchemaChange
from schemas.sql import ON_PRIMARY, identifier, text_literal
from schemas.table import Table, from_json

_RUNNER_IDLE_SECONDS = IDLE_SECONDS // 6
_LOCK_WAIT_SECONDS = 30  # for readers of the table; meanwhile nothing else of this process waits
_PING_SECONDS = IDLE_SECONDS / 6
_LOOK_SECONDS = 0.5
_ANSWER_SECONDS = 0.01
# Deprecations, and engines that become InnoDB.
_EXPECTED_WARNINGS = frozenset((1266, 1286, 1287, 1681, 3161, 3719, 3720, 3778))


@dataclass(frozen=True, slots=True)
class Objection:
    """Why a statement was not run."""

    error: Refused | Unlike
    statement: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """A schema change, and its record in the schema topic."""

    endpoint: Endpoint
    state_database: str
    target: str
    lock_wait_seconds: int
    ledger: Ledger
    entry: Entry
    change: SchemaChange
    owners: Owners

    def run(self) -> Generator[None]:
        """Yields while it waits. Closed before its end, it leaves everything to the next one that runs the change."""
        with (
            closing(open_session(self.endpoint, self.lock_wait_seconds)) as holder,
            closing(open_session(self.endpoint, self.lock_wait_seconds)) as reader,
        ):
            guard = State(holder, self.state_database, self.target)
            wanted = plan(self._meant(guard), version(reader))
            intent, fresh = yield from self._intend(guard, reader, holder, wanted)
            objection: Objection | None = None
            with guard.transaction():
                self._claim(guard)
                yield from self._outlast_others(reader, holder)
                to_run = yield from self._is_to_run(reader, holder, wanted, intent, fresh)
                if to_run:
                    objection = yield from self._run(reader, holder, wanted)
                if objection is None or self._done_by_hand(reader, wanted, intent):
                    objection = None
                    yield from self._complete(reader, holder)
                    self._check(reader)
                    self._keep_claims(guard, Claims(holder, self.state_database, self.target), reader)
                    self._note(guard)
                else:
                    intent = self._refused(reader, intent)
                    guard.intend(intent)
                    guard.unclaim(self.change.epoch)
            if objection is not None:
                raise self._stuck(objection, intent.refused)
            seam("apply.ddl_done")
        log.info("ddl_applied", epoch=self.change.epoch, kind=self.change.kind, statement=head(self.change.statement))

    def _intend(
        self, guard: State, reader: Connection, holder: Connection, wanted: Plan
    ) -> Generator[None, None, tuple[Intent, bool]]:
        """The committed intent of this change, and whether it was made just now."""
        with guard.transaction():
            self._claim(guard)
            claims = Claims(holder, self.state_database, self.target)
            self.owners.claim(claims, reader, [table.name for table in self.change.tables])
            found = guard.intent(self.change.epoch)
            guard.unclaim(self.change.epoch)  # until the change is applied
            if found is not None:
                return found, False
            intent = Intent(self.change.epoch, (yield from self._evidence(reader, holder, wanted)))
            guard.intend(intent)
        seam("apply.ddl_intent")
        return intent, True

    def _evidence(self, reader: Connection, holder: Connection, wanted: Plan) -> Generator[None, None, str]:
        """Stands for what is there now, as far as the statement moves it."""
        rows: list[str] = []
        if wanted.again is Again.SWAPPING:
            rows = yield from contents(self.change, lambda sql: _asked(reader, sql, holder))
        return digest(self._definitions(reader), rows)

    def _meant(self, guard: State) -> SchemaChange:
        """Without tables to be dropped (IF EXISTS) of which only another spelling is there, which would go instead."""
        if self.change.kind != Kind.DROP_TABLE.name:
            return self.change
        made = guard.tables()
        there = [table for table in self.change.tables if table.topic in made or not _spelled_else(made, table.name)]
        return replace(self.change, tables=tuple(there))

    def _claim(self, guard: State) -> None:
        self.ledger.claim(guard, self.entry)

    def _definitions(self, reader: Connection) -> dict[TableName, str | None]:
        return {table.name: definition(reader, table.name) for table in self.change.tables}

    @property
    def _tag(self) -> str:
        """Precedes each statement, so that it can be found among those that run."""
        return f"/* penstock {self.target} epoch {self.change.epoch} */ "

    def _outlast_others(self, reader: Connection, holder: Connection) -> Generator[None]:
        """A process that died may have left a statement that still runs; the digest tells nothing until it ends."""
        begun = False
        while any(str(row[7] or "").startswith(self._tag) for row in reader.query("SHOW FULL PROCESSLIST")):
            if not begun:
                begun = True
                log.info("ddl_still_running", epoch=self.change.epoch)
            looked = time.monotonic()
            holder.query("SELECT 1")
            while time.monotonic() - looked < _LOOK_SECONDS:
                yield

    def _is_to_run(
        self, reader: Connection, holder: Connection, wanted: Plan, intent: Intent, fresh: bool
    ) -> Generator[None, None, bool]:
        if wanted.makes_database is not None:
            return not (yield from self._has_database(reader, holder, wanted))
        if wanted.again is Again.HARMLESS:
            return True
        if wanted.makes_table is not None:
            return not (yield from self._is_made(reader, holder, wanted))
        if not fresh:
            if intent.refused is not Refusal.NONE:
                return True
            if (yield from self._evidence(reader, holder, wanted)) != intent.definitions:
                self._require_made(reader)
                log.info("ddl_had_run", epoch=self.change.epoch)
                return False
        return True

    def _require_made(self, reader: Connection) -> None:
        """What has changed since the intent must be what the statement makes."""
        for name, table in self._certain():
            if read_shape(reader, name).columns_differ(table):
                raise Fatal(
                    f"schema change {self.change.epoch} was broken off, and table {name} has become something else at"
                    f" the destination than it makes: {head(self.change.statement)}",
                    hint=f"give {name} the columns that it has at the source behind the statement, or those before it;"
                    " then start again",
                )

    def _refused(self, reader: Connection, intent: Intent) -> Intent:
        """The intent of a statement that was refused: what is seen at the first refusal tells how to judge later."""
        if intent.refused is not Refusal.NONE:
            return intent
        seen = is_as_told(reader, self.change, lexed_modes(self.change)) is False
        return replace(intent, refused=Refusal.SEEN if seen else Refusal.BLIND)

    def _done_by_hand(self, reader: Connection, wanted: Plan, intent: Intent) -> bool:
        """After a second refusal: what was seen to be missing at the first one is there."""
        if wanted.again is Again.HARMLESS or intent.refused is not Refusal.SEEN:
            return False
        done = bool(is_as_told(reader, self.change, lexed_modes(self.change)))
        if done:
            log.info("ddl_done_by_hand", epoch=self.change.epoch)
        return done

    def _has_database(self, reader: Connection, holder: Connection, wanted: Plan) -> Generator[None, None, bool]:
        """Whether the database to be made is there already; Fatal when it is somebody else's, and used otherwise."""
        name, (statement,) = str(wanted.makes_database), wanted.statements
        if not stands(reader, name):
            return False
        if not State(reader, self.state_database, self.target).has_made(name):
            with closing((yield from self._prepared(reader, holder))) as runner:
                self._standing(reader, runner).suit_database(name, statement)
        return True

    def _is_made(self, reader: Connection, holder: Connection, wanted: Plan) -> Generator[None, None, bool]:
        """Whether the table to be made is there already; Fatal when it is somebody else's."""
        made, (statement,) = self.change.tables[0], wanted.statements
        name = made.name
        if definition(reader, name) is None:
            return False
        present = State(reader, self.state_database, self.target).tables()
        if made.topic in present:
            return True  # CREATE TABLE IF NOT EXISTS, as at the source
        if other := _spelled_else(present, name):
            raise Fatal(
                f"schema change {self.change.epoch} makes table {name}, which at the destination would be the same as"
                f" {other}: it keeps names in lower case",
                hint="give one of them another name at the source, then migrate anew with a new task name; or migrate"
                " to a destination with lower_case_table_names = 0",
            )
        with closing((yield from self._prepared(reader, holder))) as runner:
            found = self._standing(reader, runner).differences(name, statement)
        if has_rows(reader, name):
            found.append("it holds rows")
        if found:
            raise Fatal(
                f"schema change {self.change.epoch} makes table {name}, which the destination has already, with a"
                f" difference: {'; '.join(found)}",
                hint=f"drop or rename the destination's table {name}, or make it like the source's and empty;"
                " then start again",
            )
        return True

    def _standing(self, reader: Connection, runner: Connection) -> Standing:
        return Standing(
            runner=runner,
            reader=reader,
            state_database=self.state_database,
            target=self.target,
            change=self.change,
        )

    def _run(self, reader: Connection, holder: Connection, wanted: Plan) -> Generator[None, None, Objection | None]:
        """Runs every statement; returns what stands against one, after which the others are not run."""
        statement = self.change.statement
        try:
            with closing((yield from self._prepared(reader, holder))) as runner:
                for statement in _statements(reader, wanted):
                    yield from copied_if_needed(runner, partial(self._wait_for, runner, (holder, reader), statement))
        except (Refused, Unlike) as error:
            return Objection(error, statement)
        seam("apply.ddl_run")
        return None

    def _prepared(self, reader: Connection, holder: Connection) -> Generator[None, None, Connection]:
        """A connection for the statement alone, in the session that it ran in at the source."""
        wording = wording_of(self.change)
        volatile = row_effects(self.change.statement, lexed_modes(self.change)).volatile
        if volatile and any(has_rows(reader, table.name) for table in self.change.tables):
            raise Unlike(
                f"schema change {self.change.epoch} gives the rows that are there values that differ from one run to"
                f" the next, and the log does not tell them: {head(self.change.statement)}",
                hint="the topics were written by an older version of penstock: migrate anew with a new task name",
            )
        time_zone = yield from zone_for(reader, self.change, wording, lambda sql: _asked(reader, sql, holder))
        runner = environment.open_session(self.endpoint)
        try:
            limits = Limits(idle_seconds=_RUNNER_IDLE_SECONDS, lock_wait_seconds=_LOCK_WAIT_SECONDS)
            enter(runner, self.change, wording, time_zone, limits)
        except BaseException:
            runner.close()
            raise
        return runner

    def _complete(self, reader: Connection, holder: Connection) -> Generator[None]:
        """What the statement did at the source and not here, whoever has run it here."""
        for statement in list(self._strayed(reader)):
            yield from self._wait_for(reader, (holder,), statement)
        for name, table in list(self._certain()):
            for statement in missing_defaults(read_shape(reader, name), table):
                yield from self._wait_for(reader, (holder,), statement)
            if table.engine and not table.reads_consistently:
                for statement in forgotten_foreign_keys(reader, name):
                    yield from self._wait_for(reader, (holder,), statement)

    def _strayed(self, reader: Connection) -> Iterator[str]:
        shown = self.change.session.get(SHOWN)
        if shown is None:
            return
        name = self.change.tables[0].name
        there = definition(reader, name)
        if there is not None:
            yield from strayed(name, shown, there, version(reader))

    def _wait_for(self, runner: Connection, resting: Sequence[Connection], statement: str) -> Generator[None]:
        """Runs a statement while other connections rest, and keeps them alive."""
        running = runner.start(self._tag + statement)
        yield from _until(running.finished, resting)
        for row in running.answer.rows:  # of maintenance: rows and definitions stay, whatever it says
            log.info("ddl_answer", epoch=self.change.epoch, answer=[value and value.decode() for value in row])
        for level, code, text in runner.query("SHOW WARNINGS"):
            if level != "Note" and code not in _EXPECTED_WARNINGS:
                log.warning("ddl_warning", epoch=self.change.epoch, code=code, text=server_text(text, statement))

    def _stuck(self, objection: Objection, refused: Refusal) -> Stuck:
        message, hint = str(objection.error), objection.error.hint
        if isinstance(objection.error, Refused):
            what = head(objection.statement)
            message = f"the destination refuses schema change {self.change.epoch}: {message}; in full: {what}"
            hint = "make the destination take the statement, or run an equivalent one there by hand; then start again"
        if refused is not Refusal.SEEN:
            where = f"target = {text_literal(self.target)} AND epoch = {self.change.epoch}"
            hint += (
                ". Nothing here shows the effect of this one: when it was done by hand, say so with"
                f" UPDATE {identifier(self.state_database)}.intents SET refused = 0, definitions = '' WHERE {where}"
            )
        tables = ", ".join(str(table.name) for table in self.change.tables)
        return Stuck(self.ledger.place, self.entry.offset, message, hint, tables)

    def _check(self, reader: Connection) -> None:
        """Rows that come next must fit: better here than at some row later."""
        for name, table in self._certain():
            layout_of(read_shape(reader, name), table)

    def _certain(self) -> Iterator[tuple[TableName, Table]]:
        """The tables as the statement left them at the source."""
        for touched in self.change.tables:
            if touched.definition is not None and touched.certain:
                yield touched.name, from_json(touched.definition)

    def _keep_claims(self, guard: State, claims: Claims, reader: Connection) -> None:
        """The tables must still be the target's own; those that are gone are nobody's."""
        change = self.change
        names = spelled(reader, [table.name for table in change.tables])
        if not claims.owns(names):
            raise Transient(f"another target has taken a table of schema change {change.epoch} over")
        made = guard.tables() if any(table.definition is None for table in change.tables) else {}
        for table, name in zip(change.tables, names, strict=True):
            if table.definition is None and table.topic in made:  # otherwise another spelling of it may be there
                claims.release(name)

    def _note(self, guard: State) -> None:
        change = self.change
        for table in change.tables:
            if table.definition is None:
                guard.drop_table(table.topic)
            else:
                guard.put_table(MadeTable(table.topic, table.name, change.epoch, table.barriers))
        if change.database is not None and change.kind == Kind.CREATE_DATABASE.name:
            guard.put_database(change.database)
        if change.database is not None and change.kind == Kind.DROP_DATABASE.name:
            guard.drop_database(change.database)
        guard.clear_intent(change.epoch)
        self.ledger.note(guard, self.entry)


def _asked(connection: Connection, sql: str, holder: Connection) -> Generator[None, None, list[Row]]:
    """The rows of a question that may take long."""
    running = connection.start(sql)
    yield from _until(running.finished, (holder,))
    return running.answer.rows


def _until(ready: Callable[[float], bool], resting: Sequence[Connection]) -> Generator[None]:
    """Yields until it is ready, and meanwhile keeps connections alive that would die when they are idle."""
    pinged = time.monotonic()
    while not ready(_ANSWER_SECONDS):
        if time.monotonic() - pinged > _PING_SECONDS:
            pinged = time.monotonic()
            for connection in resting:
                connection.query("SELECT 1")
        yield


def _statements(reader: Connection, wanted: Plan) -> Iterator[str]:
    """Each when the one before it has run: a database goes only when nothing else is left in it."""
    yield from wanted.statements
    if wanted.drops_database is not None and not _has_tables(reader, wanted.drops_database):
        yield drop_database(wanted.drops_database)


def _spelled_else(made: Mapping[str, MadeTable], name: TableName) -> TableName | None:
    """A table whose name differs by case only."""
    low = (folded(name.database), folded(name.name))
    names = (table.name for table in made.values())
    return next((each for each in names if (folded(each.database), folded(each.name)) == low and each != name), None)


def _has_tables(connection: Connection, database: str) -> bool:
    sql = f"{ON_PRIMARY}SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA = %s LIMIT 1"
    return bool(connection.query(sql, (database,)))
