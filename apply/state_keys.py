"""Primary keys of the state database that an older version has made shorter."""

from runtime.errors import Fatal
from runtime.mysql import Connection, Refused
from schemas.sql import ON_PRIMARY, identifier

_KEYS = {
    "intents": ("target", "epoch"),
    "problems": ("target", "topic", "partition", "offset"),
}


def ensure_keys(connection: Connection, database: str) -> None:
    """Brings them up to date; the rows that are there stay."""
    listed = (
        f"{ON_PRIMARY}SELECT LOWER(TABLE_NAME), COLUMN_NAME FROM information_schema.STATISTICS"
        " WHERE TABLE_SCHEMA = %s AND INDEX_NAME = 'PRIMARY' ORDER BY SEQ_IN_INDEX"
    )
    present: dict[str, list[str]] = {}
    for table, column in connection.query(listed, (database,)):
        present.setdefault(str(table), []).append(str(column))
    for table, columns in _KEYS.items():
        if tuple(present.get(table, ())) == columns:
            continue
        names = ", ".join(map(identifier, columns))
        sql = f"ALTER TABLE {identifier(database)}.{table} DROP PRIMARY KEY, ADD PRIMARY KEY ({names})"
        try:
            connection.execute(sql)
        except Refused as error:
            raise Fatal(
                f"the state database {database} is of an older version and cannot be brought up to date: {error}",
                hint=f"run this at the destination, then start again: {sql}",
            ) from error
