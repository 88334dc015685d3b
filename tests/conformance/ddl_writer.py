"""Random CREATE and ALTER TABLE statements: mostly valid ones, of everything that a column or a key may be."""

import random
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

_CHARSETS = (
    "utf8mb4", "utf8mb3", "utf8", "latin1", "gbk", "ascii", "ucs2", "utf16", "cp1251", "sjis", "gb18030", "binary",
    "koi8r",
)  # fmt: skip
_COLLATIONS = ("utf8mb4_bin", "latin1_german1_ci", "utf8_general_ci", "utf8mb4_0900_as_cs", "ascii_bin", "ucs2_bin")
_SPATIAL = ("GEOMETRY", "POINT", "LINESTRING", "POLYGON", "MULTIPOINT", "MULTILINESTRING", "MULTIPOLYGON",
            "GEOMETRYCOLLECTION", "GEOMCOLLECTION")  # fmt: skip
_NAMES = ("a", "b", "c", "D", "e e", "f`f", "g", "Select", "i", "ü", "k.k", "comment", "L", "m", "first")


class DdlWriter:
    """Writes statements for one table `t`; it does not know what becomes of them, so some fail."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def sql_mode(self) -> str:
        modes = ["STRICT_TRANS_TABLES"] if self._chance(0.85) else []
        modes += ["REAL_AS_FLOAT"] if self._chance(0.2) else []
        return ",".join(modes + (["NO_BACKSLASH_ESCAPES"] if self._chance(0.1) else []))

    def explicit_timestamps(self) -> bool:
        return self._chance(0.8)

    def charset_clause(self) -> str:
        """Of a table or a database; often nothing."""
        chance = self._random.random()
        if chance < 0.4:
            return ""
        if chance < 0.7:
            return f" {self._of('DEFAULT ', '')}{self._of('CHARSET', 'CHARACTER SET')}{self._of('=', ' ')}" + self._of(
                *_CHARSETS[:-2]
            )
        return f" COLLATE {self._of(*_COLLATIONS)}"

    def create(self) -> str:
        names = self._random.sample(_NAMES, self._random.randint(1, 7))
        elements = [self._column(name) for name in names]
        elements += [self._key(names) for _ in range(self._random.choice((0, 0, 1, 2)))]
        comment = self._of("", " COMMENT='it''s'", " ENGINE=InnoDB, ROW_FORMAT=DYNAMIC")
        parts = self._of("", "", "", f" PARTITION BY HASH({_quoted(names[0])}) PARTITIONS 2")
        return f"CREATE TABLE t ({', '.join(elements)}){self.charset_clause()}{comment}{parts}"

    def alter(self, columns: list[str], keys: list[str]) -> str:
        """With the columns and keys that the table has now."""
        clauses = [self._clause(columns, keys) for _ in range(self._random.choice((1, 1, 2, 3, 4)))]
        converts = [clause for clause in clauses if clause.startswith("CONVERT")]
        if converts:  # MySQL 9.7 dies of two, and of one beside a new unique column
            clauses = [clause for clause in clauses if clause not in converts[1:] and " UNIQUE" not in clause]
        return f"ALTER TABLE {self._of('t', '`t`', '/*!40000 t */')} " + ", ".join(clauses)

    def index(self, columns: list[str], keys: list[str]) -> str:
        if keys and self._chance(0.4):
            return f"DROP INDEX {_quoted(self._random.choice(keys))} ON t"
        kind = self._of("", "UNIQUE ", "UNIQUE ")
        return f"CREATE {kind}INDEX {_quoted(self._of('x', 'y', 'z'))} ON t ({self._parts(columns)})"

    # -- clauses

    def _clause(self, columns: list[str], keys: list[str]) -> str:
        fresh = [name for name in _NAMES if name not in columns] or ["zz"]
        old, new = _quoted(self._random.choice(columns)), self._random.choice(fresh)
        key = _quoted(self._random.choice(keys)) if keys else "none"
        writers: tuple[Callable[[], str], ...] = (
            lambda: f"ADD {self._of('COLUMN ', '')}{self._column(new)}{self._place(columns)}",
            lambda: f"ADD COLUMN ({self._column(new)}, {self._column(self._random.choice(fresh))})",
            lambda: f"ADD {self._key(columns)}",
            lambda: f"DROP {self._of('COLUMN ', '')}{old}",
            lambda: f"CHANGE {self._of('COLUMN ', '')}{old} {self._column(new)}{self._place(columns)}",
            lambda: f"CHANGE {old} {self._column(self._random.choice(columns))}{self._place(columns)}",
            lambda: f"MODIFY {self._of('COLUMN ', '')}{old} {self._definition()}{self._place(columns)}",
            lambda: f"RENAME COLUMN {old} TO {_quoted(new)}",
            lambda: f"RENAME COLUMN {old} TO {_quoted(self._random.choice(columns))}",
            lambda: f"ALTER {old} {self._of('SET DEFAULT 7', 'DROP DEFAULT', 'SET INVISIBLE', 'SET VISIBLE')}",
            lambda: f"ALTER COLUMN {old} SET DEFAULT {self._of('NULL', '(1 + 1)', repr('x'))}",
            lambda: f"CONVERT TO CHARACTER SET {self._of(*_CHARSETS)}",
            lambda: f"CONVERT TO CHARSET utf8mb4 COLLATE {self._of('utf8mb4_bin', 'utf8mb4_general_ci')}",
            lambda: self.charset_clause().strip() or "COMMENT 'new'",
            lambda: f"DROP {self._of('INDEX', 'KEY')} {key}",
            lambda: f"RENAME KEY {key} TO {_quoted(self._of('x', 'y', 'r'))}",
            lambda: f"DROP CONSTRAINT {self._of(key, 'c1', 'f1', 'k1')}",
            lambda: f"DROP {self._of('KEY', 'CONSTRAINT')} {key}, DROP {old}",
            lambda: f"DROP PRIMARY KEY, MODIFY {old} {self._definition()}",
            lambda: f"ADD {self._foreign_key(columns)}",
            lambda: f"ADD CONSTRAINT k1 CHECK ({old} IS NULL OR {old} IS NOT NULL)",
            lambda: "DROP PRIMARY KEY",
            lambda: self._of("FORCE", "ENGINE=InnoDB", "ALGORITHM=COPY", "ROW_FORMAT=DYNAMIC STATS_PERSISTENT=0"),
        )
        weights = (6, 2, 4, 4, 4, 1, 5, 3, 1, 2, 1, 2, 1, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1)
        return self._random.choices(writers, weights)[0]()

    def _place(self, columns: list[str]) -> str:
        return self._of("", "", " FIRST", f" AFTER {_quoted(self._random.choice(columns))}")

    def _key(self, columns: list[str]) -> str:
        name = self._of("", "", _quoted(self._of("x", "y", *columns)) + " ")
        unique = f"UNIQUE {self._of('', 'KEY ', 'INDEX ')}{name}"
        symbol = f"CONSTRAINT {self._of('c1', 'c2')} UNIQUE "
        kind = self._of("PRIMARY KEY ", unique, unique, symbol, f"KEY {name}", f"INDEX {name}")
        return self._foreign_key(columns) if self._chance(0.07) else f"{kind}({self._parts(columns)})"

    def _foreign_key(self, columns: list[str]) -> str:
        """To a table that is not there; the server may make a key for it."""
        symbol, column = self._of("", "CONSTRAINT f1 "), _quoted(self._random.choice(columns))
        return f"{symbol}FOREIGN KEY {self._of('', 'f2 ')}({column}) REFERENCES nowhere (id)"

    def _parts(self, columns: list[str]) -> str:
        chosen = self._random.sample(columns, min(len(columns), self._of(1, 1, 2)))
        plain = [f"{_quoted(name)}{self._of('', '', '', '(3)')}{self._of('', '', ' DESC')}" for name in chosen]
        return ", ".join([*plain, self._expression(columns)] if self._chance(0.1) else plain)

    def _expression(self, columns: list[str]) -> str:
        return f"(CAST({_quoted(self._random.choice(columns))} AS CHAR(9)))"

    # -- columns

    def _column(self, name: str) -> str:
        return f"{_quoted(name)} {self._definition()}"

    def _definition(self) -> str:
        if self._chance(0.04):
            return self._of("SERIAL", "INT GENERATED ALWAYS AS (1 + 1) VIRTUAL", "CHAR(3) AS ('abc') STORED NOT NULL")
        return self._of(self._number, self._number, self._text, self._text, self._text, self._other)()

    def _number(self) -> str:
        name = self._of(
            "TINYINT", "TINYINT(1)", "BOOL", "SMALLINT", "INT1", "INT2", "INT3", "INT4", "INT8", "MEDIUMINT", "INT",
            "INT(0)", "INTEGER(5)", "BIGINT", "DECIMAL", "DEC(5)", "NUMERIC(12,4)", "FIXED(6,0)", "FLOAT", "FLOAT(24)",
            "FLOAT(25)", "FLOAT(7,3)", "REAL", "DOUBLE", "DOUBLE PRECISION", "DOUBLE(8,2)", "FLOAT8", "DECIMAL(0)",
        )  # fmt: skip
        sign = self._of("", "", "", " UNSIGNED", " ZEROFILL", " SIGNED")
        if name == "BOOL":
            return name + self._null() + self._of("", " DEFAULT TRUE", " DEFAULT 0")
        return name + sign + self._null() + self._of(
            "", "", "", "", " DEFAULT 1", " DEFAULT '2'", " UNIQUE",
            " PRIMARY KEY", " AUTO_INCREMENT UNIQUE", " AUTO_INCREMENT NULL UNIQUE"
        )  # fmt: skip

    def _text(self) -> str:
        name = self._of(
            "CHAR", "CHAR(10)", "CHARACTER(255)", "VARCHAR(20)", "CHAR VARYING(5)", "CHARACTER VARYING(300)",
            "TEXT", "TINYTEXT", "MEDIUMTEXT", "LONGTEXT", "TEXT(100)", "TEXT(20000)", "TEXT(70000)",
            "LONG", "LONG VARCHAR", "ENUM('a','B','it''s')", "SET('x','y ','z')", "VARCHAR(4000)", "VARCHAR(0)",
            "ENUM('on','Größe')", "VARCHAR(16000)", "VARCHAR(70000)",
        )  # fmt: skip
        charset = self._of(
            "", "", "", f" CHARACTER SET {self._of(*_CHARSETS)}", f" CHARSET {self._of(*_CHARSETS)}", " BINARY",
            " ASCII", " UNICODE", " BYTE", f" COLLATE {self._of(*_COLLATIONS)}", " CHARSET latin1 COLLATE latin1_bin",
            " CHARSET utf8 BINARY", " BINARY CHARSET koi8r",
        )  # fmt: skip
        national = self._of("", "", "", "", "NATIONAL CHAR(5)", "NCHAR(2)", "NVARCHAR(9)", "NCHAR VARYING(3)")
        return (national or name + charset) + self._null() + self._of("", "", "", " COMMENT 'c''c'", " UNIQUE")

    def _other(self) -> str:
        name = self._of(
            "DATE", "TIME", "TIME(3)", "DATETIME", "DATETIME(6)", "TIMESTAMP", "TIMESTAMP(2)", "YEAR", "YEAR(4)", "BIT",
            "BIT(9)", "JSON", "BLOB", "TINYBLOB", "MEDIUMBLOB", "LONGBLOB", "BLOB(300)", "BLOB(100000)",
            "LONG VARBINARY", "BINARY", "BINARY(7)", "VARBINARY(30)", "VARBINARY(70000)", "VECTOR", "VECTOR(5)",
            "POINT SRID 0", *_SPATIAL
        )  # fmt: skip
        default = ""
        if name in ("DATETIME", "TIMESTAMP"):
            default = self._of("", " DEFAULT CURRENT_TIMESTAMP", " DEFAULT NOW() ON UPDATE NOW()")
        return name + self._null() + default + self._of("", "", " INVISIBLE", " COMMENT 'x'")

    def _null(self) -> str:
        return self._of("", "", " NULL", " NOT NULL", " NOT NULL")

    def _of(self, *choices: T) -> T:
        return self._random.choice(choices)

    def _chance(self, share: float) -> bool:
        return self._random.random() < share


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"
