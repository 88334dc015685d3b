"""Servers that keep names of databases and tables in lower case, and servers that do not, at either end."""

from collections.abc import Iterator

import pytest

from deploy.local import Profile, Server, Stack, kill_mysql, start_mysql
from runtime.errors import Exit
from runtime.mysql import Connection, connect
from tests.conftest import NewTask
from tests.pipeline.compare import differences

_AS_SOURCE = [
    "--innodb-buffer-pool-size=64M",
    "--innodb-redo-log-capacity=16M",
    "--log-bin=binlog",
    "--gtid-mode=ON",
    "--enforce-gtid-consistency=ON",
    "--binlog-row-metadata=FULL",
    "--transaction-isolation=REPEATABLE-READ",
]
_BEFORE = (
    "CREATE DATABASE Cased",
    "CREATE TABLE Cased.Parents (Id INT PRIMARY KEY, Name VARCHAR(20))",
    "INSERT INTO Cased.PARENTS VALUES (1, 'one')",
)
_DURING = (
    "USE Cased",
    "CREATE TABLE Children (Id INT PRIMARY KEY, P INT, CONSTRAINT Fk FOREIGN KEY (P) REFERENCES PARENTS (Id))",
    "INSERT INTO CHILDREN VALUES (1, 1)",
    "ALTER TABLE CaseD.`Parents` ADD COLUMN Parents INT DEFAULT 5",
    "UPDATE parents SET Parents = 6",
    "CREATE TABLE `Gone T` (id INT PRIMARY KEY)",
    "INSERT INTO `gone t` VALUES (1)",
    "DROP TABLE `GONE T`",
    "CREATE TABLE Emptied (id INT PRIMARY KEY)",
    "INSERT INTO Emptied VALUES (1)",
    "TRUNCATE TABLE EMPTIED",
    "RENAME TABLE Emptied TO Kept",
    "INSERT INTO KEPT VALUES (2)",
    "CREATE DATABASE Cased2",
    "CREATE TABLE Cased2.Like_It LIKE Parents",
    "CREATE DATABASE Cased3",
    "DROP DATABASE CASED3",
)


@pytest.fixture
def lowering(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A source that keeps names in lower case."""
    server = start_mysql(Profile.DESTINATION, tmp_path_factory.mktemp("case") / "mysql", _AS_SOURCE)
    yield server
    kill_mysql(server.directory)


def run(connection: Connection, statements: tuple[str, ...]) -> None:
    for statement in statements:
        connection.execute(statement)


def test_from_lower_case_to_lower_case_and_to_as_given(task: NewTask, databases: Stack, lowering: Server) -> None:
    """Two targets of one source: one keeps names in lower case too, the other one tells them apart by case."""
    source, second = lowering.endpoint("polar"), databases.source.endpoint("admin")
    made = task(
        include=["cased*.*"],
        source=source,
        overrides={
            "targets": {
                "second": {
                    "host": second.host,
                    "port": second.port,
                    "user": second.user,
                    "password": second.password,
                }
            }
        },
    )
    with connect(lowering.endpoint("admin")) as here:
        run(here, _BEFORE)
        made.start("migrate")
        made.wait()
        run(here, _DURING)
        made.wait()
        made.run("verify", "--target", "polar")
        for server in (databases.destination, databases.source):
            assert differences(lowering.endpoint("admin"), server.endpoint("admin")) == []
        made.rewrite({"objects": {"include": ["Cased*.*"]}})
        assert "these patterns match nothing: Cased*.*" in made.run("check", expected=Exit.OPERATOR).stdout


def test_from_as_given_to_lower_case(task: NewTask, databases: Stack) -> None:
    """Names that differ by case only would become one: refused; the rest goes."""
    made = task(include=["Cased*.*", "cased*.*"])
    with connect(databases.source.endpoint("admin")) as here:
        run(
            here,
            (
                "CREATE DATABASE Cased",
                "CREATE TABLE Cased.T (id INT PRIMARY KEY)",
                "CREATE TABLE Cased.t (id INT PRIMARY KEY)",
                "CREATE DATABASE cased",
                "CREATE TABLE cased.other (id INT PRIMARY KEY)",
            ),
        )
        said = made.run("check", expected=Exit.OPERATOR).stdout
        assert "would become one there" in said
        assert "Cased.T and Cased.t" in said and "Cased and cased" in said
        run(here, ("DROP TABLE Cased.t", "DROP DATABASE cased", "INSERT INTO Cased.T VALUES (1)"))
        made.start("migrate")
        made.wait()
        run(here, ("USE Cased", "ALTER TABLE T ADD Col INT", "RENAME TABLE T TO U", "INSERT INTO U VALUES (2, 2)"))
        made.wait()
        made.assert_equal()


def test_names_that_would_become_one_while_the_task_runs(task: NewTask, databases: Stack) -> None:
    """A table that is not there is dropped (IF EXISTS) without the one spelled otherwise; none is made beside it."""
    made = task(include=["Cased.*"])
    with connect(databases.source.endpoint("admin")) as here:
        run(
            here,
            ("CREATE DATABASE Cased", "CREATE TABLE Cased.T (id INT PRIMARY KEY)", "INSERT INTO Cased.T VALUES (1)"),
        )
        process = made.start("migrate")
        made.wait()
        run(here, ("DROP TABLE IF EXISTS Cased.t, Cased.nothing",))
        made.wait()
        made.assert_equal()
        run(here, ("DELETE FROM Cased.T", "CREATE TABLE IF NOT EXISTS Cased.t (id INT PRIMARY KEY)"))
        run(here, ("INSERT INTO Cased.T VALUES (2)", "INSERT INTO Cased.t VALUES (3)"))
    for _ in ("as it runs", "again"):
        assert process.exit_code() == Exit.OPERATOR
        assert "makes table Cased.t, which at the destination would be the same as Cased.T" in process.stderr
        process = made.start("migrate")
    process.kill()
