"""A small shop, and how commands are asked about it."""

import json
from typing import Any

import psutil

from runtime.mysql import Endpoint, connect
from tests.pipeline.process import Process

SHOP = (
    "CREATE DATABASE shop CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_ai_ci",
    "CREATE TABLE shop.orders (id INT PRIMARY KEY AUTO_INCREMENT, customer VARCHAR(40) CHARACTER SET latin1, "
    "price DOUBLE, weight FLOAT, state ENUM('new', 'sent'), made DATETIME(6), details JSON, photo BLOB)",
    "INSERT INTO shop.orders (customer, price, weight, state, made, details, photo) VALUES "
    "('Zoé', 0.1, 0.1, 'new', '2024-02-29 12:00:00.000001', '{\"a\": [1, 2.5]}', X'00FF'), "
    "('Bob', 1e-300, 3.4e38, 'sent', NULL, NULL, NULL)",
    "INSERT INTO shop.orders (customer, price, state) SELECT CONCAT('c', n), n / 7, 'new' FROM "
    "(WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 900) SELECT n FROM s) AS numbers",
    "CREATE TABLE shop.Tags (name VARCHAR(30), lang CHAR(2), PRIMARY KEY (name, lang))",
    "INSERT INTO shop.Tags VALUES ('red', 'en'), ('Rouge', 'fr'), ('blue', 'en')",
    "CREATE TABLE shop.visits (page VARCHAR(20), seconds INT)",
    "INSERT INTO shop.visits VALUES ('home', 1), ('home', 1), ('home', 1), ('cart', NULL)",
    "CREATE TABLE shop.nothing (id INT PRIMARY KEY)",
)


def execute(endpoint: Endpoint, *statements: str) -> None:
    with connect(endpoint) as connection:
        for statement in statements:
            connection.execute(statement)


def running(process: Process) -> list[psutil.Process]:
    return psutil.Process(process.pid).children(recursive=True)


def answer(process: Process) -> Any:
    return json.loads(process.stdout)
