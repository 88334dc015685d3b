from control.grants import Grants

PRIVILEGED = (
    "GRANT SELECT, INSERT, CREATE, LOCK TABLES, REPLICATION SLAVE ON *.* TO `polar`@`%` WITH GRANT OPTION",
    "REVOKE INSERT, CREATE ON `mysql`.* FROM `polar`@`%`",
)


def test_a_privilege_on_everything_minus_what_is_revoked() -> None:
    grants = Grants.parse(PRIVILEGED)
    assert grants.everywhere("REPLICATION SLAVE")
    assert grants.everywhere("LOCK TABLES")
    assert not grants.everywhere("DELETE")
    assert grants.on_database("INSERT", "shop")
    assert not grants.on_database("INSERT", "mysql")
    assert grants.on_database("SELECT", "mysql")


def test_a_privilege_on_one_database() -> None:
    grants = Grants.parse(["GRANT USAGE ON *.* TO `u`@`%`", "GRANT ALL PRIVILEGES ON `my``db`.* TO `u`@`%`"])
    assert grants.on_database("DROP", "my`db")
    assert grants.on_table("DROP", "my`db", "any")
    assert not grants.on_database("DROP", "my")
    assert not grants.everywhere("DROP")


def test_wildcards_in_a_database_name() -> None:
    lines = ["GRANT SELECT ON `shop\\_%`.* TO `u`@`%`", "GRANT SELECT ON `a_b`.* TO `u`@`%`"]
    assert Grants.parse(lines).on_database("SELECT", "shop_1")
    assert not Grants.parse(lines).on_database("SELECT", "shopX1")
    assert Grants.parse(lines).on_database("SELECT", "axb")
    assert not Grants.parse(lines, literal_names=True).on_database("SELECT", "axb")
    assert Grants.parse(lines, literal_names=True).on_database("SELECT", "a_b")


def test_a_privilege_on_one_table_but_not_on_its_columns() -> None:
    grants = Grants.parse(
        [
            "GRANT SELECT, INSERT (`a`, `b, ON ``x``.* TO `), UPDATE ON `shop`.`orders` TO `u`@`%`",
            "GRANT SELECT ON TABLE `shop`.`items` TO `u`@`%`",
        ]
    )
    assert grants.on_table("SELECT", "shop", "orders")
    assert grants.on_table("UPDATE", "shop", "orders")
    assert grants.on_table("SELECT", "shop", "items")
    assert not grants.on_table("INSERT", "shop", "orders")
    assert not grants.on_database("SELECT", "shop")


def test_roles_and_proxies_grant_nothing_here() -> None:
    lines = ["GRANT `reader`@`%` TO `u`@`%`", "GRANT PROXY ON ``@`` TO `root`@`localhost` WITH GRANT OPTION"]
    assert Grants.parse(lines).given == ()
