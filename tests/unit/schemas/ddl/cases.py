"""Statements and what is known of them. The default database is `here`; unqualified names belong to it."""

from dataclasses import dataclass

from schemas.ddl.statement import Kind, Statement, XaVerb, Xid
from schemas.names import TableName


def names(text: str) -> tuple[TableName, ...]:
    """`a db.b` -> here.a, db.b"""
    return tuple(
        TableName(*word.rpartition(".")[::2]) if "." in word else TableName("here", word) for word in text.split()
    )


@dataclass(frozen=True, slots=True)
class Case:
    sql: str
    statement: Statement


def case(
    sql: str,
    kind: Kind,
    tables: str = "",
    *,
    renames: str = "",
    references: str = "",
    objects: str = "",
    database: str | None = None,
    if_exists: bool = False,
    if_not_exists: bool = False,
    starts_transaction: bool = False,
    unbounded: bool = False,
    savepoint: str | None = None,
    xa: XaVerb | None = None,
    xid: Xid | None = None,
) -> Case:
    pairs = names(renames)
    return Case(
        sql,
        Statement(
            kind=kind,
            tables=names(tables),
            renames=tuple(zip(pairs[::2], pairs[1::2], strict=True)),
            references=names(references),
            objects=names(objects),
            database=database,
            if_exists=if_exists,
            if_not_exists=if_not_exists,
            starts_transaction=starts_transaction,
            unbounded=unbounded,
            savepoint=savepoint,
            xa=xa,
            xid=xid,
        ),
    )


TRANSACTIONS = [
    case("BEGIN", Kind.BEGIN),
    case("begin work", Kind.BEGIN),
    case("START TRANSACTION WITH CONSISTENT SNAPSHOT", Kind.BEGIN),
    case("COMMIT", Kind.COMMIT),
    case("COMMIT WORK AND NO CHAIN NO RELEASE;", Kind.COMMIT),
    case("ROLLBACK", Kind.ROLLBACK),
    case("ROLLBACK WORK AND CHAIN NO RELEASE", Kind.ROLLBACK),
    case("SAVEPOINT `a b`", Kind.SAVEPOINT, savepoint="a b"),
    case("ROLLBACK TO `x`", Kind.ROLLBACK_TO_SAVEPOINT, savepoint="x"),
    case("ROLLBACK WORK TO SAVEPOINT x", Kind.ROLLBACK_TO_SAVEPOINT, savepoint="x"),
    case("RELEASE SAVEPOINT x", Kind.RELEASE_SAVEPOINT, savepoint="x"),
    case("XA START X'6131',X'',1", Kind.XA, xa=XaVerb.START, xid=Xid(b"a1")),
    case("XA BEGIN 'a', 'b'", Kind.XA, xa=XaVerb.START, xid=Xid(b"a", b"b")),
    case("XA END X'6131',X'62',7", Kind.XA, xa=XaVerb.END, xid=Xid(b"a1", b"b", 7)),
    case("XA PREPARE 'a'", Kind.XA, xa=XaVerb.PREPARE, xid=Xid(b"a")),
    case("XA COMMIT 0x61,0x62,0x07 ONE PHASE", Kind.XA, xa=XaVerb.COMMIT, xid=Xid(b"a", b"b", 7)),
    case("XA ROLLBACK X'6131',X'',1", Kind.XA, xa=XaVerb.ROLLBACK, xid=Xid(b"a1")),
    case("XA RECOVER", Kind.XA, xa=XaVerb.RECOVER),
]

