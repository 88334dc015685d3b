"""What capture reads of definitions, with the rights that it asks for."""

from capture.definitions import create_table
from deploy.local import Stack
from runtime.mysql import connect
from schemas.names import TableName


def test_a_view_that_has_taken_a_tables_name_is_no_table(databases: Stack) -> None:
    with connect(databases.source.endpoint("admin")) as admin:
        admin.execute("CREATE DATABASE shop")
        admin.execute("CREATE TABLE shop.orders (id INT PRIMARY KEY)")
        admin.execute("CREATE VIEW shop.recent AS SELECT id FROM shop.orders")
        admin.execute("CREATE VIEW shop.broken AS SELECT id FROM shop.recent")
        admin.execute("CREATE OR REPLACE VIEW shop.recent AS SELECT id AS other FROM shop.orders")
        with connect(databases.source.endpoint("penstock")) as account:  # it may not SHOW VIEW
            for connection in (admin, account):
                assert str(create_table(connection, TableName("shop", "orders"))).startswith("CREATE TABLE `orders`")
                for name in ("recent", "broken", "gone"):
                    assert create_table(connection, TableName("shop", name)) is None
