"""Which definitions a TABLE_MAP without names fits: maps of a real server, cut down to what older servers log."""

from dataclasses import replace
from typing import Any

import pytest

from schemas.map_fit import misfit
from schemas.table import Column, Table
from schemas.table_map import parse_table_map
from tests.unit.schemas import golden
from tests.unit.schemas.cut_maps import bare, minimal

_MAPS = golden.table_maps()
_TABLES = {table.name.name: table for table in golden.tables()}


def changed(table: Table, name: str, **fields: Any) -> Table:
    columns = [replace(column, **fields) if column.name == name else column for column in table.columns]
    return replace(table, columns=tuple(columns))


@pytest.mark.parametrize("name", _TABLES)
def test_a_map_fits_the_definition_it_was_made_from(name: str) -> None:
    event = parse_table_map(_MAPS[name])

    assert misfit(minimal(event), _TABLES[name]) == ""
    assert misfit(bare(event), _TABLES[name]) == ""


@pytest.mark.parametrize("name", _TABLES)
def test_a_definition_with_one_column_less_or_more_does_not_fit(name: str) -> None:
    event, table = bare(parse_table_map(_MAPS[name])), _TABLES[name]
    more = Column(name="more", data_type="int", column_type="int", nullable=True)

    assert "columns" in misfit(event, replace(table, columns=table.columns[:-1]))
    assert "columns" in misfit(event, replace(table, columns=(*table.columns, more)))


def test_each_column_of_another_kind_is_told() -> None:
    event, table = parse_table_map(_MAPS["t"]), _TABLES["t"]
    for column in table.columns:
        other = "blob" if column.data_type == "json" else "json"
        told = misfit(bare(event), changed(table, column.name, data_type=other))
        assert f", {column.name} " in told
        told = misfit(bare(event), changed(table, column.name, nullable=not column.nullable))
        assert "NULL" in told


def test_sizes_are_told() -> None:
    event, table = bare(parse_table_map(_MAPS["t"])), _TABLES["t"]
    told = 0
    for column in table.columns:
        if column.data_type in ("char", "varchar", "binary", "varbinary", "bit"):
            assert "size" in misfit(event, changed(table, column.name, length=column.length + 1))
        elif column.data_type == "decimal":
            assert "size" in misfit(event, changed(table, column.name, scale=column.scale + 1))
        elif column.data_type in ("time", "datetime", "timestamp"):
            assert "size" in misfit(event, changed(table, column.name, fraction=(column.fraction + 1) % 7))
        elif column.data_type == "enum":
            labels = tuple(map(str, range(300)))
            assert "size" in misfit(event, changed(table, column.name, labels=labels))
        else:
            continue
        told += 1
    assert told > 8


def test_signs_and_charsets_are_told_where_the_log_knows_them() -> None:
    event, table = parse_table_map(_MAPS["t"]), _TABLES["t"]
    numbers = [column for column in table.columns if column.data_type in ("int", "bigint", "decimal", "float")]
    for column in numbers:
        signed = changed(table, column.name, unsigned=not column.unsigned)
        assert "signed" in misfit(minimal(event), signed)
        assert misfit(bare(event), signed) == ""
    text = next(column for column in table.columns if column.data_type == "text")
    assert "charset" in misfit(minimal(event), changed(table, text.name, charset="latin1"))
