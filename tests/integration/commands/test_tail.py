"""Tail: records as people read them."""

import json

from runtime.errors import Exit
from tests.integration.commands.shop import execute
from tests.pipeline.task import Task


def test_records_are_shown_decoded(moved: Task) -> None:
    lines = moved.run("tail", "--table", "shop.orders", "--from-beginning", "--no-follow").output
    records = [json.loads(line) for line in lines]
    assert [record["offset"] for record in records] == sorted(record["offset"] for record in records)
    assert {record["op"] for record in records} == {"r"}
    first = next(record for record in records if record["key"] == {"id": 1})
    assert first["after"]["customer"] == "Zoé"
    assert first["after"]["photo"] == {"base64": "AP8="}
    assert (first["before"], first["source"]["table"]) == (None, "orders")
    schema = [json.loads(line) for line in moved.run("tail", "--schema", "--no-follow").output]
    kinds = [record["schema"].get("kind") for record in schema if "schema" in record]
    assert kinds[:5] == ["CREATE_DATABASE", *["CREATE_TABLE"] * 4]


def test_new_records_are_followed(shop: Task) -> None:
    shop.start("migrate")
    shop.wait()
    tail = shop.start("tail", "--table", "shop.nothing")
    number = iter(range(1, 1000))

    def shown() -> bool:
        execute(shop.stack_source, f"INSERT INTO shop.nothing VALUES ({next(number)})")
        return bool(tail.output)

    tail.until(shown, "show a record")
    assert json.loads(tail.output[0])["op"] == "c"
    assert tail.terminate() == Exit.DONE