DATABASES = [
    case("CREATE DATABASE shop", Kind.CREATE_DATABASE, database="shop"),
    case("create schema if not exists `a.b` CHARSET utf8mb4", Kind.CREATE_DATABASE, database="a.b", if_not_exists=True),
    case("CREATE DATABASE /*!32312 IF NOT EXISTS*/ `s`", Kind.CREATE_DATABASE, database="s", if_not_exists=True),
    case("ALTER DATABASE shop COLLATE utf8mb4_bin", Kind.ALTER_DATABASE, database="shop"),
    case("ALTER SCHEMA CHARACTER SET = utf8", Kind.ALTER_DATABASE, database="here"),
    case("ALTER DATABASE DEFAULT ENCRYPTION 'N'", Kind.ALTER_DATABASE, database="here"),
    case("ALTER DATABASE charset CHARSET utf8mb4", Kind.ALTER_DATABASE, database="charset"),
    case("ALTER DATABASE READ ONLY = 1", Kind.ALTER_DATABASE, database="here"),
    case("ALTER DATABASE encryption ENCRYPTION = 'Y'", Kind.ALTER_DATABASE, database="encryption"),
    case("ALTER DATABASE `default` UPGRADE DATA DIRECTORY NAME", Kind.ALTER_DATABASE, database="default"),
    case("DROP DATABASE shop", Kind.DROP_DATABASE, database="shop"),
    case("DROP SCHEMA IF EXISTS `s``p`", Kind.DROP_DATABASE, database="s`p", if_exists=True),
]

CREATE_TABLES = [
    case("CREATE TABLE t (id INT)", Kind.CREATE_TABLE, "t"),
    case("create table if not exists shop.t (id int) engine=innodb", Kind.CREATE_TABLE, "shop.t", if_not_exists=True),
    case("CREATE TABLE .t (id INT)", Kind.CREATE_TABLE, "t"),
    case("CREATE TABLE shop . t(id INT);", Kind.CREATE_TABLE, "shop.t"),
    case(
        "CREATE TABLE `t`(`as` INT, b INT AS (`as`+1), `select` INT DEFAULT (1)) COMMENT 'as select'",
        Kind.CREATE_TABLE,
        "t",
    ),
    case("CREATE TABLE t (a INT) ENGINE=MERGE UNION=(a,b) INSERT_METHOD=LAST", Kind.CREATE_TABLE, "t"),
    case(
        "CREATE TABLE t (a INT) PARTITION BY RANGE ((a)) (PARTITION p VALUES LESS THAN MAXVALUE)",
        Kind.CREATE_TABLE,
        "t",
    ),
    case("CREATE TABLE t (a INT) /*!50100 PARTITION BY HASH (a) PARTITIONS 4 */", Kind.CREATE_TABLE, "t"),
    case("CREATE TABLE t (a INT, KEY(a) /*!99990 800220201 GLOBAL */)", Kind.CREATE_TABLE, "t"),
    case("CREATE TABLE `t` (\n  `a` int\n) START TRANSACTION", Kind.CREATE_TABLE, "t", starts_transaction=True),
    case("CREATE TABLE t (a INT) START TRANSACTION ENGINE=InnoDB", Kind.CREATE_TABLE, "t", starts_transaction=True),
    case("CREATE TABLE t (start INT, `transaction` INT)", Kind.CREATE_TABLE, "t"),
    case("CREATE TABLE t LIKE shop.u", Kind.CREATE_TABLE_LIKE, "t", references="shop.u"),
    case("CREATE TABLE IF NOT EXISTS a.t (LIKE u)", Kind.CREATE_TABLE_LIKE, "a.t", references="u", if_not_exists=True),
    case("CREATE TABLE t SELECT 1 AS a", Kind.CREATE_TABLE_SELECT, "t"),
    case("CREATE TABLE t AS SELECT * FROM u", Kind.CREATE_TABLE_SELECT, "t"),
    case("CREATE TABLE t (a INT) ENGINE=InnoDB IGNORE AS (SELECT * FROM u)", Kind.CREATE_TABLE_SELECT, "t"),
    case("CREATE TABLE t (a INT) ((SELECT 1) UNION (SELECT 2))", Kind.CREATE_TABLE_SELECT, "t"),
    case("CREATE TABLE t (SELECT 1)", Kind.CREATE_TABLE_SELECT, "t"),
    case("CREATE TABLE t WITH c AS (SELECT 1) SELECT * FROM c", Kind.CREATE_TABLE_SELECT, "t"),
    case("CREATE TABLE t TABLE u", Kind.CREATE_TABLE_SELECT, "t"),
    case("CREATE TABLE IF NOT EXISTS t VALUES ROW(1)", Kind.CREATE_TABLE_SELECT, "t", if_not_exists=True),
]

