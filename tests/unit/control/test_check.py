from collections.abc import Sequence
from dataclasses import replace

import pytest

from control.catalog import ColumnFacts, ForeignKeyFacts, IndexFacts, TableFacts
from control.check_destination import destination_findings, table_findings
from control.check_marker import naming_findings
from control.check_objects import cascade_finding, following_keys, object_findings
from control.check_source import source_findings, source_privileges
from control.check_standing import Standing, standing_findings
from control.finding import Finding, Status, listed
from control.grants import Grants
from control.server import LogFacts, ServerFacts, version_of
from schemas.names import TableName
from schemas.position import GtidSet
from schemas.selection import Selection

UUID = "3e11fa47-71ca-11e1-9e33-c80aa9429562"
NOW_US = 1_000_000_000
VARIABLES = {
    "version": "9.7.4",
    "log_bin": "ON",
    "binlog_format": "ROW",
    "binlog_row_image": "FULL",
    "binlog_row_metadata": "FULL",
    "gtid_mode": "ON",
    "enforce_gtid_consistency": "ON",
    "binlog_expire_logs_seconds": "2592000",
    "server_id": "1",
    "server_uuid": UUID,
    "gtid_executed": f"{UUID}:1-100",
    "gtid_purged": "",
    "lower_case_table_names": "0",
    "max_allowed_packet": "67108864",
    "replica_preserve_commit_order": "ON",
    "replica_parallel_workers": "4",
}
SOURCE = ServerFacts(
    variables=VARIABLES,
    grants=Grants.parse(["GRANT SELECT, REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO `u`@`%`"]),
    account="'u'@'%'",
    databases=frozenset(("shop",)),
    collations=frozenset(("utf8mb4_0900_ai_ci", "latin1_swedish_ci", "utf8mb3_general_ci")),
    clock_us=NOW_US,
)
TARGET = replace(
    SOURCE,
    variables={**VARIABLES, "server_uuid": "other", "version": "8.0.18", "lower_case_table_names": "1"},
    grants=Grants.parse(["GRANT ALL PRIVILEGES ON *.* TO `u`@`%`"]),
    collations=frozenset(("utf8mb4_0900_ai_ci", "latin1_swedish_ci", "utf8_general_ci")),
)
LOG = LogFacts(filters="", replica=False, replica_filters="", oldest="binlog.000002", prepared=0)
ID = ColumnFacts("id", "int", "int", False, None, "", None, None, "", None, "")
PRIMARY = IndexFacts("PRIMARY", True, "BTREE", True, "", ("id",), True)
ORDERS = TableName("shop", "orders")
TABLE = TableFacts(ORDERS, "InnoDB", "utf8mb4_0900_ai_ci", "", (ID,), (PRIMARY,))


def bad(findings: object) -> dict[str, Status]:
    assert isinstance(findings, list)
    for finding in findings:
        assert isinstance(finding, Finding)
        assert bool(finding.repair) == (finding.status is not Status.OK), finding
    return {finding.name: finding.status for finding in findings if finding.status is not Status.OK}


def source(**changed: str) -> list[Finding]:
    return source_with(LOG, None, **changed)


def source_with(log: LogFacts, position: str | None, **changed: str) -> list[Finding]:
    server = replace(SOURCE, variables={**VARIABLES, **changed})
    gtids = None if position is None else GtidSet.parse(position)
    return list(source_findings(server, log, gtids, NOW_US))


def target(server: ServerFacts = TARGET, databases: tuple[str, ...] = ("shop",)) -> list[Finding]:
    return list(destination_findings("polar", server, SOURCE, databases, "penstock"))


def test_a_fit_source_has_no_findings() -> None:
    assert bad(source()) == {}


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("log_bin", "OFF"),
        ("binlog_format", "MIXED"),
        ("binlog_row_image", "MINIMAL"),
        ("server_id", "0"),
    ],
)
def test_each_setting_of_the_log_is_required(variable: str, value: str) -> None:
    assert bad(source(**{variable: value})) == {f"source.{variable}": Status.FAILED}


