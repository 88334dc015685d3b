"""Verify: equal ends are found equal, and every kind of difference is named."""

from deploy.local import Stack
from runtime.errors import Exit
from runtime.mysql import Endpoint, connect
from tests.conftest import NewTask
from tests.integration.commands.shop import answer, execute
from tests.pipeline.task import Task
from tests.pipeline.writer import RandomWriter

Tampering = tuple[str, str, list[tuple[str, str, list[str]]]]

# Each round is done at once and compared once.
TAMPERED: list[list[Tampering]] = [
    [
        (
            "UPDATE shop.orders SET price = price + 1e-17 WHERE id = 1",
            "shop.orders",
            [("different", "id=1", ["price"])],
        ),
        ("INSERT INTO shop.nothing VALUES (5)", "shop.nothing", [("extra", "id=5", [])]),
        (
            "UPDATE shop.tags SET name = 'RED' WHERE name = 'red'",
            "shop.Tags",
            [("extra", "name='RED', lang='en'", []), ("missing", "name='red', lang='en'", [])],
        ),
        (
            "DELETE FROM shop.visits WHERE page = 'home' LIMIT 1",
            "shop.visits",
            [("missing", "page='home', seconds=1", [])],
        ),
    ],
    [
        ("UPDATE shop.orders SET weight = 0.10000001 WHERE id = 1", "shop.orders", [("different", "id=1", ["weight"])]),
        ("INSERT INTO shop.visits VALUES ('cart', NULL)", "shop.visits", [("extra", "page='cart', seconds=NULL", [])]),
        ("DROP TABLE shop.nothing", "shop.nothing", [("missing", "the table", [])]),
        (
            "CREATE INDEX i ON shop.tags (lang)",
            "shop.Tags",
            [("schema", "index i: source has none, target (lang)", [])],
        ),
    ],
    [
        ("UPDATE shop.orders SET customer = 'Zoe' WHERE id = 1", "shop.orders", [("different", "id=1", ["customer"])]),
        ("CREATE TABLE shop.more (id INT)", "shop.more", [("extra", "the table", [])]),
        (
            "ALTER TABLE shop.nothing MODIFY id BIGINT",
            "shop.nothing",
            [("schema", "column id: source int NOT NULL, target bigint NOT NULL", [])],
        ),
        (
            "ALTER TABLE shop.tags DROP PRIMARY KEY, DROP lang, MODIFY name VARCHAR(30) COLLATE utf8mb4_bin",
            "shop.Tags",
            [
                ("schema", "columns: source name, lang, target name", []),
                (
                    "schema",
                    "column name: source varchar(30) COLLATE utf8mb4_0900_ai_ci NOT NULL, target varchar(30) COLLATE "
                    "utf8mb4_bin DEFAULT NULL",
                    [],
                ),
                ("schema", "column lang: source char(2) COLLATE utf8mb4_0900_ai_ci NOT NULL, target has none", []),
                ("schema", "primary key: source (name, lang), target has none", []),
            ],
        ),
        (
            "UPDATE shop.tags SET name = 'green' WHERE name = 'red'",
            "shop.Tags",
            [("missing", "name='red'", []), ("extra", "name='green'", [])],
        ),
    ],
    [
        (
            "UPDATE shop.orders SET state = NULL, photo = X'00' WHERE id = 900",
            "shop.orders",
            [("different", "id=900", ["state", "photo"])],
        ),
        (
            "ALTER DATABASE shop COLLATE utf8mb4_bin",
            "database shop",
            [("schema", "default collation: source utf8mb4_0900_ai_ci, target utf8mb4_bin", [])],
        ),
    ],
    [
        (
            "ALTER TABLE shop.orders ROW_FORMAT = COMPRESSED, KEY_BLOCK_SIZE = 4",
            "shop.orders",
            [
                ("schema", "row_format: source has none, target COMPRESSED", []),
                ("schema", "key_block_size: source has none, target 4", []),
            ],
        ),
        (
            "DELETE FROM shop.orders WHERE id IN (1, 902)",
            "shop.orders",
            [("missing", "id=1", []), ("missing", "id=902", [])],
        ),
    ],
]


