"""DDL of sessions that mean something of their own: the same definitions and values at a destination that differs in
all of it, or a stop that says why."""

import time
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import replace

import pytest

from apply.context import Limits, Unlike, enter
from apply.ddl import wording_of
from apply.destination import open_session
from apply.loop import Apply
from apply.settings import ApplySettings
from apply.zone import zone_for
from capture.loop import Capture
from capture.settings import CaptureSettings
from deploy.local import Server, Stack
from runtime.errors import Transient
from runtime.kafka import KafkaSettings
from runtime.mysql import Connection, connect
from schemas.names import TableName
from schemas.records import SchemaChange, TouchedTable
from schemas.selection import Selection
from schemas.table import Column, Table, to_json
from schemas.zones import NAME, OFFSETS, Zone, read_zone
from tests.integration.lab import all_committed
from tests.pipeline.compare import differences
from tests.pipeline.zones import load_zone

_PATIENCE_SECONDS = 240.0  # as long as a busy machine may take
SOURCE = {"default_week_format": "3", "div_precision_increment": "8", "block_encryption_mode": "'aes-256-ecb'"}
HOSTILE = {
    "default_week_format": "1",
    "div_precision_increment": "0",
    "block_encryption_mode": "'aes-192-ecb'",
    "explicit_defaults_for_timestamp": "OFF",
    "lc_time_names": "'ja_JP'",
    "auto_increment_increment": "7",
    "collation_connection": "'utf8mb4_bin'",
    "unique_checks": "OFF",
}
PREPARED = """
CREATE TABLE berlin (id INT PRIMARY KEY, ts TIMESTAMP NULL, dt DATETIME)
INSERT INTO berlin VALUES (1, '2020-01-01 12:00:00', '2020-01-01 12:00:00')
INSERT INTO berlin SELECT 2, ts + INTERVAL 6 MONTH, dt + INTERVAL 6 MONTH FROM berlin
CREATE TABLE elsewhere LIKE berlin
INSERT INTO elsewhere SELECT * FROM berlin
CREATE TABLE shanghai LIKE berlin
INSERT INTO shanghai SELECT * FROM berlin
CREATE TABLE twice (id INT PRIMARY KEY, ts TIMESTAMP(1) NULL, v VARCHAR(100))
INSERT INTO twice VALUES (1, '2020-10-25 00:30:00', 'a'), (2, '2020-10-25 01:59:59.9', 'b'), (3, '2020-07-01', 'c')
CREATE TABLE renamed LIKE twice
INSERT INTO renamed SELECT * FROM twice
CREATE TABLE in_place LIKE twice
INSERT INTO in_place SELECT * FROM twice
CREATE TABLE my_isam (id INT PRIMARY KEY, ts TIMESTAMP(1) NULL, v VARCHAR(100)) ENGINE=MyISAM
INSERT INTO my_isam SELECT * FROM twice
CREATE TABLE row_1 (id INT PRIMARY KEY, v INT)
INSERT INTO row_1 VALUES (1, 7)
CREATE TABLE keyless (v INT)
INSERT INTO keyless VALUES (5)
"""
STREAMED = """
SET time_zone = 'Europe/Berlin'
ALTER TABLE berlin MODIFY ts DATETIME, MODIFY dt TIMESTAMP NULL
ALTER TABLE twice MODIFY v TEXT
ALTER TABLE my_isam ADD KEY v (v)
ALTER TABLE in_place MODIFY v VARCHAR(101), ADD w INT
ALTER TABLE row_1 ADD summer TIMESTAMP NULL DEFAULT '2021-08-01 00:00:00'
ALTER TABLE row_1 ADD winter TIMESTAMP NULL DEFAULT '2021-12-01 00:00:00'
ALTER TABLE row_1 ADD both1 TIMESTAMP NULL DEFAULT '2021-08-01', ADD both2 TIMESTAMP NULL DEFAULT '2021-12-01'
SET timestamp = UNIX_TIMESTAMP('2024-07-01 23:30:00')
ALTER TABLE row_1 ADD made DATETIME DEFAULT CURRENT_TIMESTAMP, ADD day_of DATE DEFAULT (CURRENT_DATE)
SET timestamp = DEFAULT, time_zone = 'Test/Renamed'
ALTER TABLE renamed CONVERT TO CHARACTER SET latin1
ALTER TABLE elsewhere MODIFY ts DATETIME, MODIFY dt TIMESTAMP NULL
CREATE TABLE made (id INT PRIMARY KEY, s TIMESTAMP NULL DEFAULT '2020-06-01', w TIMESTAMP NULL DEFAULT '2020-12-01')
INSERT INTO made (id) VALUES (1)
SET time_zone = 'Asia/Shanghai'
ALTER TABLE shanghai MODIFY ts DATETIME, MODIFY dt TIMESTAMP NULL
SET time_zone = 'SYSTEM'
ALTER TABLE row_1 ADD here TIMESTAMP NULL DEFAULT '2021-08-01 00:00:00', ADD now_here DATETIME DEFAULT NOW()
SET time_zone = '+05:45', character_set_connection = utf16
ALTER TABLE row_1 ADD wide TIMESTAMP NULL DEFAULT '2021-08-01 00:00:00', ADD e VARCHAR(9) DEFAULT 'é'
SET character_set_connection = ucs2
ALTER TABLE row_1 ADD f VARCHAR(9) AS (CONCAT('é', v)) STORED
SET NAMES utf8mb4
SET lc_time_names = 'de_DE'
ALTER TABLE row_1 ADD month VARCHAR(20) DEFAULT (MONTHNAME('2024-03-01'))
SET lc_time_names = DEFAULT
ALTER TABLE row_1 ADD month2 VARCHAR(20) DEFAULT (MONTHNAME('2024-03-01'))
SET sql_mode = 'TIME_TRUNCATE_FRACTIONAL'
ALTER TABLE row_1 ADD cut DATETIME(2) DEFAULT '2020-01-01 00:00:00.999'
SET sql_mode = DEFAULT
ALTER TABLE row_1 ADD rounded DATETIME(2) DEFAULT '2020-01-01 00:00:00.999'
ALTER TABLE row_1 ADD week INT DEFAULT (WEEK('2023-01-01')), ADD third DECIMAL(20,10) AS (v / 3) STORED
ALTER TABLE row_1 ADD secret VARBINARY(99) AS (AES_ENCRYPT(v, 'k')) STORED
SET explicit_defaults_for_timestamp = OFF, sql_mode = ''
CREATE TABLE implied (id INT PRIMARY KEY, a TIMESTAMP, b TIMESTAMP)
SET explicit_defaults_for_timestamp = ON
CREATE TABLE told (id INT PRIMARY KEY, a TIMESTAMP, b TIMESTAMP NOT NULL)
SET sql_mode = DEFAULT
SET auto_increment_increment = 5, auto_increment_offset = 3
ALTER TABLE keyless ADD id INT AUTO_INCREMENT PRIMARY KEY
SET auto_increment_increment = DEFAULT, auto_increment_offset = DEFAULT
SET innodb_strict_mode = OFF
CREATE TABLE lax (id INT PRIMARY KEY) ROW_FORMAT=DYNAMIC KEY_BLOCK_SIZE=8
SET default_collation_for_utf8mb4 = utf8mb4_general_ci
CREATE TABLE general (id INT PRIMARY KEY, v VARCHAR(5)) CHARSET=utf8mb4
SET default_collation_for_utf8mb4 = DEFAULT, collation_server = latin1_german1_ci
CREATE DATABASE dds_other
CREATE TABLE dds_other.t (id INT PRIMARY KEY, v VARCHAR(5))
CREATE TABLE dds.last (id INT PRIMARY KEY)
INSERT INTO dds.last VALUES (1)
"""