@pytest.mark.parametrize(("value", "words"), [("FULL", "names the columns"), ("MINIMAL", "does not name")])
def test_a_log_that_names_no_columns_is_fit(value: str, words: str) -> None:
    (told,) = [f for f in source(binlog_row_metadata=value) if f.name == "source.binlog_row_metadata"]
    assert told.status is Status.OK
    assert words in told.message


def test_all_findings_come_at_once() -> None:
    found = bad(source(log_bin="OFF", binlog_expire_logs_seconds="3600", version="5.5.62-log"))
    assert set(found) == {"source.log_bin", "source.log_retention", "source.version"}


def test_other_sources_are_not_available_yet() -> None:
    assert bad(source(version="5.5.62")) == {"source.version": Status.FAILED}
    assert bad(source(version="5.6.51")) == {}
    assert bad(source(version="8.4.3")) == {}
    assert bad(source(version="9.8.0")) == {}


def test_a_purged_log_is_noticed_only_when_it_is_needed() -> None:
    purged = f"{UUID}:1-50"
    assert bad(source(gtid_purged=purged)) == {}
    assert bad(source_with(LOG, f"{UUID}:1-60", gtid_purged=purged)) == {}
    found = source_with(LOG, f"{UUID}:1-40", gtid_purged=purged)
    assert bad(found) == {"source.position": Status.FAILED}
    assert any(f"10 transactions of its log that the task still needs: {UUID}:41-50" in one.message for one in found)


def test_a_source_that_lacks_what_is_published() -> None:
    found = source_with(LOG, f"{UUID}:1-103")
    assert bad(found) == {"source.position": Status.FAILED}
    assert any(f"lacks 3 transactions that the task has published: {UUID}:101-103" in one.message for one in found)


def test_what_only_a_log_reader_sees() -> None:
    assert bad(source_with(replace(LOG, filters="mysql"), None)) == {"source.log_filters": Status.FAILED}
    assert bad(source_with(replace(LOG, prepared=2), None)) == {"source.xa": Status.WARNING}
    assert bad(source_with(replace(LOG, prepared=None), None)) == {}
    replica = replace(LOG, replica=True)
    logging = {"log_replica_updates": "ON"}
    assert bad(source_with(replica, None, **logging)) == {}
    assert bad(source_with(replica, None)) == {"source.log_updates": Status.FAILED}
    filtering = replace(replica, replica_filters="tmp.*")
    assert bad(source_with(filtering, None, **logging)) == {"source.replica_filters": Status.WARNING}
    disordered = source_with(replica, None, **logging, replica_preserve_commit_order="OFF")
    assert bad(disordered) == {"source.commit_order": Status.WARNING}
    both = source_with(filtering, None, replica_preserve_commit_order="OFF")
    assert set(bad(both)) == {"source.log_updates", "source.commit_order", "source.replica_filters"}


def test_tagged_gtids_count_like_others() -> None:
    purged = f"{UUID}:1-5:tag:1-2"
    assert bad(source_with(LOG, f"{UUID}:1-9:tag:1-3", gtid_purged=purged, gtid_executed=f"{UUID}:1-9:tag:1-3")) == {}
    assert bad(source_with(LOG, f"{UUID}:1-9:tag:1", gtid_purged=purged, gtid_executed=f"{UUID}:1-9:tag:1-3")) == {
        "source.position": Status.FAILED
    }


def test_clocks() -> None:
    late = replace(SOURCE, clock_us=NOW_US + 10_000_000)
    assert bad(list(source_findings(late, LOG, None, NOW_US))) == {"source.clock": Status.WARNING}


def test_privileges_at_the_source() -> None:
    def found(lines: list[str], selection: Selection, keyless: list[TableName]) -> dict[str, Status]:
        server = replace(SOURCE, grants=Grants.parse(lines))
        return bad(list(source_privileges(server, selection, [ORDERS], keyless)))

    everything = "GRANT SELECT, REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO `u`@`%`"
    log_only = "GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO `u`@`%`"
    reads_shop = "GRANT SELECT ON `shop`.* TO `u`@`%`"
    shop = Selection(include=("shop.*",))
    assert found([everything], Selection(), []) == {}
    assert found([everything], Selection(), [ORDERS]) == {"source.lock_tables": Status.FAILED}
    assert found([log_only, "GRANT SELECT, LOCK TABLES ON `shop`.* TO `u`@`%`"], shop, [ORDERS]) == {}
    assert found([log_only, reads_shop], Selection(), []) == {"source.select": Status.WARNING}
    assert found([log_only], shop, []) == {"source.select": Status.FAILED}


