"""What grows with its work, and no faster."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from capture.catalog import Catalog
from capture.foreign_keys import ForeignKeys
from capture.statements import Statements
from schemas.ddl.charset_names import Charsets
from schemas.ddl.lexer import SqlModes
from schemas.ddl.session import Session
from schemas.ddl.written import read
from schemas.names import TableName
from schemas.position import GtidSet
from schemas.records import SchemaChange
from schemas.registry import Registry
from schemas.selection import Selection
from schemas.table import Column, Table
from snapshot.ledger import Ledger
from snapshot.waiting import Waiting
from snapshot.window import Window
from tests.unit.growth import grows_with_its_work, peak_bytes, steps

_UUID = "00000000-0000-0000-0000-000000000001"
_T = TableName("d", "t")
_SESSION = Session(
    server_version=80036,
    charsets=Charsets({}, {}),
    modes=SqlModes(),
    sql_mode=0,
    collation_server=None,
    explicit_timestamps=True,
)


def _gaps(count: int, step: int = 3) -> GtidSet:
    return GtidSet({_UUID: [(1 + step * number, 2 + step * number) for number in range(count)]})


def _foreign_keys(count: int, rule: str) -> ForeignKeys:
    """Tables of which each refers to one of five."""
    statements = cast(
        Statements, SimpleNamespace(logs_cascades=False, default_engine="InnoDB", meaning=lambda _: _SESSION)
    )
    return ForeignKeys(statements, [_made(number, rule) for number in range(count)], Selection())


def _made(number: int, rule: str) -> SchemaChange:
    key = f", FOREIGN KEY (p) REFERENCES t{number % 5} (id){rule}" if number >= 5 else ""
    return SchemaChange(
        epoch=number,
        gtid=None,
        file="b.1",
        offset=4,
        source_us=0,
        time_us=0,
        kind="CREATE_TABLE",
        statement=f"CREATE TABLE t{number} (id INT PRIMARY KEY, p INT{key})",
        database="d",
        session={},
        tables=(),
    )


@pytest.mark.parametrize("rule", ["", " ON DELETE CASCADE", " ON DELETE SET NULL ON UPDATE CASCADE"])
def test_foreign_keys_of_a_session_that_begins(rule: str) -> None:
    assert grows_with_its_work(lambda size: lambda: _foreign_keys(size, rule), 15)


def test_tables_that_wait_for_others() -> None:
    def look(size: int) -> Any:
        keys = _foreign_keys(size, " ON DELETE CASCADE")
        ledger = Ledger(lambda _: ())
        return Waiting(keys, ledger).look

    assert grows_with_its_work(look, 15)


@pytest.mark.parametrize("work", ["covers", "minus", "union", "add", "contains"])
def test_gtid_sets_with_gaps(work: str) -> None:
    def prepared(size: int) -> Any:
        one, other = _gaps(size), _gaps(size, step=6)
        late = [f"{_UUID}:{2 + 3 * number}" for number in range(size - 1, 0, -1)]
        match work:
            case "covers":
                return lambda: one.covers(other)
            case "minus":
                return lambda: one.minus(other)
            case "union":
                return lambda: one.union(other)
            case "contains":
                return lambda: [one.contains(gtid) for gtid in late]
        return lambda: list(map(one.add, late))

    assert grows_with_its_work(prepared, 100)


def test_a_window_that_forgets_transactions_with_gaps() -> None:
    def forget(size: int) -> Any:
        window = Window(GtidSet.parse(f"{_UUID}:1-10"), 1 << 30)
        for number in range(size):
            window.touched(_T, f"{_UUID}:{20 + 2 * number}", [b"x" * 10])
        return lambda: window.forget(_T, GtidSet())

    assert grows_with_its_work(forget, 100)


def test_new_schema_ids() -> None:
    def look_up(size: int) -> Any:
        registry = Registry()
        for number in range(size):
            registry.id_of(f"s{number}", "x", None)
        return lambda: registry.id_of("new", "x", None)

    assert steps(look_up(400)) <= 2 * steps(look_up(100))


def test_a_known_schema_id_is_found_without_its_definition_as_text(monkeypatch: pytest.MonkeyPatch) -> None:
    table = Table(name=_T, columns=(Column(name="a", data_type="int", column_type="int", nullable=True),))
    registry = Registry()
    number, _ = registry.id_of("s", "x", table)
    monkeypatch.setattr("schemas.registry.to_json", None)

    assert registry.id_of("s", "x", table) == (number, None)


_GREETINGS = {
    "utf8mb4": "Gr\u00fc\u00dfe aus K\u00f6ln",
    "utf8mb3": "Gr\u00fc\u00dfe aus K\u00f6ln",
    "latin1": "Gr\u00fc\u00dfe aus K\u00f6ln",
    "cp1251": "\u043f\u0440\u0438\u0432\u0435\u0442",
}


@pytest.mark.parametrize("charset", _GREETINGS)
def test_a_statement_takes_a_few_times_its_size(charset: str) -> None:
    codec = {"utf8mb4": "utf-8", "utf8mb3": "utf-8"}.get(charset, charset)
    statement = ("INSERT INTO x.y VALUES " + f"(1,'{_GREETINGS[charset]}')," * 3000).encode(codec)
    read("SELECT '\u0451'".encode("cp1251"), charset, SqlModes())  # its tables are read once

    assert peak_bytes(lambda: read(statement, charset, SqlModes())) < 8 * len(statement)


def test_maps_of_tables_that_are_not_captured_are_kept_in_bounds() -> None:
    catalog = Catalog(cast(Any, None), Selection(include=("other.*",)), {})

    def pass_by(first: int) -> Any:
        def work() -> None:
            for number in range(first, first + 2500):
                assert catalog.shape(_map_of(number)) is None

        return work

    pass_by(0)()
    assert peak_bytes(pass_by(2500)) < 1_000_000


def _map_of(number: int) -> bytes:
    """A TABLE_MAP's body: d.t<number> with one INT."""
    name = f"t{number}".encode()
    return b"\1\0\0\0\0\0\1\0" + b"\1d\0" + bytes((len(name),)) + name + b"\0" + b"\1\3\0\1"