@contextmanager
def globals_of(server: Server, values: dict[str, str]) -> Iterator[None]:
    with connect(server.endpoint("admin")) as admin:
        for name, value in values.items():
            admin.execute(f"SET GLOBAL {name} = {value}")
        try:
            yield
        finally:
            for name in values:
                admin.execute(f"SET GLOBAL {name} = DEFAULT")


def run(session: Connection, script: str) -> None:
    for line in script.strip().splitlines():
        session.execute(line)


def until(condition: Callable[[], bool], *sessions: Generator[None]) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        for session in sessions:
            next(session)


def lasting(begin: Callable[[], Generator[None]]) -> Generator[None]:
    """A process: where a connection is lost, as one is whose turn comes late, its next session goes on."""
    while True:
        with suppress(Transient), closing(begin()) as session:
            yield from session


@pytest.fixture
def zones(databases: Stack) -> Stack:
    with connect(databases.source.endpoint("admin")) as admin:
        load_zone(admin, "Europe/Berlin")
        load_zone(admin, "Test/Renamed", known_as="Europe/Berlin")
        load_zone(admin, "Asia/Shanghai")
    with connect(databases.destination.endpoint("admin")) as admin:
        load_zone(admin, "Europe/Berlin")
    return databases


def test_every_session_means_the_same(zones: Stack) -> None:
    kafka = KafkaSettings(zones.kafka)
    settings = CaptureSettings(task="dds", selection=Selection(include=("dds*.*",)))
    with ExitStack() as ends:
        ends.enter_context(globals_of(zones.source, SOURCE))
        ends.enter_context(globals_of(zones.destination, HOSTILE))
        source = ends.enter_context(connect(zones.source.endpoint("admin")))
        run(source, f"CREATE DATABASE dds\nUSE dds\nSET time_zone = '+00:00'{PREPARED}")
        capture = Capture([zones.source.endpoint("penstock")], kafka, settings)
        apply = Apply(kafka, "dds", "polar", zones.destination.endpoint("polar"), ApplySettings())
        sessions = [ends.enter_context(closing(lasting(each.session))) for each in (capture, apply)]
        destination = ends.enter_context(connect(zones.destination.endpoint("admin")))

        def holds(table: str) -> Callable[[], bool]:
            listed = f"SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'dds' AND TABLE_NAME = '{table}'"
            return lambda: bool(destination.query(listed) and destination.query(f"SELECT 1 FROM dds.{table}"))

        for table in ("berlin", "elsewhere", "shanghai", "row_1", "keyless"):
            until(holds(table), *sessions)
        run(source, STREAMED)
        until(holds("last"), *sessions)
        until(lambda: all_committed(kafka, "dds"), *sessions)  # later tables wait for no earlier ones
    assert not differences(zones.source.endpoint("admin"), zones.destination.endpoint("admin"))


