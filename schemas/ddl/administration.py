"""Statements about accounts, settings and upkeep: no rows and no definitions change."""

from schemas.ddl.cursor import Cursor, Unclear
from schemas.ddl.kinds import Kind, Statement


def maintain(cursor: Cursor) -> Statement:
    """ANALYZE, OPTIMIZE, REPAIR, CHECK and CHECKSUM TABLE."""
    cursor.take_any("NO_WRITE_TO_BINLOG", "LOCAL")
    if not cursor.take_any("TABLE", "TABLES"):
        raise Unclear
    return Statement(kind=Kind.MAINTENANCE, references=cursor.qualified_names())


def flush(cursor: Cursor) -> Statement:
    return Statement(kind=Kind.MAINTENANCE)


def cache(cursor: Cursor) -> Statement:
    cursor.expect("INDEX")
    return Statement(kind=Kind.MAINTENANCE)


def account(cursor: Cursor) -> Statement:
    return Statement(kind=Kind.ACCOUNT)


def set_(cursor: Cursor) -> Statement:
    if cursor.at("PASSWORD") or cursor.at("ROLE") or cursor.at("DEFAULT", "ROLE"):
        return Statement(kind=Kind.ACCOUNT)
    if cursor.at("RESOURCE", "GROUP"):
        return Statement(kind=Kind.OTHER_HARMLESS)
    if cursor.at("STATEMENT"):  # SET STATEMENT variable = value FOR statement, of Percona and MariaDB
        raise Unclear
    return Statement(kind=Kind.SET)


def harmless(cursor: Cursor) -> Statement:
    return Statement(kind=Kind.OTHER_HARMLESS)
