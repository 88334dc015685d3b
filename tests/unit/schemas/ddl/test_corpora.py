"""Every statement of the corpora is understood: scripts that other projects test their own replication with."""

import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from schemas.ddl.lexer import SqlModes, tokens
from schemas.ddl.statement import Kind, Statement, understand
from schemas.names import TableName

CORPORA = Path(__file__).resolve().parents[5] / "shared" / "corpora"


@cache
def scripts() -> list[Path]:
    found = sorted(CORPORA.rglob("*.sql"))
    assert found, f"{CORPORA} holds no .sql files: these tests read the corpora there"
    return found
