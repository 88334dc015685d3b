"""What is said of rows that others follow, and which tables are read again."""

import struct
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import pytest
from structlog.testing import capture_logs

from capture.cascades import Cascades, Followed
from capture.catalog import Shape
from capture.foreign_keys import ForeignKeys
from runtime.errors import Fatal
from schemas.codec import Messages, RowsImage, RowsKind, encode_rows, envelope, plan
from schemas.ddl.lexer import SqlModes
from schemas.ddl.statement import understand
from schemas.names import TableName
from schemas.records import RangeRecord
from schemas.selection import Selection
from schemas.table import Column, Table
from schemas.topics import table_topic
from snapshot.released import Replanned
from tests.unit.capture.test_foreign_keys import OLD, SESSION

PARENT, CHILD = TableName("d", "parent"), TableName("d", "child")


class _Silent:
    logs_cascades = False
    default_engine = "InnoDB"


@dataclass(slots=True)
class _Topics:
    kept: list[TableName] = field(default_factory=list)

    def keep(self, names: Iterable[TableName]) -> None:
        self.kept.extend(names)

    def name(self, table: TableName) -> str:
        return table_topic("task", table)


@dataclass(slots=True)
class _Publisher:
    task: str = "task"
    tables: _Topics = field(default_factory=_Topics)
    written: list[RangeRecord] = field(default_factory=list)

    def barriers(self, name: TableName) -> tuple[int, ...]:
        return (7,)

    def progress(self, record: RangeRecord) -> None:
        self.written.append(record)


@dataclass(slots=True)
class _Catalog:
    tables: dict[TableName, Table]

    def __contains__(self, name: TableName) -> bool:
        return name in self.tables

    def table(self, name: TableName) -> Table:
        return self.tables[name]


@dataclass(slots=True)
class _Interleave:
    told: list[tuple[str, TableName]] = field(default_factory=list)

    def drops(self, table: TableName) -> bool:
        return False

    def followed(self, table: TableName, gtid: str) -> None:
        self.told.append(("followed", table))

    def moved(self, table: TableName, gtid: str) -> Replanned:
        self.told.append(("moved", table))
        return Replanned((RangeRecord(id="1", database=table.database, table=table.name),))


@dataclass(slots=True)
class _Family:
    """A parent with an INT and a CHAR, of which the parameters say how a child follows."""

    child: Table
    parent: Table
    rules: str
    by: str = "id"
    more: tuple[str, ...] = ()  # further statements
    publisher: _Publisher = field(default_factory=_Publisher)
    interleave: _Interleave = field(default_factory=_Interleave)

    @property
    def cascades(self) -> Cascades:
        keys = ForeignKeys(_Silent(), [], Selection(include=("d.*",)))  # type: ignore[arg-type]
        child = f"CREATE TABLE child (p INT, FOREIGN KEY (p) REFERENCES parent ({self.by}) {self.rules})"
        for text in (child, *self.more):
            keys.changed(text, understand(text, "d", SqlModes(), OLD), SESSION)
        catalog = _Catalog({PARENT: self.parent, CHILD: self.child})
        return Cascades(self.publisher, catalog, self.interleave, keys)  # type: ignore[arg-type]

    def followed(self, kind: RowsKind, *images: tuple[int, str]) -> Followed | None:
        made = plan("task", self.parent, 20, 21)
        return self.cascades.followed(Shape(self.parent, "topic", made), kind, self._messages(kind, images))

    def _messages(self, kind: RowsKind, images: tuple[tuple[int, str], ...]) -> Messages:
        made = plan("task", self.parent, 20, 21)
        common = envelope(
            "task",
            PARENT,
            snapshot="false",
            gtid="u:1",
            file="f.1",
            pos=4,
            server_id=1,
            thread=1,
            source_us=1,
            now_us=1,
            epoch=1,
        )
        data = b"".join(b"\xfc" + struct.pack("<iB", id_, len(code)) + code.encode() for id_, code in images)
        both = RowsImage(kind, b"\x03", b"\x03" if kind is RowsKind.UPDATE else b"")
        return encode_rows(made, both, data, common, 0)


def _column(name: str, data_type: str) -> Column:
    length = 4 if data_type.endswith("char") else 0
    charset = "latin1" if length else None
    return Column(
        name=name,
        data_type=data_type,
        column_type=data_type,
        nullable=False,
        length=length,
        charset=charset,
        collation="latin1_swedish_ci" if length else None,
    )


