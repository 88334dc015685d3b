from itertools import cycle, islice

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from schemas.ddl.lexer import SqlModes, TokenKind, tokens
from schemas.ddl.statement import Kind, Statement, understand
from schemas.names import TableName
from schemas.sql import identifier, qualified
from tests.unit.schemas.ddl.cases import ALL, Case

PLAIN = SqlModes()


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.sql)
def test_understand(case: Case) -> None:
    assert understand(case.sql, "here", PLAIN) == case.statement


def test_every_kind_has_a_case() -> None:
    assert {case.statement.kind for case in ALL} == set(Kind)


def test_modes_decide_what_a_name_is() -> None:
    ansi = SqlModes(ansi_quotes=True)
    assert understand('DROP TABLE "a b"', "here", ansi).tables == (TableName("here", "a b"),)
    assert understand('DROP TABLE "a b"', "here", PLAIN).kind is Kind.UNKNOWN


def test_the_server_decides_what_a_comment_is() -> None:
    sql = "CREATE TABLE t (a INT) /*!80021 START TRANSACTION */"
    assert understand(sql, "here", PLAIN, 80021).starts_transaction
    assert not understand(sql, "here", PLAIN, 80020).starts_transaction


def test_a_word_after_a_dot_is_no_keyword() -> None:
    assert not understand("ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES x.rename (a)", "here", PLAIN).renames


def test_without_a_default_database() -> None:
    assert understand("DROP TABLE t, shop.u", None, PLAIN).tables == (TableName("", "t"), TableName("shop", "u"))


def test_the_head_of_a_huge_insert_is_enough() -> None:
    sql = "INSERT INTO t VALUES " + "(1,'a')," * 2_000_000
    assert understand(sql, "here", PLAIN).tables == (TableName("here", "t"),)


@pytest.mark.parametrize("head", ["CREATE TABLE t ", "ALTER TABLE t ", "UPDATE ", "DELETE FROM t, "])
def test_depth_has_no_limit(head: str) -> None:
    assert understand(head + "(" * 10_000, "here", PLAIN).kind is Kind.UNKNOWN


@settings(deadline=None)
@given(st.text(), st.builds(SqlModes, st.booleans(), st.booleans()))
def test_any_text_is_answered(sql: str, modes: SqlModes) -> None:
    assert isinstance(understand(sql, None, modes), Statement)


PIECES = st.sampled_from(sorted({piece for case in ALL for piece in case.sql.split()}))


@settings(deadline=None)
@given(st.lists(PIECES))
def test_any_mixture_of_words_is_answered(pieces: list[str]) -> None:
    """Never harmless by accident: what may write says so, or names a table."""
    statement = understand(" ".join(pieces), "here", PLAIN)
    if statement.kind in (Kind.DML, Kind.UNKNOWN):
        assert statement.unbounded or statement.tables


NAMES = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"], max_codepoint=0xFFFF), min_size=1)
BARE_NAMES = st.text(st.characters(categories=["L", "Nd"], max_codepoint=0xFFFF)).map("t_$".__add__)


@settings(deadline=None)
@given(st.builds(TableName, NAMES, NAMES), st.builds(TableName, NAMES, NAMES))
@example(TableName("select", "a.b"), TableName("`", " "))
@example(TableName("/*", "'--"), TableName("数据库", "таблица"))
def test_quoted_names_come_back(old: TableName, new: TableName) -> None:
    sql = f"RENAME TABLE {qualified(old)} TO {qualified(new)}, {identifier(new.name)} TO {qualified(old)}"
    assert understand(sql, new.database, PLAIN).renames == ((old, new), (new, old))


@settings(deadline=None)
@given(BARE_NAMES, BARE_NAMES)
@example("select", "1e5")
@example("1a", "table")
def test_bare_names_come_back(database: str, name: str) -> None:
    assert understand(f"TRUNCATE {database}.{name}", None, PLAIN).tables == (TableName(database, name),)


FILLERS = [" ", "/**/", "/* it's */", "\n-- `\n", "# '\n", "/*+ NO_ICP(t) */", "/*!99999 DROP /* x */ */"]


@pytest.mark.parametrize("first", range(len(FILLERS)))
def test_comments_between_tokens_change_nothing(first: int) -> None:
    for case in ALL:
        found = list(tokens(case.sql, PLAIN))
        if not found or found[-1].kind is TokenKind.UNFINISHED:
            continue
        fillers = islice(cycle(FILLERS), first, None)
        parts = []
        position = 0
        for token in found:
            parts += [case.sql[position : token.start], next(fillers), case.sql[token.start : token.end]]
            position = token.end
        sql = "".join([*parts, next(fillers), case.sql[position:]])
        assert understand(sql, "here", PLAIN) == case.statement, sql
