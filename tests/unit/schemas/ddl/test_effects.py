"""What statements do to a definition, case by case; tests/conformance proves the same of random ones on a server."""

from dataclasses import replace

import pytest

from schemas.ddl.charset_names import Charsets, Collated
from schemas.ddl.effects import database_after, disagreement, tables_after
from schemas.ddl.lexer import SqlModes
from schemas.ddl.session import Session
from schemas.ddl.statement import understand
from schemas.names import TableName
from schemas.table import Column, Table

_NAME = TableName("d", "t")
_DEFAULTS = {
    "utf8mb4": "utf8mb4_0900_ai_ci",
    "utf8mb3": "utf8mb3_general_ci",
    "latin1": "latin1_swedish_ci",
    "ucs2": "ucs2_general_ci",
    "binary": "binary",
}
_COLLATIONS = {name: charset for charset, name in _DEFAULTS.items()} | {
    "utf8mb4_bin": "utf8mb4",
    "utf8mb4_general_ci": "utf8mb4",
    "utf8mb3_bin": "utf8mb3",
    "latin1_bin": "latin1",
    "latin1_german1_ci": "latin1",
}
_SESSION = Session(
    server_version=90700,
    charsets=Charsets(_COLLATIONS, _DEFAULTS),
    modes=SqlModes(),
    sql_mode=1 << 21,
    collation_server="latin1_swedish_ci",
    explicit_timestamps=True,
)
_OLD = replace(
    _SESSION,
    server_version=50624,
    charsets=Charsets(
        {"utf8_general_ci": "utf8", "utf8_bin": "utf8", "latin1_swedish_ci": "latin1"},
        {"utf8": "utf8_general_ci", "latin1": "latin1_swedish_ci"},
    ),
    explicit_timestamps=False,
)
_DATABASES = {"d": Collated("utf8mb4", "utf8mb4_0900_ai_ci")}


def after(sql: str, before: Table | None = None, session: Session = _SESSION) -> Table | None:
    understood = understand(sql, "d", session.modes, session.server_version)
    known = {} if before is None else {before.name: before}
    databases = _DATABASES if session is not _OLD else {"d": Collated("latin1", "latin1_swedish_ci")}
    found = tables_after(sql, understood, session, "d", known.get, databases)
    return next(iter(found.values()), None)


def certain(sql: str, before: Table | None = None, session: Session = _SESSION) -> Table:
    found = after(sql, before, session)
    assert found is not None, sql
    return found


def table(definition: str) -> Table:
    return certain(f"CREATE TABLE t ({definition})")


def shown(found: Table) -> str:
    """Columns as `name type` with what is unlike the usual, then the keys."""
    keys = [f"PK {' '.join(found.primary_key)}"] if found.primary_key else []
    keys += [f"{key.name}:{' '.join(key.columns)}{'' if key.total else '?'}" for key in found.unique_keys]
    return ", ".join([*map(_column, found.columns), *keys])


def _column(column: Column) -> str:
    marks = [column.name, column.column_type, *([column.collation] if column.collation else [])]
    marks += [
        mark
        for mark, said in (
            ("!", not column.nullable),
            ("gen", column.generated),
            ("hid", column.invisible),
            ("auto", column.auto_increment),
        )
        if said
    ]
    return " ".join(marks)


U, L = "utf8mb4_0900_ai_ci", "latin1_swedish_ci"

