"""The parts of a value around its row: `source`, operation, times, epoch and `exact`, encoded once for many rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from schemas.names import TableName
from schemas.types.column import ColumnPlan, Exact
from schemas.varint import long, text

VERSION = "penstock 1"  # of the record's layout
CONNECTOR = "mysql"
NO_EXACT = _NULL = b"\x00"
_SOME = b"\x02"
_BEFORE = "before."
_AFTER = "after."
#: of what does not differ from event to event
_known = lru_cache(4096)(text)


@dataclass(frozen=True, slots=True)
class Envelope:
    """`source` up to its field `row`; the rest of `source` and `transaction`; what follows `op`, up to `exact`."""

    source: bytes
    rest: bytes
    times: bytes


def envelope(
    task: str,
    table: TableName,
    *,
    snapshot: str,
    gtid: str | None,
    file: str,
    pos: int,
    server_id: int,
    thread: int | None,
    source_us: int,
    now_us: int,
    epoch: int,
) -> Envelope:
    """The common parts of rows of one event or chunk; times in microseconds since 1970."""
    source = (
        _known(VERSION),
        _known(CONNECTOR),
        _known(task),
        long(source_us // 1000),
        b"\x00" + _known(snapshot),  # the first branch is the string
        _known(table.database),
        _NULL,  # sequence
        _SOME + long(source_us),
        _SOME + long(source_us * 1000),
        _SOME + _known(table.name),
        long(server_id),
        _NULL if gtid is None else _SOME + text(gtid),
        _known(file),
        long(pos),
    )
    rest = (_NULL if thread is None else _SOME + long(thread)) + _NULL + _NULL  # thread, query, transaction
    times = _SOME + long(now_us // 1000) + _SOME + long(now_us) + _SOME + long(now_us * 1000) + long(epoch)
    return Envelope(b"".join(source), rest, times)


def op(letter: str) -> bytes:
    """The field `op`: c, u, d or r."""
    return text(letter)


def exact_map(columns: Sequence[ColumnPlan], after: Sequence[Exact], before: Sequence[Exact] = ()) -> bytes:
    """The field `exact`. `before` is the older image of an update; the only image of a change counts as `after`."""
    if not after and not before:
        return _NULL
    names = [_plain(columns[index].name) for index, _ in after] + [_BEFORE + columns[index].name for index, _ in before]
    values = [value for _, value in (*after, *before)]
    pairs = b"".join(text(name) + text(value) for name, value in zip(names, values, strict=True))
    return _SOME + long(len(names)) + pairs + b"\x00"


def _plain(name: str) -> str:
    """A column whose own name could be taken for a prefix gets one."""
    return _AFTER + name if name.startswith((_BEFORE, _AFTER)) else name


def split_name(name: str) -> tuple[bool, str]:
    """For a name of `exact`: whether it speaks of the older image of an update, and the column's name."""
    if name.startswith(_BEFORE):
        return True, name[len(_BEFORE) :]
    return False, name.removeprefix(_AFTER)
