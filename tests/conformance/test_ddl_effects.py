"""Definitions computed from the text of random statements are those that a real server has after them."""

import pytest

from capture.definitions import read_charsets, read_tables
from deploy.local import Profile, Stack, start_mysql
from runtime.mysql import Connection, Endpoint, Refused, connect
from schemas.ddl.charset_names import Collated
from schemas.ddl.effects import database_after, disagreement, tables_after
from schemas.ddl.implied import implies_defaults
from schemas.ddl.lexer import SqlModes
from schemas.ddl.session import Session
from schemas.ddl.statement import understand
from schemas.names import TableName
from schemas.table import Table
from tests.conformance.ddl_writer import DdlWriter

_NAME = TableName("effects", "t")
_FEW, _MANY = 8, 400


class Run:
    """One table's life on the server, and what is computed of it."""

    def __init__(self, connection: Connection, seed: int) -> None:
        self._connection = connection
        self._writer = DdlWriter(seed)
        self._charsets = read_charsets(connection)
        self._version = _version(connection)
        self.done = self.unknown = self.refused = 0

    def life(self, steps: int) -> None:
        server, writer = self._connection, self._writer
        server.execute("DROP DATABASE IF EXISTS effects")
        default = self._default(self._database())
        server.execute("USE effects")
        table: Table | None = None
        for _ in range(steps):
            if table is None:
                statement = writer.create()
            else:
                columns = [column.name for column in table.columns]
                keys = [key.name for key in table.unique_keys] + list(table.other_keys or ())
                statement = (writer.index if self.done % 6 == 5 else writer.alter)(columns, keys)
            if implies_defaults(self._version) and "DROP DEFAULT" in statement:
                continue  # such a column gets none from its primary key, and information_schema does not tell
            table = self._step(statement, table, default)

    def _database(self) -> str:
        """Makes the database with a charset that the server knows."""
        while True:
            statement = f"CREATE DATABASE effects{self._writer.charset_clause()}"
            try:
                self._connection.execute(statement)
            except Refused:
                self.refused += 1
            else:
                return statement

    def _default(self, statement: str) -> Collated:
        told = self._connection.query(
            "SELECT DEFAULT_CHARACTER_SET_NAME, DEFAULT_COLLATION_NAME FROM information_schema.SCHEMATA "
            "WHERE SCHEMA_NAME = 'effects'"
        )
        session = self._session("", True)
        found = database_after(statement, understand(statement, None, SqlModes()), session, None)
        assert found == Collated(*told[0]), statement
        return found

    def _session(self, sql_mode: str, explicit: bool) -> Session:
        bits = {"REAL_AS_FLOAT": 1, "NO_BACKSLASH_ESCAPES": 1 << 20, "STRICT_TRANS_TABLES": 1 << 21}
        number = sum(bits[name] for name in sql_mode.split(",") if name)
        return Session(
            server_version=self._version,
            charsets=self._charsets,
            modes=SqlModes.from_bits(number),
            sql_mode=number,
            collation_server=str(self._connection.value("SELECT @@collation_server")),
            explicit_timestamps=explicit,
        )

    def _explicit_timestamps(self) -> bool:
        """Before 8.0 only a server's start decides."""
        if self._version >= 80000:
            wanted = int(self._writer.explicit_timestamps())
            self._connection.execute(f"SET SESSION explicit_defaults_for_timestamp = {wanted}")
        return bool(self._connection.value("SELECT @@explicit_defaults_for_timestamp"))

    def _step(self, statement: str, before: Table | None, default: Collated) -> Table | None:
        """Runs a statement; the definition after it."""
        sql_mode, explicit = self._writer.sql_mode(), self._explicit_timestamps()
        self._connection.execute(f"SET SESSION sql_mode = '{sql_mode}'")
        try:
            self._connection.execute(statement)
        except Refused:
            self.refused += 1
            return before
        session = self._session(sql_mode, explicit)
        understood = understand(statement, "effects", session.modes)
        after = read_tables(self._connection, [_NAME])[_NAME]
        computed = tables_after(
            statement, understood, session, "effects", {_NAME: before}.get, {"effects": default}
        ).get(_NAME)
        self.done += 1
        if computed is None:
            self.unknown += 1
            if before is not None and _labels(before) != _labels(after):
                self._connection.execute("DROP TABLE t")
                return None  # CONVERT kept the labels' bytes: what is shown of them does not tell the next conversion
        else:
            assert not disagreement(computed, after), (statement, sql_mode, explicit, default)
            assert computed.comment == after.comment
            for told, found in zip(computed.columns, after.columns, strict=True):
                assert told.default in (None, found.default), (statement, told, found)
            assert set(computed.other_keys or ()) >= set(after.other_keys or ()), statement
        return after


def _labels(table: Table) -> dict[str, tuple[str, ...]]:
    return {column.name: column.labels for column in table.columns if column.labels}


def _version(connection: Connection) -> int:
    major, minor, patch = str(connection.value("SELECT VERSION()")).split("-")[0].split(".")[:3]
    return int(major) * 10000 + int(minor) * 100 + int(patch)


def lives(endpoint: Endpoint, seeds: range, steps: int) -> tuple[int, int, int]:
    with connect(endpoint, init="SET sql_log_bin = 0, SESSION foreign_key_checks = 0") as server:
        done = unknown = refused = 0
        for seed in seeds:
            run = Run(server, seed)
            run.life(steps)
            done, unknown, refused = done + run.done, unknown + run.unknown, refused + run.refused
        server.execute("DROP DATABASE IF EXISTS effects")
    return done, unknown, refused


@pytest.fixture(params=[Profile.SOURCE, Profile.SOURCE56])
def source(stack: Stack, request: pytest.FixtureRequest) -> Endpoint:
    """A MySQL 9.7, then a 5.6."""
    if request.param is Profile.SOURCE:
        return stack.source.endpoint("admin")
    return start_mysql(Profile.SOURCE56, stack.directory / Profile.SOURCE56).endpoint("admin")


def test_computed_definitions_are_the_servers(source: Endpoint) -> None:
    done, unknown, _ = lives(source, range(_FEW), 25)

    assert done > _FEW * 5
    assert unknown < done / 4


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_computed_definitions_are_the_servers_for_long(source: Endpoint) -> None:
    done, unknown, refused = lives(source, range(1000, 1000 + _MANY), 40)

    print(f"{done} statements, {unknown} of unknown effect, {refused} refused by the server")
    assert unknown < done / 4