CREATED = {
    "a INT, b BIGINT UNSIGNED NOT NULL, PRIMARY KEY (a)": "a int !, b bigint unsigned !, PK a",
    "a INT(5) ZEROFILL, b BOOL, c TINYINT(1) UNSIGNED, d INT8": (
        "a int(5) unsigned zerofill, b tinyint(1), c tinyint unsigned, d bigint"
    ),
    "a SERIAL": "a bigint unsigned ! auto, a:a",
    "a FLOAT(24), b FLOAT(25), c FLOAT(7,3), d REAL, e DOUBLE PRECISION UNSIGNED": (
        "a float, b double, c float(7,3), d double, e double unsigned"
    ),
    "a DEC, b NUMERIC(5), c FIXED(6,2) UNSIGNED": "a decimal(10,0), b decimal(5,0), c decimal(6,2) unsigned",
    "a CHAR, b VARCHAR(9) CHARSET latin1, c CHAR(3) BINARY, d CHAR(3) BYTE, e NCHAR(2), f TEXT COLLATE latin1_bin": (
        f"a char(1) {U}, b varchar(9) {L}, c char(3) utf8mb4_bin, d binary(3), e char(2) utf8mb3_general_ci, "
        "f text latin1_bin"
    ),
    "a VARCHAR(3) CHARSET utf8, b CHAR(2) ASCII, c CHAR(2) UNICODE, d CHAR(2) CHARACTER SET 'latin1' BINARY": (
        f"a varchar(3) utf8mb3_general_ci, b char(2) {L}, c char(2) ucs2_general_ci, d char(2) latin1_bin"
    ),
    "a TEXT(100), b TEXT(20000), c BLOB(70000), d LONG, e LONG VARBINARY, f TEXT(0), g TEXT CHARSET binary": (
        f"a text {U}, b mediumtext {U}, c mediumblob, d mediumtext {U}, e mediumblob, f tinytext {U}, g blob"
    ),
    "a ENUM('x ','it''s') , b SET('p','q') COLLATE utf8mb4_bin": (
        f"a enum('x','it''s') {U}, b set('p','q') utf8mb4_bin"
    ),
    "a YEAR(4), b BIT, c BIT(9), d TIME(3), e VECTOR, f GEOMETRYCOLLECTION NOT NULL SRID 0": (
        "a year, b bit(1), c bit(9), d time(3), e vector(2048), f geomcollection !"
    ),
    "a INT, b INT GENERATED ALWAYS AS (a + length('),')) STORED, c INT AS (1) UNIQUE COMMENT 'x', d INT INVISIBLE": (
        "a int, b int gen, c int gen, d int hid, c:c?"
    ),
    "a INT DEFAULT (1 + (2)), b TIMESTAMP DEFAULT NOW(3) ON UPDATE CURRENT_TIMESTAMP(3), c INT DEFAULT -1": (
        "a int, b timestamp, c int"
    ),
    "a INT CHECK (a > 0) NOT ENFORCED, b INT REFERENCES x (y) ON DELETE SET NULL, CONSTRAINT c CHECK (b), d INT": (
        "a int, b int, d int"
    ),
    "a INT NOT NULL, b INT, UNIQUE (a), UNIQUE KEY k (a, b), CONSTRAINT s UNIQUE (b), UNIQUE (a DESC), INDEX (b)": (
        "a int !, b int, a:a, a_2:a, k:a b?, s:b?"
    ),
    "a VARCHAR(9) NOT NULL, b TEXT NOT NULL, UNIQUE p (a(3)), UNIQUE q (b(4)), UNIQUE w (a(9)), UNIQUE x ((1 + 1))": (
        f"a varchar(9) {U} !, b text {U} !, p:a?, q:b?, w:a, x:?"
    ),
    "a INT KEY, `b c` INT UNIQUE KEY, `d``e` INT /*!50000 NOT NULL */ /*!99999 UNIQUE */": (
        "a int !, b c int, d`e int !, PK a, b c:b c?"
    ),
}


@pytest.mark.parametrize("definition", CREATED)
def test_a_table_is_created(definition: str) -> None:
    assert shown(table(definition)) == CREATED[definition]


OPTIONS = {
    "": ("utf8mb4_0900_ai_ci", U),
    "DEFAULT CHARSET=latin1": ("latin1_swedish_ci", L),
    "ENGINE=InnoDB, COLLATE latin1_german1_ci COMMENT 'CHARSET=x'": ("latin1_german1_ci", "latin1_german1_ci"),
    "CHARACTER SET utf8 ROW_FORMAT=DYNAMIC PARTITION BY HASH (a) PARTITIONS 2": (
        "utf8mb3_general_ci",
        "utf8mb3_general_ci",
    ),
}


@pytest.mark.parametrize("options", OPTIONS)
def test_columns_inherit_the_tables_charset(options: str) -> None:
    found = certain(f"CREATE TABLE t (a CHAR(2)) {options}")
    assert (found.collation, found.columns[0].collation) == OPTIONS[options]