AFTER = Table(
    name=TableName("dds", "t"),
    columns=tuple(
        Column(name=name, data_type=kind, column_type=kind, nullable=name != "id")
        for name, kind in (("id", "int"), ("ts", "timestamp"), ("v", "int"))
    ),
)


def change(kind: str, statement: str, **session: str) -> SchemaChange:
    table = TouchedTable(database="dds", table="t", topic="dds.t", definition=None, barriers=(0,), certain=False)
    return SchemaChange(
        epoch=3,
        gtid=None,
        file="log.000001",
        offset=4,
        source_us=0,
        time_us=0,
        kind=kind,
        statement=statement,
        database="dds",
        session={"sql_mode": "", **session},
        tables=(table,),
    )


def prepare(stack: Stack, wanted: SchemaChange) -> dict[str, str]:
    """The session in which the destination would run it."""
    endpoint, wording = stack.destination.endpoint("polar"), wording_of(wanted)
    with closing(open_session(endpoint, 5)) as reader, closing(connect(endpoint)) as runner:

        def ask(sql: str) -> Generator[None, None, list[tuple[bytes | None, ...]]]:
            yield from ()
            return [tuple(None if v is None else str(v).encode() for v in row) for row in reader.query(sql)]

        questions = zone_for(reader, wanted, wording, ask)
        try:
            while True:
                next(questions)
        except StopIteration as answered:
            zone = answered.value
        enter(runner, wanted, wording, zone, Limits(idle_seconds=10, lock_wait_seconds=5))
        return dict(runner.query("SHOW SESSION VARIABLES"))


