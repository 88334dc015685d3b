"""Tables whose rows follow others by foreign keys, and a writer that keeps them moving."""

from collections.abc import Iterator, Sequence
from random import Random

from runtime.mysql import connect
from schemas.sql import identifier
from tests.pipeline.transactions import Mix, Transactions
from tests.pipeline.writer import EXPECTED, RandomWriter

_STAMP = "stamp TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP"
_CODE = "VARCHAR(20) CHARACTER SET utf8 COLLATE utf8_general_ci"
_KEPT = "CONSTRAINT kept_by FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE SET NULL ON UPDATE SET NULL"
_TABLES = (
    f"users (id INT PRIMARY KEY, code {_CODE} NOT NULL, name VARCHAR(40), UNIQUE (code))",
    f"orders (id INT PRIMARY KEY, user_id INT, {_STAMP},"
    " FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE ON UPDATE CASCADE)",
    f"order_lines (order_id INT NOT NULL, n INT NOT NULL, v INT, {_STAMP}, PRIMARY KEY (order_id, n),"
    " FOREIGN KEY (order_id) REFERENCES orders (id) ON DELETE CASCADE ON UPDATE CASCADE)",
    f"notes (user_code {_CODE}, line_order INT, line_n INT, KEY (user_code), KEY (line_order, line_n),"
    " FOREIGN KEY (user_code) REFERENCES users (code) ON DELETE SET NULL ON UPDATE CASCADE,"
    " FOREIGN KEY (line_order, line_n) REFERENCES order_lines (order_id, n) ON DELETE CASCADE ON UPDATE SET NULL)",
    "nodes (id INT PRIMARY KEY, above INT, FOREIGN KEY (above) REFERENCES nodes (id) ON DELETE CASCADE)",
    f"kept (id INT PRIMARY KEY, user_id INT, slot INT, {_STAMP}, UNIQUE (slot), {_KEPT})",
)
# among them 3008: a tree of more levels than a server cascades through
_FOREIGN_KEY_ERRORS = frozenset((1022, 1216, 1217, 1451, 1452, 1761, 1762, 1825, 1826, 1828, 3008, 3780))


class FamilyWriter(RandomWriter):
    """Writes to tables of which the log tells only a part."""

    expected = EXPECTED | _FOREIGN_KEY_ERRORS

    def create(self) -> None:
        random = Random(f"{self._seed} rows")
        rows = self._mix.rows
        with connect(self._source) as connection:
            connection.execute(self._spelled(f"CREATE DATABASE {identifier(self._database)}"))
            connection.execute(f"USE {identifier(self._database)}")
            for table in _TABLES:
                connection.execute(self._spelled(f"CREATE TABLE {table}"))
            numbers = range(1, rows + 1)
            for into, values in (
                ("users", [f"({n}, 'c{n}', 'n')" for n in numbers]),
                ("orders (id, user_id)", [f"({n}, {random.randint(1, rows)})" for n in numbers]),
                ("order_lines (order_id, n, v)", [f"({random.randint(1, rows)}, {n}, 0)" for n in numbers]),
                ("nodes", [f"({n}, {random.randint(1, n - 1) if n > 5 else 'NULL'})" for n in numbers]),
                ("kept (id, user_id, slot)", [f"({n}, {random.randint(1, rows)}, {n})" for n in numbers]),
            ):
                connection.execute(f"INSERT INTO {into} VALUES {', '.join(values)}")
            connection.execute("INSERT INTO notes SELECT CONCAT('C', n), order_id, n FROM order_lines")

    def _transactions(self, seed: str, mix: Mix) -> Transactions:
        return Families(seed, mix)


class Families(Transactions):
    """Parents that come, go and change their keys, and children between them."""

    def __iter__(self) -> Iterator[tuple[str, ...]]:
        random = self._random
        while True:
            if random.random() < self._mix.ddl:
                yield from self._constraints()
                continue
            statements = [self._statement() for _ in range(random.randint(1, 4))]
            match random.random():
                case chance if chance < 0.05:
                    yield ("SET foreign_key_checks = 0", *statements, "SET foreign_key_checks = 1")
                case chance if chance < 0.6:
                    yield ("BEGIN", *statements, "ROLLBACK" if random.random() < 0.1 else "COMMIT")
                case _:
                    yield tuple(statements)

    def end(self) -> Iterator[tuple[str, ...]]:
        return iter(())

    def _constraints(self) -> Sequence[tuple[str, ...]]:
        return self._random.choice(
            (
                [
                    ("ALTER TABLE kept DROP FOREIGN KEY kept_by",),
                    (f"DELETE FROM users WHERE id = {self._id()}",),
                    ("UPDATE kept SET user_id = NULL", f"ALTER TABLE kept ADD {_KEPT}"),
                ],
                [
                    ("RENAME TABLE orders TO purchases",),
                    (f"DELETE FROM users WHERE id = {self._id()}", f"DELETE FROM purchases WHERE id = {self._id()}"),
                    ("RENAME TABLE purchases TO orders",),
                ],
                [
                    (f"ALTER TABLE users CHANGE code label {_CODE} NOT NULL",),
                    (f"UPDATE users SET label = 'm{self._id()}' WHERE id = {self._id()}",),
                    (f"ALTER TABLE users CHANGE label code {_CODE} NOT NULL",),
                ],
            )
        )

    def _id(self) -> int:
        return self._random.randint(1, self._mix.rows)

    def _statement(self) -> str:
        one, other, third = self._id(), self._id(), self._id()
        code = f"'{self._random.choice('cCdD')}{other}'"
        return self._random.choice(
            (
                f"INSERT INTO users VALUES ({one}, {code}, 'new')",
                f"INSERT INTO users VALUES ({one}, {code}, 'new')",
                f"REPLACE INTO users VALUES ({one}, {code}, 'put')",
                f"DELETE FROM users WHERE id = {one}",
                f"DELETE FROM users WHERE id BETWEEN {one} AND {one + 3}",
                f"UPDATE users SET id = {other} WHERE id = {one}",
                f"UPDATE users SET id = id + 1 WHERE id BETWEEN {one} AND {one + 2} ORDER BY id DESC",
                f"UPDATE users SET code = {code} WHERE id = {one}",
                f"UPDATE users SET name = 'only a name' WHERE id = {one}",
                f"INSERT INTO orders (id, user_id) VALUES ({one}, {other})",
                f"INSERT INTO orders (id, user_id) VALUES ({one}, {other})",
                f"UPDATE orders SET id = {other} WHERE id = {one}",
                f"UPDATE orders SET user_id = {other} WHERE id = {one}",
                f"DELETE FROM orders WHERE id = {one}",
                f"INSERT INTO order_lines (order_id, n, v) VALUES ({one}, {third}, 1), ({other}, {third}, 2)",
                f"INSERT INTO order_lines (order_id, n, v) VALUES ({one}, {third}, 1)",
                f"UPDATE order_lines SET n = {third} WHERE order_id = {one}",
                f"INSERT INTO notes SELECT code, NULL, NULL FROM users WHERE id = {one}",
                f"INSERT INTO notes SELECT 'c{one}', order_id, n FROM order_lines WHERE order_id = {one}",
                f"INSERT INTO nodes VALUES ({one}, {other})",
                f"INSERT INTO nodes VALUES ({one}, NULL)",
                f"DELETE FROM nodes WHERE id = {one}",
                f"UPDATE nodes SET above = {other} WHERE id = {one}",
                f"INSERT INTO kept (id, user_id, slot) VALUES ({one}, {other}, {third})",
                f"UPDATE kept SET slot = {third}, user_id = {other} WHERE id = {one}",
            )
        )