_BASE = "id INT PRIMARY KEY, a INT NOT NULL, b VARCHAR(10), c TEXT CHARSET latin1, UNIQUE (a), UNIQUE ab (a, b)"
_ID, _A, _B, _C = "id int !", "a int !", f"b varchar(10) {U}", f"c text {L}"
_KEYS = "PK id, a:a, ab:a b?"
ALTERED = {
    "ADD d INT": f"{_ID}, {_A}, {_B}, {_C}, d int, {_KEYS}",
    "ADD d INT FIRST, ADD COLUMN e INT AFTER a": f"d int, {_ID}, {_A}, e int, {_B}, {_C}, {_KEYS}",
    "ADD (d INT UNIQUE, e INT, KEY (e)), COMMENT 'x'": (f"{_ID}, {_A}, {_B}, {_C}, d int, e int, {_KEYS}, d:d?"),
    "DROP b, DROP COLUMN c": f"{_ID}, {_A}, PK id, a:a, ab:a",
    "DROP a": f"{_ID}, {_B}, {_C}, PK id, ab:b?",
    "RENAME COLUMN a TO c, RENAME COLUMN c TO a": f"{_ID}, c int !, {_B}, a text {L}, PK id, a:c, ab:c b?",
    "CHANGE a z BIGINT, MODIFY b VARCHAR(10) NOT NULL FIRST": (
        f"b varchar(10) {U} !, {_ID}, z bigint, {_C}, PK id, a:z?, ab:z b?"
    ),
    "MODIFY b VARCHAR(20) NOT NULL": f"{_ID}, {_A}, b varchar(20) {U} !, {_C}, PK id, a:a, ab:a b",
    "MODIFY id BIGINT": f"id bigint !, {_A}, {_B}, {_C}, {_KEYS}",
    "DROP PRIMARY KEY, ADD PRIMARY KEY (id, b)": f"{_ID}, {_A}, b varchar(10) {U} !, {_C}, PK id b, a:a, ab:a b",
    "DROP INDEX a, RENAME KEY ab TO x, ADD UNIQUE (b)": f"{_ID}, {_A}, {_B}, {_C}, PK id, b:b?, x:a b?",
    "DROP KEY `PRIMARY`": f"{_ID}, {_A}, {_B}, {_C}, a:a, ab:a b?",
    "ADD UNIQUE (a), ADD UNIQUE (a)": f"{_ID}, {_A}, {_B}, {_C}, PK id, a:a, a_2:a, a_3:a, ab:a b?",
    "CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_bin": (
        f"{_ID}, {_A}, b varchar(10) utf8mb4_bin, c mediumtext utf8mb4_bin, {_KEYS}"
    ),
    "DEFAULT CHARSET latin1, ADD d CHAR": f"{_ID}, {_A}, {_B}, {_C}, d char(1) {L}, {_KEYS}",
    "ALTER a SET DEFAULT 5, ALTER COLUMN b SET INVISIBLE, ALTER INDEX ab INVISIBLE": (
        f"{_ID}, {_A}, b varchar(10) {U} hid, {_C}, {_KEYS}"
    ),
    "FORCE, ALGORITHM=INPLACE, LOCK=NONE, ENGINE InnoDB ROW_FORMAT=DYNAMIC": f"{_ID}, {_A}, {_B}, {_C}, {_KEYS}",
    "ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES o (x) ON UPDATE NO ACTION, DROP FOREIGN KEY g": (
        f"{_ID}, {_A}, {_B}, {_C}, {_KEYS}"
    ),
    "ADD CHECK (a > 1), DROP CHECK k, ADD d INT PARTITION BY KEY (id)": f"{_ID}, {_A}, {_B}, {_C}, d int, {_KEYS}",
    "DROP PARTITION p0": f"{_ID}, {_A}, {_B}, {_C}, {_KEYS}",
    "MODIFY a INT AFTER b, MODIFY b INT NOT NULL AFTER c": f"{_ID}, a int, {_C}, b int !, PK id, a:a?, ab:a b?",
    "ADD d INT AFTER a, MODIFY a INT NOT NULL AFTER c": f"{_ID}, d int, {_B}, {_C}, {_A}, {_KEYS}",
    "DROP KEY ab, DROP b, DROP INDEX a": f"{_ID}, {_A}, {_C}, PK id",
    "DROP id, ADD Id INT NOT NULL AFTER b": f"{_A}, {_B}, Id int !, {_C}, PK Id, a:a, ab:a b?",
    "DROP a, ADD a INT": f"{_ID}, {_B}, {_C}, a int, PK id, a:a?, ab:a b?",
    "DROP PRIMARY KEY, DROP id": f"{_A}, {_B}, {_C}, a:a, ab:a b?",
    "DROP PRIMARY KEY, MODIFY id INT": f"id int, {_A}, {_B}, {_C}, a:a, ab:a b?",
    "DROP CONSTRAINT a, DROP CONSTRAINT c1": f"{_ID}, {_A}, {_B}, {_C}, PK id, ab:a b?",
    "DROP CONSTRAINT `PRIMARY`": f"{_ID}, {_A}, {_B}, {_C}, a:a, ab:a b?",
    "RENAME KEY a TO ab, RENAME KEY ab TO x": f"{_ID}, {_A}, {_B}, {_C}, PK id, ab:a, x:a b?",
    "ADD INDEX b (b), ADD UNIQUE (b)": f"{_ID}, {_A}, {_B}, {_C}, PK id, a:a, ab:a b?, b_2:b?",
    "ADD KEY ((a + 1)), ADD UNIQUE ((a + 2)), ADD UNIQUE (a, (a + 3))": (
        f"{_ID}, {_A}, {_B}, {_C}, {_KEYS}, functional_index_2:?, functional_index_3:a?"
    ),
    "ADD d INT(0), ADD e BIGINT(0) UNSIGNED ZEROFILL": (
        f"{_ID}, {_A}, {_B}, {_C}, d int, e bigint(20) unsigned zerofill, {_KEYS}"
    ),
    "MODIFY a INT NULL AUTO_INCREMENT": f"{_ID}, a int ! auto, {_B}, {_C}, {_KEYS}",
    "MODIFY a INT AUTO_INCREMENT NULL": f"{_ID}, a int auto, {_B}, {_C}, PK id, a:a?, ab:a b?",
    "ORDER BY a, b DESC, ADD d INT": f"{_ID}, {_A}, {_B}, {_C}, d int, {_KEYS}",
    "ADD COLUMN `first` INT FIRST, ADD `after` INT AFTER `first`": (
        f"first int, after int, {_ID}, {_A}, {_B}, {_C}, {_KEYS}"
    ),
}


