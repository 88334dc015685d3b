"""A bounded cursor over the bytes of an event, and the optional metadata of a TABLE_MAP read through it."""

from collections.abc import Callable
from dataclasses import dataclass, field

from schemas.types.column import Malformed

_TWO, _THREE, _EIGHT = 252, 253, 254


class Cursor:
    """Reads bytes from a place to an end; Malformed beyond it."""

    __slots__ = ("_at", "_data", "_end")

    def __init__(self, data: bytes, at: int, end: int) -> None:
        self._data = data
        self._at = at
        self._end = end

    @property
    def rest(self) -> int:
        return self._end - self._at

    def take(self, size: int) -> bytes:
        at = self._at
        if size > self._end - at:
            raise Malformed(f"a TABLE_MAP event ends {size - (self._end - at)} bytes early")
        self._at = at + size
        return self._data[at : at + size]

    def part(self, size: int) -> "Cursor":
        """The next bytes as a cursor of their own."""
        at = self._at
        self.take(size)
        return Cursor(self._data, at, at + size)

    def byte(self) -> int:
        return self.take(1)[0]

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "little")

    def packed(self) -> int:
        """A length-encoded integer."""
        first = self.byte()
        if first < _TWO - 1:
            return first
        sizes = {_TWO: 2, _THREE: 3, _EIGHT: 8}
        if first not in sizes:
            raise Malformed("a TABLE_MAP event with a broken length")
        return self.number(sizes[first])

    def text(self) -> bytes:
        """Bytes after their length."""
        return self.take(self.packed())


@dataclass(slots=True)
class Metadata:
    """What binlog_row_metadata=FULL adds, each list in the order of the columns that it concerns; None: not there.

    https://dev.mysql.com/doc/dev/mysql-server/latest/classmysql_1_1binlog_1_1event_1_1Table__map__event.html
    """

    signedness: bytes | None = None
    default_collation: int | None = None
    other_collations: dict[int, int] = field(default_factory=dict)
    collations: list[int] | None = None
    names: list[bytes] | None = None
    set_labels: list[list[bytes]] = field(default_factory=list)
    enum_labels: list[list[bytes]] = field(default_factory=list)
    geometry_types: list[int] = field(default_factory=list)
    primary_key: list[tuple[int, int]] = field(default_factory=list)  # column, length of its prefix (0: all of it)
    label_default_collation: int | None = None
    label_other_collations: dict[int, int] = field(default_factory=dict)
    label_collations: list[int] | None = None
    visibility: bytes | None = None
    dimensions: list[int] = field(default_factory=list)

    def collation(self, number: int) -> int | None:
        """Of the character column with this number among the character columns."""
        return _chosen(number, self.collations, self.default_collation, self.other_collations)

    def label_collation(self, number: int) -> int | None:
        """Of the column with this number among ENUM and SET columns."""
        return _chosen(number, self.label_collations, self.label_default_collation, self.label_other_collations)


def _chosen(number: int, listed: list[int] | None, default: int | None, others: dict[int, int]) -> int | None:
    if listed is not None:
        if number >= len(listed):
            raise Malformed("a TABLE_MAP event that names too few collations")
        return listed[number]
    return others.get(number, default)


def read_metadata(cursor: Cursor) -> Metadata:
    """Fields of a type that is not known are passed over: a newer server may add some."""
    found = Metadata()
    while cursor.rest:
        kind = cursor.byte()
        part = cursor.part(cursor.packed())
        if kind in _FIELDS:
            _FIELDS[kind](found, part)
    return found


def _numbers(part: Cursor) -> list[int]:
    numbers = []
    while part.rest:
        numbers.append(part.packed())
    return numbers


def _pairs(part: Cursor) -> list[tuple[int, int]]:
    pairs = []
    while part.rest:
        pairs.append((part.packed(), part.packed()))
    return pairs


def _texts(part: Cursor) -> list[bytes]:
    texts = []
    while part.rest:
        texts.append(part.text())
    return texts


def _labels(part: Cursor) -> list[list[bytes]]:
    columns = []
    while part.rest:
        count = part.packed()
        if count > part.rest:
            raise Malformed("a TABLE_MAP event with more labels than bytes")
        columns.append([part.text() for _ in range(count)])
    return columns


def _signedness(found: Metadata, part: Cursor) -> None:
    found.signedness = part.take(part.rest)


def _default_charset(found: Metadata, part: Cursor) -> None:
    found.default_collation = part.packed()
    found.other_collations = dict(_pairs(part))


def _column_charset(found: Metadata, part: Cursor) -> None:
    found.collations = _numbers(part)


def _names(found: Metadata, part: Cursor) -> None:
    found.names = _texts(part)


def _set_labels(found: Metadata, part: Cursor) -> None:
    found.set_labels = _labels(part)


def _enum_labels(found: Metadata, part: Cursor) -> None:
    found.enum_labels = _labels(part)


def _geometry_types(found: Metadata, part: Cursor) -> None:
    found.geometry_types = _numbers(part)


def _simple_key(found: Metadata, part: Cursor) -> None:
    found.primary_key = [(number, 0) for number in _numbers(part)]


def _prefix_key(found: Metadata, part: Cursor) -> None:
    found.primary_key = _pairs(part)


def _label_default_charset(found: Metadata, part: Cursor) -> None:
    found.label_default_collation = part.packed()
    found.label_other_collations = dict(_pairs(part))


def _label_charset(found: Metadata, part: Cursor) -> None:
    found.label_collations = _numbers(part)


def _visibility(found: Metadata, part: Cursor) -> None:
    found.visibility = part.take(part.rest)


def _dimensions(found: Metadata, part: Cursor) -> None:
    found.dimensions = _numbers(part)


_FIELDS: dict[int, Callable[[Metadata, Cursor], None]] = {
    1: _signedness,
    2: _default_charset,
    3: _column_charset,
    4: _names,
    5: _set_labels,
    6: _enum_labels,
    7: _geometry_types,
    8: _simple_key,
    9: _prefix_key,
    10: _label_default_charset,
    11: _label_charset,
    12: _visibility,
    13: _dimensions,
}
