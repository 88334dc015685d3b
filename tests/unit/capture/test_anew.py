"""Which tables are copied anew."""

from capture.anew import copied_anew
from schemas.ddl.row_effects import RowEffects
from schemas.names import TableName
from schemas.table import Column, Table

_ID = Column(name="id", data_type="int", column_type="int", nullable=False)
_KEYED = Table(name=TableName("d", "keyed"), columns=(_ID,), primary_key=("id",))
_KEYLESS = Table(name=TableName("d", "keyless"), columns=(_ID,))
_ISAM = Table(name=TableName("d", "isam"), columns=(_ID,), primary_key=("id",), engine="MyISAM")
_ALL = (_KEYED, _KEYLESS, _ISAM)


def _anew(effects: RowEffects, *unfinished: Table) -> set[str]:
    names = {table.name for table in unfinished}
    return {name.name for name in copied_anew(effects, _ALL, lambda name: name in names)}


def test_rows_are_numbered_alike_where_all_are_there_and_lie_by_a_key() -> None:
    assert _anew(RowEffects(numbered=frozenset((None,)))) == {"keyless", "isam"}
    assert _anew(RowEffects(numbered=frozenset((None,))), _KEYED) == {"keyed", "keyless", "isam"}
    assert _anew(RowEffects(numbered=frozenset(("ID",))), _KEYED) == {"keyed", "keyless", "isam"}


def test_a_column_that_counts_already_numbers_nothing() -> None:
    counting = Column(name="id", data_type="int", column_type="int", nullable=False, auto_increment=True)
    table = Table(name=TableName("d", "t"), columns=(counting,), primary_key=("id",))
    assert copied_anew(RowEffects(numbered=frozenset(("Id",))), [table], lambda _: True) == set()


def test_partitions_are_exchanged_where_both_tables_are_whole() -> None:
    assert _anew(RowEffects(exchanges=True)) == set()
    assert _anew(RowEffects(exchanges=True), _KEYLESS) == {"keyed", "keyless", "isam"}


def test_what_no_target_can_make_is_read() -> None:
    for effects in (RowEffects(imports=True), RowEffects(picks=True), RowEffects(volatile=True)):
        assert _anew(effects) == {"keyed", "keyless", "isam"}
    assert _anew(RowEffects(removes=True), *_ALL) == set()