def test_every_host_that_may_be_read_needs_the_privileges_of_its_log() -> None:
    blind = replace(SOURCE, grants=Grants.parse(["GRANT SELECT, REPLICATION SLAVE ON *.* TO `u`@`%`"]))
    assert bad(list(source_findings(blind, None, None, NOW_US))) == {"source.log_privileges": Status.FAILED}


def test_a_polardb_destination_has_only_warnings() -> None:
    assert bad(target()) == {
        "target.polar.version": Status.WARNING,
        "target.polar.lower_case_table_names": Status.WARNING,
    }


@pytest.mark.parametrize(
    ("changed", "name", "status"),
    [
        ({"read_only": "ON"}, "read_only", Status.FAILED),
        ({"server_uuid": UUID}, "another_server", Status.FAILED),
        ({"max_allowed_packet": "4194304"}, "max_allowed_packet", Status.FAILED),
        ({"max_allowed_packet": "33554432"}, "max_allowed_packet", Status.WARNING),
        ({"version": "5.7.28-log"}, "version", Status.WARNING),
    ],
)
def test_what_is_wrong_with_a_destination(changed: dict[str, str], name: str, status: Status) -> None:
    found = bad(target(replace(TARGET, variables={**TARGET.variables, **changed})))
    assert found[f"target.polar.{name}"] is status


@pytest.mark.parametrize(
    ("lines", "kind"),
    [
        (["GRANT SELECT, INSERT, UPDATE, DELETE ON `shop`.* TO `u`@`%`"], "DML-only"),
        (["GRANT CREATE, DROP, ALTER, INDEX ON `shop`.* TO `u`@`%`"], "DDL-only"),
        (["GRANT SELECT ON `shop`.* TO `u`@`%`"], "read-only"),
        ([], "without rights on this database"),
    ],
)
def test_the_kind_of_account_is_named(lines: list[str], kind: str) -> None:
    found = target(replace(TARGET, grants=Grants.parse(lines)))
    told = next(one for one in found if one.name == "target.polar.privileges")
    assert told.status is Status.FAILED
    assert kind in told.message
    assert bad(found)["target.polar.state_database"] is Status.FAILED


def tables_at(server: ServerFacts, tables: list[TableFacts]) -> dict[str, Status]:
    return bad(list(table_findings("polar", server, SOURCE, {table.name: table for table in tables})))


def standing(*, begun: bool = False, database: Sequence[str] = (), table: Sequence[str] = ()) -> list[Finding]:
    there = Standing({ORDERS: table}, {"shop": database})
    return list(standing_findings("target.polar", there, begun=begun))


def test_tables_that_are_there_already() -> None:
    assert bad(standing()) == {}
    assert bad(standing(table=["column id: source int, target bigint"])) == {"target.polar.same_name": Status.FAILED}
    assert bad(standing(begun=True, table=["it holds rows"])) == {}
    found = standing(table=["a", "b", "c", "d"])[0]
    assert "shop.orders (a; b; c; 1 more)" in found.message


def test_databases_that_are_there_already() -> None:
    found = standing(database=["default collation: source utf8mb4_bin, target latin1_bin", "ALTER DATABASE `shop` x"])
    assert bad(found) == {"target.polar.databases": Status.FAILED}
    assert "shop (default collation: source utf8mb4_bin, target latin1_bin)" in found[1].message
    assert found[1].repair.endswith("ALTER DATABASE `shop` x")


def test_names_that_differ_by_case_only() -> None:
    both = [TABLE, replace(TABLE, name=TableName("shop", "Orders"))]
    assert tables_at(TARGET, both) == {"target.polar.name_case": Status.FAILED}
    assert tables_at(replace(TARGET, variables=VARIABLES), both) == {}


