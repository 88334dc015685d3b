"""A shop that never closes: its database, and customers who buy, change their minds and write reviews all the time.

For demonstrations. The rows are made by the server itself (shop.sql); the traffic comes from threads of this process.
"""

import random
import threading
import time
from collections.abc import Callable
from pathlib import Path

from runtime.errors import Transient
from runtime.mysql import Connection, Endpoint, Refused, connect

DATABASE = "shop"
_CUSTOMERS, _PRODUCTS, _ORDERS, _REVIEWS, _COUPONS = 25_000, 5_000, 60_000, 40_000, 10_000  # as shop.sql makes them
_DUPLICATE = 1062
_STATUSES = ("new", "paid", "shipped", "returned")
_BODIES = ("Lovely.", "Schön, aber zu groß.", "很漂亮！", "Красиво.", "とても良い 🎁", "ممتاز", "Ευχαριστώ!", "좋아요")


def create(source: Endpoint) -> int:
    """Makes the shop's database; returns the number of its rows."""
    rows = 0
    with connect(source, timeout=300, init="SET SESSION cte_max_recursion_depth = 1000000") as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {DATABASE}")
        for statement in Path(__file__).with_name("shop.sql").read_text(encoding="utf-8").split(";\n"):
            if statement.strip():
                rows += connection.execute(statement)
    return rows - 1  # CREATE DATABASE counts as one


