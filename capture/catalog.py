"""The tables that capture knows, as of the place it has reached in the log, and the plans made from them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from capture.publisher import Publisher
from runtime.errors import Fatal
from schemas.avro import envelope_schema, key_schema, same_keys, text
from schemas.map_fit import misfit
from schemas.names import TableName
from schemas.plan import TablePlan, logged_plan, plan
from schemas.selection import Selection
from schemas.table import Table
from schemas.table_map import TableMap, parse_table_map, refuse_old_formats, table_of

_MOST_PASSED_BY = 1000


@dataclass(frozen=True, slots=True)
class Shape:
    """How the rows of one table map travel."""

    table: Table
    topic: str
    plan: TablePlan


class Misfit(Exception):
    """Rows come whose columns the log does not name, and the tracked definition is not surely theirs."""

    def __init__(self, event: TableMap, reason: str) -> None:
        super().__init__(f"{event.name}: {reason}")
        self.event = event
        self.reason = reason


class Catalog:
    """Tracked definitions, and shapes cached by the raw bytes of the table map."""

    def __init__(self, publisher: Publisher, selection: Selection, tables: Mapping[TableName, Table]) -> None:
        self._publisher = publisher
        self._selection = selection
        self._tables = dict(tables)
        self.newcomers: set[TableName] = set()  # selected, there, and copied when their definition is certain
        self.merges: set[TableName] = set()  # tables of the engine MERGE over selected ones
        self._doubtful: set[TableName] = set()  # their definitions may be newer than the stream
        self._shapes: dict[bytes, Shape | None] = {}
        self._passed_by = 0  # of `_shapes`, those of tables that are not captured
        self._current: dict[TableName, Shape] = {}  # by tracked definition

    def __contains__(self, name: object) -> bool:
        return name in self._tables

    def names(self) -> list[TableName]:
        return list(self._tables)

    def of_database(self, database: str) -> list[TableName]:
        return [name for name in self._tables if name.database == database]

    def table(self, name: TableName) -> Table:
        return self._tables[name]

    def certain(self, name: TableName) -> Table | None:
        """The table's definition, if it is surely that of the stream's place."""
        return None if name in self._doubtful else self._tables.get(name)

    def tables(self, names: Collection[TableName]) -> tuple[dict[TableName, Table], set[TableName]]:
        """Definitions, and which of them are certain."""
        return {name: self._tables[name] for name in names}, set(names) - self._doubtful

    def renamed(self, renames: Sequence[tuple[TableName, TableName]]) -> tuple[dict[TableName, Table], set[TableName]]:
        """Definitions of renamed tables under their new names, and which of them are certain; one rename follows the
        other."""
        tables, doubtful = dict(self._tables), set(self._doubtful)
        for old, new in renames:
            if old in tables:
                tables[new] = replace(tables.pop(old), name=new)
                (doubtful.add if old in doubtful else doubtful.discard)(new)
        found = {new: tables[new] for _, new in renames if new in tables}
        return found, set(found) - doubtful

    def shape(self, body: bytes) -> Shape | None:
        """The shape of a TABLE_MAP event's body; None when its table is not selected. Misfit: `adopt` one that fits."""
        raw = body[6:]  # the table id in front is not part of the shape
        try:
            return self._shapes[raw]
        except KeyError:
            shape = self._resolve(body)
            if shape is None:
                self._make_room()
            self._shapes[raw] = shape
            return shape

    def merge(self, name: TableName) -> None:
        """A table of the engine MERGE over selected ones: rows that are written through it are refused."""
        self.merges.add(name)
        self._shapes = {raw: shape for raw, shape in self._shapes.items() if shape is not None}
        self._passed_by = 0

    def plan(self, name: TableName) -> TablePlan:
        """The plan of a table as it is tracked now."""
        return self._current_shape(self._tables[name]).plan

    def doubt(self, names: Collection[TableName]) -> None:
        """The definitions of these tables may be newer than the stream. Row events may show their columns, and nothing
        but the next schema change their unique keys."""
        self._doubtful.update(names)

    def changed(self, name: TableName, table: Table | None) -> None:
        """Takes over a definition after a schema change; None when the table is gone."""
        self._doubtful.discard(name)
        self.newcomers.discard(name)
        self._shapes = {
            raw: shape for raw, shape in self._shapes.items() if shape is not None and shape.table.name != name
        }
        self._passed_by = 0
        self._current.pop(name, None)
        if table is None:
            self._tables.pop(name, None)
        else:
            self._tables[name] = table

    def corrected(self, table: Table) -> None:
        """Takes over what rows tell of a definition, where no statement stands between them and those before."""
        name, topics = table.name, self._publisher.tables
        if not same_keys(self._publisher.task, self._tables[name], table):
            if topics.is_spread(name):
                raise Fatal(
                    f"{name}: its key has changed, and no statement in the log says so: changes of one row would lie "
                    "in several partitions, in no order",
                    hint="migrate anew with a new task name, and change tables in sessions whose statements are logged",
                )
            topics.keep([name])
        self._tables[name] = table

    def _resolve(self, body: bytes) -> Shape | None:
        map_ = parse_table_map(body)
        name = map_.name
        if name in self.merges:
            raise Fatal(
                f"{name}: rows are written through a MERGE table, and so into selected tables under it, of which the "
                "log tells nothing",
                hint="write the tables under it by their own names, or exclude them; then migrate anew with a new task "
                "name",
            )
        if not self._selection.selected(name) or name in self.newcomers:
            return None
        if name not in self._tables:
            raise Fatal(
                f"{name}: the log has rows of a selected table whose definition never came by",
                hint="the table was renamed into the selection, or the selection was widened: "
                "restore the selection, or start again with a new task name",
            )
        tracked = self._tables[name]
        table = table_of(map_, tracked if tracked.columns else None) if map_.has_names else self._by_position(map_)
        if table != tracked:
            self.corrected(table)
        shape = self._current_shape(self._tables[name])
        return replace(shape, plan=logged_plan(shape.plan, [column.type for column in map_.columns]))

    def _by_position(self, event: TableMap) -> Table:
        """The tracked definition, if it is certain and the log does not gainsay it."""
        refuse_old_formats(event)
        tracked = self._tables[event.name]
        reason = "its definition is not certain" if event.name in self._doubtful else misfit(event, tracked)
        if reason:
            raise Misfit(event, reason)
        return tracked

    def _make_room(self) -> None:
        """For the map of one more table that is not captured: there may be any number of them, made and dropped."""
        self._passed_by += 1
        if self._passed_by > _MOST_PASSED_BY:
            self._shapes = {raw: shape for raw, shape in self._shapes.items() if shape is not None}
            self._passed_by = 1

    def _current_shape(self, table: Table) -> Shape:
        """The shape of a tracked definition; ids are looked up once."""
        known = self._current.get(table.name)
        if known is None or known.table is not table:
            known = self._current[table.name] = self._shape_of(table)
        return known

    def _shape_of(self, table: Table) -> Shape:
        task, topic = self._publisher.task, self._publisher.tables.name(table.name)
        key = key_schema(task, table)
        key_id = 0 if key is None else self._publisher.schema_id(f"{topic}-key", text(key), None)
        value_id = self._publisher.schema_id(f"{topic}-value", text(envelope_schema(task, table)), table)
        return Shape(table, topic, plan(task, table, key_id, value_id))
