"""The corpora: SQL scripts that other projects test their own replication with, as cases (pure but for reading them).

How a case is run is written in RUN.md of their folder; `corpora_run` does it.
"""

import json
import re
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from tests.shared import CORPORA, REPORTED

_DATABASE = re.compile(
    r"^[ \t]*(?:USE|(?:CREATE|DROP)[ \t]+(?:DATABASE|SCHEMA)(?:[ \t]+IF(?:[ \t]+NOT)?[ \t]+EXISTS)?)"
    r"[ \t]+`?(?!if\b)([\w$-]+)`?",
    re.IGNORECASE | re.MULTILINE,
)
_ROW_IMAGE = re.compile(rb"^SET SESSION binlog_row_image = 'minimal';$", re.MULTILINE)


class Mode(StrEnum):
    """When the pipeline starts: S after every file, I before any, M and R after the prepare files; R kills it."""

    SNAPSHOT = "S"
    INCREMENTAL = "I"
    MIXED = "M"
    RESTART = "R"


class Worth(StrEnum):
    """What a pass proves: `full` ends with rows, `schema` with tables only, `vacuous` with nothing."""

    FULL = "full"
    SCHEMA = "schema"
    VACUOUS = "vacuous"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One case; `held` is how many tables and rows MySQL holds at its end, where that was written down."""

    corpus: str
    name: str
    database: str
    databases: frozenset[str]  # every one that its files name
    prepare: tuple[Path, ...]
    increment: tuple[Path, ...]
    held: tuple[int, int] | None

    @property
    def id(self) -> str:
        return f"{self.corpus}/{self.name}"

    @property
    def worth(self) -> Worth:
        if self.held is None or self.held[1]:
            return Worth.FULL
        return Worth.SCHEMA if self.held[0] else Worth.VACUOUS

    def steps(self, mode: Mode) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
        """The files to feed before the pipeline starts, and those to feed while it runs."""
        everything = self.prepare + self.increment
        if mode is Mode.SNAPSHOT:
            return everything, ()
        return ((), everything) if mode is Mode.INCREMENTAL else (self.prepare, self.increment)


def read(corpus: str) -> list[Case]:
    """The cases of one corpus, in the manifest's order."""
    manifest = json.loads((CORPORA / corpus / "manifest.json").read_text(encoding="utf-8"))
    found = []
    for entry in manifest["cases"]:
        folder = CORPORA / corpus / "cases" / entry["case"]
        prepare = tuple(folder / file for file in entry["prepare"])
        increment = tuple(folder / file for file in entry["increment"])
        # 9.7's own count where it differs from the best of the validated servers: a failing statement is part of a case
        native = entry["validated"]["my97"]
        found.append(
            Case(
                corpus=corpus,
                name=entry["case"],
                database=entry["db"],
                databases=frozenset({entry["db"]}.union(*map(_databases, prepare + increment))),
                prepare=prepare,
                increment=increment,
                held=(native["tables"], native["rows"]),
            )
        )
    return found


def read_reported() -> list[Case]:
    """Cases after public reports: what is there before the task begins, and what is done while it runs."""
    return [_reported(folder) for folder in sorted(REPORTED.iterdir())]


def _reported(folder: Path) -> Case:
    prepare, increment = (folder / "00-prepare.sql",), (folder / "10-stream.sql",)
    database = json.loads((folder / "meta.json").read_text(encoding="utf-8"))["db"]
    return Case(
        corpus="reported",
        name=folder.name,
        database=database,
        databases=frozenset({database}.union(*map(_databases, prepare + increment))),
        prepare=prepare,
        increment=increment,
        held=None,
    )


def batches(cases: list[Case]) -> list[list[Case]]:
    """Cases that can be run side by side: no two of a batch use the same database, in a server that folds case too."""
    found: list[list[Case]] = []
    used: list[set[str]] = []
    for case in cases:
        names = {name.lower() for name in case.databases}
        free = next((number for number, taken in enumerate(used) if not taken & names), None)
        if free is None:
            found.append([case])
            used.append(names)
        else:
            found[free].append(case)
            used[free] |= names
    return found


def with_whole_rows(case: Case, folder: Path) -> Case:
    """The case without the statements that leave columns out of the log; its scripts are written into `folder`."""
    return replace(
        case,
        prepare=tuple(_whole(script, folder) for script in case.prepare),
        increment=tuple(_whole(script, folder) for script in case.increment),
    )


def _whole(script: Path, folder: Path) -> Path:
    written = folder / script.name
    written.write_bytes(_ROW_IMAGE.sub(b"", script.read_bytes()))
    return written


def _databases(script: Path) -> set[str]:
    return set(_DATABASE.findall(script.read_text(encoding="utf-8", errors="surrogateescape")))
