from dataclasses import replace

from control.catalog import ColumnFacts, ForeignKeyFacts, IndexFacts, TableFacts
from control.compare_schema import describe, differences, lowered, undirected
from schemas.names import TableName

ID = ColumnFacts("id", "int", "int", False, None, "auto_increment", None, None, "", None, "")
NAME = ColumnFacts("name", "varchar", "varchar(20)", True, "x", "", "utf8mb3", "utf8mb3_general_ci", "", None, "")
PRIMARY = IndexFacts("PRIMARY", True, "BTREE", True, "", ("id",), True)
PARENT = ForeignKeyFacts("fk", ("id",), TableName("Shop", "Parents"), ("id",), "NO ACTION", "CASCADE")
TABLE = TableFacts(
    TableName("Shop", "Orders"),
    "InnoDB",
    "utf8mb3_general_ci",
    "",
    (ID, NAME),
    (PRIMARY,),
    (PARENT,),
    {"c": "(id > 0)"},
)


def found(changed: TableFacts) -> list[str]:
    return differences(describe(TABLE), describe(changed))


def test_what_must_differ_is_not_a_difference() -> None:
    old = replace(NAME, charset="utf8", collation="utf8_general_ci")
    wide = replace(ID, column_type="int(11)")
    same = replace(TABLE, engine="XENGINE", collation="utf8_general_ci", columns=(wide, old))
    assert found(same) == []


def test_younger_servers_tell_no_character_set_of_binary_labels() -> None:
    labels = ColumnFacts("s", "set", "set('0')", True, None, "", "binary", "binary", "", None, "")
    one, two = (
        replace(TABLE, columns=(labels,)),
        replace(TABLE, columns=(replace(labels, charset=None, collation=None),)),
    )
    assert differences(describe(one), describe(two)) == []


def test_defaults_of_binary_strings_are_said_in_two_ways() -> None:
    fixed = ColumnFacts("b", "binary", "binary(3)", True, "x\0\0", "", None, None, "", None, "")
    free = ColumnFacts("v", "varbinary", "varbinary(3)", True, "x\0", "", None, None, "", None, "")
    old = replace(TABLE, columns=(fixed, free))
    new = replace(TABLE, columns=(replace(fixed, default="0x78"), replace(free, default="0x7800")))
    assert differences(describe(old), describe(new)) == []
    other = replace(TABLE, columns=(replace(fixed, default="0x79"), replace(free, default="0x78")))
    assert len(differences(describe(old), describe(other))) == 2


def test_a_boolean_keeps_its_width() -> None:
    flag = replace(ID, column_type="tinyint(1)", data_type="tinyint")
    one, two = replace(TABLE, columns=(flag,)), replace(TABLE, columns=(replace(flag, column_type="tinyint"),))
    assert differences(describe(one), describe(two)) == [
        "column id: source tinyint(1) NOT NULL auto_increment, target tinyint NOT NULL auto_increment"
    ]


def test_every_aspect_is_compared() -> None:
    assert found(replace(TABLE, columns=(NAME, ID)))[0].startswith("columns: source id, name, target name, id")
    assert found(replace(TABLE, columns=(ID, replace(NAME, default=None)))) == [
        "column name: source varchar(20) NULL COLLATE utf8mb3_general_ci DEFAULT x, "
        "target varchar(20) NULL COLLATE utf8mb3_general_ci"
    ]
    assert found(replace(TABLE, indexes=())) == ["primary key: source (id), target has none"]
    assert found(replace(TABLE, indexes=(PRIMARY, replace(PRIMARY, name="u", parts=("name(3) DESC",))))) == [
        "unique key u: source has none, target (name(3) DESC)"
    ]
    assert found(replace(TABLE, foreign_keys=(replace(PARENT, on_delete="RESTRICT"),)))[0].startswith("foreign key fk:")
    assert found(replace(TABLE, checks={})) == ["check c: source (id > 0), target has none"]
    assert found(replace(TABLE, partitions=("HASH id",))) == ["partitions: source has none, target HASH id"]
    assert found(replace(TABLE, comment="x")) == ["comment: source , target x"]


def test_lower_case_names() -> None:
    small = lowered(TABLE)
    assert small.name == TableName("shop", "orders")
    assert small.foreign_keys[0].parent == TableName("shop", "parents")
    assert small.columns == TABLE.columns


def test_old_servers_forget_the_direction_of_an_index() -> None:
    kept = replace(PRIMARY, name="i", parts=("(lower(`name`)) DESC", "name(3) DESC", "id"))
    forgot = replace(kept, parts=("(lower(`name`))", "name(3)", "id"))
    one, two = replace(TABLE, indexes=(kept,)), replace(TABLE, indexes=(forgot,))
    assert len(differences(describe(one), describe(two))) == 1
    assert differences(describe(undirected(one)), describe(undirected(two))) == []
