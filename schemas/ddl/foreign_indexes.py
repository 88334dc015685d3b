"""Indexes that a server has made for foreign keys by itself: they go by themselves too, when another one serves.

No definition tells them from others, so they are others where a table was made from its definition
(https://dev.mysql.com/doc/refman/8.0/en/create-table-foreign-keys.html). Pure.
"""

import re
from collections.abc import Iterable, Iterator

from schemas.ddl.shown import indexes, referring
from schemas.names import TableName
from schemas.sql import identifier, qualified

_RENAMES_SINCE = 50700


def strayed(table: TableName, source: str, target: str, version: int) -> Iterator[str]:
    """Statements after which a target of this version has the indexes of foreign keys that the source has.

    `source` and `target`: SHOW CREATE TABLE of both, after one statement.
    """
    here, there = indexes(source), indexes(target)
    symbols = referring(target)
    served = {*referring(source).values()} & {*symbols.values()}
    names = {name.lower() for name in here}, {name.lower() for name in there}
    missing = [name for name, columns in here.items() if name.lower() not in names[1] and columns in served]
    for name, columns in there.items():
        if name.lower() in names[0] or columns not in served:
            continue
        twin = next((each for each in missing if here[each] == columns), None)
        if twin is None:
            if _is_of_server(name, columns, symbols):
                yield _alter(table, f"DROP KEY {identifier(name)}")
            continue
        missing.remove(twin)
        if version >= _RENAMES_SINCE:
            yield _alter(table, f"RENAME KEY {identifier(name)} TO {identifier(twin)}")
        else:
            yield _alter(table, f"{_added(twin, columns)}, DROP KEY {identifier(name)}")
    for name in missing:
        yield _alter(table, _added(name, here[name]))


def _is_of_server(name: str, columns: tuple[str, ...], symbols: Iterable[str]) -> bool:
    """Whether a server gives an index that it makes such a name: others at the target are somebody's."""
    plain = re.fullmatch(rf"{re.escape(columns[0])}(_\d+)?", name, re.IGNORECASE)
    return plain is not None or name.lower() in map(str.lower, symbols)


def _added(name: str, columns: tuple[str, ...]) -> str:
    return f"ADD KEY {identifier(name)} ({', '.join(map(identifier, columns))})"


def _alter(table: TableName, clause: str) -> str:
    return f"ALTER TABLE {qualified(table)} {clause}"
