"""Keys and values of changes that a test names, encoded as capture encodes them."""

import struct
from collections.abc import Sequence

from schemas.codec import encode_chunk, envelope
from schemas.envelope import op
from schemas.plan import TablePlan
from schemas.registry import frame
from schemas.varint import long

Value = int | float | str | bytes | None
Row = tuple[Value, ...]
Change = tuple[str, Row | None, Row | None]


def created(*row: Value) -> Change:
    return ("c", None, row)


def updated(before: Row, after: Row) -> Change:
    return ("u", before, after)


def deleted(*row: Value) -> Change:
    return ("d", row, None)


def encode(
    task: str, plan: TablePlan, changes: Sequence[Change], *, epoch: int, source_us: int
) -> tuple[list[bytes | None], list[bytes]]:
    """The text of each value is what MySQL's SELECT for a chunk would give: numbers for ENUM, bytes for geometries."""
    around = envelope(
        task,
        plan.table.name,
        snapshot="false",
        gtid=None,
        file="log.000001",
        pos=4,
        server_id=1,
        thread=None,
        source_us=source_us,
        now_us=source_us,
        epoch=epoch,
    )
    keys: list[bytes | None] = []
    values: list[bytes] = []
    for letter, before, after in changes:
        older = None if before is None else encode_chunk(plan, _text_row(before))
        newer = None if after is None else encode_chunk(plan, _text_row(after))
        image = newer or older
        assert image is not None
        keys.append(image.keys[0])
        values.append(
            frame(plan.value_id)
            + (b"\x00" if older is None else b"\x02" + older.rows[0])
            + (b"\x00" if newer is None else b"\x02" + newer.rows[0])
            + around.source
            + long(0)
            + around.rest
            + op(letter)
            + around.times
            + image.exacts[0]
        )
    return keys, values


def _text_row(row: Row) -> bytes:
    """A row of the text protocol after its length."""
    data = b"".join(map(_text_value, row))
    return struct.pack("<I", len(data)) + data


def _text_value(value: Value) -> bytes:
    if value is None:
        return b"\xfb"
    data = value if isinstance(value, bytes) else str(value).encode()
    if len(data) < 251:
        return bytes((len(data),)) + data
    return b"\xfd" + len(data).to_bytes(3, "little") + data
