"""What a schema change does to the tables that capture knows: read before it is published, taken over after it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from capture.anew import copied_anew
from capture.catalog import Catalog, Misfit
from capture.databases import Databases
from capture.merges import follow_merges
from capture.publisher import Publisher
from capture.rebuilding import last_records_suffice
from capture.schema import SchemaSource, careful
from capture.settings import CaptureSettings
from capture.statements import DATABASE_KINDS, Understood
from runtime.errors import Fatal
from runtime.telemetry import log
from schemas import map_fit
from schemas.ddl.effects import disagreement, tables_after
from schemas.ddl.row_effects import without_discard, without_ignore
from schemas.ddl.shown import referring
from schemas.ddl.statement import Kind, Statement
from schemas.engines import forgets_rows, holds_rows
from schemas.names import TableName
from schemas.position import GtidSet
from schemas.records import SHOWN, TouchedTable
from schemas.sql import qualified
from schemas.table import Table, to_json
from snapshot.interleave import Interleave
from snapshot.released import Replanned
from snapshot.ties import Ties

_ANEW = "migrate anew, with a new task name"


@dataclass(frozen=True, slots=True)
class Evolved:
    """The tables that a statement touches."""

    before: set[TableName]  # known before it
    after: dict[TableName, Table]  # there after it
    certain: set[TableName]  # those of `after` whose definition cannot be newer than the statement
    tables: tuple[TouchedTable, ...] = ()
    #: known before it, and copied anew: what is published of them goes before the statement runs
    anew: tuple[TouchedTable, ...] = ()


class Evolution:
    """Keeps the catalog, the topics and the snapshot in step with the schema."""

    def __init__(
        self,
        settings: CaptureSettings,
        publisher: Publisher,
        catalog: Catalog,
        interleave: Interleave,
        schema: SchemaSource,
        databases: Databases,
    ) -> None:
        self._settings = settings
        self._publisher = publisher
        self._catalog = catalog
        self._interleave = interleave
        self._schema = schema
        self._databases = databases

    def read(self, understood: Understood, transaction: str, executed: GtidSet) -> Evolved:
        """What the statement touches, with topics made and barriers counted. Nothing may be open in Kafka."""
        found = self._touched(understood, transaction, executed)
        self._refuse_engines(found)
        names = sorted(found.before | set(found.after))
        topics = self._publisher.tables
        topics.claim(names)
        offsets = {name: self._publisher.barriers(name) for name in names}
        topics.keep([name for name in names if self._needs_all(understood, found, name, offsets[name])])
        anew = self._copied_anew(understood, found.before)
        empty = tuple(self._known(name, self._publisher.barriers(name)) for name in sorted(anew))
        for table in found.after.values():
            topics.prepare(table, table.may_be_spread and table.name in found.certain)
        tables = tuple(
            self._touched_table(name, found.after.get(name), offsets[name], name in found.certain) for name in names
        )
        return Evolved(found.before, found.after, found.certain, tables, empty)

    def at_targets(self, understood: Understood, change: Evolved) -> Iterator[tuple[str, Kind]]:
        """What is to run at targets, where tables that are copied anew are empty by then."""
        effects, session = understood.effects, understood.session
        if effects.imports:
            return  # of files that no target has
        text, kind = understood.text, understood.statement.kind
        if effects.picks and change.anew:
            text = without_ignore(text, session.modes, session.server_version)
        if effects.discards:
            text, kind = without_discard(text, session.modes, session.server_version)
        yield text, kind

    def shown(self, understood: Understood, transaction: str, executed: GtidSet) -> dict[str, str]:
        """The definition of a table with foreign keys, whose indexes may have come or gone with other keys."""
        statement = understood.statement
        if statement.kind not in (Kind.ALTER_TABLE, Kind.CREATE_INDEX, Kind.DROP_INDEX) or statement.renames:
            return {}
        (name, *others) = statement.tables
        if others or name not in self._catalog:
            return {}
        if not referring(self._schema.present(name)):  # asked before the log, which takes longer
            return {}
        position = executed.copy()
        position.add(transaction)
        text = self._schema.shown(transaction, name, position)
        return {} if text is None else {SHOWN: text}

    def _needs_all(self, understood: Understood, found: Evolved, name: TableName, offsets: tuple[int, ...]) -> bool:
        """Whether a target that is built anew needs every record of the table's topic from now on."""
        if understood.statement.renames or understood.effects.exchanges:
            return True  # its rows lie in another topic until now
        before = self._catalog.certain(name) if name in found.before else None
        after = found.after.get(name) if name in found.certain else None
        return any(offsets) and not last_records_suffice(understood, before, after)

    def take_over(self, understood: Understood, transaction: str, change: Evolved) -> list[TouchedTable]:
        """Tells the catalog and the snapshot, and records what became of its ranges in the open Kafka transaction.

        Returns further tables whose rows must go at the targets, because they are read again as a whole.
        """
        if understood.statement.kind in DATABASE_KINDS:
            self._databases.changed(understood.text, understood.statement, understood.session)
        for name in change.before - set(change.after):
            self._catalog.changed(name, None)
        for name, table in change.after.items():
            self._catalog.changed(name, table)
        emptied = []
        for replanned in self._replanned(understood, transaction, change):
            for part in replanned.ranges:
                self._publisher.progress(part)
            if replanned.empties:
                name = replanned.ranges[0].name
                offsets = self._publisher.barriers(name)
                emptied.append(self._touched_table(name, change.after[name], offsets, name in change.certain))
        self._catalog.doubt(set(change.after) - change.certain)
        return emptied

    def copy(self, name: TableName, transaction: str, executed: GtidSet, ties: Ties) -> None:
        """All rows of a table of which targets have none come from the source, as they stand after `transaction`."""
        interleave = self._interleave
        if interleave.unfinished(name):
            ranges = interleave.copied_anew(name, transaction).ranges
        else:
            published = executed.copy()
            published.add(transaction)
            records = self._schema.ranges(self._catalog.table(name), ties, interleave.next_id())
            ranges = interleave.add(records, published).ranges
        for part in ranges:
            self._publisher.progress(part)
        log.info("table_is_copied", table=str(name), ranges=len(ranges))

    def adopt(self, misfit: Misfit, transaction: str, executed: GtidSet) -> None:
        """Takes over the table's definition of now: when it is that of this place in the log, and the log fits it."""
        name = misfit.event.name
        table, later = self._schema.current(name, executed)
        doubt = "the table is gone" if table is None else map_fit.misfit(misfit.event, table)
        if table is None or doubt or later:
            since = "; ".join(text[:200] for text in later) or "none in the log"
            raise Fatal(
                f"{name}: the log does not name the columns of its rows, and what is known of them does not fit "
                f"({misfit.reason}). The definition of now {f'does not fit ({doubt})' if doubt else 'may be newer'}; "
                f"statements on the table since then: {since}",
                hint="SET PERSIST binlog_row_metadata = 'FULL' at the source (MySQL 8.0 and later), then migrate anew "
                "with a new task name; before 8.0, change tables only while the task is caught up",
            )
        log.info("definition_adopted", table=str(name), reason=misfit.reason)
        self._catalog.corrected(table)
        self._catalog.changed(name, table)
        replanned = self._interleave.schema_changed(name, transaction)
        if replanned.empties:
            raise Fatal(f"{name}: its key is gone, and no statement in the log says so", hint=_ANEW)
        for part in replanned.ranges:
            self._publisher.progress(part)

    def _touched(self, understood: Understood, transaction: str, executed: GtidSet) -> Evolved:
        statement = understood.statement
        selected = self._settings.selection.selected
        if statement.kind in DATABASE_KINDS:
            gone = self._catalog.of_database(statement.database or "") if statement.kind is Kind.DROP_DATABASE else []
            return Evolved(set(gone), {}, set())
        names = [name for name in statement.tables if selected(name)]
        before = {name for name in names if name in self._catalog}
        if statement.kind is Kind.DROP_TABLE:
            return Evolved(set(names), {}, set())
        if statement.kind in (Kind.RENAME_TABLE, Kind.TRUNCATE_TABLE):
            renames = statement.renames
            after, certain = self._catalog.renamed(renames) if renames else self._catalog.tables(before)
            return Evolved(before, {name: table for name, table in after.items() if name in names}, certain)
        gone_names = {old for old, _ in statement.renames} - {new for _, new in statement.renames}
        kept = [name for name in names if name not in gone_names]
        position = executed.copy()
        position.add(transaction)
        found, certain = self._schema.tables_after(transaction, kept, position)
        computed = self._computed(understood)
        for name in sorted(certain & set(computed)):
            difference = disagreement(computed[name], found[name])
            if difference:
                log.warning("computed_definition_differs", table=str(name), difference=difference)
        after = {name: found[name] for name in certain} | {
            name: computed.get(name) or found.get(name) or self._tracked(name) for name in kept if name not in certain
        }
        return Evolved(before, after, certain | (set(computed) & set(kept)))

    def meant(self, understood: Understood) -> Understood:
        """A DELETE that the server itself has logged, since a restart has emptied a table in memory, as TRUNCATE."""
        follow_merges(understood, self._catalog, self._settings.selection)
        names = understood.statement.tables
        if not understood.deletes_all or not names or names[0] not in self._catalog:
            return understood
        if not forgets_rows(self._catalog.table(names[0]).engine):
            return understood
        statement = Statement(kind=Kind.TRUNCATE_TABLE, tables=names)
        return replace(understood, text=f"TRUNCATE TABLE {qualified(names[0])}", statement=statement)

    def _refuse_engines(self, found: Evolved) -> None:
        for table in found.after.values():
            if not holds_rows(table.engine):
                raise Fatal(
                    f"{table.name} is a table of the engine {table.engine} from now on: its rows are not its own, or "
                    "not all changes of them are logged",
                    hint=f"leave it out with objects.exclude; {_ANEW}",
                )

    def _copied_anew(self, understood: Understood, before: set[TableName]) -> set[TableName]:
        """The tables whose rows a target cannot make of those that it has (docs/decisions/033)."""
        tables = [self._catalog.table(name) for name in understood.statement.tables if name in before]
        found = copied_anew(understood.effects, tables, self._interleave.unfinished)
        return self._interleave.with_followers(found) if found else set()

    def _known(self, name: TableName, offsets: tuple[int, ...]) -> TouchedTable:
        """A table as it stands before the statement."""
        return self._touched_table(name, self._catalog.table(name), offsets, self._catalog.certain(name) is not None)

    def _computed(self, understood: Understood) -> dict[TableName, Table]:
        """The definitions that the statement's text leaves, where they are certain."""
        statement = understood.statement
        known = [name for name in statement.tables if name in self._catalog]
        if statement.if_not_exists and any(self._catalog.certain(name) is None for name in known):
            return {}  # it leaves a definition that is not certain
        return tables_after(
            understood.text,
            statement,
            understood.session,
            understood.database,
            self._catalog.certain,
            self._databases.defaults,
        )

    def _tracked(self, name: TableName) -> Table:
        """What stands for a definition that cannot be read any more, until row events tell; at worst no columns."""
        return careful(self._catalog.table(name)) if name in self._catalog else Table(name=name, columns=())

    def _replanned(self, understood: Understood, transaction: str, change: Evolved) -> list[Replanned]:
        statement, interleave = understood.statement, self._interleave
        replanned = []
        for old, new in statement.renames:
            replanned.append(interleave.renamed(old, new, transaction))
        moved = {name for pair in statement.renames for name in pair}
        gone = sorted(change.before - set(change.after) - moved)
        replanned += [interleave.dropped(name, transaction) for name in gone]
        tell = interleave.schema_changed
        if statement.kind is Kind.TRUNCATE_TABLE or understood.effects.removes:
            tell = interleave.truncated
        names = dict(statement.renames)
        anew = {names.get(empty.name, empty.name) for empty in change.anew}
        replanned += [tell(name, transaction) for name in sorted(set(change.after) - anew)]
        known = [name for name in sorted(anew) if name in self._catalog]
        return replanned + [interleave.copied_anew(name, transaction) for name in known]

    def _touched_table(
        self, name: TableName, table: Table | None, offsets: tuple[int, ...], certain: bool
    ) -> TouchedTable:
        return TouchedTable(
            database=name.database,
            table=name.name,
            topic=self._publisher.tables.name(name),
            definition=None if table is None else to_json(table),
            barriers=offsets or (0,) * self._publisher.tables.partitions(name),
            certain=certain or table is None,
        )
