"""What rows do to others by foreign keys, where the log is silent about it: before MySQL 9.6 InnoDB cascades below the
log, and each replica cascades by itself (https://dev.mysql.com/doc/refman/8.4/en/innodb-and-mysql-replication.html).

The rows that follow are known to none but a destination, which finds them by their foreign keys. It is told where in
the topics of their tables it is to look.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from capture.catalog import Catalog, Shape
from capture.foreign_keys import ForeignKeys
from capture.publisher import Publisher
from runtime.errors import Fatal
from runtime.telemetry import log, snapshot_restarts
from schemas.codec import Messages, RowsKind, decode
from schemas.ddl.foreign_keys import ForeignKey, moved
from schemas.names import TableName
from schemas.plan import LiteralPlan, literal_plan
from schemas.records import FollowedRow, FollowingTable
from schemas.registry import Entry
from schemas.table import Column, Table
from snapshot.interleave import Interleave

_UNLIKE = frozenset(("enum", "set"))  # a foreign key compares their numbers, a statement their labels
_ALIKE = {"varchar": "char", "varbinary": "binary"}
_ANEW = "then migrate anew with a new task name"


@dataclass(frozen=True, slots=True)
class Followed:
    """Rows of `table` that others may follow, by these keys."""

    table: TableName
    columns: tuple[str, ...]
    rows: tuple[FollowedRow, ...]
    keys: tuple[ForeignKey, ...]

    @property
    def changed(self) -> set[str]:
        """The columns that have got other values in some row that is still there."""
        rows = [(row.before, row.after) for row in self.rows if row.after is not None]
        return {
            name for number, name in enumerate(self.columns) if any(old[number] != new[number] for old, new in rows)
        }


class Cascades:
    """Finds what is followed, and says where its followers stand."""

    def __init__(
        self,
        publisher: Publisher,
        catalog: Catalog,
        interleave: Interleave,
        keys: ForeignKeys,
    ) -> None:
        self._publisher = publisher
        self._catalog = catalog
        self._interleave = interleave
        self._plans: dict[tuple[int, str], LiteralPlan] = {}
        self._restarts: Counter[TableName] = Counter()
        self.keys = keys

    def followed(self, shape: Shape, kind: RowsKind, messages: Messages) -> Followed | None:
        """What follows all rows of an event; None when nothing does."""
        fired = [
            key
            for key in self.keys.fired(shape.table.name, kind)
            if self._is_there(key.child) and (self.keys.certain(key) or not _missing(key, shape.table))
        ]
        columns = tuple(dict.fromkeys(name for key in fired for name in _referenced(key, shape.table)))
        same_keys = kind is RowsKind.UPDATE and len(messages.values) == messages.rows
        if not fired or (same_keys and {*columns} <= {*shape.table.key}):
            return None
        readers = [self._reader(shape, column) for column in columns]
        rows = tuple(_rows(kind, readers, messages.values))
        if rows and not self.keys.silent:
            raise Fatal(
                f"{shape.table.name}: other rows followed rows of this event by foreign keys, and this server's log, "
                "which should hold them, does not: it has applied the log of a server before MySQL 9.6",
                hint="read the log of that server itself: migrate anew from it, with a new task name",
            )
        if not rows:
            return None
        reached = tuple(self.keys.reach(fired))
        if kind is RowsKind.DELETE and len(rows) > 1:
            self._refuse_company(shape.table, reached)
        for key in reached:
            self._refuse_unlike(key, kind)
        return Followed(shape.table.name, columns, rows, reached)

    def stand(self, followed: Followed) -> bool:
        """True when nothing was published of the followers' tables since their barriers were last counted."""
        return all(self._publisher.stands(key.child) for key in followed.keys if self._is_there(key.child))

    def tables(self, followed: Followed) -> tuple[FollowingTable, ...]:
        """The tables of the followers, of whose topics every record stays from now on: a target that is built anew runs
        the cascade again, and must find what was there.

        Unless they `stand`, nothing may be open in Kafka.
        """
        found: dict[TableName, dict[TableName, bool]] = {}
        for key in followed.keys:
            if self._is_there(key.child):
                parents = found.setdefault(key.child, {})
                parents[key.parent] = parents.get(key.parent, False) or self.keys.certain(key)
        self._publisher.tables.keep(found)
        return tuple(self._following(name, parents) for name, parents in found.items())

    def read_again(self, followed: Followed, transaction: str) -> None:
        """Chunks that may lack what happened are read again, whole tables where rows may have left what is to be read
        for what has been; that is recorded in the open Kafka transaction."""
        children = {key.child for key in followed.keys if self._is_there(key.child)}
        moving = moved(followed.keys, followed.table, followed.changed, self._identity)
        for name in sorted(children):
            if name not in moving:
                self._interleave.followed(name, transaction)
                continue
            parts = self._interleave.moved(name, transaction).ranges
            for part in parts:
                self._publisher.progress(part)
            if parts:
                self._report_restart(name, followed.table)

    def _report_restart(self, table: TableName, parent: TableName) -> None:
        """Told the first, second, fourth, eighth time and so on."""
        snapshot_restarts.labels(str(table)).inc()
        self._restarts[table] += 1
        times = self._restarts[table]
        if times & (times - 1) == 0:
            log.warning("copy_begins_again", table=str(table), parent=str(parent), times=times)

    def _identity(self, table: TableName) -> list[str]:
        return list(self._catalog.table(table).key) if table in self._catalog else []

    def _is_there(self, table: TableName) -> bool:
        """False while the topics hold no row of the table, and those that come later are read later."""
        return table in self._catalog and not self._interleave.drops(table)

    def _refuse_company(self, table: Table, reached: Sequence[ForeignKey]) -> None:
        """Fatal where rows of an event, before they went, may have lost values as others of the event did.

        The log has the rows as they were when their turn came: a target, where nothing has followed yet, must find them
        by their key alone.
        """
        emptied = [key for key in reached if key.child == key.parent == table.name and key.on_delete == "SET NULL"]
        names = {name.lower() for key in emptied for name in key.columns}
        further = any(key.parent == table.name and names & set(map(str.lower, key.referenced)) for key in reached)
        if emptied and (further or not table.key):
            raise Fatal(
                f"{table.name}: one statement has deleted several rows, of which some may have lost what they referred "
                "to (ON DELETE SET NULL) as others of them went, and "
                + ("further rows follow by that" if further else "the table has no key to find them by"),
                hint=f"delete such rows one by one, or give {table.name} a primary key that is referred to; {_ANEW}",
            )

    def _refuse_unlike(self, key: ForeignKey, kind: RowsKind) -> None:
        """Fatal where a statement would not do as the foreign key does."""
        if key.parent not in self._catalog or key.child not in self._catalog:
            return
        gets = kind is RowsKind.UPDATE and key.on_update == "CASCADE"
        for own, other in self._pairs(key):
            if reason := _unlike(own, other, gets):
                raise Fatal(
                    f"rows of {key.child} follow those of {key.parent} by columns that a destination would change "
                    f"otherwise than the source has: {reason}",
                    hint=f"drop the foreign key's ON DELETE and ON UPDATE, or give the columns one type; {_ANEW}",
                )

    def _pairs(self, key: ForeignKey) -> Iterator[tuple[Column, Column]]:
        """The child's columns and those that they follow; nothing for one that refers by itself."""
        parent, child = (_by_name(self._catalog.table(name)) for name in (key.parent, key.child))
        for own, other in zip(key.columns, key.referenced, strict=False):
            if own.lower() in child and other.lower() in parent:
                yield child[own.lower()], parent[other.lower()]

    def _reader(self, shape: Shape, column: str) -> LiteralPlan:
        """A plan that gives both images of one column, whatever the record's key is."""
        at = (shape.plan.value_id, column)
        if at not in self._plans:
            made = literal_plan(Entry(shape.plan.value_id, "", "", shape.table), [])
            position = next(each.index for each in made.columns if each.name == column)
            self._plans[at] = replace(made, key=(), conditions=(), written=(position,))
        return self._plans[at]

    def _following(self, name: TableName, parents: dict[TableName, bool]) -> FollowingTable:
        return FollowingTable(
            database=name.database,
            table=name.name,
            topic=self._publisher.tables.name(name),
            barriers=self._publisher.barriers(name),
            parents=tuple(parents),
            certain=tuple(parents.values()),
        )