@pytest.mark.parametrize("clauses", ALTERED)
def test_a_table_is_altered(clauses: str) -> None:
    assert shown(certain(f"ALTER TABLE d.t {clauses}", table(_BASE))) == ALTERED[clauses]


UNKNOWN = (
    "ADD d GRAPH",
    "ADD d VARCHAR(30000)",
    "ADD d CHAR(300)",
    "ADD d CHAR CHARSET klingon",
    "ADD d INT AFTER z",
    "ADD d INT WHATEVER",
    "DROP z",
    "MODIFY z INT",
    "MODIFY c TEXT, CONVERT TO CHARACTER SET utf8mb4",
    "CONVERT TO CHARACTER SET binary",
    "DROP INDEX z",
    "ADD d INT, SOMETHING NEW",
    "ADD d ENUM(_latin1'x')",
    "MODIFY b TEXT",
    "DROP b, ADD b VARCHAR(10)",
    "DROP id, ADD id BIGINT NOT NULL",
    "RENAME COLUMN a TO z, ADD a INT FIRST",
    "CHANGE a b INT",
    "ADD COLUMN IF NOT EXISTS d INT",
    "ADD d INT DEFAULT 'x",
)


@pytest.mark.parametrize("clauses", UNKNOWN)
def test_what_is_not_certain_is_unknown(clauses: str) -> None:
    assert after(f"ALTER TABLE t {clauses}", table(_BASE)) is None


@pytest.mark.parametrize("clauses", [*ALTERED, *UNKNOWN])
def test_a_statement_cut_anywhere_is_read_or_unknown(clauses: str) -> None:
    before = table(_BASE)
    for size in range(len(clauses)):
        found = after(f"ALTER TABLE t {clauses[:size]}", before)
        assert found is None or found.columns


def test_labels_keep_their_bytes_when_their_charset_changes() -> None:
    before = table("a ENUM('on','Größe'), b SET('ä','o') CHARSET utf8mb3, c ENUM('x') DEFAULT 'x'")
    found = certain("ALTER TABLE t CONVERT TO CHARACTER SET latin1", before)
    assert shown(found) == f"a enum('on','GrÃ¶ÃŸe') {L}, b set('Ã¤','o') {L}, c enum('x') {L}"
    assert [(column.labels, column.length) for column in found.columns] == [
        (("on", "GrÃ¶ÃŸe"), 7),
        (("Ã¤", "o"), 4),
        (("x",), 1),
    ]
    assert after("ALTER TABLE t CONVERT TO CHARACTER SET utf8mb4", found) is None  # not even the server can say
    assert after("ALTER TABLE t CONVERT TO CHARACTER SET ucs2", before) is None  # an odd number of bytes is no text


def test_labels_that_their_charset_lacks_are_unknown() -> None:
    for charset, label, held in (("latin1", "Größe", True), ("latin1", "Ж", False), ("utf8mb3", "\U0001f600", False)):
        found = after(f"CREATE TABLE t (a ENUM('on','{label}') CHARSET {charset})")
        assert (found is not None and found.columns[0].labels == ("on", label)) == held


