"""A table while a statement is carried out on it: its columns by name, its keys as columns come and go.

Names are looked up as the server does for ASCII letters; where its collation could find another column, Unclear.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from schemas.ddl.charset_names import Collated
from schemas.ddl.cursor import Unclear
from schemas.ddl.implied import implied_default
from schemas.names import TableName
from schemas.table import SPATIAL_TYPES, Column, Table, UniqueKey, in_order

_PRIMARY = "primary"
_EXPRESSIONS = "functional_index"
_MOST_SUFFIXES = 100


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a key: a column, or an expression (None)."""

    column: str | None
    prefix: int | None = None


@dataclass(frozen=True, slots=True)
class Key:
    """A key as a statement writes it; `name` is empty when it does not say it."""

    name: str
    parts: tuple[Part, ...]
    unique: bool = False
    primary: bool = False
    of_foreign_key: bool = False  # made only where no other key serves
    may_be: tuple[str, ...] = ()  # further names that the server may give it

    @property
    def of_expressions(self) -> bool:
        return any(part.column is None for part in self.parts)


@dataclass(slots=True)
class Draft:
    """Changes in place; `table` gives what has become of it."""

    name: TableName
    columns: list[Column] = field(default_factory=list)
    primary_key: tuple[str, ...] = ()
    unique_keys: list[UniqueKey] = field(default_factory=list)
    other_keys: set[str] | None = field(default_factory=set)  # names, in small letters, and maybe some that are gone
    default: Collated | None = None
    comment: str = ""
    engine: str = ""
    implies_defaults: bool = False  # the server gives columns of the primary key a default
    bound: tuple[str, ...] = ()  # the columns of a primary key on prefixes that the statement makes
    explicit: set[str] = field(default_factory=set)  # of `other_keys`, those that the statement surely makes

    @classmethod
    def of(cls, table: Table) -> "Draft":
        known = table.charset is not None and table.collation is not None
        return cls(
            name=table.name,
            columns=list(table.columns),
            primary_key=table.primary_key,
            unique_keys=list(table.unique_keys),
            other_keys=None if table.other_keys is None else set(table.other_keys),
            default=Collated(table.charset or "", table.collation or "") if known else None,
            comment=table.comment,
            engine=table.engine,
        )

    def table(self) -> Table:
        columns = tuple(map(self._in_key, self.columns))
        nullable = {column.name: column.nullable for column in columns}
        keys = (
            replace(key, total=key.whole and not any(nullable[name] for name in key.columns))
            for key in self.unique_keys
        )
        if not columns:
            raise Unclear
        return Table(
            name=self.name,
            columns=columns,
            primary_key=self.primary_key,
            unique_keys=in_order(keys),
            charset=None if self.default is None else self.default.charset,
            collation=None if self.default is None else self.default.collation,
            comment=self.comment,
            engine=self.engine,
            other_keys=None if self.other_keys is None else tuple(sorted(self.other_keys)),
        )

    # -- columns

    def _in_key(self, column: Column) -> Column:
        """The primary key makes its columns NOT NULL."""
        if not column.nullable or column.name not in (*self.primary_key, *self.bound):
            return column
        implied = self.implies_defaults and column.default is None and not column.auto_increment
        return replace(column, nullable=False, default=implied_default(column) if implied else column.default)

    @property
    def _hides_primary(self) -> bool:
        """True when there may be a primary key on prefixes: which columns it binds is not told."""
        return not self.primary_key and (self.other_keys is None or _PRIMARY in self.other_keys)

    def find(self, name: str) -> int:
        """The place of a column; Unclear when there is none."""
        for index, column in enumerate(self.columns):
            if column.name.lower() == name.lower():
                return index
        raise Unclear

    def rename_columns(self, new_name: Callable[[str], str]) -> None:
        """In the keys; the columns themselves are renamed by who has the new ones."""
        self.primary_key = tuple(map(new_name, self.primary_key))
        self.unique_keys = [replace(key, columns=tuple(map(new_name, key.columns))) for key in self.unique_keys]

    def forget_columns(self, names: Sequence[str]) -> None:
        """Dropped columns leave their keys; a key without parts is gone."""
        gone = set(names)
        if self._hides_primary and any(not self.columns[self.find(name)].nullable for name in gone):
            raise Unclear  # it may be in the primary key
        self.primary_key = tuple(name for name in self.primary_key if name not in gone)
        kept = []
        for key in self.unique_keys:
            columns = tuple(name for name in key.columns if name not in gone)
            if columns and columns != key.columns and not key.whole and not key.expressions:
                raise Unclear  # which part is not whole is not known
            if columns or key.expressions:
                kept.append(replace(key, columns=columns))
        self.unique_keys = kept

    def heirs(self, dropped: Sequence[str], added: Mapping[str, Column]) -> dict[str, str]:
        """Dropped columns whose places in keys go to new ones of their names (`added`, by them in small letters)."""
        found = {}
        for name in dropped:
            new, old = added.get(name.lower()), self.columns[self.find(name)]
            if new is None or not self.keyed(name):
                continue
            partly = any(name in key.columns and not key.whole for key in self.unique_keys)
            if _of_parts(old) or _size(old) != _size(new) or self._hides_primary or partly:
                raise Unclear  # as many bytes of it as the old one had in the key, or it is refused
            found[name] = new.name
        return found

    def keyed(self, name: str) -> bool:
        return name in self.primary_key or any(name in key.columns for key in self.unique_keys)

    def retyped(self, old: Column, new: Column) -> None:
        """A column that becomes another type may be in a key by a prefix, or be so from now on: not followed here."""
        if self._hides_primary and new.nullable and not old.nullable:
            raise Unclear  # it may be in the primary key
        if (old.data_type, old.length, old.charset) == (new.data_type, new.length, new.charset):
            return
        if self._hides_primary and not old.nullable and old.data_type.endswith(("char", "binary", "text", "blob")):
            raise Unclear  # the same: such a key may come to be on the whole column
        prefixed = new.data_type in SPATIAL_TYPES or new.data_type.endswith(("text", "blob", "json"))
        if prefixed and old.name in self.primary_key:
            raise Unclear  # from now on it is there by a prefix
        if any((prefixed or old.labels or not key.whole) and old.name in key.columns for key in self.unique_keys):
            raise Unclear

    # -- keys

    def add_keys(self, keys: Sequence[Key]) -> None:
        for key in self._with_names_of_expressions(keys):
            if key.primary:
                self._add_primary(key)
            elif key.unique:
                self._add_unique(key)
            else:
                self._add_other(key)

    def drop_key(self, name: str) -> None:
        if name.lower() == _PRIMARY:
            self._drop_primary()
            return
        kept = [key for key in self.unique_keys if key.name.lower() != name.lower()]
        if len(kept) == len(self.unique_keys) and self.other_keys is not None and name.lower() not in self.other_keys:
            raise Unclear
        if len(kept) == len(self.unique_keys) and not name.isascii():
            raise Unclear
        self.unique_keys = kept
        if self.other_keys is not None:
            self.other_keys.discard(name.lower())

    def drop_constraint(self, name: str) -> None:
        """DROP CONSTRAINT: of a key, or of a foreign key or check, which leave no trace here."""
        if not name.isascii():
            raise Unclear
        if name.lower() in (_PRIMARY, *(key.name.lower() for key in self.unique_keys)):
            self.drop_key(name)

    def _drop_primary(self) -> None:
        if not self.primary_key and self.other_keys is None:
            raise Unclear
        self.primary_key = ()
        if self.other_keys is not None:
            self.other_keys.discard(_PRIMARY)

    def rename_keys(self, renames: Sequence[tuple[str, str]]) -> None:
        """All at once: `y` may get the name of `x`, and `x` another."""
        names = {old.lower(): new for old, new in renames}
        self.unique_keys = [replace(key, name=names.get(key.name.lower(), key.name)) for key in self.unique_keys]
        if self.other_keys is not None:
            self.other_keys |= {new.lower() for old, new in names.items() if old in self.other_keys}

    def _add_primary(self, key: Key) -> None:
        if self.primary_key:
            raise Unclear
        columns = tuple(self.columns[self.find(part.column or "")].name for part in key.parts)
        if all(self._whole(part) for part in key.parts):
            self.primary_key = columns
            self.other_keys = None if self.other_keys is None else self.other_keys - {_PRIMARY}
        elif self.other_keys is None:
            raise Unclear
        else:  # none of the definition's, but it binds its columns all the same
            self.other_keys.add(_PRIMARY)
            self.bound = columns

    def _add_unique(self, key: Key) -> None:
        columns = [self.columns[self.find(part.column)] for part in key.parts if part.column is not None]
        whole = all(part.column is not None and self._whole(part) for part in key.parts)
        name = key.name or self._free_name(columns[0].name)
        self.unique_keys.append(
            UniqueKey(
                name=name,
                columns=tuple(column.name for column in columns),
                total=False,
                whole=whole,
                expressions=key.of_expressions,
            )
        )

    def _whole(self, part: Part) -> bool:
        column = self.columns[self.find(part.column or "")]
        if column.data_type in SPATIAL_TYPES:
            raise Unclear
        if part.prefix is None:
            return True
        if column.data_type.endswith(("text", "blob")):
            return False
        if column.data_type not in ("char", "varchar", "binary", "varbinary"):
            raise Unclear
        return part.prefix == column.length

    def _add_other(self, key: Key) -> None:
        if self.other_keys is None:
            return
        if key.name and not key.of_foreign_key:
            self._add_explicit(key.name)
            return
        first = (key.parts[0].column or "").lower()
        try:
            name = self._free_name(first)
        except Unclear:  # one of these it is
            self.other_keys |= {f"{first}_{number}" for number in range(2, _MOST_SUFFIXES)}
        else:
            if not key.of_foreign_key:
                self._add_explicit(name)
            self.other_keys.add(name.lower())
        self.other_keys |= {name.lower() for name in key.may_be}

    def _add_explicit(self, name: str) -> None:
        if self.other_keys is not None:
            self.other_keys.add(name.lower())
            self.explicit.add(name.lower())

    def _free_name(self, base: str) -> str:
        """The name that the server gives to a key without one: its first column's, then with _2, _3 ..."""
        if self.other_keys is None:
            raise Unclear
        taken = {unique.name.lower() for unique in self.unique_keys} | self.explicit | {_PRIMARY}
        for number in range(1, _MOST_SUFFIXES):
            name = base if number == 1 else f"{base}_{number}"
            if name.lower() in taken:
                continue
            if name.lower() in self.other_keys:
                raise Unclear  # it may be gone, or go for the new key
            return name
        raise Unclear

    def _with_names_of_expressions(self, keys: Sequence[Key]) -> list[Key]:
        """Keys over expressions get their names before all others."""
        written = {key.name.lower() for key in keys if key.name}
        named = []
        for key in keys:
            if not key.name and key.of_expressions:
                if self.other_keys is None:
                    raise Unclear
                taken = written | {unique.name.lower() for unique in self.unique_keys}
                number = 1
                while (name := _EXPRESSIONS + (f"_{number}" if number > 1 else "")) in taken:
                    number += 1
                if name in self.other_keys:
                    raise Unclear
                written.add(name)
                key = replace(key, name=name)
            named.append(key)
        return named


def _size(column: Column) -> tuple[str | int, ...]:
    return column.data_type, column.length, column.precision, column.scale, column.fraction


def _of_parts(column: Column) -> bool:
    """True when a key may hold a part of it."""
    return column.charset is not None or column.data_type in SPATIAL_TYPES