class Traffic:
    """A few hundred transactions a second, until it is stopped."""

    def __init__(self, source: Endpoint, per_second: int, threads: int = 2) -> None:
        self._source = source
        self._interval = threads / per_second
        self._stop = threading.Event()
        self._counts = [(0, 0)] * threads  # transactions, changed rows
        self._failure: BaseException | None = None
        self._channel = False
        self._threads = [
            threading.Thread(target=self._work, args=(number,), name=f"traffic-{number}", daemon=True)
            for number in range(threads)
        ]

    @property
    def transactions(self) -> int:
        return sum(transactions for transactions, _ in self._counts)

    @property
    def changes(self) -> int:
        """Rows that were changed."""
        return sum(changes for _, changes in self._counts)

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def add_channel(self) -> None:
        """Alters the orders while people order; from then on new orders name their channel."""
        with connect(self._source, database=DATABASE, timeout=120) as connection:
            connection.execute(
                "ALTER TABLE orders ADD COLUMN channel ENUM('web', 'app', 'phone') NOT NULL DEFAULT 'web' AFTER status"
            )
        self._channel = True

    def stop(self) -> None:
        """Ends the traffic; raises what went wrong in it."""
        self._stop.set()
        for thread in self._threads:
            thread.join()
        self.check()

    def check(self) -> None:
        """Raises what went wrong in the traffic."""
        if self._failure is not None:
            raise self._failure

    def _work(self, number: int) -> None:
        try:
            self._visit(number)
        except BaseException as error:
            self._failure = error
            raise

    def _visit(self, number: int) -> None:
        chance = random.Random(number)
        with connect(self._source, database=DATABASE) as connection:
            due = time.monotonic()
            while not self._stop.wait(max(0.0, due - time.monotonic())):
                visit = chance.choices(_KINDS, _SHARES)[0]
                transactions, changes = self._counts[number]
                self._counts[number] = (transactions + 1, changes + self._transaction(connection, visit(self, chance)))
                due = max(due + self._interval, time.monotonic() - 1.0)  # what is missed for long is not made up for

    def _transaction(self, connection: Connection, statements: list[str]) -> int:
        """Changed rows; 0 when the transaction was given up: two customers wanted the same."""
        changed = 0
        try:
            connection.execute("BEGIN")
            for statement in statements:
                count = connection.execute(statement)
                changed += 0 if statement.startswith("SELECT") else count
            connection.execute("COMMIT")
        except (Transient, Refused) as error:
            if isinstance(error, Refused) and error.code != _DUPLICATE:
                raise
            connection.execute("ROLLBACK")
            return 0
        return changed

    # ---- what people do

    def _order(self, chance: random.Random) -> list[str]:
        skus = sorted({_sku(chance) for _ in range(chance.randint(1, 4))})
        column, value = (", channel", f", {chance.randint(1, 3)}") if self._channel else ("", "")
        lines = ", ".join(
            f"(@id, {line}, '{sku}', {chance.randint(1, 5)}, {chance.randint(1, 99999) / 100}, NULL)"
            for line, sku in enumerate(skus, start=1)
        )
        return [
            f"INSERT INTO orders (customer_id, total, placed_at, note{column}) VALUES "
            f"({chance.randint(1, _CUSTOMERS)}, {chance.randint(1, 500000) / 100}, NOW(6), 'Danke! 谢谢 🙏'{value})",
            "SET @id = LAST_INSERT_ID()",
            f"INSERT INTO order_lines VALUES {lines}",
            *(f"UPDATE products SET stock = stock - 1 WHERE sku = '{sku}'" for sku in skus),
        ]

    def _ship(self, chance: random.Random) -> list[str]:
        status = chance.choice(_STATUSES)
        return [
            f"UPDATE orders SET status = '{status}', shipped_at = NOW(3) WHERE id = {chance.randint(1, _ORDERS + 5000)}"
        ]

    def _cancel(self, chance: random.Random) -> list[str]:
        order = chance.randint(1, _ORDERS)
        return [f"DELETE FROM order_lines WHERE order_id = {order}", f"DELETE FROM orders WHERE id = {order}"]

    def _renumber(self, chance: random.Random) -> list[str]:
        """Changes keys: of the lines of an order, sometimes of a product."""
        if chance.random() < 0.2:
            sku = _sku(chance)
            return [f"UPDATE products SET sku = '{sku}-b' WHERE sku = '{sku}'"]
        return [f"UPDATE order_lines SET line = line + 10 WHERE order_id = {chance.randint(1, _ORDERS)}"]

    def _swap(self, chance: random.Random) -> list[str]:
        """Two coupons exchange their unique codes."""
        one, other = sorted(chance.sample(range(1, _COUPONS + 1), 2))
        return [
            f"SELECT code INTO @one FROM coupons WHERE id = {one} FOR UPDATE",
            f"SELECT code INTO @other FROM coupons WHERE id = {other} FOR UPDATE",
            f"UPDATE coupons SET code = 'moving {one}' WHERE id = {one}",
            f"UPDATE coupons SET code = @one WHERE id = {other}",
            f"UPDATE coupons SET code = @other WHERE id = {one}",
        ]

    def _review(self, chance: random.Random) -> list[str]:
        body = chance.choice(_BODIES)
        number = chance.randint(1, _REVIEWS)
        return [
            chance.choice(
                (
                    "INSERT INTO reviews (sku, customer_id, stars, title, body, written_at) VALUES "
                    f"('{_sku(chance)}', {chance.randint(1, _CUSTOMERS)}, 5, NULL, '{body}', NOW(6))",
                    f"UPDATE reviews SET body = '{body}', stars = {chance.randint(1, 5)} WHERE id = {number}",
                    f"DELETE FROM reviews WHERE id = {number}",
                )
            )
        ]

    def _look(self, chance: random.Random) -> list[str]:
        """Page views come and go; their table has no key."""
        path = f"/product/{_sku(chance)}"
        if chance.random() < 0.02:
            return ["DELETE FROM page_views WHERE customer_id IS NULL LIMIT 3"]
        views = (
            f"(NOW(6), '{path}', NULL, 0.125), (NOW(6), '{path}', {chance.randint(1, _CUSTOMERS)}, {chance.random()})"
        )
        return [f"INSERT INTO page_views VALUES {views}"]

    def _prefer(self, chance: random.Random) -> list[str]:
        return [
            f"UPDATE customers SET credit = credit + 0.0001, preferences = JSON_SET(COALESCE(preferences, '{{}}'), "
            f"'$.theme', '{chance.choice(('light', 'dark', 'größer'))}') WHERE id = {chance.randint(1, _CUSTOMERS)}"
        ]


_Visit = Callable[[Traffic, random.Random], list[str]]
_VISITS: dict[_Visit, int] = {
    Traffic._order: 30,
    Traffic._ship: 20,
    Traffic._cancel: 6,
    Traffic._renumber: 5,
    Traffic._swap: 6,
    Traffic._review: 12,
    Traffic._look: 12,
    Traffic._prefer: 9,
}
_KINDS, _SHARES = list(_VISITS), list(_VISITS.values())


def _sku(chance: random.Random) -> str:
    return f"SKU-{chance.randint(1, _PRODUCTS):06}"
