"""Virtual generated columns, which a SELECT computes: some row may hold none (out of range, no valid JSON, ...), and
then the whole SELECT fails. The targets compute them anyway, so a chunk may leave them out.
"""

from collections.abc import Collection

from runtime.mysql import Refused
from schemas.codec import chunk_select
from schemas.sql import identifier, qualified
from schemas.table import Table
from snapshot.session import Session, definition_changed


def readable(session: Session, table: Table) -> list[str]:
    """What to select of a table of which a SELECT was refused: all but its virtual columns."""
    return chunk_select(table, _virtual(session, table))


def computed(session: Session, table: Table) -> list[str]:
    """What to select of a table that is read in one piece: virtual columns only where every row holds them."""
    missing = [name for name in _virtual(session, table) if not _computes(session, table, name)]
    return chunk_select(table, missing)


def is_computing(error: Refused, table: Table) -> bool:
    """Whether a SELECT may have failed for what it had to compute."""
    return not definition_changed(error) and any(column.generated for column in table.columns)


def _virtual(session: Session, table: Table) -> Collection[str]:
    if not any(column.generated for column in table.columns):
        return []
    rows = session.query(f"SHOW COLUMNS FROM {qualified(table.name)}")
    virtual = {str(row[0]).lower() for row in rows if "VIRTUAL" in str(row[5]).upper()}
    return [column.name for column in table.columns if column.name.lower() in virtual and column.name not in table.key]


def _computes(session: Session, table: Table, name: str) -> bool:
    columns = [name, *(column.name for column in table.columns if not column.generated)]  # an index holds only some
    try:
        for _ in session.parts(f"SELECT {', '.join(map(identifier, columns))} FROM {qualified(table.name)}", 1 << 20):
            pass
    except Refused as error:
        if definition_changed(error):
            raise
        return False
    return True
