"""PARTIAL_UPDATE_ROWS events as ordinary updates: every partial JSON document of a newer image is made whole (pure).

The newer image of a row begins with a packed number of options; when its lowest bit is set, a bitmap follows with one
bit for each JSON column of the table, whether the image holds the column or not; then come NULLs and values as usual. A
column whose bit is set holds differences in place of its document.
https://dev.mysql.com/doc/dev/mysql-server/latest/classmysql_1_1binlog_1_1event_1_1Rows__event.html
"""

import struct
from collections.abc import Iterator

from schemas.codec_log import RowsImage, complete
from schemas.plan import TablePlan
from schemas.types import TYPES
from schemas.types.column import Exact, FromLog, Kind, Malformed
from schemas.types.json_diff import patched

_PARTIAL_JSON = 1
_LENGTH = struct.Struct("<I")


def whole_rows(plan: TablePlan, image: RowsImage, rows: bytes) -> bytes:
    """What follows the bitmaps of an UPDATE_ROWS event with the same changes; both images must hold every column."""
    complete(plan, image.before)
    complete(plan, image.after)
    try:
        return b"".join(_Rows(plan, rows).whole())
    except (LookupError, ValueError, OverflowError, struct.error) as error:
        raise Malformed(f"table {plan.table.name}: a partial update does not fit the table's columns") from error


class _Rows:
    """One event's rows."""

    __slots__ = ("_bitmap_bytes", "_columns", "_data", "_flag_bytes", "_table")

    def __init__(self, plan: TablePlan, data: bytes) -> None:
        self._data = data
        self._columns: list[tuple[bool, FromLog]] = [
            (column.kind == Kind.JSON, TYPES[column.kind].log(column)) for column in plan.columns
        ]
        self._bitmap_bytes = (len(self._columns) + 7) // 8
        self._flag_bytes = (sum(is_json for is_json, _ in self._columns) + 7) // 8
        self._table = plan.table.name

    def whole(self) -> list[bytes]:
        out: list[bytes] = []
        at, size = 0, len(self._data)
        while at < size:
            documents, end = self._older(at)
            out.append(self._data[at:end])
            at = self._newer(end, iter(documents), out)
            if at > size:
                raise IndexError("row image")
        return out

    def _older(self, at: int) -> tuple[list[bytes | None], int]:
        """The document of each JSON column, None for NULL; and where the image ends."""
        data, skipped, exact = self._data, list[bytes](), list[Exact]()
        documents: list[bytes | None] = []
        nulls, at = self._nulls(at)
        for index, (is_json, read) in enumerate(self._columns):
            start, is_null = at, nulls >> index & 1
            if not is_null:
                at = read(data, at, skipped, exact)
            if is_json:
                documents.append(None if is_null else data[start + _LENGTH.size : at])
        return documents, at

    def _newer(self, at: int, documents: Iterator[bytes | None], out: list[bytes]) -> int:
        """Appends the image with whole documents; returns where it ended."""
        data, skipped, exact = self._data, list[bytes](), list[Exact]()
        partial, at = self._flags(at)
        copied = at
        nulls, at = self._nulls(at)
        for index, (is_json, read) in enumerate(self._columns):
            older = next(documents) if is_json else None
            is_partial = is_json and partial & 1
            partial >>= is_json
            if nulls >> index & 1:
                continue
            if not is_partial:
                at = read(data, at, skipped, exact)
                continue
            if older is None:
                raise Malformed(f"table {self._table}: a partial JSON update of a document that was NULL")
            start = at + _LENGTH.size
            end = start + _LENGTH.unpack_from(data, at)[0]
            if end > len(data):
                raise IndexError("partial document")
            document = patched(older, data[start:end])
            out.extend((data[copied:at], _LENGTH.pack(len(document)), document))
            copied = at = end
        out.append(data[copied:at])
        return at

    def _flags(self, at: int) -> tuple[int, int]:
        """Which JSON columns are partial, from the lowest bit on."""
        options = self._data[at]
        if options & ~_PARTIAL_JSON:
            raise Malformed(f"table {self._table}: row value options {options} are not known")
        end = at + 1 + (self._flag_bytes if options else 0)
        return int.from_bytes(self._data[at + 1 : end], "little"), end

    def _nulls(self, at: int) -> tuple[int, int]:
        end = at + self._bitmap_bytes
        return int.from_bytes(self._data[at:end], "little"), end