ALTER_TABLES = [
    case("ALTER TABLE t ADD COLUMN a INT", Kind.ALTER_TABLE, "t"),
    case("ALTER IGNORE TABLE shop.t DROP a", Kind.ALTER_TABLE, "shop.t"),
    case("ALTER ONLINE TABLE t ADD INDEX (a), ALGORITHM=INPLACE, LOCK=NONE", Kind.ALTER_TABLE, "t"),
    case("ALTER TABLE t RENAME u", Kind.ALTER_TABLE, "t u", renames="t u"),
    case(
        "ALTER TABLE shop.t RENAME TO `x y`.u".replace("`x y`", "z"),
        Kind.ALTER_TABLE,
        "shop.t z.u",
        renames="shop.t z.u",
    ),
    case("ALTER TABLE t RENAME AS u", Kind.ALTER_TABLE, "t u", renames="t u"),
    case("ALTER TABLE t RENAME = u", Kind.ALTER_TABLE, "t u", renames="t u"),
    case("ALTER TABLE t ADD a INT, RENAME TO u, DROP b", Kind.ALTER_TABLE, "t u", renames="t u"),
    case("ALTER TABLE t RENAME TO t, ADD a INT", Kind.ALTER_TABLE, "t", renames="t t"),
    case("ALTER TABLE t RENAME COLUMN a TO b, RENAME INDEX i TO j, RENAME KEY k TO l", Kind.ALTER_TABLE, "t"),
    case("ALTER TABLE t RENAME COLUMN a TO b, RENAME TO u", Kind.ALTER_TABLE, "t u", renames="t u"),
    case("ALTER TABLE t COMMENT 'RENAME TO u', ADD `RENAME` INT", Kind.ALTER_TABLE, "t"),
    case("ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES x.`rename` (a)", Kind.ALTER_TABLE, "t"),
    case("ALTER TABLE t EXCHANGE PARTITION p WITH TABLE x.u WITHOUT VALIDATION", Kind.ALTER_TABLE, "t x.u"),
    case("ALTER TABLE t TRUNCATE PARTITION p0, p1", Kind.ALTER_TABLE, "t"),
    case("ALTER TABLE t REBUILD PARTITION ALL", Kind.ALTER_TABLE, "t"),
    case("ALTER TABLE t ANALYZE PARTITION p0", Kind.MAINTENANCE, references="t"),
    case("ALTER TABLE x.t CHECK PARTITION ALL FOR UPGRADE", Kind.MAINTENANCE, references="x.t"),
    case("ALTER TABLE t OPTIMIZE PARTITION NO_WRITE_TO_BINLOG p0, p1", Kind.MAINTENANCE, references="t"),
    case("ALTER TABLE t REPAIR PARTITION p1 QUICK EXTENDED", Kind.MAINTENANCE, references="t"),
    case("ALTER TABLE t CONVERT TO CHARACTER SET utf8mb4", Kind.ALTER_TABLE, "t"),
    case("/*!50610 ALTER TABLE film_text engine=InnoDB */", Kind.ALTER_TABLE, "film_text"),
]

OTHER_TABLE_DEFINITIONS = [
    case("DROP TABLE t", Kind.DROP_TABLE, "t"),
    case("DROP TABLES IF EXISTS `t`,`shop`.`u` /* generated by server */", Kind.DROP_TABLE, "t shop.u", if_exists=True),
    case("DROP TABLE t, t CASCADE;", Kind.DROP_TABLE, "t"),
    case("RENAME TABLE a TO b", Kind.RENAME_TABLE, "a b", renames="a b"),
    case("RENAME TABLES a TO tmp, b TO x.a, tmp TO b", Kind.RENAME_TABLE, "a tmp b x.a", renames="a tmp b x.a tmp b"),
    case("TRUNCATE t", Kind.TRUNCATE_TABLE, "t"),
    case("TRUNCATE TABLE shop.t", Kind.TRUNCATE_TABLE, "shop.t"),
    case("CREATE INDEX i ON t (a)", Kind.CREATE_INDEX, "t"),
    case("CREATE UNIQUE INDEX i USING BTREE ON shop.t (a) LOCK=NONE", Kind.CREATE_INDEX, "shop.t"),
    case("CREATE FULLTEXT INDEX `on` ON t (a)", Kind.CREATE_INDEX, "t"),
    case("CREATE SPATIAL INDEX i ON t (a)", Kind.CREATE_INDEX, "t"),
    case("DROP INDEX `PRIMARY` ON t", Kind.DROP_INDEX, "t"),
    case("CREATE TEMPORARY TABLE t (a INT)", Kind.TEMPORARY_TABLE, objects="t"),
    case("CREATE TEMPORARY TABLE IF NOT EXISTS t AS SELECT 1", Kind.TEMPORARY_TABLE, objects="t", if_not_exists=True),
    case("DROP TEMPORARY TABLE t, x.u", Kind.TEMPORARY_TABLE, objects="t x.u"),
    case("DROP /*!40005 TEMPORARY */ TABLE IF EXISTS `t`", Kind.TEMPORARY_TABLE, objects="t", if_exists=True),
]

