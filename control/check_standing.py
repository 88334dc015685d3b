"""What a destination already has under the names of what is to be made there."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from apply.destination import has_rows
from apply.standing import is_empty, triggers
from control.definitions import Definitions
from control.finding import Finding, failed, listed, ok
from runtime.mysql import Connection
from schemas.ddl.shown import Aspects, differences
from schemas.names import TableName
from schemas.sql import identifier

_MOST_DIFFERENCES = 3


@dataclass(frozen=True, slots=True)
class Standing:
    """What keeps each table or database that is there from being used; empty where nothing does."""

    tables: Mapping[TableName, Sequence[str]]
    databases: Mapping[str, Sequence[str]]


def read_standing(
    target: Connection,
    source: Definitions,
    there: Definitions,
    tables: Mapping[TableName, TableName],
    databases: Mapping[str, str],
) -> Standing:
    """`tables` and `databases` give the target's name of each of the source's."""
    existing = there.names({name.database for name in tables.values()})
    return Standing(
        {
            name: list(_of_table(target, source, there, name, spelled))
            for name, spelled in tables.items()
            if spelled in existing
        },
        {
            name: list(_of_database(target, source.database(name) or {}, present, spelled))
            for name, spelled in databases.items()
            if (present := there.database(spelled)) is not None
        },
    )


def _of_table(
    target: Connection, source: Definitions, there: Definitions, name: TableName, spelled: TableName
) -> Iterator[str]:
    here, present = source.table(name), there.table(spelled)
    if here is not None and present is not None:
        yield from differences(here.aspects, present.aspects)
    yield from (f"trigger {trigger}" for trigger in triggers(target, spelled))
    if present is not None and "kind" not in present.aspects and has_rows(target, spelled):
        yield "it holds rows"


def _of_database(target: Connection, here: Aspects, present: Aspects, spelled: str) -> Iterator[str]:
    """An empty database gets the defaults of the source's."""
    found = differences(here, present)
    if found and not is_empty(target, spelled):
        yield from found
        yield f"ALTER DATABASE {identifier(spelled)} COLLATE {here['default collation']}"


def standing_findings(place: str, standing: Standing, *, begun: bool) -> Iterator[Finding]:
    """Pure. A target that has `begun` has made the tables itself."""
    if begun:
        yield ok(f"{place}.same_name", "its tables are this target's own")
        return
    yield _tables(f"{place}.same_name", standing.tables)
    yield _databases(f"{place}.databases", standing.databases)


def _tables(name: str, tables: Mapping[TableName, Sequence[str]]) -> Finding:
    unfit = {str(table): reasons for table, reasons in tables.items() if reasons}
    if unfit:
        return failed(
            name,
            f"the destination already has {len(unfit)} of the selected tables, and cannot use them as they are: "
            f"{listed(_told(unfit))}",
            "drop or rename them there (an empty one like the source's may stay), or leave them out with "
            "objects.exclude",
        )
    if tables:
        return ok(name, f"{len(tables)} of the selected tables are there, empty and like the source's")
    return ok(name, "no table of a selected name is there")


def _databases(name: str, databases: Mapping[str, Sequence[str]]) -> Finding:
    unfit = {database: reasons for database, reasons in databases.items() if reasons}
    if unfit:
        return failed(
            name,
            "databases that are there hold other tables and have other defaults than the source's, which tables made "
            f"later would get: {listed(_told({one: reasons[:-1] for one, reasons in unfit.items()}))}",
            f"if nothing there depends on it: {'; '.join(reasons[-1] for reasons in unfit.values())}",
        )
    return ok(name, "no database of a selected name stands in the way")


def _told(unfit: Mapping[str, Sequence[str]]) -> list[str]:
    return [f"{name} ({'; '.join(_few(reasons))})" for name, reasons in unfit.items()]


def _few(reasons: Sequence[str]) -> Iterable[str]:
    yield from reasons[:_MOST_DIFFERENCES]
    if len(reasons) > _MOST_DIFFERENCES:
        yield f"{len(reasons) - _MOST_DIFFERENCES} more"
