"""Rows that wait in a file."""

import io
from pathlib import Path

import pytest

from runtime.errors import Fatal
from snapshot import spool
from snapshot.session import Rows

_PARTS = [Rows(b"\x01\0\0\0a\x02\0\0\0bc", 2, 5, complete=False), Rows(b"", 0, 0, complete=True)]


def test_rows_come_out_as_they_went_in() -> None:
    file = io.BytesIO()
    spool.fill(file, _PARTS)
    assert list(spool.parts(file)) == _PARTS


def test_a_full_disk_is_an_operators_error() -> None:
    with Path("/dev/full").open("wb", buffering=0) as full, pytest.raises(Fatal, match="No space left") as caught:
        spool.fill(full, _PARTS)
    assert "TMPDIR" in caught.value.hint