def test_collations_and_keys_at_the_destination() -> None:
    assert tables_at(TARGET, [replace(TABLE, collation="utf8mb3_general_ci")]) == {}
    assert tables_at(TARGET, [replace(TABLE, collation="utf8mb4_0900_bin")]) == {
        "target.polar.collations": Status.FAILED
    }
    keyless = replace(TABLE, indexes=())
    required = replace(TARGET, variables={**TARGET.variables, "sql_require_primary_key": "ON"})
    hidden = replace(TARGET, variables={**TARGET.variables, "implicit_primary_key": "ON"})
    assert tables_at(TARGET, [keyless]) == {}
    assert tables_at(required, [keyless]) == {"target.polar.keyless": Status.FAILED}
    assert tables_at(hidden, [keyless]) == {"target.polar.keyless": Status.WARNING}


def test_engines_that_the_destination_does_not_run() -> None:
    counting = replace(TABLE.columns[0], extra="auto_increment")
    plain = replace(TABLE, engine="MyISAM", columns=(counting, *TABLE.columns[1:]))
    grouped = replace(plain, indexes=(replace(TABLE.indexes[0], parts=("day", counting.name)),))
    assert tables_at(TARGET, [plain]) == {"target.polar.engines": Status.WARNING}
    assert tables_at(TARGET, [grouped]) == {"target.polar.engines": Status.FAILED}
    assert tables_at(replace(TARGET, engines=frozenset(("MYISAM", "INNODB"))), [plain, grouped]) == {}


def objects(*tables: TableFacts, views: int = 0) -> dict[str, Status]:
    facts = {table.name: table for table in tables}
    return bad(list(object_findings("shop", facts, [], {"views": views})))


def test_fit_objects_have_no_findings() -> None:
    assert objects(TABLE) == {}
    assert objects() == {"objects.selected": Status.WARNING}


def test_what_is_wrong_with_objects() -> None:
    assert objects(replace(TABLE, engine="FEDERATED")) == {"objects.engines": Status.FAILED}
    assert objects(replace(TABLE, engine="MyISAM")) == {"objects.engines": Status.WARNING}
    assert objects(replace(TABLE, indexes=())) == {"objects.keys": Status.WARNING}
    assert objects(TABLE, views=2) == {"objects.others": Status.WARNING}


def test_foreign_keys() -> None:
    key = ForeignKeyFacts("fk", ("id",), TableName("crm", "parents"), ("id",), "NO ACTION", "CASCADE")
    child = replace(TABLE, foreign_keys=(key,))
    parent = replace(TABLE, name=key.parent)
    assert objects(child, parent) == {}
    assert objects(child) == {"objects.foreign_keys": Status.WARNING}


def test_versions_and_lists() -> None:
    assert version_of("8.0.18-log") == (8, 0, 18)
    assert version_of("9.7") == (9, 7, 0)
    assert version_of("what") == (0, 0, 0)
    assert listed(["a", "b"]) == "a, b"
    assert listed(["a", "b", "c"], most=1) == "a and 2 more"


def naming(position: str | None = None, made: bool = False, grants: str = "", **changed: str) -> dict[str, Status]:
    given = ["GRANT SELECT ON *.* TO `u`@`%`", *([grants] if grants else [])]
    variables = {**VARIABLES, "binlog_order_commits": "ON", **changed}
    server = replace(SOURCE, variables=variables, grants=Grants.parse(given))
    return bad(list(naming_findings(server, None if position is None else GtidSet.parse(position), made)))


HEARTBEAT_GRANT = "GRANT CREATE, INSERT, UPDATE ON `penstock`.* TO `u`@`%`"
TABLE_GRANT = "GRANT INSERT, UPDATE ON `penstock`.`heartbeat` TO `u`@`%`"
GTID_WARNING = {"source.gtid_mode": Status.WARNING}
PLACE = f"{UUID}/binlog.000002:400"