PROGRAMS = [
    case("CREATE VIEW v AS SELECT * FROM t", Kind.VIEW, objects="v"),
    case(
        "CREATE OR REPLACE ALGORITHM=MERGE DEFINER=`a`@`%` SQL SECURITY INVOKER VIEW x.v (a) AS SELECT 1",
        Kind.VIEW,
        objects="x.v",
    ),
    case("CREATE VIEW IF NOT EXISTS v AS SELECT 1", Kind.VIEW, objects="v", if_not_exists=True),
    case("ALTER DEFINER=a@localhost VIEW v AS SELECT 1", Kind.VIEW, objects="v"),
    case("DROP VIEW IF EXISTS v, x.w CASCADE", Kind.VIEW, objects="v x.w", if_exists=True),
    case("CREATE OR REPLACE JSON RELATIONAL DUALITY VIEW v AS SELECT 1", Kind.VIEW, objects="v"),
    case("ALTER JSON DUALITY VIEW v AS SELECT 1", Kind.VIEW, objects="v"),
    case(
        "CREATE DEFINER=CURRENT_USER() TRIGGER r BEFORE INSERT ON x.t FOR EACH ROW DELETE FROM u",
        Kind.TRIGGER,
        objects="r",
        references="x.t",
    ),
    case(
        "CREATE /*!50017 DEFINER=`a`@`b`*/ /*!50003 TRIGGER r AFTER UPDATE ON t FOR EACH ROW SET @a = 1 */",
        Kind.TRIGGER,
        objects="r",
        references="t",
    ),
    case("DROP TRIGGER IF EXISTS x.r", Kind.TRIGGER, objects="x.r", if_exists=True),
    case("CREATE DEFINER='a'@'b' PROCEDURE p(a INT) BEGIN DROP TABLE t; END", Kind.ROUTINE, objects="p"),
    case("CREATE FUNCTION x.f(a INT) RETURNS INT RETURN 1", Kind.ROUTINE, objects="x.f"),
    case("CREATE FUNCTION f() RETURNS INT LANGUAGE JAVASCRIPT AS $$ it's; $$", Kind.ROUTINE, objects="f"),
    case("ALTER PROCEDURE p COMMENT 'x'", Kind.ROUTINE, objects="p"),
    case("DROP FUNCTION IF EXISTS f", Kind.ROUTINE, objects="f", if_exists=True),
    case("CREATE LIBRARY l LANGUAGE JAVASCRIPT AS 'x'", Kind.ROUTINE, objects="l"),
    case(
        "CREATE EVENT IF NOT EXISTS e ON SCHEDULE EVERY 1 DAY DO DELETE FROM t",
        Kind.EVENT,
        objects="e",
        if_not_exists=True,
    ),
    case("ALTER DEFINER = a EVENT x.e DISABLE", Kind.EVENT, objects="x.e"),
    case("DROP EVENT e", Kind.EVENT, objects="e"),
]

