"""Which part of a statement concerns a task of `d.s_*`, where d.s_a to d.s_c are captured, d.v and d.s_v are views."""

import pytest

from capture.concern import Concern, Known, concern
from schemas.ddl.lexer import SqlModes
from schemas.ddl.statement import understand
from schemas.names import TableName


def _names(*names: str) -> list[TableName]:
    return [TableName("d", name) for name in names]


_KNOWN = Known(
    captured=_names("s_a", "s_b", "s_c"),
    newcomers=_names("s_new"),
    views=_names("v", "s_v"),
    selected=lambda table: table.name.startswith("s_"),
)


def of(sql: str) -> Concern:
    return concern(understand(sql, "d", SqlModes()), _KNOWN)


def told(found: Concern) -> str:
    """Everything, in short."""
    words = [f"drop {old.name}" for old, _ in found.leaving]
    if found.statement is not None:
        words.append("as written" if found.text is None else found.text.replace("`d`.", "").replace("`", ""))
    words += [f"empty {name.name}" for name in found.emptied]
    words += [f"gone {name.name}" for name in found.gone]
    words += [f"copy {name.name}" for name in found.coming]
    words += [f"view {old.name}={new.name}" for old, new in found.renamed_views]
    return "; ".join(words)


CASES = {
    "CREATE TABLE s_d (a INT)": "as written",
    "CREATE TABLE IF NOT EXISTS s_d (a INT)": "as written",
    "CREATE TABLE IF NOT EXISTS s_a (z INT)": "",
    "CREATE TABLE IF NOT EXISTS s_v (z INT)": "",
    "CREATE TABLE IF NOT EXISTS s_v LIKE s_a": "",
    "CREATE TABLE s_v (z INT)": "as written",  # it has run, so the view is gone
    "CREATE TABLE s_d LIKE s_a": "as written",
    "CREATE TABLE s_d LIKE other": "copy s_d",
    "CREATE TABLE s_d LIKE s_new": "copy s_d",
    "CREATE TABLE IF NOT EXISTS s_new (a INT)": "copy s_new",
    "DROP TABLE s_a, s_b": "as written",
    "DROP TABLE IF EXISTS s_a, other, v, s_v, s_none": "DROP TABLE IF EXISTS s_a",
    "DROP TABLE IF EXISTS s_v, s_none": "",
    "DROP TABLE s_new, s_b": "DROP TABLE s_b; gone s_new",
    "TRUNCATE s_a": "as written",
    "TRUNCATE s_new": "copy s_new",
    "ALTER TABLE s_a ADD z INT": "as written",
    "ALTER TABLE s_new ADD z INT": "copy s_new",
    "CREATE INDEX i ON s_b (x)": "as written",
    "ALTER TABLE s_a ADD z INT, RENAME TO s_d": "as written",
    "ALTER TABLE s_a ADD z INT, RENAME TO other": "drop s_a",
    "ALTER TABLE other RENAME TO s_d": "copy s_d",
    "ALTER TABLE s_new RENAME TO s_d": "gone s_new; copy s_d",
    "ALTER TABLE s_new RENAME TO other": "gone s_new",
    "ALTER TABLE s_a EXCHANGE PARTITION p WITH TABLE s_b": "as written",
    "ALTER TABLE s_a EXCHANGE PARTITION p WITH TABLE other": "empty s_a",
    "ALTER TABLE other EXCHANGE PARTITION p WITH TABLE s_b": "empty s_b",
    "ALTER TABLE s_new EXCHANGE PARTITION p WITH TABLE s_b": "empty s_b; copy s_new",
    "RENAME TABLE s_a TO s_d, s_d TO s_e": "as written",
    "RENAME TABLE s_a TO s_t, s_b TO s_a, s_t TO s_b": "as written",
    "RENAME TABLE s_a TO t, s_b TO s_a, t TO s_b": (
        "RENAME TABLE s_a TO penstock_on_the_way_0, s_b TO s_a, penstock_on_the_way_0 TO s_b"
    ),
    "RENAME TABLE s_a TO x.t, s_b TO s_a, x.t TO y.t, y.t TO s_b": (
        "RENAME TABLE s_a TO penstock_on_the_way_0, s_b TO s_a, penstock_on_the_way_0 TO penstock_on_the_way_2,"
        " penstock_on_the_way_2 TO s_b"
    ),
    "RENAME TABLE s_a TO old, other TO s_a": "drop s_a; copy s_a",
    "RENAME TABLE s_a TO old, s_b TO s_a, other TO s_b": "drop s_a; RENAME TABLE s_b TO s_a; copy s_b",
    "RENAME TABLE v TO w": "view v=w",
    "RENAME TABLE s_v TO w, s_a TO s_d, x TO y": "RENAME TABLE s_a TO s_d; view s_v=w",
    "RENAME TABLE v TO x, s_v TO v, x TO s_v": "view s_v=v; view v=s_v",
    "RENAME TABLE s_new TO s_d": "gone s_new; copy s_d",
    "RENAME TABLE s_new TO x, x TO s_new": "gone s_new; copy s_new",
    "RENAME TABLE other TO x, x TO y": "",
    "RENAME TABLE s_b TO x, s_a TO s_b, x TO y, o TO s_a": "drop s_b; RENAME TABLE s_a TO s_b; copy s_a",
    "DROP DATABASE d": "as written",
}


@pytest.mark.parametrize("sql", CASES)
def test_targets_run_what_concerns_their_tables(sql: str) -> None:
    assert told(of(sql)) == CASES[sql]


def test_a_statement_that_has_done_nothing_is_idle() -> None:
    assert of("CREATE TABLE IF NOT EXISTS s_v (a INT)").idle
    assert not of("RENAME TABLE v TO w").idle
