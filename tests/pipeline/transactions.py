"""Random transactions as SQL, the same for the same seed (pure).

Key spaces are small, so that transactions meet: many statements hit rows that others have just changed, and some are
refused (a key is taken, a table is away), which is part of the game.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from schemas.sql import identifier
from tests.pipeline.tables import BY_NAME, TABLES, RandomTable, quoted, text

KEYED = tuple(table for table in TABLES if table.key)
_TEAMS = 400
_NAMES = ("ann", "Ann", "ANN", "åse", "Åse", "bob", "Ωmega", "ß", "ss", "z z")
_COLUMN_TYPES = (
    "INT NOT NULL DEFAULT 7",
    "VARCHAR(30) DEFAULT 'spät'",
    "DECIMAL(10,3)",
    "JSON",
    "DATETIME(6) DEFAULT '2001-02-03 04:05:06.789'",
    "ENUM('on','off') NOT NULL DEFAULT 'off'",
    "BLOB",
)
_MODIFIED = {
    "Accounts": ("MODIFY owner VARCHAR(60)", "MODIFY owner VARCHAR(90)", "MODIFY owner TEXT"),
    "members": ("MODIFY note TEXT", "MODIFY note MEDIUMTEXT", "MODIFY note LONGTEXT COLLATE utf8mb4_bin"),
    "kinds": ("MODIFY t TINYINT", "MODIFY t INT", "MODIFY m BIGINT FIRST", "MODIFY m BIGINT AFTER version"),
    "legacy": ("MODIFY title VARCHAR(60) NOT NULL", "MODIFY title VARCHAR(80) CHARACTER SET utf8mb4 NOT NULL"),
    "journal": ("MODIFY note VARCHAR(80)", "MODIFY note VARCHAR(200)"),
    "codes": ("MODIFY slot INT", "MODIFY slot BIGINT"),
}


@dataclass(frozen=True, slots=True)
class Mix:
    """How often what comes, as shares of all transactions."""

    ddl: float = 0.0
    renames: float = 0.0  # of columns, among changes of definitions; from MySQL 8.0 on
    large: float = 0.0
    rolled_back: float = 0.1
    empty: float = 0.05
    compressed: float = 0.0
    xa: float = 0.0
    tagged: float = 0.0  # of those that commit as a whole: with a tag in their GTID
    rows: int = 2000  # key space, and rows of each table at first


class Transactions:
    """An endless source of transactions; each is the statements of one, in order."""

    def __init__(self, seed: str, mix: Mix) -> None:
        self._random = Random(seed)
        self._mix = mix
        self._added: dict[str, list[str]] = {table.name: [] for table in TABLES}
        self._indexes: list[tuple[str, str]] = []
        self._scratch: list[str] = []
        self._renamed = False
        self._made = 0
        self._seed = seed
        self._prepared: list[str] = []

    def __iter__(self) -> Iterator[tuple[str, ...]]:
        while True:
            yield self._next()

    def _next(self) -> tuple[str, ...]:
        random, mix = self._random, self._mix
        if self._prepared and random.random() < 0.4:
            return self._decide(random.choice(self._prepared))
        if mix.xa and random.random() < mix.xa:
            return self._xa()
        if random.random() < mix.ddl:
            return (self._ddl(),)
        if random.random() < mix.compressed:
            return (f"SET SESSION binlog_transaction_compression = {random.choice(('ON', 'OFF'))}",)
        if random.random() < mix.large:
            return ("BEGIN", *self._large(), "COMMIT")
        if random.random() < mix.empty:
            return random.choice((("BEGIN", "COMMIT"), ("UPDATE Accounts SET version = version WHERE id = -1",)))
        if random.random() < 0.3:
            return tuple(self._change())[:1]
        body: list[str] = []
        for _ in range(random.randint(1, 5)):
            body.extend(self._change())
        if random.random() < 0.2:
            body += ["SAVEPOINT s1", *self._change(), "ROLLBACK TO SAVEPOINT s1", *self._change()]
        whole = ("BEGIN", *body, "ROLLBACK" if random.random() < mix.rolled_back else "COMMIT")
        if mix.tagged and random.random() < mix.tagged:
            return ("SET gtid_next = 'AUTOMATIC:nightly'", *whole, "SET gtid_next = 'AUTOMATIC'")
        return whole

    def end(self) -> Iterator[tuple[str, ...]]:
        """Decides what is still prepared."""
        for xid in list(self._prepared):
            yield self._decide(xid)

    def _xa(self) -> tuple[str, ...]:
        random = self._random
        self._made += 1
        xid = f"'{self._seed}', '{self._made}'"
        body = [statement for _ in range(random.randint(1, 4)) for statement in self._change()]
        start, end = (f"XA START {xid}", *body), f"XA END {xid}"
        if random.random() < 0.2:
            return (*start, end, f"XA COMMIT {xid} ONE PHASE")
        self._prepared.append(xid)
        return (*start, end, f"XA PREPARE {xid}")

    def _decide(self, xid: str) -> tuple[str, ...]:
        self._prepared.remove(xid)
        return (f"XA {'COMMIT' if self._random.random() < 0.8 else 'ROLLBACK'} {xid}",)

    def _change(self) -> list[str]:
        random = self._random
        kinds = {
            self._insert: 6,
            self._update: 8,
            self._delete: 3,
            self._move: 2,
            self._swap: 2,
            self._journal: 4,
            self._upsert: 2,
            self._replace: 1,
        }
        return random.choices(list(kinds), list(kinds.values()))[0](random.choice(KEYED))

    # ---- rows

    def _insert(self, table: RandomTable) -> list[str]:
        count = self._random.choice((1, 1, 1, 2, 10, 60))
        return [f"INSERT IGNORE INTO {self._into(table)} VALUES {', '.join(self._row(table) for _ in range(count))}"]

    def _upsert(self, table: RandomTable) -> list[str]:
        first = next(iter(table.values))
        update = f"{first} = {first} + 1"
        return [f"INSERT INTO {self._into(table)} VALUES {self._row(table)} ON DUPLICATE KEY UPDATE {update}"]

    def _replace(self, table: RandomTable) -> list[str]:
        return [f"REPLACE INTO {self._into(table)} VALUES {self._row(table)}, {self._row(table)}"]

    def _update(self, table: RandomTable) -> list[str]:
        random = self._random
        chosen = random.sample(list(table.values), random.randint(1, min(4, len(table.values))))
        if table.name == "codes":  # a random code would be taken
            chosen = ["version"]
        sets = [f"{column} = {table.values[column](random)}" for column in chosen]
        if self._added[table.name] and random.random() < 0.5:
            sets.append(f"{random.choice(self._added[table.name])} = DEFAULT")
        return [f"UPDATE {table.name} SET {', '.join(sets)} WHERE {self._where(table)}"]

    def _delete(self, table: RandomTable) -> list[str]:
        return [f"DELETE FROM {table.name} WHERE {self._where(table)}"]

    def _move(self, table: RandomTable) -> list[str]:
        """Changes keys: far, next door, or only in letter case."""
        if table.name == "members":
            name = quoted(self._random.choice(_NAMES))
            return [
                self._random.choice(
                    (
                        f"UPDATE members SET name = {name} WHERE team = {self._team()} LIMIT 1",
                        f"UPDATE members SET name = UPPER(name) WHERE team = {self._team()}",
                        f"UPDATE members SET team = {self._team()} WHERE team = {self._team()} AND name = {name}",
                    )
                )
            ]
        to = self._random.choice(("id + 1", str(self._id()), f"id + {self._mix.rows}"))
        return [f"UPDATE {table.name} SET id = {to} WHERE id = {self._id()}"]

    def _swap(self, table: RandomTable) -> list[str]:
        """Two rows exchange the value of a unique column."""
        one, other = self._id(), self._id()
        held = f"moving {self._random.randint(0, 10**9)}"
        return [
            "SET @one = NULL, @other = NULL",
            f"SELECT code INTO @one FROM codes WHERE id = {one} FOR UPDATE",
            f"SELECT code INTO @other FROM codes WHERE id = {other} FOR UPDATE",
            f"UPDATE codes SET code = '{held}' WHERE id = {one} AND @one IS NOT NULL AND @other IS NOT NULL",
            f"UPDATE codes SET code = @one, version = version + 1 WHERE id = {other} AND @one IS NOT NULL",
            f"UPDATE codes SET code = @other, version = version + 1 WHERE id = {one} AND @other IS NOT NULL",
        ]

    def _journal(self, _: RandomTable) -> list[str]:
        random, table = self._random, BY_NAME["journal"]
        line = random.randint(0, 60)
        row = self._row(table)
        return random.choice(
            (
                [f"INSERT INTO {self._into(table)} VALUES {row}, {row}"],  # the same row twice
                [f"INSERT INTO {self._into(table)} VALUES {row}"],
                [f"UPDATE journal SET version = version + 1 WHERE line = {line} LIMIT 3"],
                [f"UPDATE journal SET note = {text(80)(random)}, amount = -amount WHERE line = {line} LIMIT 1"],
                [f"DELETE FROM journal WHERE line = {line} LIMIT 2"],
                ["DELETE FROM journal WHERE line IS NULL LIMIT 1"],
            )
        )

    def _large(self) -> list[str]:
        rows = self._mix.rows
        return self._random.choice(
            (
                [f"UPDATE Accounts SET version = version + 1 WHERE id <= {rows}"],
                [f"DELETE FROM legacy WHERE id > {rows // 2}", "UPDATE kinds SET version = version + 1"],
                ["INSERT IGNORE INTO legacy (id, version, title) SELECT id, version, 'Größe' FROM Accounts"],
            )
        )

    def _row(self, table: RandomTable) -> str:
        values = [make(self._random) for make in table.values.values()]
        return f"({', '.join([*self._key(table), *values])})"

    def _key(self, table: RandomTable) -> list[str]:
        if table.name == "members":
            return [str(self._team()), quoted(self._random.choice(_NAMES))]
        return [str(self._id())] if table.key else []

    def _where(self, table: RandomTable) -> str:
        if table.name == "members":
            return f"team = {self._team()}" + self._random.choice(
                ("", f" AND name = {quoted(self._random.choice(_NAMES))}")
            )
        low = self._id()
        return self._random.choice((f"id = {low}", f"id = {low}", f"id BETWEEN {low} AND {low + 20}"))

    def _id(self) -> int:
        return self._random.randint(1, self._mix.rows)

    def _team(self) -> int:
        return self._random.randint(0, _TEAMS)

    def _into(self, table: RandomTable) -> str:
        return f"{table.name} ({', '.join(table.columns)})"

    # ---- definitions

    def _ddl(self) -> str:
        random = self._random
        self._made += 1
        table = random.choice(TABLES).name
        if self._mix.renames and random.random() < self._mix.renames:
            return self._rename_column(table)
        kinds = {
            self._add_column: 5,
            self._drop_column: 3,
            self._modify: 4,
            self._index: 3,
            self._truncate: 1,
            self._rename: 2,
            self._create_drop: 3,
        }
        return random.choices(list(kinds), list(kinds.values()))[0](table)

    def _add_column(self, table: str) -> str:
        column = f"x{self._made}"
        self._added[table].append(column)
        where = self._random.choice(("", " FIRST", " AFTER version"))
        return f"ALTER TABLE {table} ADD COLUMN {column} {self._random.choice(_COLUMN_TYPES)}{where}"

    def _drop_column(self, table: str) -> str:
        if not self._added[table]:
            return self._add_column(table)
        column = self._added[table].pop(self._random.randrange(len(self._added[table])))
        return f"ALTER TABLE {table} DROP COLUMN {column}"

    def _rename_column(self, table: str) -> str:
        """Two columns exchange their names, or one gets a new one."""
        added = self._added[table]
        if not added:
            return self._add_column(table)
        if len(added) > 1:
            one, other = self._random.sample(added, 2)
            return f"ALTER TABLE {table} RENAME COLUMN {one} TO {other}, RENAME COLUMN {other} TO {one}"
        old, added[0] = added[0], f"y{self._made}"
        return f"ALTER TABLE {table} RENAME COLUMN {old} TO {added[0]}"

    def _modify(self, table: str) -> str:
        return f"ALTER TABLE {table} {self._random.choice(_MODIFIED[table])}"

    def _index(self, table: str) -> str:
        if self._indexes and self._random.random() < 0.5:
            name, of = self._indexes.pop()
            return f"DROP INDEX {name} ON {of}"
        name = f"i{self._made}"
        self._indexes.append((name, table))
        return self._random.choice(
            (f"CREATE INDEX {name} ON {table} (version)", f"ALTER TABLE {table} ADD INDEX {name} (version DESC)")
        )

    def _truncate(self, table: str) -> str:
        return f"TRUNCATE TABLE {self._random.choice(('Accounts', 'journal', 'legacy'))}"

    def _rename(self, table: str) -> str:
        """`members` goes and comes back; statements in between find no table."""
        old, new = ("members_away", "members") if self._renamed else ("members", "members_away")
        self._renamed = not self._renamed
        return f"RENAME TABLE {identifier(old)} TO {identifier(new)}"

    def _create_drop(self, table: str) -> str:
        if self._scratch and self._random.random() < 0.5:
            return f"DROP TABLE {identifier(self._scratch.pop())}"
        name = f"scratch {self._made}`ü"
        self._scratch.append(name)
        return self._random.choice(
            (
                f"CREATE TABLE {identifier(name)} LIKE {table}",
                f"CREATE TABLE {identifier(name)} (id INT PRIMARY KEY, version BIGINT NOT NULL) "
                f"SELECT id, version FROM Accounts WHERE id < {self._id()}",
            )
        )