ADMINISTRATION = [
    *(
        case(sql, Kind.ACCOUNT)
        for sql in (
            "CREATE USER 'a'@'%' IDENTIFIED WITH 'mysql_native_password' AS '*AB'",
            "ALTER USER IF EXISTS a DISCARD OLD PASSWORD",
            "DROP USER a, b",
            "RENAME USER a TO b",
            "CREATE ROLE r",
            "DROP ROLE r",
            "GRANT SELECT ON shop.* TO a",
            "REVOKE ALL PRIVILEGES, GRANT OPTION FROM a",
            "SET PASSWORD FOR 'a'@'%'='*AB'",
            "SET DEFAULT ROLE r TO a",
            "SET ROLE NONE",
        )
    ),
    case("ANALYZE TABLE t, x.u", Kind.MAINTENANCE, references="t x.u"),
    case("OPTIMIZE LOCAL TABLE t", Kind.MAINTENANCE, references="t"),
    case("REPAIR NO_WRITE_TO_BINLOG TABLES t QUICK", Kind.MAINTENANCE, references="t"),
    case("CHECK TABLE t FOR UPGRADE", Kind.MAINTENANCE, references="t"),
    *(
        case(sql, Kind.MAINTENANCE)
        for sql in (
            "FLUSH TABLES",
            "FLUSH NO_WRITE_TO_BINLOG PRIVILEGES",
            "FLUSH TABLES a, b WITH READ LOCK",
            "CACHE INDEX t IN hot",
            "LOAD INDEX INTO CACHE t",
        )
    ),
    *(
        case(sql, Kind.SET)
        for sql in ("SET NAMES utf8mb4", "SET @@session.sql_mode = ''", "SET @a = 1", "SET default_storage_engine = x")
    ),
    *(
        case(sql, Kind.OTHER_HARMLESS)
        for sql in (
            "CREATE SERVER s FOREIGN DATA WRAPPER mysql OPTIONS (USER 'a')",
            "ALTER SERVER s OPTIONS (USER 'b')",
            "DROP SERVER IF EXISTS s",
            "CREATE TABLESPACE s ADD DATAFILE 'a.ibd'",
            "CREATE UNDO TABLESPACE u ADD DATAFILE 'u.ibu'",
            "DROP TABLESPACE s",
            "CREATE LOGFILE GROUP g ADD UNDOFILE 'u'",
            "CREATE RESOURCE GROUP g TYPE = USER",
            "SET RESOURCE GROUP g",
            "CREATE OR REPLACE SPATIAL REFERENCE SYSTEM 4120 NAME 'x'",
            "DROP SPATIAL REFERENCE SYSTEM 4120",
            "ALTER INSTANCE ROTATE INNODB MASTER KEY",
            "CREATE AGGREGATE FUNCTION f RETURNS STRING SONAME 'f.so'",
            "INSTALL PLUGIN p SONAME 'p.so'",
            "UNINSTALL COMPONENT 'file://c'",
            "USE shop",
            "UNLOCK TABLES",
            "# Dum",
            "# Dummy event replacing event type 160 that slave cannot handle.",
            "-- nothing",
            "/* nothing */",
            "",
        )
    ),
]