def test_every_kind_of_difference_is_named(moved: Task) -> None:
    """One round after the other on the same ends: each is undone by the copy that was made before it."""
    for tamperings in TAMPERED:
        with backup(moved.stack_destination):
            execute(moved.stack_destination, *(statement for statement, _, _ in tamperings))
            verified = answer(moved.run("verify", "--json", "--patience", "1", expected=Exit.NO))
        told = {
            table["table"]: [(found["kind"], found["what"], found["columns"]) for found in table["differences"]]
            for table in verified["tables"]
            if table["differences"]
        }
        expected: dict[str, list[tuple[str, str, list[str]]]] = {}
        for _, table, differences in tamperings:
            expected.setdefault(table, []).extend(differences)
        assert told == expected
    verified = answer(moved.run("verify", "--json"))
    assert verified["equal"] is True
    assert {table["table"]: table["rows"] for table in verified["tables"]} == {
        "shop.Tags": 3,
        "shop.nothing": 0,
        "shop.orders": 902,
        "shop.visits": 4,
    }


class backup:
    """Keeps a copy of the shop at the destination, and puts it back."""

    def __init__(self, destination: Endpoint) -> None:
        self._destination = destination

    def __enter__(self) -> None:
        with connect(self._destination) as connection:
            self._tables = [str(row[0]) for row in connection.query("SHOW TABLES FROM shop")]
            connection.execute("CREATE DATABASE kept")
            for table in self._tables:
                connection.execute(f"CREATE TABLE kept.{table} LIKE shop.{table}")
                connection.execute(f"INSERT INTO kept.{table} SELECT * FROM shop.{table}")

    def __exit__(self, *_: object) -> None:
        with connect(self._destination) as connection:
            for row in connection.query("SHOW TABLES FROM shop"):
                connection.execute(f"DROP TABLE shop.{row[0]}")
            for table in self._tables:
                connection.execute(f"RENAME TABLE kept.{table} TO shop.{table}")
            connection.execute("DROP DATABASE kept")
            connection.execute("ALTER DATABASE shop COLLATE utf8mb4_0900_ai_ci")


def test_only_the_tables_that_are_asked_for_are_compared(moved: Task) -> None:
    execute(moved.stack_destination, "DELETE FROM shop.visits", "UPDATE shop.orders SET price = NULL WHERE id <= 30")
    verified = answer(moved.run("verify", "--json", "--tables", "shop.T*", "--tables", "shop.n*"))
    assert [table["table"] for table in verified["tables"]] == ["shop.Tags", "shop.nothing"]
    named = moved.run("verify", "--tables", "shop.orders", "--limit", "5", expected=Exit.NO)
    assert named.stdout.count("different: id=") == 5
    assert "and 25 more" in named.stdout
    mistyped = moved.run("verify", "--tables", "shop.orders", "--tables", "shop.order", expected=Exit.OPERATOR)
    assert "--tables shop.order: no selected table" in mistyped.stderr
    assert "--tables orders: must be written" in moved.run("verify", "--tables", "orders", expected=2).stderr


def test_numbers_that_the_target_would_give_again(moved: Task, databases: Stack) -> None:
    execute(databases.source.endpoint("admin"), "ALTER TABLE shop.orders AUTO_INCREMENT = 910")
    moved.run("migrate", "--until", "caught-up")
    assert all(table["notes"] == [] for table in answer(moved.run("verify", "--json"))["tables"])
    destination = moved.stack_destination
    execute(destination, "DELETE FROM shop.orders WHERE id > 900", "ALTER TABLE shop.orders AUTO_INCREMENT = 1")
    told = answer(moved.run("verify", "--json", "--patience", "1", expected=Exit.NO))["tables"]
    note = "AUTO_INCREMENT: source 910, target 901 (ALTER TABLE `shop`.`orders` AUTO_INCREMENT = 910)"
    assert [table["notes"] for table in told if table["table"] == "shop.orders"] == [[note]]
    execute(destination, "DELETE FROM shop.orders WHERE id > 1", "ALTER TABLE shop.orders AUTO_INCREMENT = 1")
    far = moved.run("verify", "--patience", "1", expected=Exit.NO).stdout
    assert "schema: AUTO_INCREMENT: source 910, target 2" in far


def test_ends_that_are_being_written_are_found_equal(databases: Stack, task: NewTask) -> None:
    writer = RandomWriter(databases.source.endpoint("admin"), seed=11, database="busy")
    writer.create()
    busy = task(include=["busy.*"])
    busy.start("migrate")
    busy.wait()
    writer.start()
    try:
        for _ in range(3):
            verified = busy.run("verify", "--json", seconds=240)
            assert sum(table["rows"] for table in answer(verified)["tables"]) > 0
    finally:
        writer.stop()
    busy.wait()
    busy.assert_equal()
