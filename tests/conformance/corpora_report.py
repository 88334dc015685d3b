"""The result table of the corpora, and whether it is as expected (expected.yaml lists what cannot pass yet)."""

import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import yaml

from tests.conformance.corpora import Case, Mode, Worth, batches
from tests.conformance.corpora_run import Outcome

_EXPECTED = Path(__file__).with_name("expected.yaml")


class Expected:
    """Which case cannot pass in which modes with a source of this version, and why."""

    def __init__(self, server: str = "9.7") -> None:
        listed = yaml.safe_load(_EXPECTED.read_text(encoding="utf-8")) or {}
        self._reasons: dict[tuple[str, Mode], str] = {
            (case, Mode(mode)): entry["reason"]
            for case, entry in listed.items()
            if server in entry.get("servers", [server])
            for mode in entry["modes"]
        }
        self._differs = {case: re.compile(entry["differs"]) for case, entry in listed.items() if "differs" in entry}

    @property
    def cases(self) -> set[str]:
        return {case for case, _ in self._reasons}

    def fails(self, case: Case, mode: Mode) -> bool:
        return (case.id, mode) in self._reasons

    def surprise(self, outcome: Outcome) -> str | None:
        """What is not as expected about an outcome; None when all is."""
        reason = self._reasons.get((outcome.case, outcome.mode))
        if outcome.equal and reason is not None:
            return f"{outcome.case} in mode {outcome.mode} passes: take it out of {_EXPECTED.name}"
        differs = self._differs.get(outcome.case)
        if not outcome.equal and (reason is None or (differs is not None and not differs.fullmatch(outcome.reason))):
            return f"{outcome.case} in mode {outcome.mode}: {outcome.reason}"
        return f"mode {outcome.mode}: {outcome.together}" if outcome.together else None

    def result(self, outcome: Outcome) -> str:
        if outcome.equal:
            return "equal" if outcome.worth is Worth.FULL else f"equal ({outcome.worth})"
        return "known" if (outcome.case, outcome.mode) in self._reasons else "FAILED"

    def why(self, outcome: Outcome) -> str:
        return self._reasons.get((outcome.case, outcome.mode), outcome.reason)


def table(outcomes: Sequence[Outcome], expected: Expected) -> str:
    """One line per case and mode, then the counts; passes that prove little are counted apart."""
    lines = [f"{'case':<52} mode tables   rows result         reason"]
    for outcome in sorted(outcomes, key=lambda each: (each.mode, each.case)):
        why = "" if outcome.equal else " ".join(expected.why(outcome).split())[:200]
        lines.append(
            f"{outcome.case:<52} {outcome.mode:<4} {outcome.tables:>6} {outcome.rows:>6} "
            f"{expected.result(outcome):<14} {why}".rstrip()
        )
    lines += [f"mode {outcome.mode}: {outcome.together}" for outcome in outcomes if outcome.together]
    for mode in Mode:
        counts = Counter(expected.result(outcome) for outcome in outcomes if outcome.mode is mode)
        if counts:
            told = ", ".join(f"{count} {result}" for result, count in sorted(counts.items()))
            lines.append(f"mode {mode}: {counts.total()} cases: {told}")
    return "\n".join(lines)


def groups(cases: Sequence[Case], mode: Mode, expected: Expected) -> list[list[Case]]:
    """Cases to run with one pipeline; one that is expected to fail runs alone, for it would take others with it."""
    passing = [case for case in cases if not expected.fails(case, mode)]
    alone = [[case] for case in cases if expected.fails(case, mode)]
    return ([passing] if mode is Mode.INCREMENTAL else batches(passing)) + alone


def write(outcomes: Sequence[Outcome], expected: Expected, folder: Path, name: str) -> None:
    """`name`.txt and `name`.json."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.txt").write_text(table(outcomes, expected) + "\n", encoding="utf-8")
    entries = [
        {**asdict(outcome), "seconds": round(outcome.seconds, 2), "result": expected.result(outcome)}
        for outcome in outcomes
    ]
    (folder / f"{name}.json").write_text(json.dumps(entries, indent=1) + "\n", encoding="utf-8")