WRITES = [
    case("INSERT INTO t VALUES (1)", Kind.DML, "t"),
    case("insert ignore shop.t (a) select a from u", Kind.DML, "shop.t"),
    case("INSERT /*+ SET_VAR(a=1) */ LOW_PRIORITY INTO t SET a = 1 ON DUPLICATE KEY UPDATE a = 2", Kind.DML, "t"),
    case("REPLACE DELAYED INTO t VALUES (1)", Kind.DML, "t"),
    case("REPLACE `into` VALUES (1)", Kind.DML, "into"),
    case("UPDATE t SET a = 1", Kind.DML, "t"),
    case("UPDATE LOW_PRIORITY IGNORE shop.t AS x SET x.a = (SELECT 1 FROM u) WHERE a IN (1, 2)", Kind.DML, "shop.t"),
    case("UPDATE t PARTITION (p, q) x USE INDEX (a, b) SET a = 1", Kind.DML, "t"),
    case("UPDATE t, shop.u AS x, t y SET t.a = x.a", Kind.DML, "t shop.u"),
    case("UPDATE t JOIN u ON f(t.a, u.a) LEFT JOIN (v CROSS JOIN w) USING (a, b) SET t.a = 1", Kind.DML, "t u v w"),
    case("UPDATE ((t, u) STRAIGHT_JOIN v) SET a = 1", Kind.DML, "t u v"),
    case(
        "UPDATE t, (SELECT a, b FROM u) d, LATERAL (SELECT 1) l,JSON_TABLE(a, '$' COLUMNS (b INT PATH '$'))j SET a=1",
        Kind.DML,
        "t",
    ),
    case("UPDATE { OJ t LEFT OUTER JOIN u ON t.a = u.a } SET t.a = 1", Kind.DML, "t u"),
    case("UPDATE t SET a = 1, b = 2 ORDER BY a LIMIT 3", Kind.DML, "t"),
    case("DELETE FROM t", Kind.DML, "t"),
    case(
        "DELETE QUICK FROM shop.t AS x PARTITION (p) WHERE a IN (SELECT a FROM u, v) ORDER BY a, b", Kind.DML, "shop.t"
    ),
    case("DELETE a, b FROM t AS a JOIN shop.u AS b ON a.x = b.x WHERE 1", Kind.DML, "t shop.u"),
    case("DELETE t.*, shop.u.* FROM t, shop.u", Kind.DML, "t shop.u"),
    case("DELETE FROM a, b USING t AS a JOIN u AS b USING (x, y) WHERE 1", Kind.DML, "t u"),
    case("DELETE FROM t.* USING shop.t, (u JOIN v)", Kind.DML, "shop.t u v"),
    case("WITH c AS (SELECT 1 FROM x) UPDATE t JOIN c ON 1 SET t.a = 1", Kind.DML, "t c"),
    case(
        "WITH RECURSIVE c (a) AS (SELECT 1), d AS (SELECT 2) DELETE FROM t WHERE a IN (SELECT a FROM c)", Kind.DML, "t"
    ),
    case("LOAD DATA LOCAL INFILE 'x' REPLACE INTO TABLE t FIELDS TERMINATED BY ',' (a, @b) SET c = @b", Kind.DML, "t"),
    case("LOAD XML INFILE 'x' INTO TABLE shop.t", Kind.DML, "shop.t"),
    *(
        case(sql, Kind.DML, unbounded=True)
        for sql in (
            "CALL p(1)",
            "DO f(1)",
            "SELECT `here`.`f`(1)",
            "(SELECT f(1))",
            "WITH c AS (SELECT 1) SELECT f(1) FROM c",
        )
    ),
]

UNKNOWN = [
    case(sql, Kind.UNKNOWN, unbounded=True)
    for sql in (
        "FROBNICATE TABLE t",
        "BEGIN NOT ATOMIC DELETE FROM t; END",
        "COMMIT; DELETE FROM t",
        "SET STATEMENT max_statement_time = 1 FOR DELETE FROM t",
        "ANALYZE DELETE FROM t",
        "IMPORT TABLE FROM 'x.sdi'",
        "BINLOG 'AAAA'",
        "EXECUTE s",
        "CREATE OR REPLACE TABLE t (a INT)",
        "CREATE SEQUENCE s",
        "DROP SEQUENCE s",
        "DROP TABLE t u",
        "DROP TABLE t; DROP TABLE u",
        "DROP TABLE",
        "CREATE TABLE t (a INT",
        "CREATE TABLE t (a INT)) SELECT 1",
        "CREATE TABLE t (a INT); SELECT 1",
        "ALTER TABLE t COMMENT 'x",
        "RENAME TABLE a TO b, c",
        "UPDATE t",
        "UPDATE t) SET a = 1",
        "DELETE t",
        "TRUNCATE 't'",
        "XA COMMIT X'6'",
        "XA COMMIT",
        "SAVEPOINT 'a'",
        "START REPLICA",
        "/*!99999 DROP TABLE t */",
        ";",
        "'",
        "\0",
    )
]

ALL = [
    *TRANSACTIONS,
    *DATABASES,
    *CREATE_TABLES,
    *ALTER_TABLES,
    *OTHER_TABLE_DEFINITIONS,
    *PROGRAMS,
    *ADMINISTRATION,
    *WRITES,
    *UNKNOWN,
]
