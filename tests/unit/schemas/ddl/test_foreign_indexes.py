import pytest

from schemas.ddl.foreign_indexes import strayed
from schemas.names import TableName

C = TableName("d", "c")
_FOREIGN = "CONSTRAINT `c_ibfk_1` FOREIGN KEY (`p`) REFERENCES `p` (`id`)"


def shown(*parts: str) -> str:
    lines = ",\n  ".join(("`id` int NOT NULL", "`p` int DEFAULT NULL", "PRIMARY KEY (`id`)", *parts))
    return f"CREATE TABLE `c` (\n  {lines}\n) ENGINE=InnoDB"


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        (["KEY `k` (`p`)"], ["KEY `p` (`p`)", "KEY `k` (`p`)"], ["DROP KEY `p`"]),
        (["KEY `k` (`p`,`id`)"], ["KEY `P` (`p`)", "KEY `k` (`p`,`id`)"], ["DROP KEY `P`"]),
        (["UNIQUE KEY `u` (`p`)"], ["UNIQUE KEY `u` (`p`)", "KEY `p` (`p`)"], ["DROP KEY `p`"]),
        (["KEY `nn` (`p`)"], ["KEY `p` (`p`)"], ["RENAME KEY `p` TO `nn`"]),
        (["KEY `nn` (`p`)"], ["KEY `was` (`p`)"], ["RENAME KEY `was` TO `nn`"]),
        (["KEY `P` (`p`)"], ["KEY `p` (`p`)"], []),
        (["KEY `p` (`p`)", "KEY `q` (`p`)"], ["KEY `p` (`p`)"], ["ADD KEY `q` (`p`)"]),
        (["KEY `k` (`p`)"], ["KEY `k` (`p`)", "KEY `c_ibfk_1` (`p`)"], ["DROP KEY `c_ibfk_1`"]),
        (["KEY `k` (`p`)"], ["KEY `k` (`p`)", "KEY `other` (`p`)", "KEY `p_x` (`p`)", "KEY `p_2` (`p`,`id`)"], []),
    ],
)
def test_indexes_of_foreign_keys_become_those_of_the_source(
    source: list[str], target: list[str], expected: list[str]
) -> None:
    found = list(strayed(C, shown(*source, _FOREIGN), shown(*target, _FOREIGN), 80018))
    assert found == [f"ALTER TABLE `d`.`c` {clause}" for clause in expected]


def test_a_server_that_renames_no_index_makes_another() -> None:
    found = list(strayed(C, shown("KEY `nn` (`p`)", _FOREIGN), shown("KEY `p` (`p`)", _FOREIGN), 50600))
    assert found == ["ALTER TABLE `d`.`c` ADD KEY `nn` (`p`), DROP KEY `p`"]


def test_without_a_foreign_key_nothing_strays() -> None:
    assert not list(strayed(C, shown("KEY `k` (`p`)"), shown("KEY `p` (`p`)"), 80018))
