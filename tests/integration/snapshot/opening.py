"""How tests open a snapshot, and what they put into tables."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from runtime.mysql import Endpoint
from schemas.names import TableName
from schemas.records import RangeRecord
from snapshot.interleave import Interleave, opened
from snapshot.settings import SnapshotSettings
from tests.integration.tap import Tap


@contextmanager
def opened_at(
    tap: Tap,
    records: Iterable[RangeRecord],
    account: Endpoint | None = None,
    chunk_bytes: int = 2000,
    retry_minutes: int = 1,
) -> Iterator[Interleave]:
    settings = SnapshotSettings("tap", readers=2, chunk_bytes=chunk_bytes, retry_minutes=retry_minutes)
    source = account or tap.source
    with opened(source, settings, records, tap.plan, tap.executed) as interleave:
        yield interleave


def literals(count: int, row: Callable[[int], str]) -> str:
    return ", ".join(f"({row(number)})" for number in range(count))


def whole(table: TableName) -> RangeRecord:
    return RangeRecord(id="1", database=table.database, table=table.name)
