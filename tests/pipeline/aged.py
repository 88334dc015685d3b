"""The random writer's statements as MySQL 5.6 takes them (pure): no JSON, no generated columns, old collations."""

import re

_SPELLINGS = (
    (re.compile(r"^(CREATE DATABASE \S+)$"), r"\1 CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci"),
    (re.compile(r"CHARACTER SET utf8mb4 NOT NULL"), "CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NOT NULL"),
    (re.compile(r", \w+ BIGINT GENERATED ALWAYS AS \([^)]*\) (?:VIRTUAL|STORED)"), ""),
    (re.compile(r"utf8mb4_0900_ai_ci"), "utf8mb4_unicode_ci"),
    (re.compile(r"JSON_OBJECT\('d', CAST\((\d+\.\d+) AS DECIMAL\(9,2\)\), .*? AS TIME\(3\)\)\)"), r"'\1'"),
    (re.compile(r"JSON_ARRAY\(([\d, ]*)\)"), r"'[\1]'"),
    (re.compile(r"\bJSON\b"), "TEXT"),
)


def aged(statement: str) -> str:
    """The statement for a server of 5.6."""
    for modern, old in _SPELLINGS:
        statement = modern.sub(old, statement)
    return statement
