from pathlib import Path

import pytest

from control.config import ConfigError, Task, load
from runtime.errors import Fatal
from schemas.names import TableName

MINIMAL = """\
task: shop
source: {host: db.example, user: reader, password: "${SOURCE_PASSWORD}"}
kafka: {bootstrap_servers: "broker:9092"}
targets:
  polar: {host: pc-1.example, user: writer, password: pw}
"""
ENVIRONMENT = {"SOURCE_PASSWORD": "s3cret"}


def read(folder: Path, text: str) -> Task:
    file = folder / "task.yaml"
    file.write_text(text)
    return load(file, ENVIRONMENT)


def problems(folder: Path, text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        read(folder, text)
    assert "s3cret" not in str(caught.value)
    return [str(problem) for problem in caught.value.problems]


def test_defaults(tmp_path: Path) -> None:
    task = read(tmp_path, MINIMAL)
    assert (task.name, task.sources[0].host, task.sources[0].port, task.sources[0].password) == (
        "shop",
        "db.example",
        3306,
        "s3cret",
    )
    assert (task.readers, task.commit_interval_ms, task.retry_minutes) == (2, 100, 720)
    assert (task.kafka.bootstrap_servers, task.kafka.partitions, task.kafka.replication_factor) == (
        "broker:9092",
        1,
        -1,
    )
    assert not task.embedded
    target = task.target(None)
    assert (target.state_database, target.workers, target.retry_minutes) == ("penstock", 1, 720)
    assert str(target.destination) == "target polar writer@pc-1.example:3306"
    assert task.selection.selected(TableName("any", "table"))
    assert not task.selection.selected(TableName("penstock", "fences"))


def test_everything_that_can_be_said(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("")
    text = """\
task: shop
source:
  hosts: ["[::1]:3307"]
  user: reader
  tls: {mode: verify_ca, ca: ca.pem}
kafka:
  bootstrap_servers: embedded
  partitions: 4
objects:
  include: ["shop.*", "crm.customer_*"]
  exclude: ["shop.tmp_*"]
  tables: {shop.orders: {}}
snapshot: {readers: 4, chunk_bytes: 1048576}
capture: {commit_interval_ms: 50, heartbeat_ms: 500}
retry_minutes: 60
metrics: {capture_port: 9100, apply_port: 9101}
targets:
  a: {host: a, user: u, password: "$${x}", state_database: moves, workers: 3, retry_minutes: 10}
  b: {host: b, port: 3307, user: u}
"""
    task = read(tmp_path, text)
    assert (task.sources[0].host, task.sources[0].port) == ("::1", 3307)
    assert task.sources[0].tls.ca == str(tmp_path / "ca.pem")
    assert task.embedded
    assert (task.kafka.partitions, task.readers, task.chunk_bytes, task.heartbeat_ms) == (4, 4, 1 << 20, 500)
    assert (task.target("a").workers, task.target("a").retry_minutes, task.target("b").retry_minutes) == (3, 10, 60)
    assert task.target("a").destination.password == "${x}"
    assert not task.selection.selected(TableName("moves", "x"))
    assert not task.selection.selected(TableName("shop", "tmp_1"))
    assert task.folder == tmp_path / ".penstock" / "shop"
    with pytest.raises(Fatal, match="several targets"):
        task.target(None)
    with pytest.raises(Fatal, match="no target 'c'"):
        task.target("c")


def test_settings_never_show_a_secret(tmp_path: Path) -> None:
    task = read(tmp_path, MINIMAL)
    assert "s3cret" not in repr(task)
    assert "s3cret" not in repr(task.sources)


def test_every_problem_is_reported_at_once_with_key_and_line(tmp_path: Path) -> None:
    text = """\
task: "a shop"
source: {host: h, prot: 1, user: 7, password: "${MISSING}"}
kafka: {partitions: 0, properties: {group.id: x}}
objects: {include: [shop]}
snapshot: {readers: true}
retry_minutes: 5
targets:
  polar: {user: u, tls: {mode: verify, cert: none.pem}}
  "p q": {host: h, user: u}
surprise: 1
"""
    found = problems(tmp_path, text)
    assert found == [
        "line 1: task: must consist of A-Z a-z 0-9 _ - and have at most 64 characters",
        "line 2: source.password: the environment variable MISSING is not set",
        "line 2: source.prot: unknown key; did you mean port?",
        "line 2: source.user: must be text: put it in quotes",
        "line 3: kafka.partitions: must be at least 1",
        "line 3: kafka.properties.group.id: is set by penstock itself: remove it",
        "line 4: objects.include[0]: must be written database.table, for example shop.* or crm.customer_*",
        "line 5: snapshot.readers: must be a whole number",
        "line 6: retry_minutes: must be at least 10",
        "line 8: targets.polar.host: is required",
        "line 8: targets.polar.tls.mode: must be one of 'disabled', 'preferred', 'required', 'verify_ca' or "
        "'verify_identity'",
        "line 9: targets.p q: must consist of A-Z a-z 0-9 _ - and have at most 64 characters",
        "line 10: surprise: unknown key; known are task, source, kafka, objects, snapshot, capture, targets, "
        "retry_minutes, metrics",
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("objects: {tables: {shop.orders: {where: 'id > 3'}}}", "objects.tables.shop.orders.where"),
        ("objects: {tables: {shop.orders: {columns: {exclude: [a]}}}}", "objects.tables.shop.orders.columns"),
        ("kafka: {schema_registry: {url: 'http://r'}}", "kafka.schema_registry"),
    ],
)
def test_what_is_not_built_yet_is_refused_and_not_ignored(tmp_path: Path, text: str, problem: str) -> None:
    base = "\n".join(line for line in MINIMAL.splitlines() if not line.startswith("kafka:"))
    found = problems(tmp_path, f"{base}\n{text}\n")
    assert found == [f"line {len(base.splitlines()) + 1}: {problem}: is not available yet in this version: remove it"]


def test_mapping_is_refused(tmp_path: Path) -> None:
    text = MINIMAL.replace("password: pw", "password: pw, mapping: {databases: {a: b}}")
    assert problems(tmp_path, text) == [
        "line 5: targets.polar.mapping: is not available yet in this version: remove it"
    ]


def test_several_source_hosts(tmp_path: Path) -> None:
    task = read(tmp_path, MINIMAL.replace("host: db.example", 'hosts: ["a:1", "[::1]:2"]'))
    assert [(source.host, source.port, source.user) for source in task.sources] == [
        ("a", 1, "reader"),
        ("::1", 2, "reader"),
    ]
    twice = MINIMAL.replace("host: db.example", 'hosts: ["a:1", "b:2", "a:1"]')
    assert problems(tmp_path, twice) == ["line 2: source.hosts[2]: is given twice"]
    both = MINIMAL.replace("host: db.example", 'host: a, hosts: ["a:1"]')
    assert problems(tmp_path, both) == ["line 2: source: give either host and port, or hosts"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "line 1: the file is empty"),
        ("task: [", "line 1: not YAML: expected the node content, but found '<stream end>'"),
        ("task: a\ntask: b\n", "line 2: task: is given twice, first in line 1"),
        ("task: 2024-01-01\n", "line 1: task: is not a plain value: put it in quotes"),
        ("task: &a [*a]\n", "line 1: task[0]: an alias (*) must not contain itself"),
        ("1: a\n", "line 1: a key must be text: put it in quotes"),
        ("task: '${a b}'\n", "line 1: task: ${a b} is not the name of an environment variable"),
        ("- a\n", "line 1: must be a group of keys"),
    ],
)
def test_what_is_not_a_task_file_says_where(tmp_path: Path, text: str, problem: str) -> None:
    assert problem in problems(tmp_path, text)


def test_an_unquoted_variable_in_braces_gets_a_hint(tmp_path: Path) -> None:
    found = problems(tmp_path, "source: {password: ${SOURCE_PASSWORD}}\n")
    assert len(found) == 1
    assert "write ${NAME} in quotes" in found[0]


def test_a_table_with_settings_must_be_selected(tmp_path: Path) -> None:
    found = problems(tmp_path, MINIMAL + "objects: {exclude: [shop.a], tables: {shop.a: {}}}\n")
    assert found == ["line 6: objects.tables.shop.a: is not selected by objects.include and objects.exclude"]


def test_tls_keys_that_would_be_ignored_are_refused(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("")
    text = MINIMAL.replace("password: pw", "tls: {ca: f, key: f}") + "capture: {}\n"
    assert problems(tmp_path, text) == [
        "line 5: targets.polar.tls.ca: needs mode: verify_ca, or verify_identity",
        "line 5: targets.polar.tls.key: needs cert beside it",
    ]


def test_an_unreadable_file_needs_an_operator(tmp_path: Path) -> None:
    with pytest.raises(Fatal, match="cannot read the config") as caught:
        load(tmp_path / "absent.yaml", {})
    assert caught.value.hint
