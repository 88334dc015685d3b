"""What of a statement concerns the task's tables: it may name others beside them, and views.

A target has the tables that are captured, and nothing else. So it drops what leaves the selection, and runs the rest
of a statement for the tables that it has; what comes in from outside is copied. Pure.
"""

from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, field

from schemas.ddl.kinds import Kind, Statement
from schemas.ddl.rewrite import drop_tables, rename_tables
from schemas.names import TableName

Rename = tuple[TableName, TableName]


@dataclass(frozen=True, slots=True)
class Known:
    """What there is at the statement's place."""

    captured: Container[TableName]
    newcomers: Container[TableName]  # selected, there, and not captured yet
    views: Container[TableName]
    selected: Callable[[TableName], bool]


@dataclass(slots=True)
class Concern:
    """What becomes of the task's tables, in this order."""

    leaving: list[Rename] = field(default_factory=list)  # captured tables with the names that they get
    text: str | None = None  # None: as it is written
    statement: Statement | None = None  # what targets run; None: nothing
    emptied: list[TableName] = field(default_factory=list)  # captured tables that hold other rows afterwards
    coming: list[TableName] = field(default_factory=list)  # tables to be copied when their definition is certain
    gone: list[TableName] = field(default_factory=list)  # newcomers that are no more
    renamed_views: list[Rename] = field(default_factory=list)

    @property
    def idle(self) -> bool:
        """True when the statement has done nothing that concerns the task."""
        return self == Concern()

    @property
    def drop(self) -> tuple[str, Statement] | None:
        """The statement by which targets let go of what leaves."""
        names = [old for old, _ in self.leaving]
        if not names:
            return None
        return drop_tables(names, if_exists=True), Statement(kind=Kind.DROP_TABLE, tables=tuple(names), if_exists=True)


def concern(statement: Statement, known: Known) -> Concern:
    """Of a statement that changes the schema of selected tables or databases."""
    tables = statement.tables
    match statement.kind:
        case Kind.CREATE_TABLE | Kind.CREATE_TABLE_LIKE:
            found = _creation(statement, known)
        case Kind.DROP_TABLE:
            found = _drop(statement, known)
        case Kind.RENAME_TABLE:
            found = _renames(statement, known)
        case Kind.ALTER_TABLE if statement.renames:
            found = _alter_and_rename(statement, known)
        case Kind.ALTER_TABLE if len(tables) > 1:
            found = _exchange(statement, known)
        case Kind.CREATE_DATABASE | Kind.ALTER_DATABASE | Kind.DROP_DATABASE:
            found = Concern(statement=statement)
        case _:
            found = Concern(statement=statement if tables[0] in known.captured else None)
    found.coming += [name for name in tables if name in known.newcomers and name not in (*found.gone, *found.coming)]
    return found


def _creation(statement: Statement, known: Known) -> Concern:
    name = statement.tables[0]
    if statement.if_not_exists and any(name in there for there in (known.captured, known.newcomers, known.views)):
        return Concern()  # nothing happens
    if statement.kind is Kind.CREATE_TABLE or (statement.references and statement.references[0] in known.captured):
        return Concern(statement=statement)
    return Concern(coming=[name])


def _drop(statement: Statement, known: Known) -> Concern:
    captured = [name for name in statement.tables if name in known.captured]
    found = Concern(gone=[name for name in statement.tables if name in known.newcomers])
    if len(captured) == len(statement.tables):
        found.statement = statement
    elif captured:
        found.text = drop_tables(captured, if_exists=statement.if_exists)
        found.statement = Statement(kind=Kind.DROP_TABLE, tables=tuple(captured), if_exists=statement.if_exists)
    return found


def _renames(statement: Statement, known: Known) -> Concern:
    """One rename follows the other; a name that is not selected may be on the way."""
    holders: dict[TableName, TableName] = {}  # by present name, the name before the statement
    moves: list[tuple[TableName, Rename]] = []
    for old, new in statement.renames:
        first = holders.pop(old, old)
        holders[new] = first
        moves.append((first, (old, new)))
    found = Concern()
    for name, first in holders.items():
        _settle(found, first, name, known)
    leaving = {first for first, _ in found.leaving}
    mine = _inside([move for move in moves if move[0] in known.captured and move[0] not in leaving], known)
    if mine:
        tables = tuple(dict.fromkeys(name for pair in mine for name in pair))
        found.statement = Statement(kind=Kind.RENAME_TABLE, tables=tables, renames=tuple(mine))
        found.text = None if found.statement == statement else rename_tables(mine)
    return found


def _inside(moves: Sequence[tuple[TableName, Rename]], known: Known) -> list[Rename]:
    """Renames of captured tables, each with the name that its table had before; what is not selected on the way is not
    at the targets, and becomes a free name in the table's own database."""
    instead: dict[TableName, TableName] = {}
    renames: list[Rename] = []
    for first, (old, new) in moves:
        if not known.selected(new):
            instead[new] = _free(first.database, len(renames), known)
        renames.append((instead.get(old, old), instead.get(new, new)))
    return renames


def _free(database: str, number: int, known: Known) -> TableName:
    """A name on the way that no table has."""
    while True:
        name = TableName(database, f"penstock_on_the_way_{number}")
        if not any(name in there for there in (known.captured, known.newcomers, known.views)):
            return name
        number += 1000


def _settle(found: Concern, first: TableName, name: TableName, known: Known) -> None:
    """Notes what has become of the table or view that was called `first`."""
    if first in known.captured:
        if not known.selected(name):
            found.leaving.append((first, name))
    elif first in known.views:
        found.renamed_views.append((first, name))
    else:
        if first in known.newcomers:
            found.gone.append(first)
        if known.selected(name):
            found.coming.append(name)


def _alter_and_rename(statement: Statement, known: Known) -> Concern:
    found = Concern()
    ((old, new),) = statement.renames
    _settle(found, old, new, known)
    if old in known.captured and not found.leaving:
        found.statement = statement
    return found


def _exchange(statement: Statement, known: Known) -> Concern:
    captured = [name for name in statement.tables if name in known.captured]
    if len(captured) == len(statement.tables):
        return Concern(statement=statement)
    return Concern(emptied=captured)
