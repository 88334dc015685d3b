"""A table that understands the statements of apply, with MySQL's rules for unique keys; values are numbers and NULL."""

import ast
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

Row = tuple[int | None, ...]

_BRING = re.compile(r"(INSERT|REPLACE) INTO `d`\.`t` \(([^)]*)\) VALUES (.*?)( ON DUPLICATE KEY UPDATE .*)?")
_DELETE = re.compile(r"DELETE `d`\.`t` FROM `d`\.`t` FORCE INDEX \(`\w+`\) WHERE \(([^)]*)\) IN \((.*)\)")
_ASSIGNED = re.compile(r"`(\w+)` = VALUES")
_DELETE_ONE = re.compile(r"DELETE FROM `d`\.`t` WHERE (.*) LIMIT 1")


class Duplicate(Exception):
    """Error 1062."""


@dataclass
class Model:
    """`uniques` are the positions of the columns of each unique index."""

    columns: tuple[str, ...]
    uniques: tuple[tuple[int, ...], ...]
    rows: list[Row] = field(default_factory=list)

    def execute(self, sql: str) -> int:
        """The number of rows that a DELETE has found."""
        if match := _BRING.fullmatch(sql):
            verb, columns, rows, update = match.groups()
            assert _names(columns) == self.columns
            updated = [] if update is None else _ASSIGNED.findall(update)
            for row in _rows(rows):
                if update is not None:
                    self._upsert(row, [self.columns.index(name) for name in updated])
                elif verb == "REPLACE":
                    self._delete(other for other in self.rows if self._collide(row, other))
                    self.insert(row)
                else:
                    self.insert(row)
            return 0
        if match := _DELETE.fullmatch(sql):
            places = [self.columns.index(name) for name in _names(match[1])]
            keys = set(_rows(match[2]))
            return self._delete(row for row in self.rows if tuple(row[place] for place in places) in keys)
        match = _DELETE_ONE.fullmatch(sql)
        assert match is not None, sql
        wanted = tuple(_value(condition.split(" <=> ")[1]) for condition in match[1].split(" AND "))
        return self._delete([wanted] if wanted in self.rows else [])

    def insert(self, row: Row) -> None:
        if any(self._collide(row, other) for other in self.rows):
            raise Duplicate(row)
        self.rows.append(row)

    def _upsert(self, row: Row, places: Sequence[int]) -> None:
        """The row that it meets first, by whichever unique index, is the one that is updated."""
        met = next((other for unique in self.uniques for other in self.rows if self._equal(row, other, unique)), None)
        if met is None:
            self.rows.append(row)
        else:
            self.rows.remove(met)
            self.insert(tuple(row[place] if place in places else value for place, value in enumerate(met)))

    def _collide(self, row: Row, other: Row) -> bool:
        return any(self._equal(row, other, unique) for unique in self.uniques)

    def _equal(self, row: Row, other: Row, unique: Sequence[int]) -> bool:
        return all(row[place] is not None and row[place] == other[place] for place in unique)

    def _delete(self, rows: Iterable[Row]) -> int:
        gone = list(rows)
        for row in gone:
            self.rows.remove(row)
        return len(gone)


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip().strip("`") for name in text.split(","))


def _rows(text: str) -> list[Row]:
    literal = ast.literal_eval(f"[{text.replace('NULL', 'None')}]")
    return [row if isinstance(row, tuple) else (row,) for row in literal]


def _value(text: str) -> int | None:
    return None if text == "NULL" else int(text)
