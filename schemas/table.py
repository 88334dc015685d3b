"""A table as MySQL defines it: what plans, Avro schemas and statements are made from."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

from pydantic import TypeAdapter

from schemas.engines import reads_consistently
from schemas.names import TableName

TEXT_TYPES = frozenset(("char", "varchar", "tinytext", "text", "mediumtext", "longtext", "enum", "set"))
_INEXACT_TYPES = frozenset(("float", "double"))
SPATIAL_TYPES = frozenset(
    ("geometry", "point", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon", "geomcollection")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column; `data_type` is information_schema's DATA_TYPE (`int`, `varchar`, `enum`, `vector`, ...)."""

    name: str
    data_type: str
    column_type: str  # information_schema's COLUMN_TYPE: the type with its attributes, as MySQL prints it
    nullable: bool
    unsigned: bool = False
    #: characters of CHAR/VARCHAR, bytes of BINARY/VARBINARY/BLOB, bits of BIT, dimensions of VECTOR
    length: int = 0
    precision: int = 0  # DECIMAL: digits in all
    scale: int = 0  # DECIMAL: digits after the point
    fraction: int = 0  # TIME, DATETIME, TIMESTAMP: digits of the second's fraction
    charset: str | None = None  # None: not a character column ("binary" is a charset of its own)
    collation: str | None = None
    labels: tuple[str, ...] = ()  # ENUM, SET
    default: str | None = None  # None: no default, or NULL
    default_is_expression: bool = False
    on_update: bool = False
    generated: bool = False
    invisible: bool = False
    auto_increment: bool = False
    comment: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UniqueKey:
    """A unique index other than the primary key; `total` when every part is a whole NOT NULL column."""

    name: str
    columns: tuple[str, ...]
    total: bool
    whole: bool = True  # every part is a whole column
    expressions: bool = False  # some part is none of `columns`


@dataclass(frozen=True, kw_only=True)
class Table:
    """One table: its columns in order and its keys."""

    name: TableName
    columns: tuple[Column, ...]
    primary_key: tuple[str, ...] = ()  # empty too where it is on a prefix of a column
    unique_keys: tuple[UniqueKey, ...] = field(default=())  # `in_order`
    charset: str | None = None
    collation: str | None = None
    comment: str = ""
    engine: str = "InnoDB"  # empty: not known
    #: names of keys that are not unique, in small letters, and maybe of some that are gone; None: not known.
    #: A primary key on prefixes counts as one of them.
    other_keys: tuple[str, ...] | None = None

    @cached_property
    def key(self) -> tuple[str, ...]:
        """The columns that identify a row: the primary key, or the first NOT NULL unique key; empty: keyless."""
        if self.primary_key:
            return self.primary_key
        return next((unique.columns for unique in self.unique_keys if unique.total), ())

    @cached_property
    def key_indexes(self) -> tuple[int, ...]:
        """Positions of the key's columns, in the key's order."""
        positions = {column.name: index for index, column in enumerate(self.columns)}
        return tuple(positions[name] for name in self.key)

    @property
    def reads_consistently(self) -> bool:
        """True when each SELECT of the table is a consistent read; not where the engine is not known."""
        return reads_consistently(self.engine)

    @property
    def may_be_spread(self) -> bool:
        """Whether its changes keep their order per row when the bytes of the key alone decide on their partition.

        Equal keys must have equal bytes, and no other key may be unique: a value goes from one row to another. In text
        a collation decides what is equal; in FLOAT and DOUBLE 0 equals -0.
        """
        columns = [self.column(name) for name in self.primary_key]
        exact = all(
            column.collation in (None, "binary") and column.data_type not in _INEXACT_TYPES for column in columns
        )
        return bool(columns) and exact and not self.unique_keys

    def column(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)


def in_order(keys: Iterable[UniqueKey]) -> tuple[UniqueKey, ...]:
    """Unique keys by name: the first that is total identifies a row where there is no primary key."""
    return tuple(sorted(keys, key=lambda key: (key.name.lower(), key.name)))


def identifying(parts: Iterable[tuple[str, bool]]) -> tuple[str, ...]:
    """The columns of a primary key, each with whether all of it is in the key; none where one is there by a prefix.

    Such a key does not identify rows by its columns: where a collation takes 'ß' for 'ss', 'ßx' equals 'ssx', although
    their first two characters differ.
    """
    listed = list(parts)
    return tuple(name for name, _ in listed) if all(whole for _, whole in listed) else ()


_adapter = TypeAdapter(Table)


def to_json(table: Table) -> str:
    return _adapter.dump_json(table).decode()


def from_json(text: str) -> Table:
    return _adapter.validate_json(text)