def test_a_source_without_gtids_must_take_markers() -> None:
    assert naming() == {}
    assert naming(gtid_mode="OFF", grants=HEARTBEAT_GRANT) == GTID_WARNING
    assert naming(gtid_mode="OFF", grants=TABLE_GRANT, made=True) == GTID_WARNING
    refused = {**GTID_WARNING, "source.heartbeat": Status.FAILED}
    assert naming(gtid_mode="ON_PERMISSIVE") == refused
    assert naming(gtid_mode="OFF", grants=TABLE_GRANT) == refused
    assert naming(gtid_mode="OFF", grants=HEARTBEAT_GRANT, read_only="ON") == refused
    unordered = naming(gtid_mode="OFF", grants=HEARTBEAT_GRANT, binlog_order_commits="OFF")
    assert unordered == {**GTID_WARNING, "source.binlog_order_commits": Status.FAILED}


def test_a_task_keeps_the_names_that_it_began_with() -> None:
    assert naming(f"{UUID}:1-5", gtid_mode="OFF") == {"source.gtid_mode": Status.FAILED}
    assert naming(PLACE, gtid_mode="ON", grants=HEARTBEAT_GRANT) == GTID_WARNING


def test_a_purged_file_is_noticed_without_gtids() -> None:
    assert bad(source_with(LOG, PLACE)) == {}
    assert bad(source_with(LOG, f"{UUID}/binlog.000001:400")) == {"source.position": Status.FAILED}


def test_settings_that_expressions_hang_on() -> None:
    part = replace(ID, name="part", column_type="int", extra="VIRTUAL GENERATED", expression="(`id` / 3)")
    computing = replace(TABLE, columns=(ID, part))
    here = replace(SOURCE, variables={**VARIABLES, "div_precision_increment": "4"})
    other = replace(TARGET, variables={**TARGET.variables, "div_precision_increment": "8"})
    for table, found in ((computing, {"target.polar.expressions": Status.WARNING}), (TABLE, {})):
        assert bad(list(table_findings("polar", other, here, {ORDERS: table}))) == found


def test_cascades_that_no_log_holds_need_their_parents() -> None:
    key = ForeignKeyFacts("of_order", ("order_id",), ORDERS, ("id",), "NO ACTION", "CASCADE")
    lines = replace(TABLE, name=TableName("shop", "lines"), foreign_keys=(key,))
    plain = replace(lines, foreign_keys=(replace(key, on_delete="RESTRICT"),))
    for version, native, tables, status in (
        ("5.6.51", "OFF", (TABLE, lines), Status.WARNING),
        ("9.5.0", "OFF", (TABLE, lines), Status.WARNING),
        ("9.5.0", "OFF", (lines,), Status.FAILED),
        ("9.6.0", "OFF", (lines,), Status.OK),
        ("9.6.0", "ON", (lines,), Status.FAILED),
        ("9.6.0", "ON", (TABLE, lines), Status.WARNING),
        ("5.6.51", "OFF", (TABLE, plain), Status.OK),
    ):
        server = replace(SOURCE, variables={**VARIABLES, "version": version, "innodb_native_foreign_keys": native})
        facts = {table.name: table for table in tables}
        assert cascade_finding(following_keys(server, facts), facts).status is status


def test_cascades_that_contradict_each_other() -> None:
    key = ForeignKeyFacts("goes", ("order_id",), ORDERS, ("id",), "NO ACTION", "CASCADE")
    other = replace(key, name="stays", on_delete="SET NULL")
    lines = replace(TABLE, name=TableName("shop", "lines"), foreign_keys=(key, other))
    facts = {table.name: table for table in (TABLE, lines)}
    old = replace(SOURCE, variables={**VARIABLES, "version": "5.6.51"})

    found = cascade_finding(following_keys(old, facts), facts)

    assert found.status is Status.FAILED
    assert "rows of shop.lines follow others by several foreign keys that contradict each other" in found.message
    assert cascade_finding(following_keys(SOURCE, facts), facts).status is Status.OK


def test_a_collation_of_utf8mb3_is_known_by_both_names() -> None:
    old = replace(TABLE, collation="utf8_general_ci")
    modern = replace(TARGET, collations=frozenset(("utf8mb3_general_ci", "utf8mb4_0900_ai_ci")))
    assert bad(list(table_findings("polar", modern, SOURCE, {ORDERS: old}))) == {}
