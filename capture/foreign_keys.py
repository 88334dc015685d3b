"""Which tables follow which by foreign keys, as of the stream's place.

Read from the statements that the schema topic holds and those that come by, so a new session knows what the last one
knew. What a statement takes away by a name that the server may have given stays here: the destination, which has run
the same statements, knows which keys there are; here it only counts who must wait for whom.
"""

from collections.abc import Iterable
from dataclasses import replace

from capture.statements import Statements
from runtime.errors import Fatal
from schemas.codec import RowsKind
from schemas.ddl.cursor import Unclear
from schemas.ddl.engine_text import said_engine
from schemas.ddl.foreign_keys import FOLLOWING, ForeignKey, between, circle, grouped, read_foreign_keys
from schemas.ddl.kinds import Kind, Statement
from schemas.ddl.session import Session
from schemas.ddl.statement import understand
from schemas.ddl.ways import contradictory
from schemas.engines import reads_consistently
from schemas.names import TableName
from schemas.records import SchemaChange
from schemas.selection import Selection


class ForeignKeys:
    """Followed from statement to statement."""

    def __init__(self, statements: Statements, changes: Iterable[SchemaChange], selection: Selection) -> None:
        """`changes`: every schema change so far, in order."""
        self.silent = not statements.logs_cascades  # the server's log does not hold what follows
        self._selection = selection
        self._keys: set[ForeignKey] = set()
        self._doubtful: set[TableName] = set()  # tables that have lost a constraint
        self._default_engine = statements.default_engine
        self._plain: set[TableName] = set()  # tables whose engine reads foreign keys and forgets them
        self._deleting: frozenset[TableName] = frozenset()
        self._updating: frozenset[TableName] = frozenset()
        self._between: dict[TableName, set[TableName]] = {}
        self._of_parent: dict[TableName, list[ForeignKey]] = {}  # those by which rows follow
        for change in changes:
            session = statements.meaning(change.session)
            statement = understand(change.statement, change.database, session.modes, session.server_version)
            self._follow(change.statement, statement, session)
        self._settle()

    def changed(self, text: str, statement: Statement, session: Session) -> None:
        """A statement has run; Fatal when selected rows begin to follow rows that are not selected."""
        before = self._keys, set(self._doubtful)
        self._follow(text, statement, session)
        if before != (self._keys, self._doubtful):
            self._settle()

    def _follow(self, text: str, statement: Statement, session: Session) -> None:
        match statement.kind:
            case Kind.CREATE_TABLE | Kind.ALTER_TABLE:
                self._read(text, statement, session)
            case Kind.DROP_TABLE:
                self._drop(set(statement.tables))
            case Kind.DROP_DATABASE:
                self._drop({key.child for key in self._keys if key.child.database == statement.database})
        for old, new in statement.renames:
            self._rename(old, new)

    def _settle(self) -> None:
        """What follows from the keys."""
        self._between = between(self._keys)
        self._of_parent = grouped((key for key in self._keys if key.follows), lambda key: key.parent)
        self._refuse_strangers()
        self._refuse_circles()
        self._refuse_contradictions()
        self._deleting = frozenset(key.parent for key in self._keys if key.on_delete in FOLLOWING)
        self._updating = frozenset(key.parent for key in self._keys if key.on_update in FOLLOWING)

    def left(self, renames: Iterable[tuple[TableName, TableName]]) -> None:
        """Tables are renamed out of the selection; Fatal when rows of others go on following theirs."""
        renames = list(renames)
        self._drop({old for old, _ in renames})
        for old, new in renames:
            self._rename(old, new)
        self._settle()

    def followed(self, table: TableName, kind: RowsKind) -> bool:
        """True when other rows may follow those of `table` that are deleted, or get other values."""
        match kind:
            case RowsKind.DELETE:
                return table in self._deleting
            case RowsKind.UPDATE:
                return table in self._updating
            case RowsKind.INSERT:
                return False

    def fired(self, table: TableName, kind: RowsKind) -> list[ForeignKey]:
        """The keys by which rows follow those of `table`."""
        return [
            key for key in self._of(table) if (key.on_delete if kind is RowsKind.DELETE else key.on_update) in FOLLOWING
        ]

    def reach(self, fired: Iterable[ForeignKey]) -> list[ForeignKey]:
        """`fired` and the keys of the children, of their children and so on, in a lasting order."""
        found = set(fired)
        waiting = list(found)
        while waiting:
            key = waiting.pop()
            further = {other for other in self._of(key.child) if key.leads_on(other)} - found
            found |= further
            waiting += further
        return sorted(found, key=lambda key: (key.child, key.parent, key.referenced))

    def at_once(self, table: TableName) -> bool:
        """True when a way leads from rows of the table on to rows of the same table."""
        return self.silent and table in self._between.get(table, ())

    def before(self, table: TableName) -> set[TableName]:
        """The other tables through which a way leads to rows of the table."""
        return self._between.get(table, set()) - {table} if self.silent else set()

    def behind(self, table: TableName) -> set[TableName]:
        """The other tables to whose rows a way leads through this one."""
        return {key.child for key in self._of(table) if table in self.before(key.child)}

    def _refuse_strangers(self) -> None:
        """A table may be made so, or its parent renamed out of the selection."""
        selected = self._selection.selected
        for key in self._keys:
            if self.silent and key.follows and selected(key.child) and not selected(key.parent):
                raise Fatal(
                    f"rows of {key.child} follow those of {key.parent}, which is not selected, and the log of this "
                    "server does not hold what foreign keys do to child rows",
                    hint=f"select {key.parent} too, or drop the foreign key's ON DELETE and ON UPDATE; then migrate "
                    "anew with a new task name",
                )

    def _refuse_circles(self) -> None:
        """Of tables that follow each other none could be copied before the others."""
        if self.silent and (found := circle(self._between)):
            raise Fatal(
                f"rows of {', '.join(map(str, found))} follow each other in a circle, and the log of this "
                "server does not hold what foreign keys do to child rows",
                hint="drop ON DELETE and ON UPDATE of one of the foreign keys, then migrate anew with a new task name",
            )

    def _refuse_contradictions(self) -> None:
        """The order in which InnoDB takes several ways to one row is its own. Keys that may be gone do not count here:
        apply, which sees those that are there, stops where a row hangs on it."""
        if self.silent and (found := contradictory([key for key in self._keys if self.certain(key)])):
            raise Fatal(
                f"rows of {found} follow others by foreign keys that contradict each other: what becomes of them hangs "
                "on the order in which the server takes the keys, and its log does not tell",
                hint=f"drop ON DELETE and ON UPDATE of one of the foreign keys of {found}; then migrate anew with a "
                "new task name",
            )

    def _of(self, parent: TableName) -> list[ForeignKey]:
        return self._of_parent.get(parent, [])

    def certain(self, key: ForeignKey) -> bool:
        """False when the key may not be there: it may have been dropped, or never made."""
        return key.child not in self._doubtful

    def _read(self, text: str, statement: Statement, session: Session) -> None:
        table = statement.tables[0]
        self._tell_engine(table, text, statement, session)
        try:
            found = read_foreign_keys(text, table, session.modes, session.server_version)
        except Unclear as error:
            raise Fatal(
                f"{table}: the foreign keys of this statement cannot be read: {' '.join(text[:200].split())}",
                hint="migrate anew with a new task name, after the statement",
            ) from error
        plain = table in self._plain
        made = {key for key in found.made if self._selection.selected(key.child) and not plain}
        if found.drops or statement.if_not_exists:
            self._doubtful.add(table)
        if found.renamed_columns:
            self._keys = {_with_names(key, table, dict(found.renamed_columns)) for key in self._keys}
        self._keys = self._keys | made if made else self._keys

    def _tell_engine(self, table: TableName, text: str, statement: Statement, session: Session) -> None:
        if not self.silent:
            return
        engine = said_engine(text, session.modes, session.server_version)
        if engine is None and statement.kind is Kind.CREATE_TABLE and not statement.if_not_exists:
            engine = self._default_engine
        if engine is None:
            return
        if reads_consistently(engine):
            self._plain.discard(table)
        else:
            self._drop({table})
            self._plain.add(table)

    def _drop(self, tables: set[TableName]) -> None:
        if any(key.child in tables for key in self._keys):
            self._keys = {key for key in self._keys if key.child not in tables}
        self._doubtful -= tables
        self._plain -= tables

    def _rename(self, old: TableName, new: TableName) -> None:
        names = {old: new}
        if any(old in (key.child, key.parent) for key in self._keys):
            self._keys = {
                replace(key, child=names.get(key.child, key.child), parent=names.get(key.parent, key.parent))
                for key in self._keys
            }
        if old in self._doubtful:
            self._doubtful.remove(old)
            self._doubtful.add(new)
        if old in self._plain:
            self._plain.remove(old)
            self._plain.add(new)


def _with_names(key: ForeignKey, table: TableName, renamed: dict[str, str]) -> ForeignKey:
    """The key after columns of `table` were renamed."""
    names = {old.lower(): new for old, new in renamed.items()}
    if key.child == table:
        key = replace(key, columns=tuple(names.get(name.lower(), name) for name in key.columns))
    if key.parent == table:
        key = replace(key, referenced=tuple(names.get(name.lower(), name) for name in key.referenced))
    return key
