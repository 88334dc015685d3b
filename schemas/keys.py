"""Keys of records: the Avro of a row's key columns, framed.

Two keys are equal exactly when the key columns hold the same values, also where Avro does not hold a value: compaction
keeps the last record of each key and must never take two rows for one.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache

from schemas.plan import TablePlan
from schemas.registry import frame
from schemas.types import TYPES
from schemas.types.column import Exact

Key = Callable[[Sequence[bytes], Sequence[Exact]], bytes | None]


@lru_cache(4096)
def key_of(plan: TablePlan) -> Key:
    """From the Avro of a row's columns and what Avro does not hold, the key."""
    if not plan.key:
        return _no_key
    head = frame(plan.key_id)
    if len(plan.key) == 1:
        only = plan.key[0]

        def single(row: Sequence[bytes], exact: Sequence[Exact]) -> bytes:
            return head + (_exact(plan, row, exact)[0] if exact else row[only])

        return single

    def several(row: Sequence[bytes], exact: Sequence[Exact]) -> bytes:
        return b"".join((head, *(_exact(plan, row, exact) if exact else [row[index] for index in plan.key])))

    return several


def _no_key(row: Sequence[bytes], exact: Sequence[Exact]) -> None:
    return None


def _exact(plan: TablePlan, row: Sequence[bytes], exact: Sequence[Exact]) -> list[bytes]:
    texts = dict(exact)
    return [
        TYPES[plan.columns[index].kind].exact_key(plan.columns[index], texts[index]) if index in texts else row[index]
        for index in plan.key
    ]