def test_what_the_destination_cannot_set_stops_the_statements_that_depend_on_it(zones: Stack) -> None:
    with connect(zones.destination.endpoint("admin")) as admin:
        admin.execute("CREATE DATABASE dds")
        admin.execute("CREATE TABLE dds.t (id INT PRIMARY KEY, ts TIMESTAMP NULL, v INT)")
        admin.execute("INSERT INTO dds.t VALUES (1, '1980-01-01 00:00:00', 1), (2, '1988-07-01 12:00:00', 1)")
        with connect(zones.source.endpoint("admin")) as source:
            shanghai = read_zone(source.query, "Asia/Shanghai")
        told = {OFFSETS: str(shanghai), NAME: "Asia/Shanghai", "time_zone": "+08:00", "timestamp": "1700000000"}
        create = "CREATE TABLE t (a TIMESTAMP NULL DEFAULT '2020-01-01', b TIMESTAMP NULL DEFAULT '1988-07-01')"
        for stopped in (
            change("ALTER_TABLE", "ALTER TABLE t MODIFY ts DATETIME", **told),
            change("ALTER_TABLE", "ALTER TABLE t ADD a DATETIME DEFAULT (FROM_UNIXTIME(v))", **told),
            change("ALTER_TABLE", "ALTER TABLE t MODIFY v TIMESTAMP", **told),
            change("ALTER_TABLE", "ALTER TABLE t ADD g DATE AS (DATE(ts)) STORED", **told),
            change("ALTER_TABLE", "ALTER TABLE t ADD g TIMESTAMP DEFAULT (NOW() + INTERVAL 1 YEAR)", **told),
            change("CREATE_TABLE", create, **told),
        ):
            with pytest.raises(Unlike, match="schema change 3 depends on the source's time zone"):
                prepare(zones, stopped)
        for harmless in ("ADD g INT, ALGORITHM=COPY", "ADD g TIMESTAMP NULL DEFAULT '2020-01-01'", "ADD INDEX (ts)"):
            moment = prepare(zones, change("ALTER_TABLE", f"ALTER TABLE t {harmless}", **told))
            assert moment["time_zone"] == "+08:00"
        one = change("CREATE_TABLE", create.replace("1988", "1998"), **told)
        assert prepare(zones, one)["time_zone"] == "+08:00"
        admin.execute("DELETE FROM dds.t WHERE id = 2")
        assert (
            prepare(zones, change("ALTER_TABLE", "ALTER TABLE t MODIFY ts DATETIME", **told))["time_zone"] == "+08:00"
        )
        with pytest.raises(Unlike, match="the source's time zone SYSTEM, and nothing tells what that means"):
            prepare(zones, change("ALTER_TABLE", "ALTER TABLE t MODIFY ts DATETIME", time_zone="SYSTEM"))
        with globals_of(zones.destination, {"sql_generate_invisible_primary_key": "ON"}):
            with pytest.raises(Unlike, match="ran with sql_generate_invisible_primary_key = OFF at the source"):
                prepare(zones, change("CREATE_TABLE", "CREATE TABLE k (v INT)"))
            prepare(zones, change("CREATE_TABLE", "CREATE TABLE k (v INT PRIMARY KEY)"))
        with connect(zones.source.endpoint("admin")) as source:
            berlin = read_zone(source.query, "Europe/Berlin")
        assert berlin is not None
        # as SYSTEM takes times that came twice, and a named zone does not
        system = Zone(tuple(replace(each, folded=-each.folded) for each in berlin.changes))
        told = {OFFSETS: str(system), NAME: "SYSTEM", "time_zone": "+01:00", "timestamp": "1700000000"}
        admin.execute("ALTER TABLE dds.t MODIFY ts DATETIME")
        admin.execute("INSERT INTO dds.t VALUES (3, '1990-07-01 12:00:00', 1)")
        modify = change("ALTER_TABLE", "ALTER TABLE t MODIFY ts TIMESTAMP NULL", **told)
        modify = replace(modify, tables=(replace(modify.tables[0], definition=to_json(AFTER), certain=True),))
        assert prepare(zones, modify)["time_zone"] == "Europe/Berlin"
        admin.execute("INSERT INTO dds.t VALUES (4, '2020-10-25 02:30:00', 1)")
        with pytest.raises(Unlike, match="schema change 3 depends on the source's time zone"):
            prepare(zones, modify)
        away = {"collation_connection": "utf8mb4_martian_ci"}
        with pytest.raises(Unlike, match="ran with collation_connection = utf8mb4_martian_ci"):
            prepare(zones, change("ALTER_TABLE", "ALTER TABLE t ADD g INT AS (v > 'a')", **away))
        taken = prepare(zones, change("ALTER_TABLE", "ALTER TABLE t ADD g CHAR(1) DEFAULT 'a'", **away))
        assert taken["character_set_connection"] == "utf8mb4"
        old = prepare(zones, change("ALTER_TABLE", "ALTER TABLE t ADD g INT", sql_mode="MAXDB,ANSI_QUOTES"))
        assert old["sql_mode"] == "ANSI_QUOTES"
        with pytest.raises(Unlike, match="ran with sql_mode = MAXDB"):
            prepare(zones, change("ALTER_TABLE", "ALTER TABLE t ADD g TIMESTAMP NULL", sql_mode="MAXDB"))
