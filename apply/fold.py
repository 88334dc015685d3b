"""Changes of a batch folded to the last one of each row. Pure."""

from collections.abc import Sequence
from typing import cast

from apply.records import Records


def last_of_each_key(records: Records) -> Sequence[bytes]:
    """The last value of each key, undecoded; records without keys are all kept, in order."""
    if records.keys[0] is None:
        return records.values
    last = dict(zip(records.keys, records.values, strict=True))
    return cast("list[bytes]", [*last.values()])
