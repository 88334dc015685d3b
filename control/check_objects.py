"""Are the selected objects fit? Judges definitions of the source; pure."""

from collections.abc import Collection, Iterable, Iterator, Mapping

from control.catalog import TableFacts
from control.finding import Finding, failed, listed, ok, warning
from control.server import ServerFacts
from runtime.dialect import dialect
from runtime.errors import Fatal
from schemas.ddl.foreign_keys import ForeignKey, between, circle
from schemas.ddl.ways import contradictory
from schemas.engines import holds_rows, reads_consistently
from schemas.names import TableName
from schemas.plan import plan
from schemas.table import Table


def object_findings(
    task: str, facts: Mapping[TableName, TableFacts], tables: Iterable[Table], others: Mapping[str, int]
) -> Iterator[Finding]:
    """`others` counts what lies beside the tables in the selected databases, by kind."""
    if not facts:
        yield warning(
            "objects.selected",
            "no table is selected now; tables that are created later and selected will be moved",
            "look at objects.include, and at what the account may see",
        )
        return
    yield ok("objects.selected", f"{len(facts)} tables are selected")
    yield _engines(facts.values())
    yield _types(task, tables)
    yield _keys(facts.values())
    yield _parents(facts)
    yield _others(others)


def _engines(tables: Iterable[TableFacts]) -> Finding:
    tables = list(tables)
    remote = [f"{table.name} ({table.engine})" for table in tables if not holds_rows(table.engine)]
    plain = [f"{table.name} ({table.engine})" for table in tables if not reads_consistently(table.engine)]
    if remote:
        return failed(
            "objects.engines",
            f"tables without rows of their own, or whose changes are not all logged: {listed(remote)}",
            "leave them out with objects.exclude",
        )
    if plain:
        return warning(
            "objects.engines",
            f"tables without transactions: {listed(plain)}; each is locked for as long as it takes to read it, while "
            "those who write it wait",
            "begin when they can wait, or ALTER TABLE ... ENGINE = InnoDB before",
        )
    return ok("objects.engines", "all are InnoDB tables")


def _types(task: str, tables: Iterable[Table]) -> Finding:
    refused = []
    for table in tables:
        try:
            plan(task, table, 0, 0)
        except Fatal as error:
            refused.append(str(error))
    if refused:
        return failed(
            "objects.types",
            f"columns that are not available yet: {listed(refused)}",
            "change the columns' types or charsets, or leave the tables out with objects.exclude",
        )
    return ok("objects.types", "every column's type and charset is known")


def _keys(tables: Iterable[TableFacts]) -> Finding:
    keyless = [str(table.name) for table in tables if table.keyless]
    if keyless:
        return warning(
            "objects.keys",
            f"tables without a primary key or NOT NULL unique key: {listed(keyless)}; each is read under a short lock "
            "and its changes are applied row by row",
            "add a primary key where you can",
        )
    return ok("objects.keys", "every table has a key")


def _parents(tables: Mapping[TableName, TableFacts]) -> Finding:
    orphans = [
        f"{table.name} -> {key.parent}"
        for table in tables.values()
        for key in table.foreign_keys
        if key.parent not in tables
    ]
    if orphans:
        return warning(
            "objects.foreign_keys",
            f"foreign keys to tables that are not selected, and will be missing: {listed(orphans)}",
            "select the parents too, or drop the foreign keys",
        )
    return ok("objects.foreign_keys", "every foreign key's parent is selected")


def following_keys(server: ServerFacts, tables: Mapping[TableName, TableFacts]) -> list[ForeignKey]:
    """The foreign keys that change rows of which the log says nothing."""
    if dialect(server.variables["version"]).logs_cascades(server.variables.get("innodb_native_foreign_keys")):
        return []
    keys = [
        ForeignKey(table.name, key.parent, key.columns, key.parent_columns, key.on_delete, key.on_update)
        for table in tables.values()
        for key in table.foreign_keys
    ]
    return [key for key in keys if key.follows]


def cascade_finding(keys: Collection[ForeignKey], tables: Collection[TableName]) -> Finding:
    """`keys`: those of `following_keys`, of the selected `tables`."""
    if not keys:
        return ok("objects.cascades", "the log holds every change of a row")
    silent = "the log does not hold what foreign keys do to child rows"
    alone = [f"{key.child} -> {key.parent}" for key in keys if key.parent not in tables]
    if alone:
        return failed(
            "objects.cascades",
            f"{silent}, and their parents are not selected: {listed(alone)}",
            "select the parents too, drop ON DELETE and ON UPDATE, or leave the child tables out",
        )
    if round_about := circle(between(keys)):
        return failed(
            "objects.cascades",
            f"{silent}, and rows of these tables follow each other in a circle: {listed(list(map(str, round_about)))}",
            "drop ON DELETE and ON UPDATE of one of the foreign keys, or leave one of the tables out",
        )
    if torn := contradictory(keys):
        return failed(
            "objects.cascades",
            f"{silent}, and rows of {torn} follow others by several foreign keys that contradict each other: what "
            "becomes of them hangs on the order in which the server takes the keys",
            f"drop ON DELETE and ON UPDATE of one of the foreign keys of {torn}, or leave one of the tables out",
        )
    return warning(
        "objects.cascades",
        f"{silent}, so the targets find them: each change of a parent that others may follow is a pause of some 20 ms: "
        f"{listed([f'{key.child} -> {key.parent}' for key in keys])}",
        "nothing must be done; without the pauses: let the application change child rows",
    )


def _others(others: Mapping[str, int]) -> Finding:
    found = [f"{count} {kind}" for kind, count in others.items() if count]
    if found:
        return warning(
            "objects.others",
            f"beside the tables there are {listed(found)}, which are not moved",
            "create them at the destination at the switch",
        )
    return ok("objects.others", "there are tables only")
