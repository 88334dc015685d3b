"""Data that tests read from the folder `shared` beside the project: other projects' SQL scripts and Debezium's schemas.

A clone that stands alone has none: its tests run without it, and say so. CI must have it.
"""

import os
from pathlib import Path

_PROJECT = Path(__file__).resolve().parents[1]
SHARED = _PROJECT.parent / "shared"
CORPORA = SHARED / "corpora"
REPORTED = SHARED / "bugs"
GOLDEN = SHARED / "golden"
_READERS = (
    "tests/conformance/test_corpora.py",
    "tests/conformance/test_corpora56.py",
    "tests/conformance/test_corpora_minimal.py",
    "tests/conformance/test_debezium.py",
    "tests/conformance/test_reported.py",
    "tests/unit/schemas/ddl/test_corpora.py",
)


def left_out() -> list[Path]:
    """The test modules that cannot run here; none in CI, where a missing folder is an error."""
    if SHARED.is_dir() or os.environ.get("CI"):
        return []
    return [_PROJECT / module for module in _READERS]
