"""The package map: control -> capture | snapshot | apply -> schemas -> runtime, and capture -> snapshot."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
MAY_IMPORT = {
    "runtime": set[str](),
    "schemas": {"runtime"},
    "snapshot": {"schemas", "runtime"},
    "capture": {"snapshot", "schemas", "runtime"},
    "apply": {"schemas", "runtime"},
    "control": {"capture", "snapshot", "apply", "schemas", "runtime"},
    "deploy": {"control", "schemas", "runtime"},
}
DRIVERS = {
    "pymysql": {"runtime/mysql.py", "runtime/mysql_errors.py"},
    "confluent_kafka": {"runtime/kafka.py", "runtime/kafka_producer.py", "runtime/kafka_errors.py"},
}


@cache
def imports(path: Path) -> tuple[str, ...]:
    found: list[str] = []
    for node in statements(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found += (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.append(node.module.partition(".")[0])
    return tuple(found)


def statements(parent: ast.AST) -> Iterator[ast.AST]:
    """All below, without looking into expressions: no import hides there."""
    for node in ast.iter_child_nodes(parent):
        if not isinstance(node, ast.expr):
            yield node
            yield from statements(node)


def test_imports_follow_the_map() -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for package, allowed in MAY_IMPORT.items()
        for path in sorted((ROOT / package).rglob("*.py"))
        for name in imports(path)
        if name in MAY_IMPORT and name != package and name not in allowed
    ]
    assert wrong == []


def test_drivers_are_imported_in_one_place() -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {driver}"
        for package in MAY_IMPORT
        for path in sorted((ROOT / package).rglob("*.py"))
        for driver in imports(path)
        if driver in DRIVERS and path.relative_to(ROOT).as_posix() not in DRIVERS[driver]
    ]
    assert wrong == []


def test_sessions_are_opened_in_one_place() -> None:
    """So each of them has its whole environment (tests and `deploy` play applications, which have the server's)."""
    wrong = [
        path.relative_to(ROOT).as_posix()
        for package in ("schemas", "snapshot", "capture", "apply", "control")
        for path in sorted((ROOT / package).rglob("*.py"))
        for node in statements(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and node.module == "runtime.mysql"
        if any(alias.name == "connect" for alias in node.names)
    ]
    assert wrong == []