def test_a_lax_session_gets_another_type_for_one_that_is_too_long() -> None:
    lax = replace(_SESSION, sql_mode=0)
    texts = "a VARCHAR(70000), b VARBINARY(70000), c VARCHAR(70000) CHARSET binary, d VARCHAR(65535) CHARSET latin1"
    found = certain(f"CREATE TABLE t ({texts})", session=lax)
    assert shown(found) == f"a mediumtext {U}, b mediumblob, c mediumblob, d varchar(65535) {L}"
    assert after("CREATE TABLE t (b VARBINARY(70000))") is None  # a strict one refuses it


def test_a_primary_key_on_prefixes_binds_its_columns() -> None:
    keyed = table("a VARCHAR(9), b VARCHAR(9) NOT NULL, c INT NOT NULL, PRIMARY KEY (a(3)), UNIQUE (c)")
    assert shown(keyed) == f"a varchar(9) {U} !, b varchar(9) {U} !, c int !, c:c"
    assert after("ALTER TABLE t MODIFY c INT", keyed) is None  # is it in the primary key?
    assert after("ALTER TABLE t DROP b", keyed) is None
    free = certain("ALTER TABLE t DROP PRIMARY KEY", keyed)
    assert shown(certain("ALTER TABLE t MODIFY c INT, DROP b", free)) == f"a varchar(9) {U} !, c int, c:c?"


@pytest.mark.parametrize("kind", ["TEXT", "BLOB", "POINT", "VARCHAR(20)"])
def test_a_primary_key_may_come_to_be_on_a_prefix(kind: str) -> None:
    keyed = table("a VARCHAR(9) PRIMARY KEY, b INT")
    found = after(f"ALTER TABLE t MODIFY a {kind} NOT NULL", keyed)
    assert (found is None) == (kind != "VARCHAR(20)")


def test_a_key_over_an_expression_outlives_its_columns() -> None:
    keyed = table("a INT, b INT, UNIQUE k (a, (b + 1)), UNIQUE x (a)")
    assert shown(certain("ALTER TABLE t DROP a", keyed)) == "b int, k:?"


def test_an_exchange_leaves_both_definitions() -> None:
    sql = "ALTER TABLE t EXCHANGE PARTITION p1 WITH TABLE u"
    first = table("a INT")
    tables = {name: replace(first, name=name) for name in (_NAME, TableName("d", "u"))}
    assert tables_after(sql, understand(sql, "d", SqlModes()), _SESSION, "d", tables.get, _DATABASES) == tables


def test_a_name_that_an_index_may_have_is_not_given_to_another() -> None:
    assert after("ALTER TABLE t ADD UNIQUE (a)", table("a INT, KEY (a)")) is None
    assert after("ALTER TABLE t ADD UNIQUE (a)", replace(table("a INT"), other_keys=None)) is None
    assert shown(certain("ALTER TABLE t ADD UNIQUE n (a)", table("a INT, KEY (a)"))) == "a int, n:a?"


def test_indexes_come_and_go() -> None:
    found = certain("CREATE UNIQUE INDEX x ON t (b, a) COMMENT 'y'", table("a INT, b INT NOT NULL"))
    assert shown(found) == "a int, b int !, x:b a?"
    assert shown(certain("DROP INDEX x ON t", found)) == "a int, b int !"
    assert shown(certain("CREATE INDEX y ON t ((a + 1))", found)) == shown(found)


def test_tables_are_copied_and_stay() -> None:
    model = replace(table(_BASE), name=TableName("d", "m"))
    assert certain("CREATE TABLE t LIKE m", model) == replace(model, name=_NAME)
    assert after("CREATE TABLE t LIKE elsewhere") is None
    assert certain("CREATE TABLE IF NOT EXISTS t (z INT)", table("a INT")) == table("a INT")
    assert after("CREATE TABLE t (z INT)", table("a INT")) is None
    assert after("ALTER TABLE t ADD z INT") is None


def test_a_renamed_table_keeps_what_was_changed() -> None:
    found = certain("ALTER TABLE t ADD z INT, RENAME TO e.u", table("a INT"))
    assert (found.name, shown(found)) == (TableName("e", "u"), "a int, z int")


