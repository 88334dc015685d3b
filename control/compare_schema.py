"""The definitions of a table at both ends, aspect by aspect. Pure.

Only what must differ is left out: the engine, AUTO_INCREMENT counters, display widths of integers (which 8.0.19
dropped), the name of utf8mb3 (utf8 before 8.0.30), lower case where the destination turns names into it, the direction
of indexes where one end has none, and what servers before 8.0 say in other words: RESTRICT for NO ACTION, nothing of a
default that is the time, text for one that is bytes.
"""

import re
from collections.abc import Mapping
from dataclasses import replace

from control.catalog import DESCENDING, ColumnFacts, ForeignKeyFacts, IndexFacts, TableFacts
from schemas.names import TableName, folded

_WIDTH = re.compile(r"\b((?:tiny|small|medium|big)?int|year)\(\d+\)(?! (?:unsigned )?zerofill)")
_OLD_UTF8 = re.compile(r"(?<![A-Za-z0-9])utf8(?![A-Za-z0-9])")
_BYTES = re.compile(r"0x(?:[0-9a-fA-F]{2})*")
_ZEROS = re.compile(r"(?:00)+$")
_BOOLEAN = "tinyint(1)"


def describe(table: TableFacts) -> dict[str, str]:
    """Everything that must be equal, by aspect."""
    aspects = {
        "columns": ", ".join(column.name for column in table.columns),
        "collation": _modern(table.collation),
        "comment": table.comment,
    }
    aspects.update({f"column {column.name}": _column(column) for column in table.columns})
    aspects.update({_index_name(index): _index(index) for index in table.indexes})
    aspects.update({f"foreign key {key.name}": _foreign_key(key) for key in table.foreign_keys})
    aspects.update({f"check {name}": clause for name, clause in table.checks.items()})
    if table.partitions:
        aspects["partitions"] = "; ".join(table.partitions).replace("`", "")
    return aspects


def differences(source: Mapping[str, str], target: Mapping[str, str]) -> list[str]:
    """One line for each aspect that differs."""
    return [
        f"{aspect}: source {source.get(aspect, 'has none')}, target {target.get(aspect, 'has none')}"
        for aspect in [*source, *(aspect for aspect in target if aspect not in source)]
        if source.get(aspect) != target.get(aspect)
    ]


def lowered(table: TableFacts) -> TableFacts:
    """The table as a server with lower_case_table_names = 1 names it."""
    keys = tuple(replace(key, parent=_lower(key.parent)) for key in table.foreign_keys)
    return replace(table, name=_lower(table.name), foreign_keys=keys)


def undirected(table: TableFacts) -> TableFacts:
    """The table as a server tells it whose indexes have no direction."""
    indexes = (
        replace(index, parts=tuple(part.removesuffix(DESCENDING) for part in index.parts)) for index in table.indexes
    )
    return replace(table, indexes=tuple(indexes))


def _lower(name: TableName) -> TableName:
    return TableName(folded(name.database), folded(name.name))


def _column(column: ColumnFacts) -> str:
    parts = [_type(column.column_type), "NULL" if column.nullable else "NOT NULL"]
    if column.collation not in (None, "binary"):  # ENUM and SET: younger servers do not tell it
        parts.append(f"COLLATE {_modern(column.collation)}")
    if column.default is not None:
        parts.append(f"DEFAULT {_default(column)}")
    extra = column.extra
    if (column.default or "").upper().startswith("CURRENT_TIMESTAMP"):
        extra = extra.replace("DEFAULT_GENERATED", "").strip()
    if extra:
        parts.append(extra)
    if column.expression:
        parts.append(f"AS {_modern(column.expression)}")
    if column.srid is not None:
        parts.append(f"SRID {column.srid}")
    if column.comment:
        parts.append(f"COMMENT {column.comment!r}")
    return " ".join(parts)


def _default(column: ColumnFacts) -> str:
    """Of a binary string, servers before 8.0 say the text, filled up with zeros, and others 0x and the bytes."""
    text = column.default or ""
    kind = column.column_type.partition("(")[0]
    if kind not in ("binary", "varbinary") or "DEFAULT_GENERATED" in column.extra:
        return _modern(text)
    told = f"0x{text.encode().hex()}" if _BYTES.fullmatch(text) is None else text.lower()
    return _ZEROS.sub("", told) if kind == "binary" else told


def _type(column_type: str) -> str:
    if column_type == "geometrycollection":
        return "geomcollection"  # what it is called since 8.0
    return column_type if column_type.startswith(_BOOLEAN) else _WIDTH.sub(r"\1", column_type)


def _index_name(index: IndexFacts) -> str:
    if index.name == "PRIMARY":
        return "primary key"
    return f"{'unique key' if index.unique else 'index'} {index.name}"


def _index(index: IndexFacts) -> str:
    text = f"({', '.join(_modern(part) for part in index.parts)})"
    if index.kind not in ("BTREE", "HASH"):
        text += f" {index.kind}"
    if not index.visible:
        text += " INVISIBLE"
    return text + (f" COMMENT {index.comment!r}" if index.comment else "")


def _foreign_key(key: ForeignKeyFacts) -> str:
    return (
        f"({', '.join(key.columns)}) REFERENCES {key.parent} ({', '.join(key.parent_columns)}) "
        f"ON UPDATE {_action(key.on_update)} ON DELETE {_action(key.on_delete)}"
    )


def _action(rule: str) -> str:
    return "NO ACTION" if rule == "RESTRICT" else rule  # the same to InnoDB


def _modern(text: str) -> str:
    """utf8mb3 by the name that it has now."""
    return _OLD_UTF8.sub("utf8mb3", text)