def _family(rules: str, by: str = "id", child_type: str = "int", child_key: tuple[str, ...] = ("n",)) -> _Family:
    parent = Table(name=PARENT, columns=(_column("id", "int"), _column("code", "char")), primary_key=("id",))
    child = Table(name=CHILD, columns=(_column("p", child_type), _column("n", "int")), primary_key=child_key)
    return _Family(child, parent, rules, by)


def test_rows_that_go_are_followed_and_the_topic_keeps_its_records() -> None:
    family = _family("ON DELETE CASCADE", child_key=("p", "n"))

    followed = family.followed(RowsKind.DELETE, (1, "a"))
    assert followed is not None
    (table,) = family.cascades.tables(followed)
    family.cascades.read_again(followed, "u:1")

    assert (table.name, table.barriers, table.certain) == (CHILD, (7,), (True,))
    assert family.publisher.tables.kept == [CHILD]
    assert family.interleave.told == [("followed", CHILD)]


def test_rows_that_get_other_keys_are_read_again() -> None:
    family = _family("ON UPDATE CASCADE", child_key=("p", "n"))

    followed = family.followed(RowsKind.UPDATE, (1, "a"), (5, "a"))
    assert followed is not None
    family.cascades.read_again(followed, "u:1")

    assert family.interleave.told == [("moved", CHILD)]
    assert [part.name for part in family.publisher.written] == [CHILD]


def test_a_copy_that_begins_again_and_again_says_so() -> None:
    family = _family("ON UPDATE CASCADE", child_key=("p", "n"))
    followed = family.followed(RowsKind.UPDATE, (1, "a"), (5, "a"))
    assert followed is not None
    cascades = family.cascades

    with capture_logs() as told:
        for _ in range(9):
            cascades.read_again(followed, "u:1")

    assert [(each["event"], each["table"], each["parent"], each["times"]) for each in told] == [
        ("copy_begins_again", str(CHILD), str(PARENT), times) for times in (1, 2, 4, 8)
    ]


def test_rows_that_keep_their_keys_are_not() -> None:
    family = _family("ON UPDATE CASCADE")

    followed = family.followed(RowsKind.UPDATE, (1, "a"), (5, "a"))
    assert followed is not None
    family.cascades.read_again(followed, "u:1")

    assert family.interleave.told == [("followed", CHILD)]


def test_a_varchar_that_gets_the_blanks_of_a_char() -> None:
    """InnoDB copies a CHAR as it lies there, padded; seen with MySQL 5.6 and 9.7."""
    with pytest.raises(Fatal, match="VARCHAR that gets CHAR's blanks"):
        _family("ON UPDATE CASCADE", "code", "varchar").followed(RowsKind.UPDATE, (1, "a"), (1, "b"))
    assert _family("ON UPDATE CASCADE", "code", "char").followed(RowsKind.UPDATE, (1, "a"), (1, "b"))
    assert _family("ON DELETE CASCADE", "code", "varchar").followed(RowsKind.DELETE, (1, "a"))


@pytest.mark.parametrize("child_type", ["bigint", "decimal"])
def test_values_that_are_equal_and_lie_there_otherwise(child_type: str) -> None:
    with pytest.raises(Fatal, match=f"otherwise than the source has: {child_type} and int"):
        _family("ON DELETE CASCADE", child_type=child_type).followed(RowsKind.DELETE, (1, "a"))


def test_rows_of_one_statement_that_follow_each_other() -> None:
    keyless = _family("ON DELETE CASCADE")
    keyless.parent = replace(keyless.parent, primary_key=())
    tree = "CREATE TABLE parent (id INT, code CHAR(4), FOREIGN KEY (id) REFERENCES parent (id) ON DELETE SET NULL)"
    keyless.more = (tree.replace("SET NULL", "CASCADE"),)
    assert keyless.followed(RowsKind.DELETE, (1, "a"), (2, "a")), "rows that go change no other"
    keyless.more = (tree.replace("KEY (id)", "KEY (code)"),)
    with pytest.raises(Fatal, match="the table has no key to find them by"):
        keyless.followed(RowsKind.DELETE, (1, "a"), (2, "a"))

    keyed = _family("ON DELETE CASCADE")
    keyed.more = (tree,)
    with pytest.raises(Fatal, match="further rows follow by that"):
        keyed.followed(RowsKind.DELETE, (1, "a"), (2, "a"))
    assert keyed.followed(RowsKind.DELETE, (1, "a")), "one alone"


def test_labels_are_numbers_to_a_foreign_key() -> None:
    with pytest.raises(Fatal, match="ENUM or SET"):
        _family("ON DELETE CASCADE", child_type="enum").followed(RowsKind.DELETE, (1, "a"))