def test_the_session_decides() -> None:
    lax = replace(_SESSION, sql_mode=1)
    assert shown(certain("CREATE TABLE t (a REAL)", session=lax)) == "a float"
    timestamps = replace(_SESSION, explicit_timestamps=False)
    assert shown(certain("CREATE TABLE t (a TIMESTAMP, b TIMESTAMP NULL)", session=timestamps)) == (
        "a timestamp !, b timestamp"
    )
    other = replace(_SESSION, charsets=_SESSION.charsets.with_utf8mb4("utf8mb4_general_ci"))
    assert certain("CREATE TABLE t (a CHAR) CHARSET utf8mb4", session=other).collation == "utf8mb4_general_ci"


def test_old_servers_print_widths_and_know_utf8_by_its_old_name() -> None:
    found = certain(
        "CREATE TABLE t (a INT, b BIGINT UNSIGNED, y YEAR, c CHAR CHARSET utf8mb3, d TIMESTAMP)", None, _OLD
    )
    assert shown(found) == "a int(11), b bigint(20) unsigned, y year(4), c char(1) utf8_general_ci, d timestamp !"


DATABASES = {
    "CREATE DATABASE d": Collated("latin1", "latin1_swedish_ci"),
    "CREATE DATABASE d /*!40100 DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin */ /*!80016 ENCRYPTION='N' */": (
        Collated("utf8mb4", "utf8mb4_bin")
    ),
    "ALTER DATABASE d CHARSET = utf8": Collated("utf8mb3", "utf8mb3_general_ci"),
    "ALTER DATABASE d READ ONLY = 1": Collated("utf8mb4", "utf8mb4_0900_ai_ci"),
    "ALTER SCHEMA d DEFAULT ENCRYPTION 'N' COLLATE latin1_bin": Collated("latin1", "latin1_bin"),
    "CREATE DATABASE d CHARSET klingon": None,
}


@pytest.mark.parametrize("sql", DATABASES)
def test_a_database_has_a_default(sql: str) -> None:
    statement = understand(sql, None, SqlModes())
    assert database_after(sql, statement, _SESSION, Collated("utf8mb4", "utf8mb4_0900_ai_ci")) == DATABASES[sql]


def test_a_disagreement_says_where() -> None:
    one = table(_BASE)
    assert disagreement(one, one) == ""
    assert "columns" in disagreement(one, table("a INT"))
    assert disagreement(table("a INT"), table("a BIGINT")).startswith("a: ")
    assert "keys" in disagreement(table("a INT, UNIQUE (a)"), table("a INT"))
    assert "charset" in disagreement(one, replace(one, collation="latin1_bin"))


@pytest.mark.parametrize(
    ("definition", "defaults"),
    [
        ("a INT, b DECIMAL(6,2), c VARCHAR(3), PRIMARY KEY (a, b, c)", ["0", "0.00", ""]),
        ("a INT PRIMARY KEY", [None]),
        ("a INT NULL PRIMARY KEY", [None]),
        ("a INT NOT NULL, PRIMARY KEY (a)", [None]),
        ("a INT DEFAULT 7, PRIMARY KEY (a)", ["7"]),
        ("a INT AUTO_INCREMENT, b INT NULL, PRIMARY KEY (a, b)", [None, "0"]),
        ("a INT, UNIQUE (a)", [None]),
    ],
)
def test_old_servers_give_key_columns_a_default(definition: str, defaults: list[str | None]) -> None:
    old = certain(f"CREATE TABLE t ({definition})", session=_OLD)
    assert [column.default for column in old.columns] == defaults
    if "NULL" not in definition.replace("NOT NULL", ""):  # newer ones refuse that
        young = certain(f"CREATE TABLE t ({definition})")
        assert [column.default for column in young.columns] == [
            default if default == "7" else None for default in defaults
        ]
        assert [column.nullable for column in young.columns] == [column.nullable for column in old.columns]


def test_old_servers_give_columns_that_become_a_key_a_default() -> None:
    before = certain("CREATE TABLE t (a INT, b INT NOT NULL, d DATE)", session=_OLD)
    keyed = certain("ALTER TABLE t ADD PRIMARY KEY (a, b)", before, _OLD)
    assert [column.default for column in keyed.columns] == ["0", None, None]
    assert after("ALTER TABLE t ADD PRIMARY KEY (d)", before, _OLD) is None  # its default may not be told
    wider = certain("ALTER TABLE t MODIFY b BIGINT", keyed, _OLD)
    assert [column.default for column in wider.columns] == ["0", "0", None]
    unkeyed = certain("ALTER TABLE t DROP PRIMARY KEY", wider, _OLD)
    assert [column.default for column in unkeyed.columns] == ["0", "0", None]
