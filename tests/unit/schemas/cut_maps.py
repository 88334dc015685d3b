"""TABLE_MAP events with full metadata, cut down to what servers log without."""

from dataclasses import replace

from schemas.table_map import TableMap


def minimal(event: TableMap) -> TableMap:
    """As MySQL 8 logs it with MINIMAL: no names, labels, keys; no charsets of ENUM and SET."""
    columns = tuple(
        replace(column, name="", labels=(), collation=None if column.type in (247, 248) else column.collation)
        for column in event.columns
    )
    return replace(event, columns=columns, has_names=False, primary_key=())


def bare(event: TableMap) -> TableMap:
    """As MySQL 5.6 and 5.7 log it: types, sizes and NULL alone."""
    columns = tuple(
        replace(column, unsigned=None, collation=None, geometry=None, dimensions=None)
        for column in minimal(event).columns
    )
    return replace(minimal(event), columns=columns)
