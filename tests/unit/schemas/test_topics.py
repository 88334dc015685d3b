"""Names of topics: any two tables of a task have two, and the same ones each time."""

import re

import pytest

from schemas.names import TableName
from schemas.topics import alike, assign, is_table_topic, table_topic

PLAIN = TableName("shop", "eu_orders")
TWIN = TableName("shop_eu", "orders")
HARD = [
    TableName("商店", "订单"),
    TableName("商店", "客户"),  # as many letters
    TableName("shop", "a.b"),
    TableName("shop.a", "b"),
    TableName("shop", "a b"),
    TableName("shop", "a`b"),
    TableName("shop", "a'b"),
    TableName("shop", 'a"b'),
    TableName("shop", "a_b"),
    TableName("shop", "A_b"),
    TableName("shop", "ä_b"),
    TableName("shop", "☃"),
    TableName("shop", "☂"),
    TableName("shop`.`a", "b"),
    TableName("shop", "a`.`b"),
    TableName("x" * 64, "Ω" * 64),
    TableName("x" * 64, "Ж" * 64),
    PLAIN,
    TWIN,
]


def test_a_plain_name_stays_as_it_is() -> None:
    assert table_topic("t", PLAIN) == "t.shop.eu_orders"
    assert table_topic("t", TableName("Shop", "EU-orders_2")) == "t.Shop.EU-orders_2"


def test_a_name_that_a_topic_cannot_hold_ends_in_a_hash_of_the_exact_name() -> None:
    assert re.fullmatch(r"t\.shop\.a_b-[0-9a-f]{8}", table_topic("t", TableName("shop", "a.b")))
    assert table_topic("t", TableName("商店", "订单")) == "t.__.__-4cc564c9"


def test_tables_never_share_a_topic() -> None:
    found = assign("t", HARD, [], [])

    assert found.keys() == set(HARD)
    assert len(set(map(alike, found.values()))) == len(HARD)
    assert all(re.fullmatch(r"[A-Za-z0-9._-]{1,249}", topic) and is_table_topic("t", topic) for topic in found.values())
    assert assign("t", reversed(HARD), [], []) == found
    assert found[PLAIN] == "t.shop.eu_orders"


def test_a_topic_that_a_table_has_is_never_given_again() -> None:
    first = assign("t", [TWIN], [], [])
    [second] = assign("t", [PLAIN], first.values(), first.values()).values()
    literal = TableName("shop", second.removeprefix("t.shop."))
    [third] = assign("t", [literal], [*first.values(), second], []).values()

    assert first == {TWIN: "t.shop_eu.orders"}
    assert re.fullmatch(r"t\.shop\.eu_orders-[0-9a-f]{8}", second)
    assert third.startswith(second + "-")


def test_an_attempt_that_was_broken_off_is_taken_up_again() -> None:
    made = assign("t", HARD, [], []).values()

    assert set(assign("t", HARD, [], made).values()) == set(made)
    assert assign("t", [PLAIN], [], ["t.shop_eu.orders"])[PLAIN].startswith("t.shop.eu_orders-")
    assert assign("t", [PLAIN], [], ["t_shop.eu.orders"])[PLAIN].startswith("t.shop.eu_orders-")  # of another task


@pytest.mark.parametrize("size", [100, 150, 200])
def test_a_name_that_is_too_long_is_cut(size: int) -> None:
    tables = [TableName("d" * 64, "t" * 63 + last) for last in "ab"]
    topics = [table_topic("x" * size, table) for table in tables]

    assert len(set(topics)) == 2
    assert all(len(topic) <= 249 and is_table_topic("x" * size, topic) for topic in topics)