def _by_name(table: Table) -> dict[str, Column]:
    return {column.name.lower(): column for column in table.columns}


def _unlike(own: Column, other: Column, gets: bool) -> str:
    """Why a column that refers to another would not follow it alike; empty: it does. `gets`: it gets its new values."""
    if _UNLIKE & {own.data_type, other.data_type}:
        return "ENUM or SET"
    if gets and (own.data_type, other.data_type) == ("varchar", "char"):
        return "VARCHAR that gets CHAR's blanks"
    if _stored(own) != _stored(other):  # a foreign key compares bytes, a statement values
        return f"{own.column_type} and {other.column_type}"
    return ""


def _stored(column: Column) -> tuple[object, ...]:
    """Two columns that are alike in this have the same bytes for the same value."""
    bits = column.length if column.data_type == "bit" else 0
    return _ALIKE.get(column.data_type, column.data_type), column.precision, column.scale, column.fraction, bits


def _missing(key: ForeignKey, parent: Table) -> bool:
    """True when the key, if there is one, refers to other columns by now."""
    return not {name.lower() for name in key.referenced} <= _by_name(parent).keys()


def _referenced(key: ForeignKey, parent: Table) -> tuple[str, ...]:
    """The parent's columns, as it spells them."""
    names = key.referenced or parent.key
    if _missing(key, parent):
        raise Fatal(
            f"rows of {key.child} follow those of {parent.name} by {', '.join(names)}: columns that are not there",
            hint=f"drop the foreign key's ON DELETE and ON UPDATE; {_ANEW}",
        )
    spelled = {column.name.lower(): column.name for column in parent.columns}
    return tuple(spelled[name.lower()] for name in names)


def _rows(kind: RowsKind, readers: Sequence[LiteralPlan], values: Sequence[bytes]) -> Iterator[FollowedRow]:
    """Each row that went, or of which one of the columns has another value."""
    before: tuple[str, ...] = ()
    for value in values:
        changes = [decode(reader, value) for reader in readers]
        old = tuple(change.before[0] for change in changes if change.before)
        new = tuple(change.after[1:-1] for change in changes if change.after)
        before = old or before  # an update of the record's key is a delete and a create
        if kind is RowsKind.DELETE:
            yield FollowedRow(before=before, after=None)
        elif new and new != before:
            yield FollowedRow(before=before, after=new)
