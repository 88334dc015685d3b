"""Writes stories: the same for the same number (pure)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from tests.conformance.stories.sessions import setting

_NAMES = ("a", "b", "c", "D", "v")
_TYPES = {
    "i": ("INT", "BIGINT", "SMALLINT UNSIGNED", "INT NOT NULL DEFAULT 7"),
    "s": (
        "VARCHAR(20)",
        "VARCHAR(40) CHARACTER SET latin1",
        "VARCHAR(20) COLLATE utf8mb4_bin",
        "CHAR(9) NOT NULL DEFAULT 'x'",
    ),
    "d": ("DATETIME(3)", "DATETIME DEFAULT CURRENT_TIMESTAMP", "DATE", "VARCHAR(30)"),
    "t": ("TIMESTAMP NULL", "TIMESTAMP(6) NULL DEFAULT '2021-02-03 04:05:06'", "TIMESTAMP NOT NULL DEFAULT NOW()"),
    "n": ("DECIMAL(8,2)", "DOUBLE", "DECIMAL(12,4) DEFAULT '1.5'"),
    "e": ("ENUM('on','off','Größe')", "SET('on','off')", "VARCHAR(9)"),
}
_KEYS = ("PRIMARY KEY (id)", "PRIMARY KEY (id)", "PRIMARY KEY (s)", "PRIMARY KEY (id, i)", "UNIQUE KEY u (id)", "")
_MORE = ("", "", "", ", UNIQUE KEY us (s)", ", UNIQUE KEY ui (i, id)", ", KEY ks (s)", ", KEY kt (t, id)")
_ENGINES = ("", "", "", "", " ENGINE=MyISAM")
_PARTITIONS = (
    "PARTITION BY HASH (id) PARTITIONS 3",
    "PARTITION BY RANGE (id) (PARTITION p0 VALUES LESS THAN (12), PARTITION p1 VALUES LESS THAN (30), "
    "PARTITION pm VALUES LESS THAN MAXVALUE)",
)
_CHARSETS = ("utf8mb4", "latin1", "utf8mb4 COLLATE utf8mb4_bin", "ucs2", "utf8mb3")
#: where the log does not name labels: a conversion keeps their bytes, of which ucs2 takes two for one of latin1
UNNAMED_CHARSETS = tuple("latin1 COLLATE latin1_bin" if charset == "ucs2" else charset for charset in _CHARSETS)
_ROWS = 40


@dataclass(frozen=True, slots=True)
class Story:
    """Statements of one session: those before the task begins, and those while it runs.

    `database` is selected, `elsewhere` is not.
    """

    number: int
    before: tuple[str, ...]
    meanwhile: tuple[str, ...]

    @property
    def database(self) -> str:
        return f"story{self.number}"

    @property
    def elsewhere(self) -> str:
        return f"apart{self.number}"

    def in_ascii(self) -> "Story":
        """With labels of ENUM in ASCII: what MySQL 5.6 makes of others in a conversion is not known from its text."""
        before, meanwhile = (
            tuple(statement.replace("Größe", "size") for statement in statements)
            for statements in (self.before, self.meanwhile)
        )
        return Story(self.number, before, meanwhile)


def story(number: int, charsets: Sequence[str] = _CHARSETS) -> Story:
    """The story of this number, in which tables have these charsets."""
    writer = _Writer(number, charsets)
    before = [writer.create(name) for name in _NAMES[:3]] + [writer.fill(name) for name in _NAMES[:3]]
    before += [statement for _ in range(writer.of(0, 4, 8)) for statement in writer.next()]
    meanwhile = [statement for _ in range(writer.of(12, 20, 30)) for statement in writer.next()]
    return Story(number, tuple(before), tuple(meanwhile))


class _Writer:
    """Knows no table's definition: statements that do not fit are refused by the source."""

    def __init__(self, number: int, charsets: Sequence[str]) -> None:
        self._random = Random(number)
        self._charsets = charsets
        self._apart = f"apart{number}"
        self._database = f"story{number}"
        self._made = 0

    def next(self) -> list[str]:
        """A statement; one that changes what rows are known by is followed by changes of rows."""
        kinds: dict[Callable[[], str], int] = {
            self._insert: 16,
            self._update: 14,
            self._delete: 6,
            self._alter: 16,
            self._keys: 7,
            self._names: 8,
            self._tables: 7,
            self._partitions: 5,
            self._views: 3,
            self._databases: 1,
            lambda: setting(self._random): 7,
        }
        kind = self._random.choices(list(kinds), list(kinds.values()))[0]
        burst = (self._insert, self._update, self._update, self._delete, self._insert, self._update)
        return [kind(), *(change() for change in burst if kind in (self._keys, self._names, self._partitions))]

    def of(self, *choices: int) -> int:
        return self._random.choice(choices)

    def create(self, name: str, clause: str = "") -> str:
        chance = self._random
        columns = [f"{column} {chance.choice(types)}" for column, types in _TYPES.items()]
        chance.shuffle(columns)
        key = chance.choice(_KEYS)
        number = "INT NOT NULL AUTO_INCREMENT" if key.endswith("(id)") and chance.random() < 0.4 else "INT NOT NULL"
        body = ", ".join(filter(None, [f"id {number}", *columns, key]))
        partitions = f" {chance.choice(_PARTITIONS)}" if chance.random() < 0.2 else ""
        engine = "" if partitions else chance.choice(_ENGINES)
        charset = chance.choice(("", "", f" CHARACTER SET {chance.choice(self._charsets)}"))
        return f"CREATE TABLE {clause}{name} ({body}{chance.choice(_MORE)}){engine}{charset}{partitions}"

    def fill(self, name: str) -> str:
        rows = ", ".join(self._row(number) for number in range(1, _ROWS, self._random.choice((1, 2, 5))))
        return f"INSERT IGNORE INTO {name} (id, i, s, n) VALUES {rows}"

    # ---- rows

    def _row(self, number: int) -> str:
        chance = self._random
        text = chance.choice(("a", "A", "ä", "ß", "ss", "x y ", "水", f"t{number}", f"T{number}"))
        return f"({number}, {chance.choice((number, number % 7, 'NULL'))}, '{text}{number % 9}', {number * 1.25})"

    def _table(self) -> str:
        return self._random.choice((*_NAMES, *_NAMES, *_NAMES, f"{self._apart}.x", f"{self._apart}.y"))

    def _id(self) -> int:
        return self._random.randint(1, _ROWS)

    def _insert(self) -> str:
        chance = self._random
        name = self._table()
        rows = ", ".join(self._row(self._id()) for _ in range(chance.choice((1, 2, 8))))
        auto = ", ".join(f"({self._id()}, 'auto{self._id()}')" for _ in range(2))
        return chance.choice(
            (
                f"INSERT IGNORE INTO {name} (id, i, s, n) VALUES {rows}",
                f"REPLACE INTO {name} (id, i, s, n) VALUES {rows}",
                f"INSERT INTO {name} (id, i, s, n) VALUES {rows} ON DUPLICATE KEY UPDATE n = n + 1, i = id",
                f"INSERT IGNORE INTO {name} (i, s) VALUES {auto}",
                f"INSERT IGNORE INTO {name} (id, i, s, n) SELECT id + 3, i, s, n FROM {self._table()}",
                self.fill(name),
            )
        )

    def _update(self) -> str:
        chance = self._random
        name, at = self._table(), self._id()
        change = chance.choice(
            (
                "n = n + 1",
                "i = i + 1",
                "s = UPPER(s)",
                f"s = CONCAT(s, '{at % 3}')",
                f"id = id + {chance.choice((1, 50))}",
                "t = '2022-03-27 02:30:00'",
                "d = '2020-02-29 23:59:59.5'",
                "e = 'off', i = NULL",
                f"id = {self._id()}, s = 'moved{at}'",
            )
        )
        where = chance.choice((f"id = {at}", f"id BETWEEN {at} AND {at + 10}", "i IS NULL", "1 = 1"))
        return f"UPDATE IGNORE {name} SET {change} WHERE {where}"

    def _delete(self) -> str:
        at = self._id()
        where = self._random.choice((f"id = {at}", f"id > {at}", f"i = {at % 7}", f"s LIKE 't{at % 10}%'"))
        return f"DELETE FROM {self._table()} WHERE {where}"

    # ---- definitions

    def _column(self) -> tuple[str, str]:
        name = self._random.choice(list(_TYPES))
        return name, self._random.choice(_TYPES[name])

    def _fresh(self) -> str:
        self._made += 1
        return f"x{self._made}"

    def _alter(self) -> str:
        chance = self._random
        (column, kind), (other, _) = self._column(), self._column()
        new, at = self._fresh(), chance.choice(("", " FIRST", " AFTER id"))
        clause = chance.choice(
            (
                f"ADD COLUMN {new} {kind}{at}",
                f"ADD COLUMN {new} INT AS (i * 2) {chance.choice(('STORED', 'VIRTUAL'))}",
                f"ADD COLUMN {new} VARCHAR(60) AS (CONCAT(s, '-', id)) {chance.choice(('STORED', 'VIRTUAL'))}",
                f"ADD COLUMN {new} TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP{at}",
                f"ADD COLUMN {new} DATETIME(6) DEFAULT NOW(6)",
                f"ADD COLUMN {new} VARCHAR(9) DEFAULT 'é😀'",
                f"ADD COLUMN {new} TIMESTAMP NULL DEFAULT '2021-07-01 12:00:00'",
                f"DROP COLUMN {column}",
                f"MODIFY {column} {kind}{at}",
                f"CHANGE {column} {other} {kind}, CHANGE {other} {column} {kind}",
                f"RENAME COLUMN {column} TO {other}, RENAME COLUMN {other} TO {column}",
                f"RENAME COLUMN {column} TO {new}",
                f"CHANGE {column} {new} {kind}",
                f"ALTER COLUMN i SET DEFAULT {self._id()}",
                f"CONVERT TO CHARACTER SET {chance.choice(self._charsets)}",
                f"DEFAULT CHARACTER SET {chance.choice(self._charsets)}",
                f"ENGINE={chance.choice(('InnoDB', 'InnoDB', 'MyISAM'))}",
                f"AUTO_INCREMENT = {100 + self._id()}",
                f"ADD CONSTRAINT {new} CHECK (n > -1000000)",
                "COMMENT = 'told', ROW_FORMAT=DYNAMIC",
                "FORCE",
            )
        )
        return f"ALTER TABLE {self._table()} {clause}"

    def _keys(self) -> str:
        chance = self._random
        name = self._table()
        return chance.choice(
            (
                f"ALTER TABLE {name} DROP PRIMARY KEY",
                f"ALTER TABLE {name} ADD PRIMARY KEY (id)",
                f"ALTER TABLE {name} DROP PRIMARY KEY, ADD PRIMARY KEY (id, i)",
                f"ALTER TABLE {name} DROP PRIMARY KEY, ADD PRIMARY KEY (s)",
                f"ALTER TABLE {name} MODIFY id VARCHAR(12) NOT NULL",
                f"ALTER TABLE {name} MODIFY id BIGINT NOT NULL AUTO_INCREMENT",
                f"ALTER TABLE {name} ADD UNIQUE KEY {self._fresh()} (s)",
                f"ALTER TABLE {name} ADD UNIQUE KEY {self._fresh()} (i, id)",
                f"CREATE UNIQUE INDEX us ON {name} (s, id)",
                f"DROP INDEX us ON {name}",
                f"ALTER TABLE {name} DROP INDEX ui, ADD INDEX ui (n)",
                f"ALTER TABLE {name} DROP INDEX u",
                f"ALTER TABLE {name} DROP COLUMN id, ADD COLUMN id INT NOT NULL DEFAULT 5 FIRST",
            )
        )

    def _names(self) -> str:
        one, other, third = self._random.sample(_NAMES, 3)
        apart = f"{self._apart}.{self._random.choice('xy')}"
        return self._random.choice(
            (
                f"RENAME TABLE {one} TO swap, {other} TO {one}, swap TO {other}",
                f"RENAME TABLE {one} TO swap, {other} TO {one}, {third} TO {other}, swap TO {third}",
                f"RENAME TABLE {one} TO {self._apart}.z, {other} TO {one}, {self._apart}.z TO {other}",
                f"RENAME TABLE {one} TO {other}",
                f"ALTER TABLE {one} RENAME TO {other}",
                f"ALTER TABLE {one} RENAME TO {other}, ADD COLUMN {self._fresh()} INT DEFAULT 3",
                f"RENAME TABLE {one} TO {apart}",
                f"RENAME TABLE {apart} TO {one}",
                f"RENAME TABLE {apart} TO swap, {one} TO {apart}, swap TO {one}",
            )
        )

    def _tables(self) -> str:
        chance = self._random
        one, other = self._table(), self._table()
        if chance.random() < 0.35:
            return self.create(one, chance.choice(("", "IF NOT EXISTS ")))
        return chance.choice(
            (
                f"DROP TABLE {one}",
                f"DROP TABLE IF EXISTS {one}, {other}",
                f"TRUNCATE TABLE {one}",
                f"CREATE TABLE {one} LIKE {other}",
                f"CREATE TABLE IF NOT EXISTS {one} LIKE {other}",
                f"CREATE TABLE {one} (PRIMARY KEY (id)) SELECT id, i, s, n FROM {other} GROUP BY id, i, s, n",
                f"OPTIMIZE TABLE {one}",
                f"ANALYZE TABLE {one}",
                f"CHECK TABLE {one}",
            )
        )

    def _partitions(self) -> str:
        chance = self._random
        one, other = chance.sample(_NAMES, 2)
        part = chance.choice(("p0", "p1", "pm"))
        clause = chance.choice(
            (
                chance.choice(_PARTITIONS),
                "REMOVE PARTITIONING",
                f"TRUNCATE PARTITION {part}",
                f"DROP PARTITION {part}",
                f"EXCHANGE PARTITION {part} WITH TABLE {other}",
                f"EXCHANGE PARTITION {part} WITH TABLE {self._apart}.x WITHOUT VALIDATION",
                f"{chance.choice(('ANALYZE', 'OPTIMIZE', 'CHECK', 'REBUILD', 'REPAIR'))} PARTITION ALL",
                "COALESCE PARTITION 1",
                "ADD PARTITION PARTITIONS 2",
                "REORGANIZE PARTITION p0, p1 INTO (PARTITION p0 VALUES LESS THAN (30))",
            )
        )
        return f"ALTER TABLE {one} {clause}"

    def _views(self) -> str:
        one, other = self._random.sample(_NAMES, 2)
        return self._random.choice(
            (
                f"CREATE OR REPLACE VIEW {one} AS SELECT 1 AS id",
                "CREATE VIEW v AS SELECT 2 AS id",
                f"DROP VIEW IF EXISTS {one}",
                "DROP VIEW v",
                f"RENAME TABLE v TO {other}",
                self.create("v", "IF NOT EXISTS "),
            )
        )

    def _databases(self) -> str:
        return self._random.choice(
            (
                f"ALTER DATABASE {self._database} CHARACTER SET {self._random.choice(self._charsets)}",
                f"DROP DATABASE {self._apart}",
                f"CREATE DATABASE IF NOT EXISTS {self._apart}",
            )
        )
