"""Every statement of the corpora is understood: the scripts with which other projects test their replication.

They are read as the mysql client reads them: with DELIMITER, and with the sql_mode that the script itself sets.
"""

import re
from collections.abc import Iterator
from functools import cache

from schemas.ddl.lexer import SqlModes
from schemas.ddl.statement import Kind, Statement, understand
from schemas.names import TableName
from tests.shared import CORPORA

NOT_SQL: set[str] = set()
"""Texts of the corpora that are no statements, and so rightly unknown."""

Understood = tuple[str, Statement]


@cache
def understood() -> list[Understood]:
    scripts = sorted(CORPORA.rglob("*.sql"))
    assert scripts, f"{CORPORA} holds no .sql files; these tests read the corpora there"
    found: list[Understood] = []
    for script in scripts:
        modes = SqlModes()
        for sql in split(script.read_text("utf-8", "surrogateescape")):
            statement = understand(sql, "here", modes)
            found.append((sql, statement))
            if statement.kind is Kind.SET:
                modes = modes_after(sql, modes)
    return found


def test_every_statement_is_understood() -> None:
    assert {sql for sql, statement in understood() if statement.kind is Kind.UNKNOWN} == NOT_SQL


def test_the_corpora_hold_all_common_kinds() -> None:
    rare = {Kind.RELEASE_SAVEPOINT, Kind.ROLLBACK_TO_SAVEPOINT, Kind.SAVEPOINT, Kind.XA, Kind.EVENT, Kind.UNKNOWN}
    rare |= {Kind.CREATE_TABLE_SELECT, Kind.DROP_INDEX, Kind.RENAME_TABLE, Kind.TEMPORARY_TABLE, Kind.ACCOUNT}
    assert {statement.kind for _, statement in understood()} >= set(Kind) - rare


SIMPLE = {
    Kind.CREATE_TABLE: r"create table( if not exists)?",
    Kind.ALTER_TABLE: r"alter table",
    Kind.DROP_TABLE: r"drop table( if exists)?",
    Kind.DML: r"(insert( ignore)? into|replace into|update|delete from)",
    Kind.TRUNCATE_TABLE: r"truncate table",
}
NAME = r"(?:(?P<database>`[^`]+`|\w+)\.)?(?P<name>`[^`]+`|\w+)(?![\w`.,])"


def test_names_are_those_that_a_simple_pattern_finds() -> None:
    """An independent reading of the common forms: one table, named right after the verb."""
    compared = 0
    for sql, statement in understood():
        pattern = SIMPLE.get(statement.kind)
        match = pattern and re.match(
            rf"\s*{pattern.replace(' ', chr(92) + 's+')}\s+{NAME}\s*(?!,|join)", sql, re.IGNORECASE
        )
        if match and not statement.renames:
            database, name = (part and part.strip("`") for part in match.group("database", "name"))
            assert statement.tables == (TableName(database or "here", name),), sql
            compared += 1
    assert compared > 10_000


def split(script: str) -> Iterator[str]:
    delimiter = ";"
    position = 0
    while position < len(script):
        command = DELIMITER.match(script, position)
        if command:
            delimiter, position = command["delimiter"], command.end()
            continue
        statement = up_to(delimiter).match(script, position)
        assert statement is not None
        if statement[0].strip():
            yield statement[0]
        position = statement.end() + len(delimiter)


DELIMITER = re.compile(r"(?:\s++|--\s[^\n]*+|#[^\n]*+)*+delimiter[ \t]+(?P<delimiter>\S+)", re.IGNORECASE)


@cache
def up_to(delimiter: str) -> re.Pattern[str]:
    quoted = r"'(?:[^'\\]++|\\.)*+'|" + r'"(?:[^"\\]++|\\.)*+"|`[^`]*+`'
    comment = r"--\s[^\n]*+|\#[^\n]*+|/\*.*?\*/"
    plain = rf"[^'\"`#/\-{re.escape(delimiter[0])}]++"
    return re.compile(rf"(?:{plain}|{quoted}|{comment}|(?!{re.escape(delimiter)}).)*+", re.DOTALL)


def modes_after(sql: str, modes: SqlModes) -> SqlModes:
    """Of the forms that the corpora use: sql_mode = '...', and concat(@@sql_mode, '...')."""
    if "sql_mode" not in sql.lower():
        return modes
    added = "@@" in sql.partition("=")[2]
    return SqlModes(
        ansi_quotes="ANSI_QUOTES" in sql or (added and modes.ansi_quotes),
        no_backslash_escapes="NO_BACKSLASH_ESCAPES" in sql or (added and modes.no_backslash_escapes),
    )
